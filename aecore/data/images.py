"""One data set in memory: whole tensors, so that nothing after this reads single images in Python."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from aecore.own.sets import UNNAMED
from aecore.strata import by_class, in_proportion

MOST_KNOWN = 100_000
"""Training images at most that others are looked up among; all named data sets but EMNIST's have fewer."""
MOST_KNOWN_VALUES = 1 << 28
"""Values at most that these have together: of 64 x 64 pixels in colour 21,845 images."""


@dataclass(frozen=True, eq=False)
class ImageData:
    """Images as uint8 tensors N x C x H x W (0 is black, 255 white) with one class per image.

    Tensors are shared between all who load the same data set: treat them as read-only. Raises
    ValueError when images, labels, factors and class names do not fit together.
    """

    name: str
    """Key in `DATASETS`, or a name given to the user's own images."""
    train_images: torch.Tensor
    """uint8, N x C x H x W."""
    train_labels: torch.Tensor
    """int64, N; index into `class_names`."""
    test_images: torch.Tensor
    """uint8, M x C x H x W."""
    test_labels: torch.Tensor
    """int64, M."""
    class_names: tuple[str, ...]
    """One name per class."""
    train_factors: torch.Tensor | None = None
    """int64, N x F: what each training image was generated from, where that is known."""
    test_factors: torch.Tensor | None = None
    """int64, M x F."""
    factor_names: tuple[str, ...] = ()
    """One name per column of the factors."""

    def __post_init__(self) -> None:
        for part in ("train", "test"):
            images, labels = getattr(self, f"{part}_images"), getattr(self, f"{part}_labels")
            if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] not in (1, 3):
                raise ValueError(
                    f"{self.name}: {part} images must be uint8 N x C x H x W with 1 or 3 channels, "
                    f"not {images.dtype} {tuple(images.shape)}"
                )
            if labels.dtype != torch.int64 or labels.shape != images.shape[:1] or not len(images):
                raise ValueError(
                    f"{self.name}: {len(images)} {part} images need as many int64 labels (at least one), "
                    f"not {labels.dtype} {tuple(labels.shape)}"
                )
            low, high = (int(v) for v in labels.aminmax())
            if low < 0 or high >= len(self.class_names):
                raise ValueError(
                    f"{self.name}: {part} labels go from {low} to {high}, but there are "
                    f"{len(self.class_names)} classes"
                )
            factors = getattr(self, f"{part}_factors")
            if factors is not None and factors.shape != (len(images), len(self.factor_names)):
                raise ValueError(
                    f"{self.name}: {part} factors must be {len(images)} x {len(self.factor_names)}, "
                    f"not {tuple(factors.shape)}"
                )
        if self.train_images.shape[1:] != self.test_images.shape[1:]:
            raise ValueError(f"{self.name}: training and test images differ in size")

    @property
    def labelled(self) -> bool:
        """Whether there are classes: images of which nothing is said are all of one."""
        return len(self.class_names) > 1

    @property
    def known_classes(self) -> tuple[str, ...]:
        """The classes' names; none where nothing is said of classes."""
        return () if self.class_names == (UNNAMED,) else self.class_names

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one image."""
        _, channels, height, width = self.train_images.shape
        return channels, height, width

    @property
    def pixels(self) -> int:
        """Values in one image: C * H * W."""
        return self.train_images[0].numel()

    @cached_property
    def checksum(self) -> int:
        """CRC-32 of all images and labels: tells what was computed from others of the same name."""
        found = 0
        for part in (self.train_images, self.test_images, self.train_labels, self.test_labels):
            found = zlib.crc32(str(tuple(part.shape)).encode(), found)
            found = zlib.crc32(np.ascontiguousarray(part.numpy()).data, found)
        return found

    @cached_property
    def known(self) -> torch.Tensor:
        """Numbers of the training images that other images, and codes, are looked up among: int64, ascending.

        All of them, or where there are more than `MOST_KNOWN` a sample with seed 0, of each class in
        proportion.
        """
        every, most = np.arange(len(self.train_images)), min(MOST_KNOWN, MOST_KNOWN_VALUES // self.pixels)
        if len(every) > most:
            groups = by_class(every, self.train_labels.numpy())
            every = in_proportion(groups, most, np.random.default_rng(0))
        return torch.from_numpy(every)

    @property
    def known_note(self) -> str:
        """How the known ones were chosen, in words; empty where they are all training images."""
        known, there = len(self.known), len(self.train_images)
        if known == there:
            return ""
        return f"sampled {known:,} of {there:,}{', stratified by class' * self.labelled}"

    def classes_apart(self) -> str:
        """Which classes only the training or only the test images have, as a sentence; empty where none."""
        return self._classes_apart

    @cached_property
    def _classes_apart(self) -> str:
        train, test = (set(labels.unique().tolist()) for labels in (self.train_labels, self.test_labels))
        parts = [
            f"{', '.join(self.class_names[label] for label in sorted(only))} only in the {where} images"
            for only, where in ((test - train, "test"), (train - test, "training"))
            if only
        ]
        if not parts:
            return ""
        return (
            f"The classes of training and test images differ: {' and '.join(parts)}. Test figures are then "
            "not about images like those that were learnt from."
        )

    def split(self, fraction: float, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        """(train_index, validation_index): sorted, disjoint int64 indices that cover the training part.

        `fraction` of the images, to the nearest whole one (at least one when fraction > 0), are held
        out. Depends on the arguments alone, not on global random state. Raises ValueError when the
        fraction is outside [0, 1) or leaves nothing to train on.
        """
        return split_indices(len(self.train_images), fraction, seed)


def split_indices(count: int, fraction: float, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """`ImageData.split` of `count` images."""
    if not 0 <= fraction < 1:
        raise ValueError(f"the validation fraction must be at least 0 and below 1, not {fraction}")
    held_out = max(round(fraction * count), 1) if fraction else 0
    if held_out >= count:
        raise ValueError(
            f"a validation fraction of {fraction} leaves none of the {count} training images to train on"
        )
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    return order[held_out:].sort().values, order[:held_out].sort().values


AT_ONCE = 1 << 21
"""Values of images that are held as floats together: 2,674 images of 28 x 28 pixels."""


def in_parts(
    images: torch.Tensor, numbers: torch.Tensor | None = None, size: int | None = None
) -> Iterator[torch.Tensor]:
    """All images N x C x H x W, or those of the numbers (int64), `size` (or what `AT_ONCE` allows) at a time.

    Both may be more than are ever to be held in memory at once.
    """
    size = size or max(1, AT_ONCE // images[0].numel())
    if numbers is None or torch.equal(numbers, torch.arange(len(images))):
        yield from images.split(size)
    else:
        yield from (images[part] for part in numbers.split(size))


def thumbnails(data: ImageData, n: int = 12, seed: int = 0) -> torch.Tensor:
    """n training images, uint8 n x C x H x W: one of each class in turn, then a second of each, ...

    The seed decides which image stands for its class. Fewer images come back only when there are
    fewer than n.
    """
    return data.train_images[torch.from_numpy(classes_in_turn(data.train_labels, n, seed))]


def classes_in_turn(labels: torch.Tensor, n: int, seed: int) -> np.ndarray:
    """Indices of n images (fewer where there are fewer), int64: one of each class in turn, then a second, ...

    `labels` are N whole numbers; the seed decides which image stands for its class.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    shuffled = labels.numpy()[order]
    by_class = np.argsort(shuffled, kind="stable")
    first = np.searchsorted(shuffled[by_class], shuffled[by_class])
    rank_in_class = np.arange(len(shuffled)) - first
    return order[by_class[np.lexsort((shuffled[by_class], rank_in_class))[:n]]]


def first_of_each_class(labels: torch.Tensor | np.ndarray, each: int = 1) -> np.ndarray:
    """Indices of the first `each` images of every class that there is, class after class: int64.

    `labels` are N whole numbers.
    """
    labels = np.asarray(labels)
    return np.concatenate([np.flatnonzero(labels == label)[:each] for label in np.unique(labels)])


def some_of(available: int, count: int) -> np.ndarray:
    """`count` of so many numbers, ascending, drawn with seed 0; all where there are no more."""
    if count >= available:
        return np.arange(available)
    return np.sort(np.random.default_rng(0).choice(available, count, replace=False))


def unit_range(images: torch.Tensor) -> torch.Tensor:
    """uint8 images of any shape as float32 in [0, 1]; floats are returned as they are."""
    return images.float() / 255 if images.dtype == torch.uint8 else images


def to_uint8(images: torch.Tensor | np.ndarray) -> np.ndarray:
    """Images in [0, 1] of any shape as uint8; what lies outside is clipped, what is no number is black."""
    return (np.clip(np.nan_to_num(np.asarray(images)), 0, 1) * 255).round().astype(np.uint8)
