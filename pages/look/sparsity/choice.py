"""The row of controls: which two networks stand side by side, and what of them is counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from aecore import store
from aecore.analysis import comparison
from aecore.analysis.comparison import Member
from aecore.gallery import sparsity as gallery
from aecore.results import Figures
from pages.look.sparsity import lessons, sources, words
from pages.look.sparsity.lessons import EXACT, LESSONS, OWN, Side
from pages.look.sparsity.sources import Source
from pages.shared import loading
from pages.shared.plain import plain
from pages.shared.state import usable_runs

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from aecore.data import ImageData

START = 0.003
"""Strength of L1 at which the page opens."""


@dataclass(frozen=True)
class Choice:
    """What the row of controls came to."""

    key: str
    """Names the sentence under the picture."""
    sides: tuple[Source, Source]
    data: ImageData
    count_silent: bool
    """Whether units that never fire are drawn and counted."""
    image: int
    """The test image whose code is drawn."""
    before: Figures | None = None
    """Figures of the unit-norm dictionary at the left side's strength."""


def choose_lesson(members: Sequence[Member]) -> str:
    """The switch between lessons, those that are there, and the visitor's own runs."""
    names = lessons.available(members)
    names += [EXACT] if _plain(members) else []
    names.append(OWN)
    if st.session_state.get("sparsity_lesson") not in (None, *names):
        del st.session_state["sparsity_lesson"]
    return st.segmented_control(
        "Compare",
        names,
        default=names[0],
        required=True,
        key="sparsity_lesson",
        bind="query-params",
        label_visibility="collapsed",
    )


def choose_sides(name: str, members: Sequence[Member], view: str) -> Choice | None:
    """Draws the row of controls; None, with the reason on the page, where nothing can be compared."""
    if name == OWN:
        return _own_runs(view)
    data = images_of(gallery.BASE.data.name)
    if data is None:
        return None
    if name == EXACT:
        return _exact(members, data, view)
    chosen = LESSONS[name]
    networks = [side.networks(members) for side in (chosen.left, chosen.right)]
    sources.warm([m for one in networks for m in one])
    single = len(networks[0]) == len(networks[1]) == 1
    row = _row([7.2] if single else [4, 3.2])
    pair = choose_pair(chosen.left, chosen.right, *networks, row, chosen.help)
    drawn = [
        sources.of_member(side.name, side.color, member, members)
        for side, member in zip((chosen.left, chosen.right), pair, strict=True)
    ]
    switches = _switches(row, view, data)
    return Choice(chosen.key, (drawn[0], drawn[1]), data, *switches, _before(members, pair[0]))


def choose_pair(
    left: Side,
    right: Side,
    left_networks: list[Member],
    right_networks: list[Member],
    row: Sequence[DeltaGenerator],
    note: str = "",
) -> tuple[Member, Member]:
    """The slider along the left side's networks; the right side's is matched, or has a slider of its own.

    `row` are places for the slider, the other side, and the switch; one place is enough for two sides of
    one network each.
    """
    if len(left_networks) == len(right_networks) == 1:
        errors = words.difference(
            left.name, right.name, left_networks[0].squared_error, right_networks[0].squared_error
        )
        row[0].caption(f"{note} {errors}")
        return left_networks[0], right_networks[0]
    match = row[2].toggle(
        "Match reconstruction",
        True,
        key="sparsity_match",
        bind="query-params",
        help=f"Moves {right.name} to the strength whose squared error is nearest to {left.name}'s.",
    )
    with row[0]:
        first = _slider(left, left_networks, "sparsity_left")
    found = comparison.nearest(first.squared_error, [m.squared_error for m in right_networks])
    with row[1]:
        if match:
            second = right_networks[found.index]
            st.caption(words.nearness(right.name, first.squared_error, second.squared_error))
        else:
            second = _slider(right, right_networks, "sparsity_right")
    return first, second


def _row(widths: Sequence[float]) -> list[DeltaGenerator]:
    """Places of those widths, then one for switches and one for the image's number."""
    return st.columns([*widths, 3, 1.8], gap="medium", vertical_alignment="bottom")


