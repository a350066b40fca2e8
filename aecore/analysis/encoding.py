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
from aecore.store.run import BATCH, Run


@dataclass(frozen=True)
class Encoded:
    """What a run makes of N images."""

    names: list[str]
    classes: list[str] | None
    """None where nothing is said of classes."""
    images: np.ndarray
    """As the network saw them: uint8, N x C x H x W."""
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
    run: Run, source: Source, fit: Fit = "crop", on_progress: Callable[[int, int], None] | None = None
) -> Encoded:
    """Brings each image of a source to the run's size and channels, and encodes it.

    The codes are those of `run.encode`. ValueError in one sentence where no image can be read.
    """
    report = on_progress or (lambda done, total: None)
    channels, height, width = run.shape
    total = len(source.names)
    kept: list[int] = []
    skipped: list[tuple[str, str]] = []
    images: list[np.ndarray] = []
    codes: list[np.ndarray] = []
    errors: list[np.ndarray] = []
    with tempfile.TemporaryDirectory(prefix="aecore-encode-") as folder:
        reader = source.prepare(Path(folder), lambda done, total: None) if source.prepare else source.reader
        for start in range(0, total, BATCH):
            numbers = list(range(start, min(start + BATCH, total)))
            made = []
            for number, found in zip(numbers, reader.part(numbers).read(), strict=True):
                image = as_image(found)
                if isinstance(image, Unreadable):
                    skipped.append((source.names[number], image.reason))
                else:
                    kept.append(number)
                    made.append(fitted(image, (height, width), channels, fit))
            if made:
                images.append(np.stack(made))
                batch = torch.from_numpy(images[-1])
                codes.append(run.encode(batch).numpy())
                errors.append(errors_on(run, batch).numpy())
            report(min(start + BATCH, total), total)
    if not kept:
        name, reason = skipped[0]
        raise ValueError(f"none of the {total:,} images can be read; {name}: {reason}")
    labels = source.labels
    return Encoded(
        [source.names[i] for i in kept],
        None if labels is None else [labels[i] for i in kept],
        np.concatenate(images),
        np.concatenate(codes),
        np.concatenate(errors),
        skipped,
    )
