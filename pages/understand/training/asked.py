"""What is measured of a run's weights when it is asked for: how far images agree on the gradients, and in how
many directions the codes vary."""

from __future__ import annotations

import streamlit as st

from aecore import store
from aecore.files import StoreError
from aecore.store import RunInfo
from pages.shared import layout, loading
from pages.shared.plain import plain

LAST = 0
"""Stands for the weights that a run has now."""
CODES = 2000
"""Test images whose codes are measured, at most."""


def draw_asked(info: RunInfo) -> None:
    """A switch, the epoch among those whose weights were kept, and the two figures, which are no alarms."""
    if not info.has_weights:
        return
    if not st.toggle("Gradient signal-to-noise and effective rank", key="training_asked"):
        return
    kept = store.kept_epochs(info.path)
    epoch = st.selectbox(
        "Weights of",
        [LAST, *kept],
        format_func=lambda epoch: f"epoch {epoch}" if epoch else "the last epoch",
        key="training_asked_epoch",
        width=240,
        help="Which epochs' weights are kept is a setting, train.keep_weights.",
    )
    try:
        ratios, rank, units = _measured(info.key, store.weights_stamp(info.key), epoch)
    except (StoreError, ValueError) as error:
        st.error(plain(f"It can't be measured: {error}."))
        return
    left, right = layout.picture_and_figures()
    left.dataframe(
        [{"Weights": name, "Signal-to-noise": ratio} for name, ratio in ratios.items()],
        hide_index=True,
        column_config={"Signal-to-noise": st.column_config.NumberColumn(format="%.3g")},
        alt="Gradient signal-to-noise ratio of each layer's weights",
    )
    right.metric("Effective rank of the codes", f"{rank:.1f} of {units}")
    st.caption(
        "Signal-to-noise: over 256 training images, the squared mean of a weight's gradient over its "
        "variance, then the mean over the layer's weights (Liu et al. 2020). Effective rank: the exponential "
        "of the entropy of the codes' singular values, over their directions (Roy & Vetterli "
        "2007). Both describe; neither is an alarm."
    )


@st.cache_data(max_entries=32, show_spinner="Measuring each image's own gradients")
def _measured(key: str, stamp: int, epoch: int) -> tuple[dict[str, float], float, int]:
    from aecore.analysis.gradients import signal_to_noise
    from aecore.analysis.quality import effective_rank

    run = store.load_run(key, epoch or None)
    data = loading.images_of(run)
    codes = run.encode(data.test_images[:CODES])
    return signal_to_noise(run, data), effective_rank(codes), run.latent_size
