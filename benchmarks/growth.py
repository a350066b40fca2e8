"""Growth: seconds and memory against images, pixels, units, members, epochs and runs, each with its exponent.

Each size is measured in a process of its own with one thread: processor seconds, and the most memory that
the process held beyond what it began with, giving back what it has freed as the server of the pages does. The
exponent is the slope of the logarithms over the upper half of the sizes: 1 is as the size grows, 2 as its
square, 0 not at all. A series ends before a size that would take longer than a size may. The images are the
bundled digits, enlarged and repeated with noise.

Writes docs/growth.md and the plots beside it, from which README's table is taken; `--quick`, of smaller
sizes, writes nothing.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import psutil
import torch
import vl_convert

from aecore import cores, naming, store
from aecore.analysis.neighbors import Neighbors
from aecore.analysis.projection import pca_baseline
from aecore.config import Config
from aecore.data import ImageData, in_parts, load, unit_range
from aecore.presets import PRESETS
from aecore.results import Progress, Result, Score
from aecore.training.grids import open_training
from pages.shared import collection

DOCS = Path(__file__).resolve().parents[1] / "docs"
LONGEST, LONGEST_QUICK = 90.0, 8.0
"""Seconds that a size may take, judged by those of the size before."""

Measured = Callable[[], object]
"""What is timed; what it needs was made before."""


def images(count: int, side: int) -> ImageData:
    """That many training images of side x side pixels, and a hundred test images."""
    digits = load("digits").train_images.float()
    enlarged = torch.nn.functional.interpolate(digits, size=(side, side), mode="nearest").to(torch.uint8)
    whole = torch.empty(count, 1, side, side, dtype=torch.uint8)
    random = torch.Generator().manual_seed(0)
    step = max(1, 4_000_000 // side**2)
    for start in range(0, count, step):
        part = enlarged[torch.arange(start, min(start + step, count)) % len(enlarged)]
        noise = torch.randint(0, 32, part.shape, generator=random, dtype=torch.uint8)
        whole[start : start + step] = (part // 2 + part // 4).add_(noise)
    labels = torch.arange(count) % 10
    names = tuple(str(k) for k in range(10))
    return ImageData("digits", whole, labels, whole[:100], labels[:100], names)


def config(**values: Any) -> Config:
    """The post's network for one epoch, with no images held out and no notes taken."""
    start = {"train.epochs": 1, "train.record": False, "data.validation_fraction": 0.0, "train.device": "cpu"}
    return PRESETS["post"].with_values(start | {name.replace("__", "."): v for name, v in values.items()})


def training(configs: Sequence[Config], data: ImageData) -> Measured:
    return lambda: list(open_training(configs, data).epochs())


def _images_training(count: int, _: Path) -> Measured:
    return training([config()], images(count, 28))


def _images_encoding(count: int, _: Path) -> Measured:
    from aecore import models

    data = images(count, 28)
    model = models.build(config().model, data.shape, 0).eval()

    def encode() -> None:
        with torch.no_grad():
            torch.cat([model.encode(unit_range(part)) for part in in_parts(data.train_images)])

    return encode


def _images_pca(count: int, folder: Path) -> Measured:
    data = images(count, 28)
    # Below a name of its own, so that none is found that was fitted before.
    os.environ["AECORE_CACHE"] = str(folder)
    return lambda: pca_baseline(data)


def _images_neighbors(count: int, _: Path) -> Measured:
    codes = np.random.default_rng(0).normal(size=(count, 12)).astype(np.float32)
    return lambda: Neighbors(codes).among_themselves(15)


def _pixels(side: int, _: Path) -> Measured:
    return training([config()], images(1_000, side))


def _units(units: int, _: Path) -> Measured:
    return training([config(model__latent_size=units)], images(5_000, 28))


def _members(count: int, _: Path) -> Measured:
    return training([config(train__seed=seed) for seed in range(count)], load("digits"))


