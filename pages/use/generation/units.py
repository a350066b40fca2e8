"""What each unit of a variational network carries, and the bound that it was trained for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import loading, settings_form, state
from pages.shared.leaving import leave_for

if TYPE_CHECKING:
    import numpy as np
    from streamlit.delta_generator import DeltaGenerator

    from aecore.analysis.variational import Information, Likelihood
    from aecore.results import Bound
    from pages.use.generation.material import Subject

IMAGES = 2000
"""Test images over which units are measured."""
LIKELIHOOD = 200
"""Test images whose likelihood is estimated."""


@dataclass(frozen=True)
class Measured:
    """A variational run's figures on test images, in nats."""

    kl: np.ndarray
    active: np.ndarray
    bound: Bound
    likelihood: Likelihood
    information: Information
    images: int


def draw(subject: Subject, row: DeltaGenerator) -> None:
    from aecore.figures.generation import collapsed, units_chart

    if not subject.run.config.model.variational:
        st.info(
            "This network is not variational: its codes are points, and no divergence from a prior can be "
            "measured unit by unit. The preset vae is a variational one."
        )
        st.button("Train a variational one", icon=":material/model_training:", on_click=_go_to_train)
        return
    found = measured(subject.key, subject.stamp)
    row = st.columns(5)
    about = f"{found.images:,} test images"
    row[0].metric("ELBO", f"{found.bound.elbo:.1f}", help=f"In nats, mean over {about}; higher is better.")
    row[1].metric(
        "Reconstruction",
        f"{found.bound.reconstruction:.1f}",
        help="-log p(x|z), one z from each posterior, nats.",
    )
    row[2].metric("KL", f"{found.bound.kl:.1f}", help="Divergence of the posterior from N(0, I), nats.")
    row[3].metric(
        "Log-likelihood",
        f"{found.likelihood.value:.1f} ± {found.likelihood.standard_error:.1f}",
        help=f"Importance sampling with {found.likelihood.draws} codes for each of {found.likelihood.images} "
        "test images (Burda et al. 2016), in nats, ± its standard error over images.",
    )
    row[4].metric(
        "Mutual information",
        f"{found.information.mutual:.1f}",
        help=f"Of image and code, in nats; the other {found.information.aggregate:.1f} of the KL are the "
        f"divergence of the aggregated posterior from the prior. At most ln({found.information.images:,}).",
    )
    st.altair_chart(
        units_chart(found.kl, found.active), width="stretch", alt="KL divergence of each unit in nats"
    )
    st.markdown(f"**{collapsed(found.active)}**")
    binarized = " binarized as in training" if subject.run.config.train.binarize else ""
    st.caption(
        f"Over {about}{binarized}. A unit is called collapsed where the variance of its posterior's mean "
        "over the images is at most 0.01 (Burda et al. 2016)."
    )


@st.cache_data(max_entries=24, show_spinner="Measuring the bound, the likelihood and each unit")
def measured(key: str, stamp: int) -> Measured:
    from aecore.analysis import variational
    from aecore.results import Bound

    run = loading.load_run(key)
    images = loading.images_of(run).test_images[:IMAGES]

    def measure() -> Measured:
        posterior = variational.posterior(run, images)
        return Measured(
            kl=posterior.kl,
            active=posterior.active,
            bound=variational.bound(run, images),
            likelihood=variational.log_likelihood(run, images[:LIKELIHOOD]),
            information=variational.information(posterior),
            images=len(images),
        )

    kinds = (Measured, Bound, variational.Likelihood, variational.Information)
    return loading.keep("variational", loading.run_digest(run, IMAGES, LIKELIHOOD), measure, *kinds)


def _go_to_train() -> None:
    from aecore.presets import PRESETS

    settings_form.fill("train", PRESETS["vae"])
    leave_for(state.TRAIN_PAGE)
