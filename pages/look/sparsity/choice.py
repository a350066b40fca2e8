"""The column of controls: which two networks stand side by side, and what of them is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from aecore import naming, store
from aecore.analysis import comparison
from aecore.analysis.comparison import Member
from aecore.gallery import sparsity as gallery
from pages.look.sparsity import lessons, sources, words
from pages.look.sparsity.lessons import EXACT, LESSONS, OWN, Lesson, Side
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
    """What the controls came to."""

    sides: tuple[Source, Source]
    data: ImageData
    count_silent: bool
    """Whether units that never fire are drawn and counted."""
    image: int
    """The test image whose code is drawn."""
    sentence: str
    """What the figures of both sides say."""
    gauge: bool = False
    """Whether the size of code and atoms is told."""


@dataclass(frozen=True)
class Pair:
    """Two sides of a lesson, one network a seed, in the same order of seeds; the first ones are drawn."""

    left: list[Member]
    right: list[Member]

    @property
    def figures(self) -> tuple[words.Seeds, words.Seeds]:
        """The figures of both sides."""
        return [m.figures for m in self.left], [m.figures for m in self.right]

    @property
    def same(self) -> bool:
        """Whether both sides are the same networks, as they are without a penalty."""
        return [m.config for m in self.left] == [m.config for m in self.right]


def choose_lesson(members: Sequence[Member]) -> str:
    """The choice of what is compared: the lessons that are there, and the visitor's own runs."""
    names = lessons.available(members)
    names += [EXACT] if _plain(members) else []
    names.append(OWN)
    if st.session_state.get("sparsity_lesson") not in (None, *names):
        del st.session_state["sparsity_lesson"]
    return st.selectbox("Compare", names, key="sparsity_lesson", bind="query-params")


def choose_sides(name: str, members: Sequence[Member], view: str, controls: DeltaGenerator) -> Choice | None:
    """Draws the controls into their column; None, after the reason, where nothing can be compared."""
    if name == OWN:
        return _own_runs(view, controls)
    data = images_of(gallery.BASE.data.name)
    if data is None:
        return None
    if name == EXACT:
        return _exact(members, data, view, controls)
    lesson = LESSONS[name]
    drawn = [side.drawn(members) for side in (lesson.left, lesson.right)]
    sources.warm([m for one in drawn for m in one])
    pair = choose_pair(lesson, members, controls)
    sides = (
        sources.of_networks(lesson.left.name, lesson.left.color, pair.left),
        sources.of_networks(lesson.right.name, lesson.right.color, pair.right),
    )
    text = sentence(lesson, pair, members)
    return Choice(sides, data, *_switches(controls, view, data), text, gauge=lesson.key == "free")


def sentence(lesson: Lesson, pair: Pair, members: Sequence[Member]) -> str:
    """What the lesson's two sides say."""
    if pair.same:
        return words.SAME
    names = (lesson.left.name, lesson.right.name)
    return words.sentence(lesson.key, names, *pair.figures, _control(lesson, pair, members))


def choose_pair(lesson: Lesson, members: Sequence[Member], controls: DeltaGenerator) -> Pair:
    """The slider along the left side's networks; the right side's is matched, or has a slider of its own."""
    left, right = lesson.left, lesson.right
    left_networks, right_networks = left.drawn(members), right.drawn(members)
    if len(left_networks) == len(right_networks) == 1:
        pair = _pair(members, left_networks[0], right_networks[0])
        errors = words.difference((left.name, right.name), *pair.figures)
        controls.caption(f"{lesson.help} {errors}")
        return pair
    with controls:
        first = _slider(left, left_networks, f"sparsity_{lesson.key}_left")
        # Above its switch, so that the switch stays where it is when it is used.
        other = st.container()
        match = st.toggle(
            "Match reconstruction",
            True,
            key="sparsity_match",
            bind="query-params",
            help=f"Moves {right.name} to the strength whose squared error is nearest to {left.name}'s, for "
            "each seed by itself; above it stands on which images.",
        )
    with other:
        if not match:
            second = _slider(right, right_networks, f"sparsity_{lesson.key}_right")
            return _pair(members, first, second)
        pair = match_seeds(right, members, first)
        used = [_strength(m) for m in pair.right]
        st.caption(words.nearness(right.name, *pair.figures, used))
    return pair


def match_seeds(side: Side, members: Sequence[Member], first: Member) -> Pair:
    """`first` and its like at each further seed, each with the side's network nearest in validation error.

    At the first seed only networks with weights can be drawn; at the others all that have figures count.
    """
    left, right = [], []
    for member in _first(comparison.over_seeds(members, first.config), first):
        seed = member.config.train.seed
        found = side.drawn(members) if member is first else side.networks(members, seed)
        if found:
            left.append(member)
            right.append(found[comparison.match(member.figures, [m.figures for m in found]).index])
    return Pair(left, right)


