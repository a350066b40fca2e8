"""What the decoder makes of a grid over two units: evenly spaced quantiles of a Gaussian on each axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import images, settings_form, state
from pages.shared.leaving import leave_for
from pages.use.generation import material

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from aecore.config import Config
    from pages.use.generation.material import Subject

SIDE = 15


def draw(subject: Subject, row: DeltaGenerator) -> None:
    from aecore.analysis.sampling import PRIOR
    from aecore.figures.generation import title

    units = subject.run.latent_size
    if units != 2:
        st.info(
            f"A plane shows codes of two units; this network has {units}. With two, all that its decoder can "
            "make would be here."
        )
        st.button(
            "Train it with two units",
            icon=":material/model_training:",
            on_click=_go_to_train,
            args=(subject.run.config,),
        )
        if units > 2:
            _draw_link("Move in a plane of its code")
        return
    found = material.samplers(subject)
    for place, name in zip(st.columns(2, gap="large"), (PRIOR, "one Gaussian"), strict=True):
        pictures = subject.run.decode(found[name].quantile_grid(SIDE)).clamp(0, 1).numpy()
        place.markdown(f"**{title(name)}**" + (", fitted to the codes" if name != PRIOR else ""))
        place.html(
            images.tag(images.mosaic(pictures, SIDE, gap=0), "100%", f"decoded grid of quantiles, {name}")
        )
    st.caption(
        f"{SIDE} × {SIDE} codes at evenly spaced quantiles of each Gaussian, so that each picture stands for "
        "an equal share of its draws (Kingma & Welling 2014). Unit 1 grows to the right, unit 2 upwards."
    )
    _draw_link("Move in this plane")


def _draw_link(label: str) -> None:
    st.page_link(
        state.INTERPOLATION_PAGE,
        label=label,
        icon=":material/drag_pan:",
        query_params={"interpolation_view": "Plane"},
    )


def _go_to_train(config: Config) -> None:
    settings_form.fill("train", config.with_values({"model.latent_size": 2}))
    leave_for(state.TRAIN_PAGE)
