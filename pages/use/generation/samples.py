"""Sample sheets by sampler side by side, what each scores, and the nearest training image of every sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.shared import images, layout
from pages.use.generation import material

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from aecore.analysis.generation import Reference, Score
    from pages.use.generation.material import Sheet, Subject

SHOWN, COLUMNS = 24, 6
DRAW = "generation_draw"

MEANING = """
Samples are scored against training images in the features of a small classifier, the 64 values of its last
hidden layer. It was trained here on this data set's training images, so that its distances compare with each
other and with nothing that is published.

- **Fréchet distance in a small classifier's features**: between the Gaussian with the mean and covariance of
  the samples' features and that of the training images' (Dowson & Landau 1982). Lower is better.
- **Density**: around each of {count:,} training images lies a ball up to its fifth nearest; density is the
  number of balls that hold a sample, over five, mean over samples. About 1 for real images, and also for a
  single picture in a crowded place: read it beside coverage (Naeem et al. 2020).
- **Coverage**: the share of these balls that hold a sample; about 0.97 for as many real images.
- **Temperature** multiplies each code's distance from the mean of its Gaussian before it is decoded: below 1
  samples are more usual and more alike.
- **Mixture of ten**: Gaussians with full covariances, fitted to the training codes (Ghosh et al. 2020).
"""


def draw(subject: Subject, row: DeltaGenerator) -> None:
    from aecore.figures.generation import title

    temperature, number, paired = controls(row)
    names = list(material.samplers(subject))
    places, sheets = dict(zip(names, st.columns(len(names), gap="medium"), strict=True)), {}
    lines = {}
    for i, (name, place) in enumerate(places.items()):
        place.markdown(f"**{title(name)}**")
        sheets[name] = material.sheet(subject.key, subject.stamp, name, SHOWN, number, temperature)
        place.container(key=f"generation_sheet_{i}").html(_picture(name, sheets[name], paired))
        lines[name] = place.empty()
    if paired:
        st.caption("In each pair a sample, and below it the training image nearest to it in pixels.")
    said, apart = st.container(), st.container()
    draw_copying(subject, sheets, apart)
    found = material.reference(subject.data)
    if found is None:
        return
    against, accuracy = found
    scores = material.scores(subject, against, temperature)
    for name, line in lines.items():
        line.html(_score_line(scores[name]))
    with said:
        draw_verdict(scores, against, accuracy, temperature)
    with st.expander("What the scores mean"):
        st.markdown(MEANING.format(count=against.count))


def controls(row: DeltaGenerator) -> tuple[float, int, bool]:
    """Beside the choice of a view: temperature, which draw, whether nearest training images are shown."""
    temperature = row.slider(
        "Temperature",
        0.0,
        1.5,
        1.0,
        0.1,
        key="generation_temperature",
        bind="query-params",
        help="Multiplies each code's distance from the mean of its Gaussian before it is decoded.",
        width=130,
    )
    number = row.number_input(
        "Draw",
        0,
        9999,
        0,
        key=DRAW,
        bind="query-params",
        width=110,
        help="The same number draws the same noise for each sampler and for every model.",
    )
    row.button("Draw again", icon=":material/casino:", on_click=_next_draw)
    paired = row.toggle("Nearest below", True, key="generation_nearest", bind="query-params", width="content")
    return temperature, number, paired


def _next_draw() -> None:
    st.session_state[DRAW] = (st.session_state.get(DRAW, 0) + 1) % 10_000


def _picture(name: str, sheet: Sheet, paired: bool) -> str:
    from aecore.data import to_uint8

    pictures = to_uint8(sheet.samples)
    if paired:
        pictures = np.concatenate([pictures, sheet.nearest], axis=2)
    words = f"{len(pictures)} samples, {name}" + (", with the nearest training images" if paired else "")
    return images.tag(images.mosaic(pictures, COLUMNS, gap=2), "100%", words)


def _score_line(scores: list[Score]) -> str:
    from aecore.analysis.generation import spread
    from aecore.figures.generation import figure

    distance, density, coverage = (
        spread([getattr(score, part) for score in scores]) for part in ("frechet", "density", "coverage")
    )
    return (
        '<div style="font-size:0.9rem;line-height:1.5">Fréchet distance '
        f"<b>{figure(distance.mean)}</b> ({figure(distance.low)} to {figure(distance.high)})<br>"
        f"density {density.mean:.2f} · coverage {coverage.mean:.2f}</div>"
    )


def draw_verdict(
    scores: dict[str, list[Score]], against: Reference, accuracy: float, temperature: float
) -> None:
    """Which sampler is nearest, with the conditions, and what real images and the mean image score."""
    from aecore.figures.generation import verdict

    st.markdown(f"**{verdict(scores)}**")
    floor, ceiling = against.floor, against.ceiling
    st.markdown(
        f"Scored in the same way, {against.count:,} test images come to {_in_words(floor)}: the floor. The "
        f"mean image, again and again, comes to {_in_words(ceiling)}: the ceiling."
    )
    st.caption(
        f"The Fréchet distance is that in a small classifier's features, which names {accuracy:.1%} of the "
        f"test images rightly. Each sampler is scored on {material.DRAWS} draws of {against.count:,} samples "
        f"at temperature {temperature:g}; in brackets the lowest and the highest. This is one trained "
        "network: from another seed the order may be another."
    )


def _in_words(score: Score) -> str:
    from aecore.figures.generation import figure

    return f"{figure(score.frechet)} (density {score.density:.2f}, coverage {score.coverage:.2f})"


def draw_copying(subject: Subject, sheets: dict[str, Sheet], place: DeltaGenerator) -> None:
    """How near the mixture's samples, the likeliest copies, are to training images, beside test images."""
    from aecore.analysis.sampling import MIXTURE
    from aecore.figures.generation import copying

    real, rebuilt = material.usual_distances(subject.key, subject.stamp)
    median = float(np.median(sheets[MIXTURE].distances))
    place.markdown(copying(median, real, rebuilt))
    with place:
        layout.draw_known_note(subject.data)
    place.caption(
        f"Over the {SHOWN} samples of the mixture above and {material.COMPARED} test images at most, in "
        "pixels."
    )
