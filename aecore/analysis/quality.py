"""Further figures of a trained run, beside its squared error: each with its definition and its source.

Images are float N x C x H x W in [0, 1].
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from aecore.analysis.metrics import errors_on
from aecore.analysis.projection import Baseline
from aecore.analysis.sparsity import code_sparsity
from aecore.data import ImageData, unit_range
from aecore.store.run import Run

SSIM_IMAGES = 500
"""Images that the mean structural similarity is taken over: it costs about a millisecond each."""
SSIM_WINDOW = 7
"""Side of its window in pixels."""
GAP_IMAGES = 5000
"""Images at most of each part that the gap is measured on."""


@dataclass(frozen=True)
class Gap:
    """Squared error per image on images that were trained on, and on images that were held out."""

    train: float
    validation: float
    standard_error: float
    """Of their difference."""

    @property
    def difference(self) -> float:
        return self.validation - self.train

    @property
    def is_clear(self) -> bool:
        """Whether the difference is more than twice its standard error, which chance alone seldom makes."""
        return abs(self.difference) > 2 * self.standard_error


@dataclass(frozen=True)
class Quality:
    """What is measured of a run on the test images; PCA's figures are with as many components as units."""

    ssim: float
    pca_ssim: float
    ssim_images: int
    """Test images that both are means over."""
    explained_variance: float
    pca_explained_variance: float
    class_errors: Mapping[str, float]
    """Mean squared error by class name, of the classes that the test images have."""
    units: int
    effective_rank: float
    """Of the codes; at most `units`."""
    active_units: float
    """Units per image that are not exactly zero, mean over images."""
    varying_units: int
    """Units that are not dead, see `sparsity.dead_units`."""
    gap: Gap | None
    """None where no images were held out."""


def measure(run: Run, data: ImageData, codes: Tensor, errors: Tensor, baseline: Baseline) -> Quality:
    """All further figures of a run; `codes` and `errors` are those of all test images."""
    x = unit_range(data.test_images[:SSIM_IMAGES])
    linear = torch.as_tensor(baseline.reconstruct(x, run.latent_size))
    sparsity = code_sparsity(codes)
    about_mean = baseline.error(0)
    return Quality(
        ssim=float(ssim(x, run.decode(codes[:SSIM_IMAGES])).mean()),
        pca_ssim=float(ssim(x, linear).mean()),
        ssim_images=len(x),
        explained_variance=explained_variance(errors.double().mean().item(), about_mean),
        pca_explained_variance=explained_variance(baseline.error(run.latent_size), about_mean),
        class_errors=class_errors(errors.numpy(), data.test_labels.numpy(), data.class_names),
        units=run.latent_size,
        effective_rank=effective_rank(codes),
        active_units=sparsity.active_units,
        varying_units=sparsity.units - sparsity.dead_units,
        gap=measure_gap(run, data),
    )


def ssim(x: Tensor, reconstruction: Tensor) -> np.ndarray:
    """Structural similarity of each image to its reconstruction, at most 1: N float64 values.

    Mean over all windows of 7 x 7 pixels (smaller ones on images that are smaller) of
    (2 m m' + c1)(2 s + c2) / ((m^2 + m'^2 + c1)(v + v' + c2)), where m, v, s are the means, variances and
    covariance within the window, c1 = .01^2 and c2 = .03^2 for pixels in [0, 1]; channels are averaged.
    (Wang, Bovik, Sheikh & Simoncelli 2004, equation 13, with a uniform window in the place of their Gaussian
    one, which is larger than small images are.)
    """
    from skimage.metrics import structural_similarity

    side = min(*x.shape[2:], SSIM_WINDOW)
    window = side if side % 2 else side - 1
    pairs = zip(x.numpy().astype(np.float64), reconstruction.numpy().astype(np.float64), strict=True)
    return np.array(
        [structural_similarity(a, b, win_size=window, data_range=1.0, channel_axis=0) for a, b in pairs]
    )


def explained_variance(squared_error: float, mean_image_error: float) -> float:
    """1 - squared error / squared error of the mean training image: 1 for a perfect reconstruction.

    0 is what one picture for all images reaches, and less is worse than that (the coefficient of
    determination, pooled over pixels). NaN where all images are that picture.
    """
    return 1 - squared_error / mean_image_error if mean_image_error > 0 else math.nan


def effective_rank(codes: Tensor) -> float:
    """exp(-sum p_i ln p_i) with p the singular values of the centred codes over their sum.

    From 1, where all codes lie on one line, to the number of units, where every direction varies as much; 0
    where the codes do not vary. (Roy & Vetterli 2007, definition 1.) Raises ValueError for values that are
    not finite.
    """
    if not torch.isfinite(codes).all():
        raise ValueError("codes hold values that are not finite numbers; the model has diverged")
    centred = codes.double() - codes.double().mean(0)
    values = torch.linalg.svdvals(centred)
    if values[0] <= 1e-12 * codes.double().abs().max():
        return 0.0
    p = values / values.sum()
    return math.exp(torch.special.entr(p).sum().item())


def class_errors(errors: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> dict[str, float]:
    """Mean squared error of the images of each class that there is, in the order of the classes."""
    return {names[c]: float(errors[labels == c].mean(dtype=np.float64)) for c in np.unique(labels)}


def measure_gap(run: Run, data: ImageData, images: int = GAP_IMAGES) -> Gap | None:
    """The trained run's error on images of its training and of its validation part, `images` at most of each.

    Both with the weights as they are now: the history's training error is that of weights still moving. None
    where fewer than two images were held out.
    """
    config = run.config.data
    parts = data.split(config.validation_fraction, config.split_seed)
    if min(len(part) for part in parts) < 2:
        return None
    train, validation = (errors_on(run, data.train_images[part[:images]]).double() for part in parts)
    variance = sum((e.var() / len(e)).item() for e in (train, validation))
    return Gap(train.mean().item(), validation.mean().item(), math.sqrt(variance))