def _pair(members: Sequence[Member], first: Member, second: Member) -> Pair:
    """Two networks with their like at every further seed that both have."""
    left, right = (_first(comparison.over_seeds(members, m.config), m) for m in (first, second))
    both = comparison.same_seeds(left, right)
    return Pair([a for a, _ in both], [b for _, b in both])


def _first(networks: Sequence[Member], first: Member) -> list[Member]:
    return [first, *(m for m in networks if m is not first)]


def _strength(member: Member) -> float:
    return sum(comparison.penalties(member.config).values())


def _switches(controls: DeltaGenerator, view: str, data: ImageData) -> tuple[bool, int]:
    """Whether units that never fire count, and the test image's number."""
    count = controls.toggle(
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
    return count, controls.number_input("Test image", 0, last, 0, key="sparsity_image", bind="query-params")


def images_of(name: str) -> ImageData | None:
    """The data set, or None with the sentence that says where its files belong."""
    try:
        return loading.load_data(name)
    except ValueError as error:
        st.warning(plain(error))
        return None


def _slider(side: Side, networks: Sequence[Member], key: str) -> Member:
    by_strength = {_strength(m): m for m in networks}
    stops = list(by_strength)
    start: dict[str, float] = {"value": min(stops, key=lambda s: abs(s - START))}
    kept = f"_{key}"
    if key not in st.session_state and st.session_state.get(kept) in stops:
        # Another lesson was shown meanwhile; the link may still hold what was there before it.
        st.session_state[key] = st.session_state[kept]
        start = {}
    chosen = st.select_slider(
        words.strength_label(side.name),
        stops,
        **start,
        format_func=lambda s: f"{s:g}",
        key=key,
        bind="query-params",
    )
    st.session_state[kept] = chosen
    return by_strength[chosen]


def _exact(members: Sequence[Member], data: ImageData, view: str, controls: DeltaGenerator) -> Choice:
    key = _plain(members)
    l1, l2 = sources.exact(key)
    strength = controls.select_slider(
        "Strength of L1",
        l1.strengths,
        l1.strengths[len(l1.strengths) // 2],
        format_func=lambda s: f"{s:g}",
        key="sparsity_exact",
        bind="query-params",
    )
    index = l1.strengths.index(strength)
    match = comparison.nearest(l1.validation_errors[index], l2.validation_errors)
    pair = sources.of_exact(key, index, match.index)
    near = words.nearness("L2", pair[0].seeds, pair[1].seeds, [l2.strengths[match.index]])
    controls.caption(
        f"No encoder: the best code of each of the first {pair[0].figures.images} test images on the atoms "
        f"trained without a penalty, by FISTA (L1) and in closed form (L2). {near}"
    )
    text = words.exact(pair[0].seeds, pair[1].seeds, sources.mean_image_error())
    return Choice(pair, data, *_switches(controls, view, data), text)


def _own_runs(view: str, controls: DeltaGenerator) -> Choice | None:
    """Two of the visitor's runs, or why they can't stand side by side."""
    runs = {info.key: info for info in usable_runs()}
    if len(runs) < 2:
        st.info("Two trained runs are needed here: train one with L1 and one with L2, and compare them.")
        return None
    names = naming.distinct_names(runs.values())
    keys = []
    for i, label in enumerate(("Left run", "Right run")):
        slot = f"sparsity_run_{i}"
        if st.session_state.get(slot) not in (None, *runs):
            del st.session_state[slot]
        keys.append(
            controls.selectbox(
                label,
                list(runs),
                index=i,
                format_func=lambda key: names.get(key, key),
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
    text = words.sentence("own", ("Left", "Right"), pair[0].seeds, pair[1].seeds)
    return Choice((pair[0], pair[1]), data, *_switches(controls, view, data), text)


def _plain(members: Sequence[Member]) -> str | None:
    """Key of the shipped dictionary without a penalty."""
    found = [m for m in comparison.along_strength(members, gallery.BASE, None) if m.key is not None]
    return found[0].key if found else None


def _control(lesson: Lesson, pair: Pair, members: Sequence[Member]) -> tuple[words.Seeds, words.Seeds] | None:
    """Both sides without what the lesson is about, at the same seeds; None where these are not there."""
    if not lesson.control:
        return None
    sides = []
    for networks in (pair.left, pair.right):
        wanted = [m.config.with_values(lesson.control) for m in networks]
        sides.append([m.figures for config in wanted for m in members if m.config == config])
    left, right = sides
    return (left, right) if len(left) == len(right) == len(pair.left) else None
