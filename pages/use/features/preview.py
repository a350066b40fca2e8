"""The task before anything is measured: labelled images with their features, and images to be named."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.shared import images, layout
from pages.use.features.material import Kind, Subject

if TYPE_CHECKING:
    from torch import Tensor

CLASSES, ASKED = 20, 10
"""Classes of which the labelled image is shown, and test images that are asked about."""
SIDE = 64
"""Pixels of an image's width on the screen."""


def draw(subject: Subject, kinds: Sequence[Kind]) -> None:
    """One labelled image of each class with the first kind's features, and test images with the answers."""
    from aecore.analysis.features import NEIGHBORS
    from aecore.analysis.neighbors import as_points, knn_predict
    from aecore.data import classes_in_turn

    data, split, task = subject.data, subject.split, subject.task
    known = task.drawn[1][0]
    labelled = data.train_images[split.train[known]]
    shown = classes_in_turn(data.test_labels[split.test], ASKED, 0)
    asked = data.test_images[split.test[shown]]
    # On a shared scale: the largest value of what is shown.
    given, sought = (as_points(kinds[0].transform(part)) for part in (labelled, asked))
    limit = float(max(np.abs(given).max(), np.abs(sought).max())) or 1.0
    names = list(data.class_names)
    k = min(NEIGHBORS, len(known))
    answers = {
        kind.name: knn_predict(
            as_points(kind.transform(labelled)), task.train[known], as_points(kind.transform(asked)), k
        )
        for kind in kinds
    }
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(f"**What is known: one labelled image of each class, and its {kinds[0].name}**")
        _draw_wall(labelled[:CLASSES], given, limit, [names[c] for c in task.train[known][:CLASSES].tolist()])
        st.caption(
            f"The {kinds[0].name}'s values as squares: red above zero, blue below, up to {limit:.3g}. "
            "Ten such draws are made, and with more labels as well."
        )
    with right:
        st.markdown("**What is asked: the class of test images**")
        _draw_answers(asked, answers, task.test[shown], names)
        st.caption(
            "The class of the nearest labelled image, in each kind of features, computed now. So few images "
            "say little: what is measured is the share of all test images, with a linear probe as well."
        )
    layout.draw_known_note(data)


def _draw_wall(pictures: Tensor, features: np.ndarray, limit: float, names: Sequence[str]) -> None:
    cells = "".join(
        f'<figure style="margin:0;width:{SIDE}px">'
        f"{images.tag(images.to_rgb(picture), SIDE, f'labelled image, {name}')}"
        f"{images.tag(_squares(values, limit), SIDE, f'its features, {name}')}"
        f'<figcaption style="font-size:0.8rem;text-align:center">{html.escape(name)}</figcaption></figure>'
        for picture, values, name in zip(pictures, features, names, strict=False)
    )
    st.html(f'<div data-labelled style="display:flex;flex-wrap:wrap;gap:14px 16px">{cells}</div>')


def _squares(values: np.ndarray, limit: float) -> np.ndarray:
    """Features as squares, with more room across than down."""
    from aecore.figures.layers import squares

    grid = squares(values)
    rgb = images.difference_rgb(np.nan_to_num(grid)[None], limit)
    rgb[np.isnan(grid)] = 128
    return rgb.transpose(1, 0, 2)


def _draw_answers(
    pictures: Tensor, answers: dict[str, np.ndarray], labels: np.ndarray, names: Sequence[str]
) -> None:
    """A row of the test images, and one for each kind of features with the classes it gives."""
    tags = [
        images.tag(images.to_rgb(picture), "100%", f"test image, {names[label]}")
        for picture, label in zip(pictures, labels.tolist(), strict=True)
    ]
    cells = [f"<div>test image</div>{''.join(tags)}"]
    for kind, given in answers.items():
        row = "".join(
            f'<div style="text-align:center;{"font-weight:700" if answer == label else "opacity:0.75"}">'
            f"{html.escape(names[answer])}{' ✓' if answer == label else ''}</div>"
            for answer, label in zip(given.tolist(), labels.tolist(), strict=True)
        )
        cells.append(f'<div data-kind="{html.escape(kind)}">by {html.escape(kind)}</div>{row}')
    # Columns shrink with the page.
    columns = f"5.2rem repeat({len(tags)},minmax(0,40px))"
    st.html(
        '<div data-answers style="display:grid;gap:6px 4px;align-items:center;font-size:0.85rem;'
        f'grid-template-columns:{columns}">{"".join(cells)}</div>'
    )
