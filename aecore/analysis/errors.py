"""Reconstruction errors of the test images: which images to show, and what the errors say in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aecore.presets import penalty_text

if TYPE_CHECKING:
    from aecore.store.run import Run


def choose_images(errors: np.ndarray, order: str, count: int, draw: int = 0) -> np.ndarray:
    """Indices of `count` images (fewer where there are fewer): the worst first, the best first, or random.

    `errors` are N values; `draw` seeds the random choice. ValueError for another order.
    """
    if order == "random":
        return np.random.default_rng(draw).permutation(len(errors))[:count]
    if order not in ("worst", "best"):
        raise ValueError(f"order must be worst, best or random, not {order!r}")
    ascending = np.argsort(errors, kind="stable")
    return (ascending[::-1] if order == "worst" else ascending)[:count]


def verdict(
    errors: np.ndarray,
    pca_errors: np.ndarray,
    units: int,
    narrowest: int | None = None,
    penalty: str = "",
    finished: bool = True,
) -> str:
    """Does the network beat PCA with as many components, and what was seen that may have to do with it.

    Both arrays hold the squared error of the same N images; `narrowest` is the smallest number of values
    between image and code (None where no layer lies between), `penalty` the penalties in words. Speaks where
    the mean difference is more than two of its standard errors over the images. Names no cause: one network
    tells none.
    """
    difference = np.asarray(pca_errors, dtype=np.float64) - np.asarray(errors, dtype=np.float64)
    mean, pca = float(np.mean(errors)), float(np.mean(pca_errors))
    components = f"{units} component{'s' * (units != 1)}"
    count = len(difference)
    uncertain = float(difference.std(ddof=1)) / math.sqrt(count) if count > 1 else math.inf
    if abs(difference.mean()) <= 2 * uncertain:
        return (
            f"On these {count:,} images nothing can be said between the network and PCA with {components} "
            f"({mean:.1f} against {pca:.1f})."
        )
    if mean < pca:
        return (
            f"The network leaves {1 - mean / pca:.0%} less error than PCA with {components}, and is "
            f"the better one on {float(np.mean(difference > 0)):.0%} of the images."
        )
    seen = []
    if narrowest is not None and narrowest <= units:
        seen.append(f"its narrowest layer before the code is {narrowest} wide")
    if penalty:
        seen.append(f"it was trained with a penalty ({penalty})")
    if not finished:
        seen.append("it was not trained to its end")
    text = f"PCA with {components} does better ({pca:.1f} against {mean:.1f})."
    if not seen:
        return text
    listed = " and ".join([", ".join(seen[:-1]), seen[-1]] if len(seen) > 1 else seen)
    return f"{text} Of this network: {listed}. One without would tell whether that is why."


def verdict_on(run: Run, errors: np.ndarray, pca_errors: np.ndarray) -> str:
    """`verdict` with what is known of the run; the errors are those of the same images."""
    from aecore.models import layer_sizes

    model = run.config.model
    before_code = len(model.hidden) + (len(model.channels) if model.family == "conv" else 0)
    narrowest = min(layer_sizes(model, run.shape)[1 : 1 + before_code], default=None)
    used = [penalty_text(run.config.loss)] if run.config.loss.penalties else []
    if model.variational:
        used.append(f"the KL term, beta {run.config.loss.beta:g}")
    return verdict(errors, pca_errors, run.latent_size, narrowest, " + ".join(used), run.result is not None)


def extremes(errors: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> str:
    """Which class is reconstructed worst and which best; empty with fewer than two classes.

    A class is named where its mean error is apart from the next one's by more than two standard errors of
    the difference.
    """
    classes = sorted((errors[labels == c] for c in np.unique(labels)), key=np.mean)
    if len(classes) < 2:
        return ""
    by_mean = sorted(np.unique(labels), key=lambda c: np.mean(errors[labels == c]))
    words = []
    if _apart(classes[-1], classes[-2]):
        words.append(f"Hardest class: {names[by_mean[-1]]} ({classes[-1].mean():.1f} per image)")
    if _apart(classes[1], classes[0]):
        words.append(f"easiest: {names[by_mean[0]]} ({classes[0].mean():.1f})")
    if not words:
        return "No class is clearly the hardest or the easiest."
    text = "; ".join(words)
    return f"{text[0].upper()}{text[1:]}."


def _apart(above: np.ndarray, below: np.ndarray) -> bool:
    if min(len(above), len(below)) < 2:
        return False
    uncertain = math.sqrt(sum(float(np.var(e, ddof=1)) / len(e) for e in (above, below)))
    return float(np.mean(above) - np.mean(below)) > 2 * uncertain


def clipped_pca(output: str, error: float | None) -> str:
    """PCA's squared error with its values in [0, 1] too, where a network's can't leave that range.

    `output` is the network's output activation, `error` that of the clipped values on the same images. Empty
    for an output without ends.
    """
    if output == "linear" or error is None:
        return ""
    return (
        " PCA's values may leave [0, 1], as this network's outputs cannot; clipped to it, its squared error "
        f"is {error:.2f}."
    )
