"""Your images: from a folder, an archive or a table to a data set, or through a trained run."""

from __future__ import annotations

import streamlit as st

from aecore.own import sets
from pages.shared import layout
from pages.use.own_images import applying, making, preview, sets_table, source

MAKE, APPLY = "Make a data set", "Apply the chosen run"


def main() -> None:
    layout.draw_header(
        "Your images",
        "Bring your own images: train on them, or see what the chosen run makes of images that it has never "
        "seen.",
    )
    # Above the controls, where it is seen when it comes.
    making.draw_jobs()
    making.draw_ended(sets.list_sets())
    sets_table.draw_offer()
    what = st.segmented_control(
        "What to do with them",
        (MAKE, APPLY),
        default=MAKE,
        required=True,
        key="own_what",
        bind="query-params",
    )
    brought = source.choose()
    if brought is not None and what == MAKE:
        making.draw(brought)
    elif brought is not None:
        applying.draw(brought)
    sets_table.draw()
    if brought is None:
        preview.draw()


main()
