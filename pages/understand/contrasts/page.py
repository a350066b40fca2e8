"""Contrasts: networks that differ in one thing, trained by one click, their gradients and outcomes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from aecore import store
from aecore.files import StoreError
from aecore.gallery import contrasts
from aecore.gallery.contrasts import Contrast
from aecore.looks import SMALLEST
from aecore.settings import show
from pages.shared import grid_source, images, layout, loading, state, trained_grids
from pages.shared.leaving import leave_for
from pages.shared.plain import plain
from pages.understand.contrasts import preview, words
from pages.understand.contrasts.ranges import draw_ranges
from pages.understand.contrasts.words import Told

if TYPE_CHECKING:
    from aecore.looks import LayerHistory
    from aecore.results import EpochRecord
    from aecore.store import GridInfo

IMAGES = 8
CHOSEN = "contrast"


@dataclass(frozen=True)
class Member:
    """A trained network of a contrast, and what it left."""

    key: str
    told: Told
    history: list[EpochRecord]
    looks: LayerHistory | None


def choose_contrast() -> Contrast:
    """The contrast that the link or a click names, else the first."""
    key = st.pills(
        "Contrast",
        list(contrasts.BY_KEY),
        format_func=lambda key: contrasts.BY_KEY[key].title,
        default=contrasts.ALL[0].key,
        required=True,
        key=CHOSEN,
        bind="query-params",
        label_visibility="collapsed",
    )
    return contrasts.BY_KEY[key]


def read_members(info: GridInfo) -> tuple[list[Member], float]:
    """The contrast's networks, and the mean image's squared error; StoreError where a folder is damaged."""
    from aecore.analysis import health

    found, mean = [], 0.0
    for row in info.members():
        member = store.read_info(info.member_path(row.k))
        history, looks = store.read_history(member.path), store.read_looks(member.path)
        course = loading.course(member, history, looks)
        mean = course.baselines.mean_image
        alarms = tuple(f.title for f in health.check(course) if f.verdict == "alarm")
        ratio = words.ratio(looks.profile("gradient_norm", looks.epochs[0])) if looks else math.nan
        error = None if row.result is None or row.failed else row.result.test.squared_error
        learns = error is not None and error < health.NOT_BELOW * mean
        told = Told(words.member_label(row.axes), error, learns, ratio, alarms)
        found.append(Member(info.member_key(row.k), told, history, looks))
    return found, mean


def draw_curves(found: list[Member], mean: float) -> None:
    """Error by epoch, and the gradient's norm over the layers in the first or the last epoch."""
    from aecore.figures.questions import lines

    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Error by epoch**")
        rows = [
            {"x": record.epoch, "y": record.squared_error, "series": member.told.label}
            for member in found
            for record in member.history
        ]
        rule = (mean, f"the mean image {mean:.1f}")
        chart = lines(rows, "epoch", "validation squared error", log_y=True, rule=rule)
        st.altair_chart(
            chart, key="contrast_errors", alt="Validation squared error by epoch, a line a network"
        )
    with right:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("**Gradient over the layers**", width="stretch")
            first = st.segmented_control(
                "Epoch",
                ["first epoch", "last epoch"],
                default="first epoch",
                required=True,
                key="contrast_epoch",
                label_visibility="collapsed",
            )
        place = 0 if first == "first epoch" else -1
        profiles = {
            member.told.label: member.looks.profile("gradient_norm", member.looks.epochs[place])
            for member in found
            if member.looks
        }
        rows = [
            {"x": layer, "y": max(float(norm), SMALLEST), "series": label}
            for label, norms in profiles.items()
            for layer, norm in enumerate(norms, 1)
            if math.isfinite(norm)
        ]
        ticks = sorted({row["x"] for row in rows})
        chart = lines(rows, "layer, from the image", "gradient norm", log_y=True, ticks=ticks)
        st.altair_chart(chart, key="contrast_gradients", alt="Gradient norm of each layer, a line a network")


def ratio_in_words(ratio: float | None) -> str:
    """A cell of the table."""
    if ratio is None:
        return "no gradient"
    return "not known" if math.isnan(ratio) else words.number(ratio)


def draw_table(found: list[Member]) -> None:
    """Every network's figures and what the health checks say of it."""
    st.dataframe(
        [
            {
                "Network": member.told.label,
                "Squared error": member.told.error,
                "Gradient, first to last layer": ratio_in_words(member.told.ratio),
                "Health": "; ".join(member.told.alarms) or "no alarm",
            }
            for member in found
        ],
        hide_index=True,
        key="contrast_table",
        column_config={
            "Squared error": st.column_config.NumberColumn(format="%.2f"),
            "Health": st.column_config.TextColumn(width="large"),
        },
        alt="Squared error, gradient ratio and alarms of each network",
    )


def draw_pictures(info: GridInfo, found: list[Member]) -> None:
    """What each network makes of the same test images."""
    made = grid_source.pictures(info).images
    rows = {}
    if (probe := grid_source.probe(info)) is not None:
        rows["test image"] = probe.images[:IMAGES]
    rows |= {member.told.label: made[k][:IMAGES] for k, member in enumerate(found)}
    images.draw_rows(rows, 56)


def draw_way_on(found: list[Member], mean: float) -> None:
    """Two of them, and the button that opens both on the Training page."""
    labels = {member.key: member.told.label for member in found}
    order = sorted(found, key=lambda m: float("inf") if m.told.error is None else m.told.error)
    keys = list(labels)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first, second = (
            st.selectbox(
                name,
                keys,
                format_func=labels.__getitem__,
                index=keys.index(default),
                key=f"contrast_{name.split()[0].lower()}",
                width=220,
            )
            for name, default in (("This one", order[0].key), ("Beside it", order[-1].key))
        )
        st.button(
            "See both epoch by epoch",
            key="contrast_training",
            icon=":material/monitoring:",
            type="primary",
            disabled=first == second,
            on_click=partial(leave_for, state.TRAINING_PAGE, {state.RUN: first, state.BESIDE: second}),
            help="Opens the Training page with the two runs side by side.",
        )


def draw_contrast(contrast: Contrast) -> None:
    """The chosen contrast: its networks' figures, or the button that trains them."""
    st.subheader(contrast.title, anchor=False)
    st.markdown(contrast.question)
    if contrast.key == "normalization":
        draw_ranges(contrast.grid.base)
    info = trained_grids.require(contrast.grid, contrast.name, "less than a minute")
    if info is None:
        preview.draw(contrast)
        return
    try:
        found, mean = read_members(info)
        told = [member.told for member in found]
        st.markdown(words.outcome(told, mean))
        if text := words.gradients(told):
            st.markdown(text)
        draw_curves(found, mean)
        draw_table(found)
        draw_pictures(info, found)
    except (StoreError, OSError) as error:
        st.error(f"This contrast can't be shown: {plain(error)}.")
        return
    draw_way_on(found, mean)
    base, train = contrast.grid.base, contrast.grid.base.train
    st.caption(
        f"{base.data.name.capitalize()}, {train.epochs} epochs, batches of {train.batch_size}, "
        f"{show(train.optimizer)} at {train.learning_rate:g} where nothing else is said, seed {train.seed}: "
        "one run each, so close figures mean nothing. Errors in the sentences and the table are on test "
        "images, the curves on validation images. Gradient norms are medians of an epoch's looks at the "
        f"layers; what is below {SMALLEST:g} is drawn there."
    )


def main() -> None:
    layout.draw_header(
        "Contrasts", "The same network but for one thing: what does that one thing do to its learning?"
    )
    draw_contrast(choose_contrast())


main()
