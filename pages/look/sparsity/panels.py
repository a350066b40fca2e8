"""The pictures that take the whole width: the trade-off of all networks, and the penalties on weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from aecore.analysis import comparison
from aecore.analysis.comparison import Member
from aecore.gallery import sparsity as gallery
from aecore.palette import L1_COLOR, L2_COLOR, text_css
from aecore.results import Figures
from pages.look.sparsity import lessons, sources, words
from pages.shared import images, layout, loading

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from aecore.data import ImageData
    from aecore.figures.sparsity import Curve

STOPS = ("none", "weak", "strong")
ROWS, COLUMNS = 4, 16
"""First-layer weights drawn: the hidden units with the largest."""


def draw_trade_off(members: Sequence[Member], marked: Mapping[str, Member]) -> None:
    """Squared error against active units for every network; further seeds faint, `marked` ones ringed.

    `marked` are members by the name of their curve.
    """
    from aecore.figures import sparsity as charts

    def networks(values: dict[str, Any], penalty: str | None) -> list[Member]:
        return comparison.along_strength(members, gallery.BASE.with_values(values), penalty)

    kept = [m for k in gallery.KEPT for m in networks(gallery.top_k(k), None)]
    kept_deep = [m for k in gallery.KEPT for m in networks(gallery.HARD | gallery.top_k(k), None)]
    cut_deep = [m for t in gallery.THRESHOLDS for m in networks(gallery.HARD | gallery.threshold(t), None)]
    curves = [
        _curve("L1", L1_COLOR, networks({}, "code_l1"), members),
        _curve("L2", L2_COLOR, networks({}, "code_l2"), members),
        _curve("no penalty", charts.NONE_COLOR, networks({}, None), members),
        _curve("TopK", lessons.TOP_K_COLOR, kept, members),
        _curve("TopK, deep decoder", lessons.TOP_K_COLOR, kept_deep, members, dashed=True),
        _curve("BatchNorm, deep decoder", lessons.THRESHOLD_COLOR, cut_deep, members, dashed=True),
    ]
    rings = [
        {**_point(m.figures, text := sources.setting(m)), "curve": name, "text": f"{name}, {text}"}
        for name, m in marked.items()
    ]
    layout.draw_chart(
        charts.trade_off([c for c in curves if c.points], rings),
        key="sparsity_trade_off",
        alt="Squared error against active units per image, a line a way to sparse codes",
    )


def _curve(
    name: str,
    color: str,
    line: Sequence[Member],
    members: Sequence[Member],
    dashed: bool = False,
) -> Curve:
    from aecore.figures.sparsity import Curve

    def point(member: Member) -> dict[str, Any]:
        text = sources.setting(member) or "none"
        seed = member.config.train.seed
        return _point(member.figures, text if seed == 0 else f"{text}, seed {seed}")

    seeds = [m for one in line for m in comparison.over_seeds(members, one.config) if m.config != one.config]
    return Curve(name, color, [point(m) for m in line], [point(m) for m in seeds], dashed)


def _point(figures: Figures, setting: str) -> dict[str, Any]:
    return {"x": figures.active_units, "y": figures.squared_error, "setting": setting}


def draw_weights(members: Sequence[Member], data: ImageData | None, controls: DeltaGenerator) -> None:
    """Proximal L1 against AdamW: zeros, the first layer as images, the squared error after pruning."""
    from aecore.figures import sparsity as charts

    base = gallery.BASE.with_values(gallery.POST)
    rows = [
        comparison.along_strength(members, base, name)
        for name in (None, "weight_l1", comparison.WEIGHT_DECAY)
    ]
    plain, proximal, decayed = [[m for m in row if m.key is not None] for row in rows]
    if not (plain and proximal and decayed):
        st.info(
            "The shipped networks with penalties on their weights are not here; `make gallery` trains them."
        )
        return
    stop = controls.segmented_control(
        "Strength of the penalty on the weights",
        STOPS,
        default="strong",
        required=True,
        key="sparsity_weights",
        bind="query-params",
    )
    index = STOPS.index(stop)
    st.caption(
        "The post's network, 12 units. L1: each step ends with w ← sign(w) max(|w| − t, 0). AdamW: each step "
        "also takes learning rate x decay x w from w."
    )
    chosen = [plain[0] if index == 0 else row[min(index, len(row)) - 1] for row in (proximal, decayed)]
    names, colors = ("Proximal L1", "AdamW"), (L1_COLOR, L2_COLOR)
    for place, name, color, member in zip(st.columns(2, gap="large"), names, colors, chosen, strict=True):
        with place:
            _weights_column(name, color, member, members)
    both = [comparison.over_seeds(members, m.config) for m in (*chosen, plain[0])]
    st.markdown(words.weights(*([m.figures for m in side] for side in both)))
    if data is None:
        return
    labels = [f"{n}, {sources.setting(m)}" for n, m in zip(names, chosen, strict=True)]
    lines = [_pruned("no penalty", charts.NONE_COLOR, plain[0].key)]
    if index:
        lines += [_pruned(n, c, m.key) for n, c, m in zip(labels, colors, chosen, strict=True)]
    layout.draw_chart(
        charts.pruning(lines),
        key="sparsity_pruning",
        alt="Squared error against the share of weights set to zero",
    )


def _weights_column(name: str, color: str, member: Member, members: Sequence[Member]) -> None:
    figures = member.figures
    errors = comparison.spread(m.squared_error for m in comparison.over_seeds(members, member.config))
    seeds = f" ({errors.low:.1f} to {errors.high:.1f} over {errors.n} seeds)" if errors.n > 1 else ""
    st.html(
        f'<div style="font-size:0.95rem;line-height:1.6"><b style="color:{text_css(color)}">{name}</b> '
        f'<span style="opacity:0.7">{sources.setting(member) or "no penalty"}</span><br>'
        f"<b>{figures.weight_zeros:.1%}</b> of the weights exactly 0 · "
        f"<b>{figures.weight_near_zeros:.0%}</b> within 5 % of the largest · squared error "
        f"<b>{figures.squared_error:.2f}</b>{seeds}</div>"
    )
    st.html(images.tag(_first_layer(member.key), "100%", f"first-layer weights under {name}"))


@st.cache_resource(max_entries=16, show_spinner=False)
def _first_layer(key: str) -> np.ndarray:
    """The first layer's weights as images, the hidden units with the largest first; exact zeros white."""
    run = loading.load_run(key)
    matrix = next(p for p in run.model.encoder.parameters() if p.ndim == 2).numpy()
    matrix = matrix[np.argsort(-np.abs(matrix).sum(1))[: ROWS * COLUMNS]]
    limit = float(np.quantile(np.abs(matrix), 0.998)) or 1.0
    tiles = np.stack([images.difference_rgb(row.reshape(run.shape), limit) for row in matrix])
    return images.mosaic(tiles.transpose(0, 3, 1, 2), COLUMNS)


def _pruned(name: str, color: str, key: str) -> Curve:
    from aecore.figures.sparsity import Curve

    points = [{"x": x, "y": y} for x, y in zip(comparison.PRUNED, sources.pruned(key), strict=True)]
    return Curve(name, color, points)
