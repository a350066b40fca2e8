"""Ways through the space of codes: paths, sheets and directions, and how far from the data they lead.

Codes are float32 N x latent_size arrays or tensors; positions t are numbers with 0 at the first end and 1
at the last.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from aecore.analysis.neighbors import Neighbors, as_points
from aecore.config import Config
from aecore.data import ImageData, in_parts, unit_range
from aecore.store.run import Run

USUAL = (0.05, 0.95)
"""Quantiles of the remoteness of unseen images between which a place counts as usual."""


def straight(ends: np.ndarray, t: np.ndarray) -> np.ndarray:
    """(1 - t) a + t b for two codes (2 x D) at T positions, which may lie beyond the ends: T x D."""
    a, b = ends
    return (a + t[:, None] * (b - a)).astype(np.float32)


def spherical(ends: np.ndarray, t: np.ndarray) -> np.ndarray:
    """sin((1 - t) w)/sin(w) a + sin(t w)/sin(w) b, with w the angle between a and b: T x D.

    It keeps the length of the code between those of its ends, where a Gaussian in many dimensions has
    nearly all its mass (Shoemake 1985; White 2016, arXiv:1609.04468). Where a and b lie on one line
    through the origin, or one of them is zero, it is the straight path.
    """
    a, b = ends.astype(np.float64)
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    angle = np.arccos(np.clip(a @ b / lengths, -1, 1)) if lengths > 0 else 0.0
    if np.sin(angle) < 1e-6:
        return straight(ends, t)
    weights = np.sin(np.stack([1 - t, t], axis=1) * angle) / np.sin(angle)
    return (weights @ np.stack([a, b])).astype(np.float32)


def through(ends: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Straight from each of K codes (K x D) to the next, each leg equally long in t: T x D."""
    legs = len(ends) - 1
    leg = np.clip(np.floor(t * legs).astype(int), 0, legs - 1)
    within = (t * legs - leg)[:, None]
    return (ends[leg] + within * (ends[leg + 1] - ends[leg])).astype(np.float32)


@dataclass(frozen=True)
class PathKind:
    """One way from the first image to the last."""

    label: str
    ends: int
    """Number of codes it takes."""
    span: tuple[float, float]
    """First and last position."""
    points: Callable[[np.ndarray, np.ndarray], np.ndarray]
    """(codes, positions T) to T x D."""


PATHS: dict[str, PathKind] = {
    "straight": PathKind("straight", 2, (0.0, 1.0), straight),
    "spherical": PathKind("spherical", 2, (0.0, 1.0), spherical),
    "through": PathKind("through a third", 3, (0.0, 1.0), through),
    "beyond": PathKind("beyond the ends", 2, (-0.5, 1.5), straight),
}


def has_gaussian_prior(config: Config) -> bool:
    """Whether the loss draws the code to a Gaussian around zero: a variational model's prior, or an L2
    penalty, the negative logarithm of such a density."""
    return config.loss.code_l2 > 0 or (config.model.variational and config.loss.beta > 0)


def path_kinds(config: Config) -> list[str]:
    """Keys of `PATHS` that make sense for a run of `config`: spherical only with a Gaussian prior."""
    return [kind for kind in PATHS if kind != "spherical" or has_gaussian_prior(config)]


