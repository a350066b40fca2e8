"""The command line's `grid`: progress in the terminal, records and the table as JSON lines."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from aecore import store
from aecore.grid import axis_text, axis_title
from aecore.jobs.grid_worker import Engine
from aecore.jobs.grid_worker import work as train
from aecore.results import EpochRecord, Progress


def choose_engine(name: str, ray_address: str = "") -> Engine | None:
    """What runs the stacks: None for processes on this machine. RuntimeError where ray is not installed."""
    if name == "local":
        return None
    from aecore.jobs.ray_engine import RayEngine

    return RayEngine(ray_address)


def work(path: Path, threads: int | None, as_json: bool, engine: Engine | None = None) -> int:
    """Trains the grid in `path` to its end or to a stop; returns the exit code."""
    from tqdm import tqdm

    info = store.read_grid(path)
    members = len(info.grid.members)
    store.clear_stop(path)
    bar = tqdm(total=members, unit="member", disable=as_json or not sys.stderr.isatty())

    def on_progress(progress: Progress) -> None:
        bar.n = round(progress.fraction * members, 2)
        bar.refresh()

    def on_record(k: int, record: EpochRecord) -> None:
        if as_json:
            print(json.dumps({"k": k, **record.to_dict()}), flush=True)

    with bar:
        result = train(path, threads or info.progress.threads, on_record, on_progress, engine)
    if result is None:
        print(f"stopped; `python -m aecore resume {path}` goes on", file=sys.stderr)
        return 130
    if as_json:
        print(json.dumps({"grid": str(path), **result.to_dict()}))
        return 0
    for row in result.members:
        axes = ", ".join(f"{axis_title(n)} {axis_text(n, v)}" for n, v in row.axes.items())
        score = (
            f"squared error per image {row.result.test.squared_error:.3f}"
            if row.result is not None
            else f"its loss was no longer finite in epoch {row.failed}"
        )
        print(f"{path}/{row.k}: {axes}: {score}")
    return 0
