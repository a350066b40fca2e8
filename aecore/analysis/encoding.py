"""A trained run applied to images that it has not seen: codes, and errors that tell which are unlike the
images it was trained on."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from aecore.analysis.metrics import errors_on
from aecore.own.build import as_image
from aecore.own.pictures import Fit, fitted
from aecore.own.source import Source, Unreadable
from aecore.store.run import Run

WORST = 24
"""Images whose pixels are kept, those with the largest errors: of all they would fill the memory."""


@dataclass(frozen=True)
class Encoded:
    """What a run makes of N images."""

    names: list[str]
    classes: list[str] | None
    """None where nothing is said of classes."""
    worst: np.ndarray
    """The first of `outliers` as the network saw them: uint8, at most `WORST` x C x H x W."""
    codes: np.ndarray
    """float32, N x latent_size."""
    errors: np.ndarray
    """Squared error of each image, pixels in [0, 1]: float32, N."""
    skipped: list[tuple[str, str]]
    """Names of images that could not be read, and why."""

    @property
    def outliers(self) -> np.ndarray:
        """Places of the images, largest error first."""
        return np.argsort(-self.errors, kind="stable")


def encode_source(
    run: Run,
    source: Source,
    fit: Fit = "crop",
    on_progress: Callable[[int, int], None] | None = None,
) -> Encoded:
    """Brings each image of a source to the run's size and channels, and encodes it.

    The codes are those of `run.encode`. ValueError in one sentence where no image can be read.
    """
    report = on_progress or (lambda done, total: None)
    channels, height, width = run.shape
    total = len(source.names)
    kept: list[int] = []
    skipped: list[tuple[str, str]] = []
    worst, highest = np.empty((0, *run.shape), np.uint8), np.empty(0, np.float32)
    codes: list[np.ndarray] = []
    errors: list[np.ndarray] = []
    with tempfile.TemporaryDirectory(prefix="aecore-encode-") as folder:
        reader = source.prepare(Path(folder), lambda done, total: None) if source.prepare else source.reader
        for start in range(0, total, run.batch):
            numbers = list(range(start, min(start + run.batch, total)))
            made = []
            for number, found in zip(numbers, reader.part(numbers).read(), strict=True):
                image = as_image(found)
                if isinstance(image, Unreadable):
                    skipped.append((source.names[number], image.reason))
                else:
                    kept.append(number)
                    made.append(fitted(image, (height, width), channels, fit))
            if made:
                batch = torch.from_numpy(np.stack(made))
                codes.append(run.encode(batch).numpy())
                errors.append(errors_on(run, batch).numpy())
                highest = np.concatenate([highest, errors[-1]])
                first = np.argsort(-highest, kind="stable")[:WORST]
                worst, highest = np.concatenate([worst, batch.numpy()])[first], highest[first]
            report(min(start + run.batch, total), total)
    if not kept:
        name, reason = skipped[0]
        raise ValueError(f"none of the {total:,} images can be read; {name}: {reason}")
    labels = source.labels
    return Encoded(
        [source.names[i] for i in kept],
        None if labels is None else [labels[i] for i in kept],
        worst,
        np.concatenate(codes),
        np.concatenate(errors),
        skipped,
    )


def skipped_file(encoded: Encoded) -> bytes:
    """The images that could not be read and why, as a CSV file."""
    import pandas as pd

    table = pd.DataFrame(encoded.skipped, columns=["name", "reason"])
    return table.to_csv(index=False).encode("utf-8", "backslashreplace")