def _epochs(count: int, _: Path) -> Measured:
    return training([config(train__epochs=count)], load("digits"))


def _runs_first(count: int, folder: Path) -> Measured:
    _make_runs(folder, count)
    return lambda: naming.distinct_names(run for run in store.list_runs(folder))


def _runs_again(count: int, folder: Path) -> Measured:
    measured = _runs_first(count, folder)
    # Until then the files are too young to be taken as known.
    time.sleep(2.5)
    measured()
    return measured


def _make_runs(folder: Path, count: int) -> None:
    """That many finished runs, which differ in their seeds."""
    from aecore import models
    from aecore.data import scaling

    data = load("digits")
    first = store.create_run(config(), "", folder)
    weights = models.build(config().model, data.shape, 0).state_dict()
    store.save_weights(first, weights, data.shape, scaling("minus_one_one", data))
    store.write_result(first, Result(Score(1.5, 0.05, 2.0), epochs=1, seconds=1.0, parameters=9))
    store.write_progress(first, Progress(status="finished", epoch=1, epochs=1))
    header = json.loads((first / "config.json").read_text())
    for seed in range(1, count):
        path = folder / f"run-{seed}"
        shutil.copytree(first, path)
        header["config"]["train"]["seed"] = seed
        (path / "config.json").write_text(json.dumps(header))


@dataclass(frozen=True)
class Series:
    """What grows with a size."""

    axis: str
    name: str
    prepare: Callable[[int, Path], Measured]
    sizes: tuple[int, ...]
    quick: int
    """Sizes of the quick version, from the first."""
    power: int = 1
    """The size is this power of the number: pixels are the square of a side."""


SERIES = (
    Series(
        "images",
        "an epoch of training",
        _images_training,
        (1_000, 4_000, 16_000, 64_000, 256_000, 1_000_000),
        4,
    ),
    Series("images", "encoding", _images_encoding, (1_000, 4_000, 16_000, 64_000, 256_000, 1_000_000), 4),
    Series("images", "fitting PCA", _images_pca, (1_000, 4_000, 16_000, 64_000, 256_000, 1_000_000), 4),
    Series(
        "images",
        "neighbours of codes",
        _images_neighbors,
        (1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000),
        4,
    ),
    Series("pixels", "an epoch of 1,000 images", _pixels, (8, 16, 32, 64, 128, 256), 5, power=2),
    Series("units", "an epoch of 5,000 images", _units, (2, 8, 32, 128, 512, 2_048), 5),
    Series("members", "an epoch of digits", _members, (1, 4, 16, 64, 256, 1_024), 4),
    Series("epochs", "training on digits", _epochs, (1, 4, 16, 64, 256), 4),
    Series("runs", "the first list, with names", _runs_first, (10, 30, 100, 300, 1_000), 4),
    Series("runs", "the list again", _runs_again, (10, 30, 100, 300, 1_000), 4),
)


def run(quick: bool = False) -> list[dict[str, Any]]:
    """A row a series: the exponents of time and memory, and both at the largest size."""
    context = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
    if hasattr(context, "set_forkserver_preload"):
        context.set_forkserver_preload(["benchmarks.growth"])
    points: list[dict[str, Any]] = []
    for number, series in enumerate(SERIES):
        longest = LONGEST_QUICK if quick else LONGEST
        sizes = series.sizes[: series.quick] if quick else series.sizes
        before: list[float] = []
        for size in sizes:
            if before and before[-1] * (size / sizes[len(before) - 1]) ** series.power > longest:
                print(f"{series.axis}, {series.name}: no longer than {longest:.0f} s", file=sys.stderr)
                break
            # A process for each size, so that none finds memory that another has used before.
            with ProcessPoolExecutor(1, mp_context=context) as pool:
                seconds, memory = pool.submit(measure, number, size).result()
            before.append(seconds)
            point = {"axis": series.axis, "series": series.name, "size": size**series.power}
            points.append(point | {"seconds": max(seconds, 1e-4), "MB": max(memory / 1e6, 0.1)})
            print(*points[-1].values(), file=sys.stderr)
    rows = [_summary(series, points) for series in SERIES]
    if not quick:
        write(rows, points)
    return rows


