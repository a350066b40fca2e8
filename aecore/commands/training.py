"""Train, go on, branch, replay and steer: the commands that leave or change a run."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from aecore import jobs, places, store
from aecore.command_flags import Branch, Change, GoOn, Pause, Replay, Resume, Settings, Train, TrainGrid
from aecore.commands.images import is_path, make_set, require_data
from aecore.commands.looking import figures
from aecore.config import Config, DataConfig, LossConfig, ModelConfig, TrainConfig
from aecore.own.build import Options
from aecore.results import EpochRecord, Progress, Row

if TYPE_CHECKING:
    from aecore.jobs.grid_worker import Engine


def train(command: Train) -> int:
    config = _config(command)
    path = store.create_run(config, command.name, command.out)
    return _work(path, command.threads, command.json)


def train_grid(command: TrainGrid) -> int:
    from aecore.grid import Grid, parse_axis

    axes = [parse_axis(text) for text in command.axis]
    if repeated := {name for name, _ in axes if [n for n, _ in axes].count(name) > 1}:
        raise ValueError(f"the axis {sorted(repeated)[0]} is given twice")
    grid = Grid(_config(command), dict(axes), halving=command.halving)
    engine = _engine(command.engine, command.ray_address)
    path = store.create_grid(grid, command.name, command.out)
    return _work_grid(path, command.threads, command.json, engine)


def resume(command: Resume) -> int:
    path = store.find_run(command.run, command.out)
    if store.is_grid(path):
        engine = _engine(command.engine, command.ray_address)
        return _work_grid(path, command.threads, command.json, engine)
    if command.engine != "local":
        raise ValueError("--engine ray is for grids; a run trains on this machine")
    info = store.read_info(path)
    jobs.require_unfinished(info)
    _require_threads(command.threads)
    require_data(info.config)
    return _work(path, command.threads or info.progress.threads, command.json)


def branch(command: Branch) -> int:
    from aecore.jobs.branching import create_branch

    info = store.read_info(store.find_run(command.run, command.out))
    path = create_branch(info, command.epoch, _config(command), command.name, command.out)
    return _work(path, command.threads, command.json)


def replay(command: Replay) -> int:
    from aecore.jobs.replay import compare, create_replay

    path = store.find_run(command.run, command.out)
    info = store.read_info(path)
    _require_threads(command.threads)
    require_data(info.config)
    again = create_replay(path, command.name, command.out)
    if code := _work(again, command.threads or info.progress.threads, command.json):
        return code
    found = compare(path, again)
    if command.json:
        row = {"replay": str(again), "of": str(path), "same": found.same, "tensors": found.tensors}
        print(json.dumps({**row, "different": found.different, "largest_difference": found.largest}))
    elif found.same:
        print(f"the same weights to the bit as {path}: {found.tensors} tensors")
    else:
        print(
            f"other weights than {path}: {len(found.different)} of {found.tensors} tensors differ, "
            f"by {found.largest:.3g} at most; another machine, device or number of threads rounds otherwise"
        )
    return 0 if found.same else 1


def change(command: Change) -> int:
    values = {}
    for text in command.values:
        field, is_there, value = text.partition("=")
        try:
            values[field.strip().replace("-", "_")] = float(value)
        except ValueError:
            need = f"a number is needed, not {value!r}" if is_there else "it needs a value, FIELD=VALUE"
            raise ValueError(f"{field}: {need}") from None
    jobs.change(store.find_run(command.run, command.out), values)
    print("asked for; it takes effect at the next step", file=sys.stderr)
    return 0


def pause(command: Pause) -> int:
    jobs.pause(store.find_run(command.run, command.out))
    return 0


def go_on(command: GoOn) -> int:
    path = store.find_run(command.run, command.out)
    (jobs.train_one_epoch if command.one_epoch else jobs.go_on)(path)
    return 0


def _config(command: Settings | Branch) -> Config:
    """The checked config of a command, once its device and its images are known to be there."""
    from aecore.training.images import resolve_device

    name = command.data.name
    own = is_path(name)
    # A set is made of what lies at a path, once nothing else is wrong.
    _require_threads(command.threads)
    config = Config(
        DataConfig(**vars(command.data) | {"name": "mnist" if own else name}),
        ModelConfig(**vars(command.model)),
        LossConfig(**vars(command.loss)),
        TrainConfig(**vars(command.train)),
    )
    resolve_device(config.train.device)
    if own:
        return config.with_values({"data.name": make_set(name, Options(), command.json).name})
    require_data(config)
    return config


def _require_threads(threads: int | None) -> None:
    if threads is not None and threads < 1:
        raise ValueError(f"--threads must be at least 1, not {threads}")


def _work(path: Path, threads: int | None, as_json: bool) -> int:
    from tqdm import tqdm

    from aecore.jobs.worker import work

    config = store.read_info(path).config
    store.clear_requests(path)
    bar = tqdm(total=config.train.epochs, unit="epoch", disable=as_json or not sys.stderr.isatty())

    tell_waiting = _teller_of_waiting(as_json)

    def on_progress(progress: Progress) -> None:
        tell_waiting(progress)
        bar.n = round(progress.epoch + progress.step / (progress.steps or 1), 2)
        paused = progress.status == "paused"
        bar.set_postfix_str("paused" if paused else f"{progress.images_per_second:,.0f} images/s")

    def on_record(record: EpochRecord) -> None:
        if as_json:
            print(json.dumps(record.to_dict()), flush=True)
        else:
            images = "validation" if record.validation else "training"
            elbo = (record.validation or record.train).get("elbo")
            bound = "" if elbo is None else f"ELBO {elbo:.2f} nats, "
            bar.write(
                f"epoch {record.epoch}: loss {record.train['loss']:.5f}, "
                f"{images} squared error {record.squared_error:.3f}, {bound}{record.seconds:.1f} s"
            )

    with bar:
        result = work(path, threads, on_record, on_progress)
    if result is None:
        print(f"stopped; `{places.command()} resume {path}` goes on", file=sys.stderr)
        return 130
    if as_json:
        print(json.dumps({"run": str(path), **result.to_dict()}))
    else:
        print(f"{path}: {figures(result.test)}")
    return 0


def _work_grid(path: Path, threads: int | None, as_json: bool, engine: Engine | None) -> int:
    """Trains the grid in `path` to its end or to a stop; returns the exit code."""
    from tqdm import tqdm

    from aecore.grid import axis_text, axis_title
    from aecore.jobs import grid_worker

    info = store.read_grid(path)
    members = len(info.grid.members)
    store.clear_requests(path)
    bar = tqdm(total=members, unit="member", disable=as_json or not sys.stderr.isatty())

    tell_waiting = _teller_of_waiting(as_json)

    def on_progress(progress: Progress) -> None:
        tell_waiting(progress)
        bar.n = round(progress.fraction * members, 2)
        bar.refresh()

    def on_record(k: int, record: EpochRecord) -> None:
        if as_json:
            print(json.dumps({"k": k, **record.to_dict()}), flush=True)

    with bar:
        result = grid_worker.work(path, threads or info.progress.threads, on_record, on_progress, engine)
    if result is None:
        print(f"stopped; `{places.command()} resume {path}` goes on", file=sys.stderr)
        return 130
    if as_json:
        print(json.dumps({"grid": str(path), **result.to_dict()}))
        return 0
    for row in result.members:
        axes = ", ".join(f"{axis_title(n)} {axis_text(n, v)}" for n, v in row.axes.items())
        print(f"{path}/{row.k}: {axes}: {_outcome(row)}")
    return 0


def _outcome(row: Row) -> str:
    """What a member of a finished grid has come to."""
    if row.result is not None:
        return f"squared error per image {row.result.test.squared_error:.3f}"
    if row.beaten is not None:
        return f"stopped after epoch {row.beaten}, clearly beaten by its rivals"
    return f"its loss was no longer finite in epoch {row.failed}"


def _teller_of_waiting(as_json: bool) -> Callable[[Progress], None]:
    """Says once what a training that has to wait is waiting for."""
    from tqdm import tqdm

    told: object = None

    def tell(progress: Progress) -> None:
        nonlocal told
        waits = progress.status == "queued" and (progress.waits_for or progress.message)
        if not waits or waits == told:
            return
        told, holder = waits, progress.waits_for
        if as_json:
            print(json.dumps({"waiting_for": holder.to_dict() if holder else None}), flush=True)
        else:
            who = holder.text if holder else progress.message
            tqdm.write(f"aecore: waiting for the device: {who}", file=sys.stderr)

    return tell


def _engine(name: str, ray_address: str = "") -> Engine | None:
    """What runs the stacks: None for processes on this machine. RuntimeError where ray is not installed."""
    if name == "local":
        return None
    from aecore.jobs.ray_engine import RayEngine

    return RayEngine(ray_address)
