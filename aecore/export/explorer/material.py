"""What the file of a run is made of: computed once, by the functions whose results the app shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from aecore import data as datasets
from aecore import store
from aecore.analysis.latent import some_codes
from aecore.analysis.metrics import errors_on_test_images
from aecore.analysis.projection import PCA, Baseline, fit_pca, pca_baseline
from aecore.analysis.units import Units, describe_units
from aecore.data import ImageData
from aecore.store.run import Run
from aecore.web.decoder.payload import code_reference, decoder_data, encoder_data

REFERENCE = 2000
"""Training codes in the file at most, for the distance to the nearest."""
REFERENCE_VALUES = 24_000
"""Numbers in them at most: there are fewer codes where they are long."""


@dataclass(frozen=True)
class Material:
    """A run on the test images of its data set (N images, D units)."""

    run: Run
    created: float
    """When the run was made, in seconds since 1970."""
    data: ImageData
    codes: Tensor
    """float32, N x D."""
    errors: np.ndarray
    """Squared error of each image, N."""
    pca_errors: np.ndarray
    """The same of PCA with D components."""
    clipped: float
    """Mean of those with PCA's values brought into [0, 1]."""
    baseline: Baseline
    units: Units
    code_pca: PCA
    """Principal components of the codes."""
    reference: dict[str, Any] | None
    """Training codes, as `code_reference` gives them; None where there is no unit of distance."""
    band: tuple[float, float]
    """Within which 90 % of test images are of their nearest training code."""
    decoder: dict[str, Any] | None
    encoder: dict[str, Any] | None
    problems: dict[str, str]
    """Why there is no `decoder` or no `encoder`, in one sentence each."""


def collect(run_folder: Path, on_progress: Callable[[float], None] = lambda share: None) -> Material:
    """Everything about the run in a folder. ValueError (StoreError among them) where it can't be shown.

    `on_progress` is told the share that is done, from 0 to 1.
    """
    run = store.load_run(run_folder)
    data = datasets.load(run.config.data.name)
    on_progress(0.1)
    return gather(run, data, store.read_info(run.path).created, lambda share: on_progress(0.1 + 0.9 * share))


def gather(
    run: Run, data: ImageData, created: float, on_progress: Callable[[float], None] = lambda share: None
) -> Material:
    """The same of a run and its images."""
    run.check_images(data)
    codes = run.encode(data.test_images)
    if not codes.isfinite().all():
        raise ValueError("some codes of this run are not finite numbers (its training diverged)")
    errors = errors_on_test_images(run, data).numpy()
    on_progress(0.3)
    baseline = pca_baseline(data)
    linear = baseline.errors_on(data.test_images, run.latent_size).numpy()
    clipped = baseline.errors_on(data.test_images, run.latent_size, clipped=True).numpy()
    on_progress(0.5)
    units = describe_units(run, data.test_images, codes)
    on_progress(0.7)
    count = max(1, min(REFERENCE, REFERENCE_VALUES // run.latent_size))
    known, typical, band = some_codes(run.encode(data.train_images), codes, count)
    halves: dict[str, dict[str, Any] | None] = {}
    problems: dict[str, str] = {}
    for name, make in (("decoder", decoder_data), ("encoder", encoder_data)):
        try:
            halves[name] = make(run)
        except ValueError as error:
            halves[name], problems[name] = None, str(error)
    on_progress(1.0)
    return Material(
        run=run,
        created=created,
        data=data,
        codes=codes,
        errors=errors,
        pca_errors=linear,
        clipped=float(clipped.mean(dtype=np.float64)),
        baseline=baseline,
        units=units,
        code_pca=fit_pca(codes),
        reference=code_reference(known, typical, band[1]),
        band=band,
        decoder=halves["decoder"],
        encoder=halves["encoder"],
        problems=problems,
    )