def measure(number: int, size: int) -> tuple[float, float]:
    """Processor seconds of a series at a size, and bytes held at most beyond those of the start."""
    torch.set_num_threads(1)
    # Else the C library keeps holes between the results of parts, twice what is in use at a million images.
    collection.keep_little()
    before = psutil.Process().memory_info().rss
    with tempfile.TemporaryDirectory() as folder:
        measured = SERIES[number].prepare(size, Path(folder))
        started, times = time.process_time(), 0
        # Short ones several times, since a clock is coarse.
        while times == 0 or (
            time.process_time() - started < 0.1 and times < 20 and "again" in SERIES[number].name
        ):
            measured()
            times += 1
        seconds = (time.process_time() - started) / times
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return seconds, max(0, most - before)


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Slope of the logarithms over the upper half of the sizes, of three at least where there are three."""
    count = max(min(3, len(sizes)), (len(sizes) + 1) // 2)
    if count < 2:
        return float("nan")
    return float(np.polyfit(np.log(sizes[-count:]), np.log(values[-count:]), 1)[0])


def _summary(series: Series, points: Sequence[dict[str, Any]]) -> dict[str, Any]:
    own = [p for p in points if (p["axis"], p["series"]) == (series.axis, series.name)]
    sizes = [p["size"] for p in own]
    return {
        "against": series.axis,
        "what": series.name,
        "from": sizes[0],
        "to": sizes[-1],
        "exponent of time": round(exponent(sizes, [p["seconds"] for p in own]), 2),
        "exponent of memory": round(exponent(sizes, [p["MB"] for p in own]), 2),
        "CPU seconds at most": round(own[-1]["seconds"], 3),
        "MB at most": round(own[-1]["MB"], 1),
    }


def write(rows: Sequence[dict[str, Any]], points: Sequence[dict[str, Any]]) -> None:
    """docs/growth.md with the table, and a plot an axis in docs/growth."""
    from benchmarks.__main__ import machine, table

    folder = DOCS / "growth"
    folder.mkdir(exist_ok=True)
    pictures = []
    for axis in dict.fromkeys(series.axis for series in SERIES):
        own = [p for p in points if p["axis"] == axis]
        (folder / f"{axis}.svg").write_text(vl_convert.vegalite_to_svg(_chart(axis, own).to_json()))
        pictures.append(f"![Time and memory against {axis}](growth/{axis}.svg)")
    about = (__doc__ or "").split("\n\n")[1].replace("\n", " ")
    load = f"load {os.getloadavg()[0]:.0f} on {cores.available()} cores" if hasattr(os, "getloadavg") else ""
    where = f"{machine()}, {load}"
    parts = ["# Growth", about, f"`python -m benchmarks growth`, {where}.", table(list(rows)), *pictures]
    (DOCS / "growth.md").write_text("\n\n".join(parts) + "\n")


def _chart(axis: str, points: Sequence[dict[str, Any]]) -> alt.HConcatChart:
    """Time and memory on logarithmic scales, a line a series."""
    base = (
        alt.Chart(alt.InlineData(values=list(points)))
        .mark_line(point=True)
        .encode(
            x=alt.X("size:Q", title=axis, scale=alt.Scale(type="log")),
            color=alt.Color("series:N", title=None, legend=alt.Legend(orient="bottom", columns=2)),
        )
        .properties(width=300, height=220)
    )
    scale = alt.Scale(type="log")
    seconds = base.encode(y=alt.Y("seconds:Q", title="CPU seconds", scale=scale))
    memory = base.encode(y=alt.Y("MB:Q", title="MB beyond the start", scale=scale))
    return alt.hconcat(seconds, memory, background="white")
