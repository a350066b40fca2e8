"""One's own images: reading files into a set, training from it, and the memory that both take.

Reading is compared with a plain loop over torchvision's `ImageFolder`, of the same files, in turn; training
from the mapped file with training from the same images in memory, in turn; both as the median of three.
Memory is the most that a process of its own held while a set was made of an array of so many images, and
while it was trained on for one epoch. `--quick` takes fewer files and images, once.
"""

from __future__ import annotations

import io
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

FILES, QUICK_FILES = 50_000, 2_000
COUNTS, QUICK_COUNTS = (10_000, 100_000, 1_000_000), (10_000, 100_000)


def run(quick: bool = False) -> list[dict[str, Any]]:
    """Rows of what was measured, its figure, and what it is compared with."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["AECORE_DATA"] = str(Path(folder) / "data")
        return [
            *_reading(Path(folder), QUICK_FILES if quick else FILES, 1 if quick else 3),
            *_training(Path(folder), 60_000, 1 if quick else 3),
            *_memory(Path(folder), QUICK_COUNTS if quick else COUNTS),
        ]


def _row(
    what: str, images: int, speed: float, beside: str, ratio: float, megabytes: float = 0.0
) -> dict[str, Any]:
    return {
        "what": what,
        "images": images,
        "images/s": speed,
        "beside": beside,
        "times as fast": ratio or "",
        "MB of memory": megabytes or "",
    }


def _reading(folder: Path, count: int, rounds: int) -> list[dict[str, Any]]:
    from PIL import Image

    from aecore.data.sprites import SHAPES, sprites

    images, factors = sprites()
    root = folder / "files"
    with zipfile.ZipFile(folder / "files.zip", "w") as archive:
        for i in range(count):
            out = io.BytesIO()
            Image.fromarray(images[i % len(images), 0].numpy()).save(out, "PNG")
            path = root / SHAPES[int(factors[i % len(images), 0])] / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(out.getvalue())
            archive.writestr(path.relative_to(root).as_posix(), out.getvalue())
    ways: dict[str, Callable[[], None]] = {
        "a loop over torchvision's ImageFolder": lambda: _image_folder(root),
        "a folder of PNG files": lambda: _make(root),
        "a zip of PNG files": lambda: _make(folder / "files.zip"),
    }
    seconds = _in_turn(ways, rounds)
    first = next(iter(ways))
    return [
        _row(name, count, count / seconds[name], "" if name == first else first, _ratio(seconds, first, name))
        for name in ways
    ]


def _image_folder(root: Path) -> None:
    import torch
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import Compose, Grayscale, PILToTensor

    found = ImageFolder(str(root), Compose([Grayscale(), PILToTensor()]))
    torch.stack([image for image, _ in found])


def _make(path: Path) -> None:
    from aecore import trash
    from aecore.own import sets
    from aecore.own.build import build, plan
    from aecore.own.opening import open_source

    trash.remove(sets.delete_set(build(plan(open_source(path))).name))


def _training(folder: Path, count: int, rounds: int) -> list[dict[str, Any]]:
    import torch

    from aecore import data
    from aecore.presets import PRESETS
    from aecore.training.single import Training

    name = _array_set(folder, count)
    mapped = data.load(name)
    held = replace(mapped, train_images=mapped.train_images.clone(), test_images=mapped.test_images.clone())
    config = PRESETS["post"].with_values({"data.name": name, "train.epochs": 1, "train.device": "cpu"})
    torch.set_num_threads(1)

    def train(images: data.ImageData) -> None:
        for _ in Training(config, images):
            pass

    ways = {
        "training from memory": lambda: train(held),
        "training from the set's file": lambda: train(mapped),
    }
    seconds = _in_turn(ways, rounds)
    size = len(mapped.train_images)
    first = next(iter(ways))
    return [
        _row(name, size, size / seconds[name], "" if name == first else first, _ratio(seconds, first, name))
        for name in ways
    ]


def _memory(folder: Path, counts: tuple[int, ...]) -> list[dict[str, Any]]:
    rows = []
    for count in counts:
        path = _array_file(folder, count)
        name, made, size = _alone("make", str(path))
        rows.append(_row("making a set of an array", count, count / made, "", 0.0, size))
        _, trained, size = _alone("train", name)
        rows.append(_row("an epoch of the post's network", count, count / trained, "", 0.0, size))
        path.unlink()
    return rows


def _alone(what: str, of: str) -> tuple[str, float, float]:
    """What a process of its own answers, its seconds and the most memory that it held in MB."""
    command = [sys.executable, "-m", "benchmarks.reading", what, of]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return answer[0], float(answer[1]), float(answer[2])


def _array_file(folder: Path, count: int) -> Path:
    """Smooth grey images of 28 x 28 as a .npy file, written in parts."""
    path = folder / f"array-{count}.npy"
    array = np.lib.format.open_memmap(path, "w+", np.uint8, (count, 28, 28))
    random = np.random.default_rng(0)
    for start in range(0, count, 10_000):
        part = array[start : start + 10_000]
        coarse = random.integers(0, 256, (len(part), 4, 4), dtype=np.uint8)
        part[:] = coarse.repeat(7, axis=1).repeat(7, axis=2)
    array.flush()
    return path


def _array_set(folder: Path, count: int) -> str:
    from aecore.own.build import build, plan
    from aecore.own.opening import open_source

    return build(plan(open_source(_array_file(folder, count)))).name


def _in_turn(ways: dict[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    """Median seconds of each way; they take turns, so that a busy machine slows all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            before = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - before)
    return {name: median(values) for name, values in seconds.items()}


def _ratio(seconds: dict[str, float], first: str, name: str) -> float:
    return 0.0 if name == first else seconds[first] / seconds[name]


def _process(what: str, of: str) -> None:
    before = time.perf_counter()
    name = of
    if what == "make":
        from aecore.own.build import build, plan
        from aecore.own.opening import open_source

        name = build(plan(open_source(of))).name
    else:
        from aecore import data
        from aecore.presets import PRESETS
        from aecore.training.single import Training

        values = {"data.name": name, "train.epochs": 1, "train.device": "cpu", "train.batch_size": 1024}
        for _ in Training(PRESETS["post"].with_values(values), data.load(name)):
            pass
    seconds = time.perf_counter() - before
    print(name, seconds, _most_memory())


def _most_memory() -> float:
    """The most memory that this process held, in MB."""
    status = Path("/proc/self/status")
    if status.exists():
        # What getrusage tells begins with the memory of the process that started this one.
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    _process(*sys.argv[1:])
