"""A run or a grid as TensorBoard reads it: event files with curves and pictures, and codes for its projector.

Of a run: every term of its history by epoch; test images with what the network made of them at up to ten of
its epochs, and with PCA's; its settings; the test images' codes with classes, errors and thumbnails. Of a
grid a sub-folder a member: curves, settings (`hparams`) beside its figures, and the pictures that the grid
keeps.

    tensorboard --logdir FOLDER

Needs the package of `requirements-tensorboard.txt`.
"""

from __future__ import annotations

import importlib.util
import json
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from aecore import data as datasets
from aecore import store
from aecore.analysis.metrics import errors_on
from aecore.analysis.probe import probe_index
from aecore.analysis.projection import pca_baseline
from aecore.config import Config
from aecore.data import ImageData, to_uint8
from aecore.files import unicode_text
from aecore.results import EpochRecord, Result
from aecore.store import GridInfo, RunInfo
from aecore.store.run import Run

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

PICTURES = 10
"""Epochs whose pictures are written; TensorBoard shows no more of a series."""
SPRITE = 8_192
"""Pixels of a side of the picture that holds all thumbnails: the projector takes no larger one."""
SIDE = 32
"""Pixels of an image's side in a picture, at least."""
POINTS = 10_000
"""Codes in the projector: its t-SNE takes no more."""
EVENTS = "*tfevents*"


def write(path: Path, folder: Path, on_progress: Callable[[float], None] | None = None) -> str:
    """Writes the run, grid's member or grid in `path` into `folder`, and returns what is to be said of it.

    RuntimeError in one sentence where TensorBoard is not installed; ValueError where the folder holds event
    files already, which TensorBoard would read as one series with the new ones.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise RuntimeError(
            "TensorBoard's event files need its package: pip install -r requirements-tensorboard.txt"
        )
    if next(folder.rglob(EVENTS), None) is not None:
        raise ValueError(f"{folder} holds event files already, which TensorBoard would join with new ones")
    report = on_progress or (lambda share: None)
    return _write_grid(path, folder, report) if store.is_grid(path) else _write_run(path, folder, report)


def _write_run(path: Path, folder: Path, report: Callable[[float], None]) -> str:
    info = store.read_info(path)
    notes = []
    with _writer(folder) as writer:
        _write_curves(writer, info, store.read_history(path))
        _write_settings(writer, info.config)
        report(0.2)
        data = None
        try:
            data = datasets.load(info.config.data.name)
        except (ValueError, RuntimeError, OSError) as error:
            notes.append(f"without pictures and codes: {error}")
        if data is not None and info.has_weights:
            run = store.load_run(path)
            _write_pictures(writer, run, data)
            report(0.4)
            notes.append(_write_codes(writer, run, data))
    report(1.0)
    return "; ".join(notes)


def _write_grid(path: Path, folder: Path, report: Callable[[float], None]) -> str:
    info = store.read_grid(path)
    count = len(info.grid.members)
    probe = store.read_probe(path)
    pictures = store.read_all_pictures(info) if probe is not None else None
    for k in range(count):
        member = store.read_info(info.member_path(k))
        history = store.read_history(member.path)
        with _writer(folder / member_folder(info, k)) as writer:
            _write_curves(writer, member, history)
            _write_settings(writer, member.config)
            if member.result is not None:
                # "." keeps the settings beside the member's own curves.
                writer.add_hparams(
                    {n: _setting(v) for n, v in info.grid.position_of(k).items()},
                    _figures(member.result),
                    run_name=".",
                    global_step=len(history),
                )
            if probe is not None and pictures is not None and pictures.codes[k] is not None:
                rows = [probe.images, pictures.images[k]]
                pca = probe.pca.get(member.config.model.latent_size)
                writer.add_image(
                    _title(pca is not None), _rows(rows + ([] if pca is None else [pca])), len(history)
                )
        report((k + 1) / count)
    return f"{count:,} members"


def member_folder(info: GridInfo, k: int) -> str:
    """What member k's sub-folder is called, which TensorBoard lists: `3 latent_size 8, strength 0.001`."""
    from aecore.grid import axis_text

    place = ", ".join(f"{n.split('.')[-1]} {axis_text(n, v)}" for n, v in info.grid.position_of(k).items())
    return re.sub(r"[^\w.,+ -]", "-", f"{k} {place}")[:120].strip()


def sampled(count: int, side: int, seed: int = 0) -> np.ndarray:
    """Which of `count` images the projector shows, int64, in order: all, or as many as its picture of
    thumbnails, square and of at most `SPRITE` pixels a side, can hold of `side` pixels each."""
    most = min(POINTS, (SPRITE // side) ** 2)
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))


