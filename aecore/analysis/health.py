"""Is this training going well? Named checks over a run's history and its looks at the layers.

A check fires by its rule; it is an alarm only if the run also fails by its outcome, because a number alone
convicts healthy runs: a ReLU network of depth 8 with PyTorch's own weights has a first-to-last gradient ratio
near 1e-5, and still learns. Where the rule holds and the run does well, the check is a note.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from aecore.analysis.pixels import mean_image
from aecore.analysis.projection import pca_baseline
from aecore.config import PENALTIES, Config
from aecore.data import ImageData, in_parts, unit_range
from aecore.looks import FIRST, LayerHistory
from aecore.results import EpochRecord

Verdict = Literal["fine", "note", "alarm", "unknown"]

NOT_BELOW = 0.95
"""Part of the mean image's error that a run must come below to have learned anything."""

FAR_FROM_BEST = 1.1
"""A last error above this many times the best is far from it."""

FEW_STEPS = 200
"""Steps below which a run above PCA's error has hardly begun."""


@dataclass(frozen=True)
class Baselines:
    """Squared errors per image of what needs no training, on the test images."""

    mean_image: float
    pca: float
    """With as many components as the code has units."""


@dataclass(frozen=True)
class Course:
    """What is known of a training, at its end or on its way."""

    config: Config
    history: Sequence[EpochRecord]
    looks: LayerHistory | None
    baselines: Baselines
    failed: int | None = None
    """Epoch in which its loss was no longer finite."""

    @property
    def errors(self) -> list[float]:
        """Squared error per image after each epoch, on the validation images where there are some."""
        return [record.squared_error for record in self.history]


@dataclass(frozen=True)
class Outcome:
    """Whether a run fails by what came of it, whatever its layers do."""

    fails: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """What a check says of a run."""

    name: str
    title: str
    verdict: Verdict
    numbers: dict[str, float]
    """What the rule was applied to."""
    rule: str
    source: str
    advice: str
    """What to try."""


@dataclass(frozen=True)
class Measured:
    """What a check measures: whether its rule holds (None: it does not apply), and the numbers."""

    holds: bool | None
    numbers: dict[str, float]
    fails: bool | None = None
    """Whether the run fails by this check's own outcome, where it has one."""


def baselines(data: ImageData, latent_size: int) -> Baselines:
    """The mean training image's error on the test images, and PCA's."""
    mean = mean_image(data.train_images)
    errors = (float((unit_range(part) - mean).square().sum()) for part in in_parts(data.test_images))
    error = sum(errors) / len(data.test_images)
    return Baselines(error, pca_baseline(data).error(latent_size))


def outcome(course: Course) -> Outcome:
    """A run fails if it diverged, is not below the mean image, or ended far from its own best."""
    reasons = []
    errors, mean = course.errors, course.baselines.mean_image
    if course.failed is not None:
        reasons.append(f"its loss was no longer finite in epoch {course.failed}")
    if errors and errors[-1] >= NOT_BELOW * mean:
        reasons.append(f"its error {errors[-1]:.3g} is not below the mean image's {mean:.3g}")
    if errors and errors[-1] > FAR_FROM_BEST * min(errors):
        reasons.append(f"its last error {errors[-1]:.3g} is far from its best {min(errors):.3g}")
    return Outcome(bool(reasons), tuple(reasons))


def check(course: Course) -> list[Finding]:
    """All checks, in a fixed order."""
    fails = outcome(course).fails
    findings = []
    for name, (title, measure, rule, source, advice) in CHECKS.items():
        measured = measure(course)
        failing = fails if measured.fails is None else measured.fails
        verdict: Verdict = "alarm" if failing else "note"
        if not measured.holds:
            verdict = "unknown" if measured.holds is None else "fine"
        findings.append(Finding(name, title, verdict, measured.numbers, rule, source, advice))
    return findings


def alarms(course: Course) -> list[str]:
    """Names of the checks that are alarms."""
    return [finding.name for finding in check(course) if finding.verdict == "alarm"]


UNKNOWN = Measured(None, {})


def _hidden(looks: LayerHistory) -> list[int]:
    """Hidden layers: neither the code nor the reconstruction."""
    encoder = sum(layer.name.startswith("encoder.") for layer in looks.layers)
    return [i for i in range(len(looks.layers) - 1) if i != encoder - 1]


def _vanishing(course: Course) -> Measured:
    if course.looks is None or not len(course.looks):
        return UNKNOWN
    norms = course.looks.values("gradient_norm")
    first, last = float(np.median(norms[:, 0])), float(np.median(norms[:, -1]))
    numbers = {"gradient norm of the first layer": first, "of the last": last}
    return Measured(first < 1e-4 and first < 1e-3 * last, numbers)