def path(kind: str, ends: torch.Tensor | np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """`steps` evenly spaced positions of a path and its codes there: (T float64, T x D float32).

    Raises ValueError for an unknown kind, a wrong number of ends, or fewer than two steps.
    """
    if kind not in PATHS:
        raise ValueError(f"a path is one of {', '.join(PATHS)}, not {kind!r}")
    if steps < 2:
        raise ValueError(f"a path needs at least 2 steps, not {steps}")
    codes = as_points(ends, "the ends of a path")
    if len(codes) != PATHS[kind].ends:
        raise ValueError(f"the path {kind} takes {PATHS[kind].ends} codes, not {len(codes)}")
    t = np.linspace(*PATHS[kind].span, steps)
    return t, PATHS[kind].points(codes, t)


def cross_fade(images: torch.Tensor | np.ndarray, t: np.ndarray) -> np.ndarray:
    """The same path through the pixels of K images (K x C x H x W): T x C x H x W, clipped to [0, 1]."""
    images = np.asarray(images, dtype=np.float32)
    flat = through(images.reshape(len(images), -1), np.asarray(t))
    return np.clip(flat, 0, 1).reshape(-1, *images.shape[1:])


def sheet(corners: torch.Tensor | np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Bilinear sheet of four codes (top left, top right, bottom left, bottom right): rows x columns x D."""
    corners = as_points(corners, "the corners")
    if len(corners) != 4 or min(rows, columns) < 2:
        raise ValueError(
            f"a sheet takes 4 codes and at least 2 x 2 places, not {len(corners)} and {rows} x {columns}"
        )
    down, across = np.linspace(0, 1, rows), np.linspace(0, 1, columns)
    left, right = straight(corners[[0, 2]], down), straight(corners[[1, 3]], down)
    return np.stack([straight(np.stack(pair), across) for pair in zip(left, right, strict=True)])


def usual_band(neighbors: Neighbors, codes: torch.Tensor | np.ndarray) -> tuple[float, float]:
    """The 5th and 95th percentile of the remoteness of `codes` of unseen images (M x D).

    Remoteness is the distance to the nearest training code in units of the typical one; a place beyond
    the upper end is farther from every known code than 95 % of real images are.
    """
    low, high = np.quantile(neighbors.remoteness(codes)[0], USUAL)
    return float(low), float(high)


def some_codes(
    train_codes: torch.Tensor, test_codes: torch.Tensor, count: int
) -> tuple[np.ndarray, float, tuple[float, float]]:
    """At most `count` training codes (float32, M x D), their typical distance, and their usual band.

    Fewer codes lie farther apart: the typical distance and the band are these codes' own. The band is of the
    first 1,000 test codes.
    """
    codes = train_codes.numpy()
    if len(codes) > count:
        codes = codes[np.sort(np.random.default_rng(0).choice(len(codes), count, replace=False))]
    neighbors = Neighbors(codes)
    return codes, neighbors.typical_distance, usual_band(neighbors, test_codes[:1000])


def distance_legend(band: tuple[float, float]) -> str:
    """The line under a curve of distances to the nearest training code."""
    return (
        "Distance to the nearest training code; 1 is the typical distance between neighbours. Grey: where "
        f"90 % of test images lie, {band[0]:.2f} to {band[1]:.2f}. Marked: farther out than 95 % of them."
    )


def stretches(t: np.ndarray, outside: np.ndarray) -> list[tuple[float, float]]:
    """(first, last) position of each unbroken stretch of T positions where `outside` (T bool) holds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], outside, [False]]).astype(int)))
    return [(float(t[a]), float(t[b - 1])) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def known_codes(run: Run, data: ImageData) -> torch.Tensor:
    """Codes of the training images that `data.known` names: N x latent_size."""
    return torch.cat([run.encode(part) for part in in_parts(data.train_images, data.known, run.batch)])


def nearest_images(
    queries: torch.Tensor | np.ndarray, images: torch.Tensor, among: torch.Tensor | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of N uint8 images to each of Q (float, in [0, 1]): squared errors and numbers, Q each.

    `among` are the numbers of the images that are looked at, ascending; all N where it is left out.
    |x|^2 + |q|^2 - 2 x q, a part of the images at a time, so that they never stand in memory as floats.
    """
    q = torch.as_tensor(queries, dtype=torch.float32).flatten(1)
    best = torch.full((len(q),), torch.inf)
    place = torch.zeros(len(q), dtype=torch.int64)
    first = 0
    for part in in_parts(images, among):
        x = unit_range(part.flatten(1))
        errors, found = torch.addmm(x.square().sum(1), q, x.T, alpha=-2).min(1)
        nearer = errors < best
        best, place = torch.where(nearer, errors, best), torch.where(nearer, found + first, place)
        first += len(part)
    number = place if among is None else among[place]
    return (best + q.square().sum(1)).clamp_min(0).numpy(), number.numpy()


def nearest_others(images: torch.Tensor, row: int, k: int) -> np.ndarray:
    """The k images nearest to one of N uint8 images, itself left out, in pixels: int64, the nearest first.

    A part of the images at a time, so that they never stand in memory as floats. k is below N.
    """
    one = unit_range(images[row].flatten())
    errors = torch.cat([(unit_range(part.flatten(1)) - one).square().sum(1) for part in in_parts(images)])
    errors[row] = torch.inf
    return errors.topk(k, largest=False).indices.numpy()


@dataclass(frozen=True)
class Direction:
    """A step in code space that leads from one group of images to another."""

    step: np.ndarray
    """float32, D: mean code of the second group minus that of the first."""
    cohens_d: float
    """How well the step separates the groups; see `cohens_d`."""
    projections: tuple[np.ndarray, np.ndarray]
    """Of the codes that were scored: 0 at the first group's mean code, 1 at the second's."""


def direction(
    first: torch.Tensor | np.ndarray,
    second: torch.Tensor | np.ndarray,
    scored: tuple[torch.Tensor | np.ndarray, torch.Tensor | np.ndarray] | None = None,
) -> Direction:
    """The step from the mean of `first` (N x D) to that of `second` (M x D), and how well it separates.

    `scored` holds two groups of codes that the step was not made from; without it the score is that of
    the codes it was made from, which flatters it the more, the fewer they are. Raises ValueError for an
    empty group or for two groups with one mean, between which there is no direction.
    """
    a, b = as_points(first, "the first group"), as_points(second, "the second group")
    start = a.mean(0, dtype=np.float64)
    step = b.mean(0, dtype=np.float64) - start
    squared = step @ step
    if squared == 0:
        raise ValueError("both groups have the same mean code: no direction leads from one to the other")
    groups = (a, b) if scored is None else tuple(as_points(g, "a scored group") for g in scored)
    projections = tuple((g - start) @ step / squared for g in groups)
    return Direction(step.astype(np.float32), cohens_d(*projections), projections)


def normal_overlap(d: float) -> float:
    """Share of two normal groups of equal spread that overlaps at a Cohen's d of `d`: 2 Phi(-|d| / 2)."""
    return math.erfc(abs(d) / (2 * math.sqrt(2)))


def cohens_d_error(d: float, n: int, m: int) -> float:
    """Standard error of Cohen's d of n and m numbers: sqrt((n + m) / (n m) + d^2 / (2 (n + m))).

    The large-sample formula of Hedges & Olkin (1985).
    """
    return math.sqrt((n + m) / (n * m) + d * d / (2 * (n + m)))


def cohens_d(first: np.ndarray, second: np.ndarray) -> float:
    """(mean of second - mean of first) / pooled standard deviation of two samples of numbers (Cohen 1988).

    The pooled variance is ((n - 1) s1^2 + (m - 1) s2^2) / (n + m - 2). NaN with fewer than two numbers in
    each sample, infinite where neither varies and the means differ, 0 where they do not.
    """
    n, m = len(first), len(second)
    if min(n, m) < 2:
        return float("nan")
    pooled = ((n - 1) * np.var(first, ddof=1) + (m - 1) * np.var(second, ddof=1)) / (n + m - 2)
    difference = np.mean(second) - np.mean(first)
    if pooled == 0:
        return 0.0 if difference == 0 else float(np.copysign(np.inf, difference))
    return float(difference / np.sqrt(pooled))
