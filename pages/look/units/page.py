"""What each unit of the code learned: its values, traversal, images, atom and importance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.look.units.rows import STEPS, draw_heading, draw_unit, load_material
from pages.shared import layout
from pages.shared.picker import first_images, pick_image
from pages.shared.plain import plain
from pages.shared.state import chosen_key

if TYPE_CHECKING:
    from aecore.analysis.units import Units

ROWS = 6  # units on one page


def chosen_units(order: np.ndarray, latent_size: int) -> np.ndarray:
    """The units of the rows: those that were searched for, else one page of those in use."""
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    with row:
        text = st.text_input(
            "Find units",
            placeholder=f"0, {latent_size - 1}",
            key="units_find",
            bind="query-params",
            width=160,
            help=f"Numbers from 0 to {latent_size - 1}, with commas or spaces between.",
        )
        pages = -(-len(order) // ROWS)
        if pages > 1 and not text:
            if not 1 <= st.session_state.get("units_page", 1) <= pages:
                st.session_state["units_page"] = 1
            page = st.number_input(
                f"Page (of {pages})", 1, pages, key="units_page", bind="query-params", width=130
            )
        else:
            page = 1
    if not text:
        return order[(page - 1) * ROWS : page * ROWS]
    words = text.replace(",", " ").split()
    if not all(
        len(word) < 10 and word.isascii() and word.isdigit() and int(word) < latent_size for word in words
    ):
        st.warning(
            f"Units are numbered from 0 to {latent_size - 1}; these can't all be found: {plain(text)}."
        )
        return order[:0]
    return np.array(list(dict.fromkeys(int(word) for word in words)), dtype=int)


def meaning(units: Units) -> str:
    """How many units are in use, and how much hangs on the first of them."""
    shares = units.importance / max(units.importance.sum(), 1e-12)
    first = units.order[0]
    text = f"{units.used} of {len(units.order)} units are in use"
    if units.used:
        text += (
            f". Without unit {first} the error would be "
            f"{units.squared_error + units.importance[first]:.1f} instead of {units.squared_error:.1f}"
        )
    if units.used and len(units.order) > 2:
        half = int(np.searchsorted(np.cumsum(np.sort(shares)[::-1]), 0.5) + 1)
        text += f"; {half} of them carry half of all importance"
    text = f"{text} (measured on {units.sample:,} test images)."
    if units.kl is not None:
        collapsed = units.cause.count("collapsed")
        text += (
            f" The KL divergences of all units from the prior sum to {units.kl.sum():.1f} nats; "
            f"{collapsed or 'none'} of the {len(units.order)} units "
            f"{'are' if collapsed > 1 else 'is'} collapsed."
        )
    return text


def draw_out_of_use(units: Units) -> None:
    """The other units, folded, with the likely cause."""
    from aecore.analysis.units import CAUSES

    others = [int(unit) for unit in units.order if units.cause[unit]]
    if not others:
        return
    with st.expander(f"{len(others)} units are not in use", icon=":material/block:"):
        for cause, explanation in CAUSES.items():
            if found := [str(unit) for unit in others if units.cause[unit] == cause]:
                st.markdown(f"**{cause.capitalize()}** ({explanation}): {', '.join(found)}")
        st.caption("A number typed into “Find units” shows such a unit's row.")


def main() -> None:
    """Controls, the rows, what they mean, and the units that are left over."""
    from aecore.analysis.units import traversals

    run, data = layout.require_run(
        "Units",
        "What each unit of the code learned, the most important first.",
    )
    found = load_material(chosen_key(), data)
    units = found.units
    controls = st.container(horizontal=True, vertical_alignment="bottom", gap="large")
    with controls:
        picked = pick_image("image_a", "Image", data, first_images(data)[0], drawing=False)
        shown = chosen_units(units.order[: units.used], run.latent_size)
    st.caption(meaning(units))
    if len(shown):
        draw_heading()
        own = run.encode(picked.image[None])[0].numpy()
        starts = (units.mean, own)
        strips = [
            traversals(run.decode, z, shown, units.low[shown], units.high[shown], STEPS) for z in starts
        ]
        for row, unit in enumerate(shown):
            draw_unit(found, int(unit), np.stack([strip[row] for strip in strips]))
    elif not units.used:
        st.info("No unit of this code is in use: whatever the image, the decoder gives the same picture.")
    draw_out_of_use(units)


main()
