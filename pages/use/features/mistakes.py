"""Which classes are taken for which, and the images behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import images, layout
from pages.shared.plain import plain
from pages.use.features import material, words
from pages.use.features.curves import choose_classifier, draw_work, given
from pages.use.features.material import Subject

if TYPE_CHECKING:
    import numpy as np
    from streamlit.delta_generator import DeltaGenerator

MATRIX, CELL, CLICKED = "features_matrix", "features_cell", "_features_clicked"
SHOWN = 60
"""Images of a cell at most."""


def draw_mistakes(subject: Subject, row: DeltaGenerator) -> None:
    """Who is taken for whom with all labels, and the images of a cell."""
    kind, by = material.code(subject), choose_classifier(row)

    def draw() -> None:
        from aecore.analysis.features import ALL

        answers = material.found(subject, kind).get(ALL)
        if answers is None:
            st.caption("The matrix is made from the classifier with all labels, which is measured last.")
        else:
            draw_matrix(subject, given(answers, by)[0])

    draw_work(subject, [kind], draw)


def draw_matrix(subject: Subject, answers: np.ndarray) -> None:
    """The matrix beside the images of the chosen cell, at first the commonest mistake."""
    import numpy as np

    from aecore.analysis.features import confusion
    from aecore.figures.features import matrix

    labels, names = subject.task.test, list(subject.data.class_names)
    counts = confusion(answers, labels, len(names))
    wrong = counts * (1 - np.eye(len(names), dtype=np.int64))
    order = np.argsort(-wrong, axis=None, kind="stable")
    cells = [divmod(int(place), len(names)) for place in order if wrong.flat[place]]
    cells += [(c, c) for c in range(len(names)) if counts[c, c]]
    left, right = layout.picture_and_figures()
    with left:
        st.altair_chart(
            matrix(counts, names),
            key=MATRIX,
            on_select=take_cell,
            selection_mode="cell",
            alt="Confusion matrix: true classes down, answers across",
        )
        worst = (*(plain(names[c]) for c in cells[0]), int(wrong.max())) if wrong.any() else None
        st.markdown(words.mistakes(float((answers == labels).mean()), len(labels), worst))
        st.caption(
            "Rows: the class; columns: what it was named, with all labels. Shade: share of the row, on a "
            "square-root scale. A click on a cell shows its images."
        )
    with right:
        if (clicked := st.session_state.pop(CLICKED, None)) in cells:
            st.session_state[CELL] = clicked
        if st.session_state.get(CELL) not in cells:
            st.session_state[CELL] = cells[0]
        true, named = st.selectbox(
            "Images",
            cells,
            key=CELL,
            format_func=lambda cell: cell_name(names, counts, cell),
        )
        draw_cell(subject, np.flatnonzero((labels == true) & (answers == named)))


def cell_name(names: Sequence[str], counts: np.ndarray, cell: tuple[int, int]) -> str:
    """`4 named 9 · 23 images`."""
    true, named = cell
    count = int(counts[cell])
    what = f"{names[true]} named {names[named]}" if true != named else f"{names[true]} named rightly"
    return f"{what} · {count:,} image{'s' * (count != 1)}"


def take_cell() -> None:
    """Keeps the clicked cell for the next drawing, which ignores an empty one; for the chart's callback."""
    for cell in st.session_state[MATRIX].selection.get("cell", []):
        st.session_state[CLICKED] = (int(cell["row"]), int(cell["column"]))


def draw_cell(subject: Subject, places: np.ndarray) -> None:
    """The test images at those places, with their numbers."""
    numbers = subject.split.test[places[:SHOWN]]
    images.draw_wall(
        [
            images.Figure([images.to_rgb(subject.data.test_images[n])], f"{n:,}", f"test image {n}")
            for n in numbers.tolist()
        ],
        48,
    )
    if len(places) > SHOWN:
        st.caption(f"The first {SHOWN} of {len(places):,}.")
