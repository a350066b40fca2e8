"""Trained variational networks under a slider of beta, the weight of the KL divergence in their loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from aecore import store
from aecore.files import StoreError
from aecore.naming import data_title
from aecore.store import GridInfo
from pages.components.beta import Member, beta_slider, payload
from pages.shared import grid_source, loading, state
from pages.shared.leaving import leave_for
from pages.shared.plain import plain

if TYPE_CHECKING:
    import numpy as np
    from streamlit.delta_generator import DeltaGenerator
    from torch import Tensor

    from aecore.data import ImageData
    from aecore.store.run import Run
    from pages.use.generation.material import Subject

BETA = "loss.beta"
BETAS = (0.1, 0.3, 1.0, 2.0, 4.0, 8.0)
"""Of the grid that New grid is filled with."""
PICTURES, SAMPLES, CODES, MEASURED = 10, 24, 800, 2000
"""Test images shown, samples, codes in the panel, and test images that units are measured on."""


def draw(subject: Subject, row: DeltaGenerator) -> None:
    found = grids(subject.data.name)
    if not found:
        st.info(
            "No grid of variational networks with beta as an axis is here: train one, and a "
            "slider moves through it."
        )
        st.button(
            "Train a grid over beta",
            icon=":material/grid_on:",
            on_click=_go_to_new_grid,
            args=(subject.data.name,),
        )
        return
    info = found[0]
    try:
        data = _payload(info.key, store.pictures_stamp(info), tuple(line(info)))
    except (StoreError, OSError, ValueError) as error:
        st.error(f"The grid can't be shown: {plain(error)}.")
        return
    betas = [float(member["beta"]) for member in data["members"]]
    start = min(range(len(betas)), key=lambda i: abs(betas[i] - 1))
    beta_slider(data, start, key="generation_beta")
    st.caption(
        f"Networks of the grid “{plain(info.name)}”, on {plain(data_title(info.config.data.name))}, alike "
        "but for beta, the weight of the KL divergence in the loss; at 1 the loss is the evidence lower "
        f"bound (ELBO). Units are measured on {MEASURED:,} test images at most, the bound on all of them."
    )


def grids(data_name: str) -> list[GridInfo]:
    """Finished grids of variational networks with several betas: of that data set first, newest first."""
    found = [info for info in grid_source.grids() if info.result is not None and len(line(info)) > 1]
    return sorted(found, key=lambda info: info.config.data.name != data_name)


def line(info: GridInfo) -> list[int]:
    """Members by rising beta, one a value: of those that agree on every other axis the first line."""
    chosen: dict[float, int] = {}
    others: set[Any] = set()
    for k, config in enumerate(info.grid.members):
        if not config.model.variational:
            continue
        rest = config.with_values({BETA: 1.0})
        if not others:
            others.add(rest)
        if rest in others:
            chosen.setdefault(config.loss.beta, k)
    return [chosen[beta] for beta in sorted(chosen)]


@st.cache_data(max_entries=4, show_spinner="Measuring the networks of the grid")
def _payload(key: str, stamp: int, members: tuple[int, ...]) -> dict[str, Any]:
    from aecore.analysis.probe import probe_index
    from aecore.palette import CLASS_COLORS

    runs = [loading.load_run(f"{key}/{k}") for k in members]
    data = loading.images_of(runs[0])
    shown = data.test_images[probe_index(data, PICTURES)]
    labels = data.test_labels[:CODES].tolist()
    colors = [CLASS_COLORS[label % len(CLASS_COLORS)] for label in labels]
    return payload(shown.numpy(), [_member(run, data, shown) for run in runs], colors)


def _member(run: Run, data: ImageData, shown: Tensor) -> Member:
    from aecore.analysis import variational
    from aecore.analysis.sampling import standard_normal
    from aecore.data import to_uint8

    posterior = variational.posterior(run, data.test_images[:MEASURED])
    order = (-posterior.kl).argsort(kind="stable")
    codes = posterior.draws()[:CODES]
    two = codes[:, order[:2].copy()].numpy()
    if two.shape[1] < 2:
        two = two.repeat(2, axis=1)
    samples = run.decode(standard_normal(codes).draw(SAMPLES, 0))
    return Member(
        beta=run.config.loss.beta,
        reconstructions=to_uint8(run.reconstruct(shown).numpy()),
        samples=to_uint8(samples.numpy()),
        kl=posterior.kl[order],
        active=posterior.active[order],
        codes=two,
        sentence=sentence(run, posterior.active),
    )


def sentence(run: Run, active: np.ndarray) -> str:
    """A network's bound on the test images and how many of its units carry something."""
    from aecore.figures.generation import collapsed

    test = run.result.test if run.result else None
    if test is None or test.bound is None:
        return collapsed(active)
    bound = test.bound
    return (
        f"{collapsed(active)} ELBO {bound.elbo:.1f} nats: reconstruction {bound.reconstruction:.1f}, KL "
        f"{bound.kl:.1f}."
    )


def _go_to_new_grid(data_name: str) -> None:
    from aecore.presets import PRESETS

    st.session_state["_new_grid_from"] = PRESETS["vae"].with_values({"data.name": data_name}), {BETA: BETAS}
    leave_for(state.NEW_GRID_PAGE)
