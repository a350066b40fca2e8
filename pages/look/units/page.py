"""What each unit of the code learned: its values, traversal, images, atom and importance."""

import numpy as np
import streamlit as st

from aecore import store
from pages.shared import images, layout, loading
from pages.shared.picker import first_images, pick_image
from pages.shared.state import chosen_key

run, data = layout.require_run(
    "Units",
    "What each unit of the code learned, the most important first.",
)
key = chosen_key()

# Units on one page, pictures in a traversal, images that move a unit most and least, widths of the columns.
ROWS, STEPS, EXTREMES = 6, 9, 8
SMALL = "font-size:0.75rem;opacity:0.75"
WIDTHS = [1.2, 1.6, 3.2, 2.9, 1.0]


def chosen_units(order: np.ndarray) -> np.ndarray:
    """The units of the rows: those that were searched for, else one page of those in use."""
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    with row:
        text = st.text_input(
            "Find units",
            placeholder="7, 12",
            key="units_find",
            bind="query-params",
            width=160,
            help=f"Numbers from 0 to {run.latent_size - 1}, with commas or spaces between.",
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
    if not all(word.isascii() and word.isdigit() and int(word) < run.latent_size for word in words):
        st.warning(f"Units are numbered from 0 to {run.latent_size - 1}; these can't all be found: {text}.")
        return order[:0]
    return np.array(list(dict.fromkeys(int(word) for word in words)), dtype=int)


@st.cache_resource(max_entries=6, show_spinner=False)
def pictures_of(key: str, stamp: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Atoms at the mean code, and the images that move each unit most and least."""
    from aecore.analysis.units import atoms, extremes

    return atoms(run, units.mean), *extremes(loading.test_codes(key), EXTREMES)


def heading() -> None:
    texts = (
        ("Unit", "Rise of the squared error per image when the unit is replaced by its mean."),
        ("Values by class", "All test images."),
        (
            f"From the 1st to the 99th percentile, {STEPS} steps",
            "Above, all other units at their mean; below, those of the chosen image.",
        ),
        ("Strongest and weakest images", "Test images with the largest (above) and least values (below)."),
        (
            "Atom",
            "Change of the decoded image per 1.0 of the unit, at the mean code: red brighter, blue darker, "
            "white no change.",
        ),
    )
    for column, (text, explanation) in zip(st.columns(WIDTHS), texts, strict=True):
        column.caption(f"**{text}**", help=explanation)


def draw_unit(unit: int, strips: np.ndarray) -> None:
    """One row; `strips` is 2 x steps x C x H x W, from the mean code and from the chosen image."""
    from aecore.figures.units import value_histogram

    columns = st.columns(WIDTHS, vertical_alignment="center")
    columns[0].html(importance_bar(unit))
    values = codes[:, unit].numpy()
    silent = values == 0
    with columns[1]:
        if silent.mean() < 0.1 or silent.all():
            st.altair_chart(value_histogram(values, labels, data.class_names), key=f"units_values_{unit}")
        else:
            # One bar of zeros would flatten all the others.
            chart = value_histogram(values[~silent], labels[~silent], data.class_names, height=96)
            st.altair_chart(chart, key=f"units_values_{unit}")
            st.html(f'<div style="{SMALL}">and zero for {silent.mean():.0%}</div>')
    low, high = units.low[unit], units.high[unit]
    both = images.mosaic(strips.reshape(-1, *strips.shape[2:]), STEPS)
    ends = f"{low:.2f}", f"{high:.2f}"
    columns[2].html(
        images.tag(both, "100%", f"unit {unit} from {ends[0]} to {ends[1]}, from the mean and from the image")
        + f'<div style="display:flex;justify-content:space-between;{SMALL}">'
        f"<span>{ends[0]}</span><span>{ends[1]}</span></div>"
    )
    extreme = data.test_images[np.concatenate([strongest[unit], weakest[unit]])].numpy()
    columns[3].html(
        images.tag(images.mosaic(extreme, len(strongest[unit])), "100%", f"images that move unit {unit}")
        + f'<div style="{SMALL}">'
        f"{values.max():.2f} and down; {values.min():.2f} and up</div>"
    )
    limit = float(np.abs(atoms[unit]).mean(0).max())
    columns[4].html(
        images.tag(images.difference_rgb(atoms[unit], limit or 1.0), "100%", f"atom of unit {unit}")
        + f'<div style="{SMALL}">&plusmn;{limit:.2g} per 1.0</div>'
    )


def importance_bar(unit: int) -> str:
    from aecore.analysis.units import CAUSES

    largest = max(units.importance.max(), 1e-9)
    share = max(units.importance[unit] / largest, 0)
    cause = units.cause[unit]
    state = f'<div style="font-size:0.75rem">{cause}: {CAUSES[cause]}</div>' if cause else ""
    return (
        f'<div style="font-weight:600">Unit {unit}</div>'
        '<div style="background:rgba(128,128,128,0.2);border-radius:3px;height:8px;margin:6px 0">'
        f'<div style="background:#2f86ad;border-radius:3px;height:8px;width:{100 * share:.1f}%"></div></div>'
        f'<div style="font-size:0.8rem;opacity:0.75">error {units.importance[unit]:+.2f}</div>{state}'
    )


def meaning() -> str:
    shares = units.importance / max(units.importance.sum(), 1e-12)
    first = units.order[0]
    text = (
        f"{units.used} of {run.latent_size} units are in use. Without unit {first} the error would be "
        f"{units.squared_error + units.importance[first]:.1f} instead of {units.squared_error:.1f}"
    )
    if run.latent_size > 2:
        half = int(np.searchsorted(np.cumsum(np.sort(shares)[::-1]), 0.5) + 1)
        text += f"; {half} of them carry half of all importance"
    return f"{text} (measured on {units.sample:,} test images)."


def out_of_use() -> None:
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

    controls = st.container(horizontal=True, vertical_alignment="bottom", gap="large")
    with controls:
        picked = pick_image("image_a", "", data, first_images(data)[0], drawing=False)
    in_use = units.order[: units.used]
    with controls:
        shown = chosen_units(in_use)
    st.caption(meaning())
    if len(shown):
        heading()
        own = run.encode(picked.image[None])[0].numpy()
        starts = (units.mean, own)
        strips = [
            traversals(run.decode, z, shown, units.low[shown], units.high[shown], STEPS) for z in starts
        ]
        for row, unit in enumerate(shown):
            draw_unit(int(unit), np.stack([strip[row] for strip in strips]))
    elif not units.used:
        st.info("No unit of this code is in use: whatever the image, the decoder gives the same picture.")
    out_of_use()


codes, labels = loading.test_codes(key), data.test_labels.numpy()
units = loading.units(key)
atoms, strongest, weakest = pictures_of(key, store.weights_stamp(key))
main()
