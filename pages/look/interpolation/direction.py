"""Direction: the step from one group's mean code to another's, added to an image's code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from aecore.palette import CLASS_COLORS
from aecore.web.decoder.payload import scrubber_data
from pages.components.decoder import scrubber
from pages.look.interpolation.common import STEPS, encode, save
from pages.shared import layout, loading
from pages.shared.picker import first_images, pick_image
from pages.shared.plain import plain
from pages.shared.state import kept_selections

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from aecore.analysis.latent import Direction
    from aecore.data import ImageData
    from aecore.store.run import Run

STRENGTHS = (-2.0, 2.0)
"""Range of the strength; 1 goes as far as from one group's mean code to the other's."""
ALL = "all images"
"""The group that stands for the classes where there are not two."""
SEEN = {
    True: "Made from training images, measured on test images.",
    False: "Measured on the same images that it was made from, which flatters it.",
}
"""What the score was measured on, by whether these are unseen images."""


def draw(run: Run, key: str, data: ImageData) -> None:
    """The step from one group's mean code to another's, added to an image's code."""
    from aecore.analysis.latent import cross_fade, distance_legend, normal_overlap
    from aecore.figures.latent import projection_histogram

    row = st.columns([1.5, 1.5, 3], vertical_alignment="bottom", width=720)
    groups = {f"class {name}": label for label, name in enumerate(data.class_names)}
    if not data.labelled:
        groups = {ALL: 0}
    kept = {f"selection {name}": numbers for name, numbers in kept_selections(data.name).items()}
    options = [*groups, *kept]
    if len(options) < 2:
        st.info(
            "These images are of one class, or of none that is known: there is no direction from one class "
            "to another. Select some on the Codes page, and there is one from all images to these."
        )
        return
    first = _group(row[0], "From", options, 0, "interpolation_from")
    second = _group(row[1], "To", options, min(1, len(options) - 1), "interpolation_to")
    with row[2]:
        picked = pick_image("image_a", "Start image", data, first_images(data)[0])
    try:
        found = _directions(key, data, groups, kept, first, second)
    except ValueError as error:
        st.warning(f"There is no direction from {plain(first)} to {plain(second)}: {plain(error)}.")
        return
    in_code, in_pixels, unseen = found
    pictures, codes = encode(run, [picked])
    t = np.linspace(*STRENGTHS, STEPS)
    places = (codes + t[:, None] * in_code.step).astype(np.float32)
    frames = run.decode(places).numpy()
    moved = np.stack([pictures[0], pictures[0] + in_pixels.step.reshape(pictures[0].shape)])
    neighbors, _, band = loading.code_neighbors(key)
    curve, _ = neighbors.remoteness(places)
    fade = cross_fade(moved, t)
    left, right = layout.picture_and_figures()
    with left:
        scrubber(
            scrubber_data(
                frames,
                fade,
                STRENGTHS,
                names=("Decoded", "The same step in pixels"),
                ticks=[
                    (-2, "-2"),
                    (-1, "-1"),
                    (0, "the image"),
                    (1, f"+1: as far as {first} from {second}"),
                    (2, "2"),
                ],
                curve=curve,
                band=band,
                legend=distance_legend(band),
                symbol="strength",
                label="Strength of the direction",
            ),
            key="interpolation_direction",
        )
    with right:
        st.metric(
            "Cohen's d of the codes along it",
            f"{in_code.cohens_d:.2f}",
            help="Difference of the two groups' means along the direction, divided by their pooled standard "
            f"deviation. Two normal groups of equal spread overlap by {normal_overlap(1):.0%} at 1, "
            f"{normal_overlap(2):.0%} at 2, {normal_overlap(3):.0%} at 3 and {normal_overlap(4):.0%} at 4.",
        )
        st.caption(
            f"pixels along their own direction {in_pixels.cohens_d:.2f}; higher separates better. "
            f"{SEEN[unseen]}"
        )
        colors = [
            CLASS_COLORS[groups[name] % 10] if name in groups else color
            for name, color in ((first, "#444444"), (second, "#999999"))
        ]
        st.altair_chart(
            projection_histogram(in_code.projections, (first, second), tuple(colors)),
            alt="Codes of both groups along the direction from one to the other",
        )
    st.caption(meaning(in_code, in_pixels, plain(first), plain(second), unseen))
    save(t, places, frames, fade, "strength")


def _group(column: DeltaGenerator, label: str, options: list[str], index: int, key: str) -> str:
    if st.session_state.get(key, options[index]) not in options:
        st.session_state[key] = options[index]
    start = {} if key in st.session_state else {"index": index}
    return column.selectbox(label, options, **start, key=key, bind="query-params")


def _directions(
    key: str,
    data: ImageData,
    groups: dict[str, int],
    kept: dict[str, list[int]],
    first: str,
    second: str,
) -> tuple[Direction, Direction, bool]:
    """Direction in the code, the same in pixels, and whether its score is of images it was not made from.

    Classes give it from training images and are scored on test images; selections are test images, and are
    all there is to score.
    """
    from aecore.analysis.latent import direction
    from aecore.data import unit_range

    test_codes, test_pixels = loading.test_codes(key), data.test_images
    if first in groups and second in groups:
        train_codes, train_labels = loading.train_codes(key), data.train_labels[data.known]
        made, scored = [], []
        for name in (first, second):
            made.append((train_labels == groups[name]).nonzero().flatten())
            scored.append((data.test_labels == groups[name]).nonzero().flatten())
        in_code = direction(*(train_codes[i] for i in made), scored=tuple(test_codes[i] for i in scored))
        pixels = [unit_range(data.train_images[data.known[i]].flatten(1)) for i in made]
        in_pixels = direction(*pixels, scored=tuple(unit_range(test_pixels[i].flatten(1)) for i in scored))
        return in_code, in_pixels, True
    chosen = [
        (data.test_labels == groups[name]).nonzero().flatten() if name in groups else kept[name]
        for name in (first, second)
    ]
    in_code = direction(*(test_codes[i] for i in chosen))
    in_pixels = direction(*(unit_range(test_pixels[i].flatten(1)) for i in chosen))
    return in_code, in_pixels, False


def meaning(in_code: Direction, in_pixels: Direction, first: str, second: str, unseen: bool) -> str:
    """How far apart the groups are along the direction, and whether more so than in pixels.

    The two are ranked only on unseen images and where their difference is outside its 95 % interval; both are
    taken as independent, which on the same images errs on the side of silence.
    """
    from aecore.analysis.latent import cohens_d_error, normal_overlap

    code, pixels = in_code.cohens_d, in_pixels.cohens_d
    if not np.isfinite([code, pixels]).all():
        return "A group of one image has no spread, so there is no score."
    facts = (
        f"Along one straight step in the code {first} and {second} are {code:.1f} standard deviations apart, "
        f"in pixels {pixels:.1f}: normal groups would overlap by {normal_overlap(code):.1%} and "
        f"{normal_overlap(pixels):.1%}"
    )
    if not unseen:
        return f"{facts}. On images that the step was made from this does not say which separates better."
    errors = [cohens_d_error(d.cohens_d, *map(len, d.projections)) for d in (in_code, in_pixels)]
    if abs(code - pixels) <= 1.96 * np.hypot(*errors):
        return f"{facts}. So many images do not tell which separates better."
    return (
        f"{facts}. {'The code' if code > pixels else 'Pixels'} separate{'s' * (code > pixels)} them better."
    )