def _exploding(course: Course) -> Measured:
    if course.looks is None or not len(course.looks):
        return UNKNOWN if course.failed is None else Measured(True, {"epoch": float(course.failed)})
    norms = course.looks.values("gradient_norm")
    finite = bool(np.isfinite(norms).all())
    largest = float(norms.max()) if finite else math.inf
    medians = np.median(norms, axis=0)
    ratio = float(medians[0] / medians[-1]) if medians[-1] > 0 and finite else math.nan
    numbers = {"largest gradient norm": largest, "first to last": ratio}
    return Measured(not finite or course.failed is not None or largest > 1e3 or ratio > 70, numbers)


def _dead(course: Course) -> Measured:
    return _share(course, "dead", 0.5)


def _saturated(course: Course) -> Measured:
    return _share(course, "saturated", 0.3)


def _share(course: Course, quantity: str, limit: float) -> Measured:
    """Whether in some hidden layer more than `limit` of the units are so after the last epoch."""
    if course.looks is None or not len(course.looks):
        return UNKNOWN
    shares = course.looks.profile(quantity, course.looks.epochs[-1])[_hidden(course.looks)]
    if not len(shares) or np.isnan(shares).all():
        return UNKNOWN
    worst = float(np.nanmax(shares))
    return Measured(worst > limit, {"largest share in a layer": worst})


def _initial(course: Course) -> Measured:
    if course.looks is None or not len(course.looks):
        return UNKNOWN
    variances = course.looks.values("activation_std")[0][_hidden(course.looks)] ** 2
    if len(variances) < 2:
        return UNKNOWN
    if not (variances > 0).all():
        return Measured(True, {"least variance": 0.0})
    ratios = variances[1:] / variances[:-1]
    worst = float(max(ratios.max(), 1 / ratios.min()))
    return Measured(worst > 10, {"largest ratio of neighbours' variances": worst})


def _update_ratios(course: Course) -> np.ndarray | None:
    """Looks x layers of the first hundred steps, None where there are hardly any."""
    if course.looks is None or len(course.looks) <= 10:
        return None
    return np.nan_to_num(course.looks.values("update_ratio")[:FIRST], nan=math.inf)


def _rate_high(course: Course) -> Measured:
    ratios = _update_ratios(course)
    if ratios is None:
        return UNKNOWN
    ratio = float(np.median(ratios[:10], axis=1).mean())
    return Measured(ratio > 0.2, {"change in a step, first ten steps": ratio})


def _rate_low(course: Course) -> Measured:
    ratios = _update_ratios(course)
    if ratios is None or course.looks is None or not course.looks.values("gradient_norm")[:FIRST].any():
        # Without any gradient no rate moves the weights.
        return UNKNOWN
    ratio = float(ratios.max(axis=1).mean())
    return Measured(ratio < 1e-3, {"largest change in a step, first hundred steps": ratio}, _too_slow(course))


def _too_slow(course: Course) -> bool:
    """Not below the mean image, or still falling steeply at the end."""
    return outcome(course).fails or (_falling(course) or 0.0) > 0.05


def _times(error: float, other: float) -> float:
    """How many times the other an error is; an error may be zero."""
    return error / max(other, 1e-12)


