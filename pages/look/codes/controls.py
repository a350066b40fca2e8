"""The row above the map. What is chosen lives in the URL, so options are the words that stand there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from aecore import naming
from aecore.web.code_map.payload import Scale
from pages.look.codes.material import ADDED, TEST, TRAINING, Points, images_of, points_of
from pages.look.codes.projections import KINDS, PCA, TSNE
from pages.shared.state import usable_runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aecore.data import ImageData
    from aecore.store.run import Run

COUNTS = (1000, 2000, 5000, 10_000)
MOST = 10_000
"""Points that a map starts with at most."""
MOST_OF_ALL = 60_000
"""Images up to which a map of all of them is offered: more were never tried in a browser."""
MOST_VALUES = 1 << 27
"""Values of the drawn images, at most: they are compared with each other as floats."""
ALL = "all"
CLASS, ERROR = "class", "squared error"
NOTHING = "nothing"

TSNE_HELP = (
    "About how many neighbours each code is to stay close to: 5 shows small groups, 50 the larger order; 30 "
    "is usual, and a third of the codes is the most."
)
SECOND_HELP = (
    "Places more points into this map, which stays as it is: training images by this run's code, or the same "
    "images by another run's. In PCA and Units another run's code is drawn as if its units were these; "
    "in t-SNE each image goes to those that the other run finds nearest."
)


@dataclass(frozen=True)
class Choice:
    """What the row says."""

    kind: str
    """One of `KINDS`."""
    pair: tuple[int, int]
    """Components (from 1) or units (from 0), across and up; for t-SNE, nothing."""
    perplexity: float
    seed: int
    color: str
    """`class`, `squared error`, or `unit 3`."""
    second: str
    """`nothing`, `training images`, or the key of a run."""

    def values_of(self, points: Points) -> np.ndarray | None:
        """What the points are coloured by; None for their class, or where their code has no such unit."""
        if self.color == CLASS:
            return None
        if self.color == ERROR:
            return points.errors
        unit = int(self.color.split()[1])
        return points.codes[:, unit] if unit < points.codes.shape[1] else None

    def scale(self, points: Points) -> Scale | None:
        """The colours' scale; None for classes."""
        values = self.values_of(points)
        return None if values is None else Scale.of(_title(self.color), values)


def _title(color: str) -> str:
    return "squared error per image" if color == ERROR else color


def draw(run: Run, key: str, data: ImageData) -> tuple[Choice, Points]:
    """The row, and the test points it asks for."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        kind = st.segmented_control(
            "Projection",
            KINDS,
            default=PCA,
            required=True,
            key="codes_projection",
            bind="query-params",
            width="content",
        )
        pair, perplexity, seed, place = (1, 2), 30.0, 0, st.container(horizontal=True, width="content")
        part, count = images_control(data)
        colors = [CLASS, ERROR, *(f"unit {i}" for i in range(run.latent_size))]
        color = _choose("Colour by", colors, "codes_color", 140)
        second = _choose_second(seconds(run, key, part))
    points = points_of(key, part, count)
    with place:
        if kind == TSNE:
            most = max(1.0, float((len(points) - 1) // 3))
            perplexity = _number("Perplexity", 1.0, most, min(30.0, most), "codes_perplexity", TSNE_HELP)
            seed = _number("Seed", 0, 9999, 0, "codes_seed")
        elif kind == PCA:
            most = min(run.latent_size, len(data.test_images))
            pair = (
                _number("Across", 1, most, 1, "codes_component_x"),
                _number("Up", 1, most, 2, "codes_component_y"),
            )
        else:
            most = run.latent_size - 1
            pair = (
                _number("Across", 0, most, 0, "codes_unit_x"),
                _number("Up", 0, most, 1, "codes_unit_y"),
            )
    return Choice(kind, pair, float(perplexity), int(seed), color, second), points


def images_control(data: ImageData) -> tuple[str, int]:
    """Of which part images are drawn, and how many."""
    part = _choose("Images", [TEST, TRAINING], "codes_part", 140)
    n, fit = len(images_of(data, part)[0]), MOST_VALUES // data.pixels
    most = min(MOST, fit)
    options = [str(count) for count in sorted({*COUNTS, most}) if count < n and count <= fit]
    options += [ALL] * (n <= min(MOST_OF_ALL, fit))
    start = options.index(ALL if n <= most else str(most))
    explanation = None if n <= most else f"Fewer than the {n:,} that there are, are drawn with seed 0."
    chosen = _choose("How many", options, "codes_count", 110, explanation, start)
    return part, n if chosen == ALL else int(chosen)


def seconds(run: Run, key: str, part: str) -> dict[str, str]:
    """What can be added to a map of that part, with its name: other runs on the same images, by their key."""
    others = [info for info in usable_runs() if info.config.data.name == run.config.data.name]
    names = naming.distinct_names(others)
    training = {} if part == TRAINING else {TRAINING: TRAINING}
    return {NOTHING: NOTHING} | training | {k: name for k, name in names.items() if k != key}


def _choose_second(names: dict[str, str]) -> str:
    """What is added to the map: a key of `names`, which the link holds too, since names may change."""
    slot = "codes_second"
    if slot not in st.session_state and st.query_params.get(slot) in names:
        st.session_state[slot] = st.query_params[slot]
    if st.session_state.get(slot) not in names:
        st.session_state[slot] = NOTHING
    chosen = st.selectbox(
        "Add",
        list(names),
        format_func=lambda key: names.get(key, key),
        key=slot,
        on_change=_keep_second_in_link,
        persist_state="session",
        width=145,
        help=SECOND_HELP,
    )
    return str(chosen)


def _keep_second_in_link() -> None:
    if st.session_state["codes_second"] != NOTHING:
        st.query_params["codes_second"] = st.session_state["codes_second"]
    elif "codes_second" in st.query_params:
        del st.query_params["codes_second"]


def second_points(choice: Choice, key: str, points: Points) -> Points | None:
    """The points to add; StoreError where the other run can't be read."""
    if choice.second == NOTHING:
        return None
    if choice.second == TRAINING:
        return points_of(key, TRAINING, ADDED)
    return points_of(choice.second, points.part, len(points))


def _choose(
    label: str, options: Sequence[str], key: str, width: int, explanation: str | None = None, start: int = 0
) -> str:
    """A selectbox that forgets an option which this run does not have."""
    if st.session_state.get(key, options[start]) not in options:
        st.session_state[key] = options[start]
    # A widget must not be given a default and a value in the session at once.
    index = {} if key in st.session_state else {"index": start}
    return st.selectbox(label, options, **index, key=key, bind="query-params", width=width, help=explanation)


def _number(
    label: str, low: float, high: float, start: float, key: str, explanation: str | None = None
) -> float:
    """A number input that starts again where the number is not one of this run's."""
    if key in st.session_state and not low <= (st.session_state[key] or low) <= high:
        st.session_state[key] = start
    value = {} if key in st.session_state else {"value": start}
    step = 1.0 if isinstance(low, float) else 1
    return st.number_input(
        label, low, high, **value, step=step, key=key, bind="query-params", width=112, help=explanation
    )
