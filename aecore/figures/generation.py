"""Charts and sentences of generation: which sampler comes nearest, where its codes lie, what a unit costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np

from aecore.analysis.generation import Score, frechet_by_sampler, nearer
from aecore.analysis.sampling import MIXTURE, PRIOR
from aecore.figures.tables import table
from aecore.palette import CLASS_COLORS, PCA_COLOR

COLLAPSED_COLOR = PCA_COLOR
ACTIVE_COLOR = CLASS_COLORS[0]


def common_square(clouds: Iterable[np.ndarray]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Low and high of x and y of the smallest square around clouds of points, N x 2 each."""
    points = np.concatenate(list(clouds))
    low, high = points.min(0), points.max(0)
    half = float((high - low).max()) / 2 * 1.02 or 1.0
    x, y = ((float(c - half), float(c + half)) for c in (low + high) / 2)
    return x, y


def cloud_chart(
    points: np.ndarray,
    square: tuple[tuple[float, float], tuple[float, float]],
    axes: tuple[str, str],
    classes: Sequence[str] | None = None,
    side: int = 270,
) -> alt.Chart:
    """A cloud of codes in a plane, N x 2, coloured by `classes`, one name a point, or grey without them.

    `square` gives both axes' ends, so that panels beside each other can be compared.
    """
    x, y = (alt.Scale(domain=list(ends), nice=False) for ends in square)
    axis = alt.Axis(grid=False, tickCount=4)
    encodings: dict[str, Any] = {
        "x": alt.X("x:Q", title=axes[0], scale=x, axis=axis),
        "y": alt.Y("y:Q", title=axes[1], scale=y, axis=axis),
    }
    if classes is None:
        rows = table(x=points[:, 0], y=points[:, 1])
        mark = alt.Chart(rows).mark_circle(size=10, opacity=0.6, color=PCA_COLOR, clip=True)
    else:
        rows = table(x=points[:, 0], y=points[:, 1], label=list(classes))
        names = sorted(set(classes), key=lambda name: (len(name), name))
        colors = [CLASS_COLORS[i % len(CLASS_COLORS)] for i in range(len(names))]
        scale = alt.Scale(domain=names, range=colors)
        encodings["color"] = alt.Color("label:N", scale=scale, legend=None)
        encodings["tooltip"] = alt.Tooltip("label:N", title="class")
        mark = alt.Chart(rows).mark_circle(size=10, opacity=0.6, clip=True)
    return mark.encode(**encodings).properties(width=side, height=side)


def units_chart(kl: Sequence[float], active: Sequence[bool], height: int = 300) -> alt.Chart:
    """The KL divergence of each unit from the prior in nats, largest first; collapsed units are grey."""
    order = np.argsort(-np.asarray(kl), kind="stable")
    rows = table(
        place=list(range(1, len(order) + 1)),
        unit=[int(unit) + 1 for unit in order],
        kl=[float(kl[unit]) for unit in order],
        state=["active" if active[unit] else "collapsed" for unit in order],
    )
    return (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            x=alt.X(
                "place:O",
                title="units, most informative first",
                axis=alt.Axis(labelAngle=0, labelOverlap=True),
            ),
            y=alt.Y("kl:Q", title="KL divergence from the prior (nats)"),
            color=alt.Color(
                "state:N",
                scale=alt.Scale(domain=["active", "collapsed"], range=[ACTIVE_COLOR, COLLAPSED_COLOR]),
                legend=alt.Legend(orient="top", title=None),
            ),
            tooltip=[
                alt.Tooltip("unit:O"),
                alt.Tooltip("kl:Q", format=".3f", title="KL (nats)"),
                alt.Tooltip("state:N"),
            ],
        )
        .properties(height=height)
    )


def figure(value: float) -> str:
    """A distance with three digits, as many as differ from draw to draw."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def verdict(scores: Mapping[str, list[Score]]) -> str:
    """Which sampler's images are nearest to the training images by the Fréchet distance, if any is.

    A sampler counts as nearer than another where each of its draws is nearer than each of the other's. Where
    the mixture does not beat N(0, I), that is said.
    """
    found = frechet_by_sampler(scores)
    order = sorted(found, key=lambda name: found[name].mean)
    best, rest = order[0], order[1:]
    draws = len(scores[best])
    others = " and ".join(f"{figure(found[name].mean)} ({name})" for name in rest)
    if all(nearer(found[best], found[name]) for name in rest):
        said = (
            f"Images from {_the(best)} are nearest to the training images: Fréchet distance "
            f"{figure(found[best].mean)} against {others}, in each of {draws} draws."
        )
    else:
        ranges = ", ".join(
            f"{name} {figure(found[name].mean)} ({figure(found[name].low)} to {figure(found[name].high)})"
            for name in order
        )
        said = f"No sampler is nearest in every one of {draws} draws; Fréchet distances: {ranges}."
    if {PRIOR, MIXTURE} <= set(found) and not nearer(found[MIXTURE], found[PRIOR]):
        worse = nearer(found[PRIOR], found[MIXTURE])
        said += (
            f" Here the mixture does not beat {PRIOR}: it is farther in every draw."
            if worse
            else f" Here the mixture does not beat {PRIOR}: the two can't be told apart."
        )
    return said


def copying(samples: float, tests: float, rebuilt: float) -> str:
    """How far samples are from the nearest training image, beside test images and their reconstructions.

    Each is a median of squared errors. What a network makes is smoother than what it was shown, and so nearer
    to everything: the reconstructions of unseen images are what samples can be held against.
    """
    text = (
        f"The nearest training image is {samples:.1f} of squared error away from a sample, {tests:.1f} from "
        f"a test image, and {rebuilt:.1f} from a test image's reconstruction (medians)"
    )
    if samples < rebuilt / 1.2:
        return f"{text}: the samples are nearer to training images than what the network makes of new ones."
    if samples > 1.2 * tests:
        return f"{text}: the samples are less like the training images than new images are."
    return f"{text}: no sign of copying."


def outside(shares: Mapping[str, float], count: int) -> str:
    """How many codes of each sampler lie farther from the training codes than real images' codes do."""
    parts = [f"{share:.0%} from {_the(name)}" for name, share in shares.items()]
    listed = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]
    text = (
        f"Of {count:,} codes drawn, {listed} lie farther from every training code than 95% of test images' "
        "codes do."
    )
    share = shares.get(PRIOR)
    if share is None:
        return text
    if share > 0.5:
        return f"{text} Most of {PRIOR} lies outside the cloud of codes that the decoder was trained on."
    if share < 0.1:
        return f"{text} {PRIOR} lies where the codes lie."
    return text


def title(name: str) -> str:
    """A name at the beginning of a line."""
    return name[0].upper() + name[1:]


def _the(name: str) -> str:
    return name if name == PRIOR else f"the {name.removeprefix('one ')}"


def collapsed(active: np.ndarray) -> str:
    """How many of a variational network's units are active; `active` says so of each."""
    units, count = len(active), int(active.sum())
    if count == units:
        return f"All {units} units are active, none is collapsed."
    if not count:
        return f"All {units} units are collapsed: the code says nothing of the image."
    rest = units - count
    verb = "is" if rest == 1 else "are"
    return f"{count} of {units} units {'is' if count == 1 else 'are'} active, {rest} {verb} collapsed."