def _falling(course: Course) -> float | None:
    """Part of the error that the last quarter of the epochs took away."""
    errors = course.errors
    if len(errors) < 2:
        return None
    return 1 - _times(errors[-1], errors[-1 - max(1, len(errors) // 4)])


def _overfit(course: Course) -> Measured:
    if len(course.history) < 2 or not course.history[-1].validation:
        return UNKNOWN
    errors = course.errors
    best = int(np.argmin(errors))
    train = [record.train["squared_error"] for record in course.history]
    numbers = {
        "last over best validation error": _times(errors[-1], errors[best]),
        "training error since": _times(train[-1], train[best]),
        "validation over training error": _times(errors[-1], train[-1]),
    }
    risen = errors[-1] > FAR_FROM_BEST * errors[best] and train[-1] < 0.95 * train[best]
    # By heart: the training images come out ever better, others have long ceased to.
    since = min(errors[len(errors) // 2 :])
    apart = errors[-1] > 3 * train[-1] and since > 0.95 * min(errors[: len(errors) // 2])
    return Measured(risen or apart, numbers, fails=True)


def _under(course: Course) -> Measured:
    falling = _falling(course)
    if falling is None:
        return UNKNOWN
    error = course.errors[-1]
    numbers = {"fall over the last quarter": falling}
    few = False
    if course.looks is not None and len(course.looks):
        steps = int(course.looks.rows["total"][-1])
        numbers["steps"] = float(steps)
        few = steps < FEW_STEPS and error > course.baselines.pca
    near = error < 2 * course.baselines.mean_image
    return Measured((falling > 0.2 or few) and near, numbers, fails=True)


def _bottleneck(course: Course) -> Measured:
    model, loss = course.config.model, course.config.loss
    sparse = model.code_activation in ("top_k", "soft_threshold") or any(
        PENALTIES[name].on == "code" for name in loss.penalties
    )
    # A code held sparse is not to be measured by as many components as it has units.
    if not model.hidden or not course.errors or sparse:
        return UNKNOWN
    narrowest, error, pca = min(model.hidden), course.errors[-1], course.baselines.pca
    numbers = {"narrowest layer": float(narrowest), "units": float(model.latent_size)}
    numbers |= {"squared error": error, "of PCA": pca}
    return Measured(narrowest <= model.latent_size, numbers, error > pca)


def _collapse(course: Course) -> Measured:
    last = course.history[-1].validation if course.history else {}
    if not course.config.model.variational or not {"active_units", "kl"} <= last.keys():
        return UNKNOWN
    active, units = last["active_units"], float(course.config.model.latent_size)
    numbers = {"active units": active, "units": units, "KL in nats": last["kl"]}
    return Measured(active < units / 2, numbers, active == 0 or outcome(course).fails)


def _plateau(course: Course) -> Measured:
    if not course.errors:
        return UNKNOWN
    error, mean = course.errors[-1], course.baselines.mean_image
    numbers = {"squared error": error, "of the mean image": mean}
    return Measured(NOT_BELOW * mean <= error <= mean / NOT_BELOW, numbers)


CHECKS: dict[str, tuple[str, Callable[[Course], Measured], str, str, str]] = {
    "vanishing": (
        "Vanishing gradients",
        _vanishing,
        "the first layer's gradient norm is below 1e-4 and below 1/1000 of the last layer's (medians)",
        "Zhang et al. 2021, AUTOTRAINER",
        "ReLU or SiLU in place of sigmoid, He or orthogonal initial weights, fewer layers",
    ),
    "exploding": (
        "Exploding gradients",
        _exploding,
        "a gradient norm above 1000 or not finite, or the first layer's above 70 times the last one's",
        "Zhang et al. 2021, AUTOTRAINER; 1000 was set on runs made to explode",
        "smaller initial weights (He or orthogonal), a smaller learning rate",
    ),
    "dead": (
        "Dead ReLU units",
        _dead,
        "more than half of a hidden layer's units are zero on 99 % of the images",
        "Amazon SageMaker Debugger, DeadRelu",
        "a smaller learning rate, He initial weights, leaky ReLU",
    ),
    "saturated": (
        "Saturated units",
        _saturated,
        "more than 30 % of a hidden layer's outputs lie where the slope is under 1 % of the largest",
        "Glorot & Bengio 2010; the share was set on runs made to saturate",
        "smaller initial weights (Xavier), a smaller learning rate, ReLU",
    ),
    "initial_weights": (
        "Initial weights",
        _initial,
        "at the first step the outputs' variances of two neighbouring hidden layers differ more than tenfold",
        "Glorot & Bengio 2010; He et al. 2015",
        "He for ReLU and its kin, Xavier for tanh and sigmoid, orthogonal for many layers",
    ),
    "rate_high": (
        "Learning rate too high",
        _rate_high,
        "a step changes a layer's weights by more than 20 % (median of the layers, mean of the first 10)",
        "CS231n's rough 1e-3; the limit was set on runs with rates too high",
        "a tenth of the learning rate, or a one-cycle schedule",
    ),
    "rate_low": (
        "Learning rate too low",
        _rate_low,
        "no layer's weights change by 0.1 % in a step (mean of the first hundred), and the error isn't below "
        "the mean image's or still falls by 5 % over the last quarter of the epochs",
        "CS231n's rough 1e-3; the limit was set on runs with rates too low",
        "ten times the learning rate",
    ),
    "overfitting": (
        "Over-fitting",
        _overfit,
        "the validation error has risen to 1.1 times its best while the training error fell by 5 %, or it is "
        "over three times the training error and did not fall by 5 % over the second half",
        "Prechelt 1998",
        "more images, a smaller network, weight decay, fewer epochs",
    ),
    "undertrained": (
        "Under-trained",
        _under,
        "the error fell by more than 20 % in the last quarter of the epochs, or there were fewer than 200 "
        "steps and the error is above PCA's; and it is below twice the mean image's",
        "Prechelt 1998; the share was set on runs cut short",
        "more epochs",
    ),
    "bottleneck": (
        "Bottleneck elsewhere than at the code",
        _bottleneck,
        "a hidden layer is no wider than the code (not held sparse), and the error is above PCA's",
        "Bourlard & Kamp 1988: no narrower network beats PCA by linear means",
        "hidden layers wider than the code",
    ),
    "collapse": (
        "Posterior collapse",
        _collapse,
        "the variance of the mean code over validation images is at most 0.01 for more than half of the "
        "units; an alarm where it is so for all, or the run fails",
        "Burda et al. 2016 for the variance; Bowman et al. 2016 for the collapse",
        "a smaller beta, a warm-up of beta, free bits, a smaller spread of the pixels",
    ),
    "mean_image": (
        "Mean image for every image",
        _plateau,
        "the error is within 5 % of the mean image's",
        "the error of a constant reconstruction",
        "what the other alarms say; without any, another seed or more steps",
    ),
}
"""Title, measure, rule, source and advice of each check by name."""