def _writer(folder: Path) -> SummaryWriter:
    from torch.utils.tensorboard import SummaryWriter

    folder.mkdir(parents=True, exist_ok=True)
    return SummaryWriter(str(folder))


def _write_curves(writer: SummaryWriter, info: RunInfo, history: Sequence[EpochRecord]) -> None:
    """`<term>/train` and `<term>/validation` by epoch, at the times when the run made them."""
    time = info.created
    for record in history:
        time += record.seconds
        for part, terms in (("train", record.train), ("validation", record.validation)):
            for term, value in terms.items():
                writer.add_scalar(f"{term}/{part}", value, record.epoch, time)
        for name in ("learning_rate", "images_per_second", "seconds"):
            writer.add_scalar(f"training/{name}", getattr(record, name), record.epoch, time)


def _write_settings(writer: SummaryWriter, config: Config) -> None:
    text = json.dumps(config.to_dict(), indent=1)
    # An indented block: TensorBoard shows texts as Markdown.
    writer.add_text("config", "\n".join(f"    {line}" for line in text.splitlines()))


def _write_pictures(writer: SummaryWriter, run: Run, data: ImageData) -> None:
    """Originals, reconstructions and PCA's below each other, at the epochs that were kept or at the last."""
    images = data.test_images[probe_index(data)]
    pca = to_uint8(pca_baseline(data).reconstruct(images.float() / 255, run.latent_size))
    frames = store.read_frames(run.path)
    last = len(run.history)
    if frames is not None and len(frames.rows) and frames.header.pictures == len(images):
        for i in np.unique(np.linspace(0, len(frames.rows) - 1, PICTURES).round().astype(int)):
            row = frames.rows[i]
            writer.add_image(_title(True), _rows([images, row["reconstructions"], pca]), int(row["epoch"]))
        return
    writer.add_image(_title(True), _rows([images, to_uint8(run.reconstruct(images)), pca]), last)


def _title(with_pca: bool) -> str:
    return "original, network, PCA" if with_pca else "original, network"


def _rows(rows: Sequence[Tensor | np.ndarray]) -> np.ndarray:
    """Rows of n images each, uint8 n x C x H x W, as one picture, small ones enlarged: uint8 C x H x W."""
    picture = np.concatenate([np.concatenate(list(np.asarray(row)), axis=2) for row in rows], axis=1)
    times = max(1, -(-SIDE // rows[0].shape[2]))
    return picture.repeat(times, axis=1).repeat(times, axis=2)


def _write_codes(writer: SummaryWriter, run: Run, data: ImageData) -> str:
    """Test images' codes with thumbnails, classes and errors for the projector; says how many there are."""
    count = len(data.test_images)
    chosen = torch.from_numpy(sampled(count, max(data.shape[1:])))
    images = data.test_images[chosen]
    errors = errors_on(run, images).tolist()
    labels = [_cell(data.class_names[label]) for label in data.test_labels[chosen].tolist()]
    about = [list(row) for row in zip(labels, chosen.tolist(), map("{:.6g}".format, errors), strict=True)]
    writer.add_embedding(
        run.encode(images),
        metadata=about,
        metadata_header=["class", "index", "squared_error"],
        label_img=_squares(images),
        global_step=len(run.history),
        tag="codes",
    )
    return (
        f"{count:,} test images"
        if len(chosen) == count
        else f"sampled {len(chosen):,} of {count:,} test images"
    )


def _squares(images: Tensor) -> Tensor:
    """uint8 images N x C x H x W as float N x 3 x S x S in [0, 1], black around, as the projector needs."""
    height, width = images.shape[2:]
    side = max(height, width)
    square = images.new_zeros(len(images), 3, side, side)
    top, left = (side - height) // 2, (side - width) // 2
    square[:, :, top : top + height, left : left + width] = images
    return square.float() / 255


def _cell(text: str) -> str:
    """A text as one cell of a table whose columns are parted by tabs."""
    return " ".join(unicode_text(text).split()) or "-"


def _setting(value: Any) -> bool | int | float | str:
    return value if isinstance(value, (bool, int, float, str)) else "-".join(map(str, value))


def _figures(result: Result) -> dict[str, float]:
    """What members are compared by."""
    found: dict[str, Any] = {f"figures/test_{n}": v for n, v in result.test.to_dict().items()}
    found |= {f"figures/validation_{n}": v for n, v in result.validation.items()}
    if result.code is not None:
        found |= {
            f"figures/{n}": getattr(result.code, n) for n in ("exact_zeros", "active_units", "dead_units")
        }
    return {n: float(v) for n, v in found.items() if v is not None and math.isfinite(v)}