def _switches(row: Sequence[DeltaGenerator], view: str, data: ImageData) -> tuple[bool, int]:
    """Whether units that never fire count, and the test image's number."""
    count = row[-2].toggle(
        "Count silent units",
        True,
        key="sparsity_count",
        bind="query-params",
        help="Many of L1's zeros belong to units that are zero for every image. Without those units the code "
        "is smaller, and less of it is zero.",
    )
    if view != "Code":
        return count, 0
    last = min(sources.IMAGES, len(data.test_images)) - 1
    if st.session_state.get("sparsity_image", 0) > last:
        st.session_state["sparsity_image"] = last
    return count, row[-1].number_input("Test image", 0, last, 0, key="sparsity_image", bind="query-params")


def images_of(name: str) -> ImageData | None:
    """The data set, or None with the sentence that says where its files belong."""
    try:
        return loading.load_data(name)
    except ValueError as error:
        st.warning(plain(error))
        return None


def _slider(side: Side, networks: Sequence[Member], key: str) -> Member:
    by_strength = {sum(comparison.penalties(m.config).values()): m for m in networks}
    stops = list(by_strength)
    start = min(stops, key=lambda s: abs(s - START))
    chosen = st.select_slider(
        f"Strength of {side.name}",
        stops,
        start,
        format_func=lambda s: f"{s:g}",
        key=key,
        bind="query-params",
    )
    return by_strength[chosen]


def _exact(members: Sequence[Member], data: ImageData, view: str) -> Choice:
    key = _plain(members)
    l1, _ = sources.exact(key)
    row = _row([3, 4.2])
    strength = row[0].select_slider(
        "Strength of L1",
        l1.strengths,
        l1.strengths[len(l1.strengths) // 2],
        format_func=lambda s: f"{s:g}",
        key="sparsity_exact",
        bind="query-params",
    )
    pair = sources.of_exact(key, l1.strengths.index(strength))
    near = words.nearness("L2", *(source.figures.squared_error for source in pair))
    row[1].caption(
        "No encoder: each image's best code on the atoms trained without a penalty, by FISTA (L1) and in "
        f"closed form (L2). {near}"
    )
    return Choice("exact", pair, data, *_switches(row, view, data))


def _own_runs(view: str) -> Choice | None:
    """Two of the visitor's runs, or why they can't stand side by side."""
    runs = {info.key: info for info in usable_runs()}
    if len(runs) < 2:
        st.info("Two trained runs are needed here: train one with L1 and one with L2, and compare them.")
        return None
    row = _row([3.6, 3.6])
    keys = []
    for i, (place, label) in enumerate(zip(row, ("Left run", "Right run"), strict=False)):
        slot = f"sparsity_run_{i}"
        if st.session_state.get(slot) not in (None, *runs):
            del st.session_state[slot]
        keys.append(
            place.selectbox(
                label,
                list(runs),
                index=i,
                format_func=lambda key: f"{runs[key].name} ({key})",
                key=slot,
                persist_state="session",
            )
        )
    if reason := comparison.why_not_comparable(*(runs[key].config for key in keys)):
        st.warning(reason)
        return None
    data = images_of(runs[keys[0]].config.data.name)
    if data is None:
        return None
    try:
        pair = [
            sources.of_run(name, color, key)
            for name, color, key in zip(("Left", "Right"), lessons.OWN_COLORS, keys, strict=True)
        ]
    except store.StoreError as error:
        st.error(f"One of the runs can't be shown: {plain(error)}.")
        return None
    return Choice("own", (pair[0], pair[1]), data, *_switches(row, view, data))


def _plain(members: Sequence[Member]) -> str | None:
    """Key of the shipped dictionary without a penalty."""
    found = [m for m in comparison.along_strength(members, gallery.BASE, None) if m.key is not None]
    return found[0].key if found else None


def _before(members: Sequence[Member], member: Member) -> Mapping[str, Any] | None:
    used = comparison.penalties(member.config)
    same = [
        m
        for m in comparison.along_strength(members, gallery.BASE, "code_l1")
        if comparison.penalties(m.config) == used
    ]
    return same[0].figures if same else None
