"""A look at the images before a set is made of them, the making with its bar, and what came of it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from aecore.access import RefusedError
from aecore.jobs import image_job
from aecore.own.build import Options
from pages.shared import images, layout, permits, settings_form, state
from pages.shared.leaving import leave_for
from pages.shared.plain import plain
from pages.use.own_images.source import Brought, opened

if TYPE_CHECKING:
    from aecore.own.build import Plan
    from aecore.own.sets import OwnSet

JOB = "_own_job"  # session key: folder of the job started here
SIZES = (0, 8, 16, 28, 32, 48, 64, 96, 128, 192, 256)
FITS = {"crop": "cut the middle out", "pad": "black bars", "stretch": "stretch"}
COLOURS = {"auto": "as they are", "grey": "grey", "colour": "colour"}
CLASSES_SHOWN = 12


@st.cache_resource(max_entries=8, show_spinner="Looking at some of the images")
def planned(path: Path, stamp: tuple[int, int], options: Options) -> Plan:
    """What would be made; SourceError in one sentence."""
    from aecore.own.build import plan

    return plan(opened(path, stamp), options)


def draw(brought: Brought) -> None:
    """What will be made of the images, what can be changed in it, and the button."""
    left, right = layout.form_and_outcome()
    with left:
        _draw_options(brought.path)
    options = _options()
    try:
        found = planned(brought.path, brought.stamp, options)
    except ValueError as error:
        right.error(plain(f"{str(error)[:1].upper()}{str(error)[1:]}."), icon=":material/error:")
        return
    with right:
        _draw_plan(found)
    left.button(
        "Make the data set",
        key="own_make",
        type="primary",
        icon=":material/add_photo_alternate:",
        on_click=_start,
        args=(brought,),
        width="stretch",
    )


def _draw_options(path: Path) -> None:
    """What can be changed in what is made; `_options` reads it."""
    st.text_input("Name", key="own_title", placeholder=path.stem, max_chars=60, persist_state="session")
    st.select_slider(
        "Size in pixels",
        SIZES,
        format_func=lambda side: f"{side} × {side}" if side else "their own",
        key="own_size",
        persist_state="session",
        help="Their own: images of one size stay as they are; of several, the median of the shorter sides is "
        "taken, at most 64. Larger images take longer: an epoch grows with their pixels.",
    )
    st.segmented_control(
        "Where proportions differ",
        tuple(FITS),
        default="crop",
        format_func=FITS.get,
        required=True,
        key="own_fit",
    )
    st.segmented_control(
        "Colour",
        tuple(COLOURS),
        default="auto",
        format_func=COLOURS.get,
        required=True,
        key="own_colour",
        help="As they are: colour where some image has any.",
    )
    with st.expander("How many, and which are for testing"):
        st.number_input(
            "Take at most",
            value=None,
            min_value=2,
            step=1000,
            key="own_most",
            placeholder="all",
            help="Of more images so many are taken, of each class in proportion.",
        )
        st.slider("Share kept for testing", 0.05, 0.5, 1 / 6, 0.01, key="own_share", format="%.2f")
        st.number_input("Seed of these choices", 0, 2**32 - 1, 0, key="own_seed")


FIELDS = {
    "title": "own_title",
    "size": "own_size",
    "fit": "own_fit",
    "colour": "own_colour",
    "test_share": "own_share",
    "seed": "own_seed",
    "most": "own_most",
}
"""The key of each option's field."""


def _options() -> Options:
    """What stands in the form at this moment: a click may follow a change before the page was drawn anew."""
    given = {name: st.session_state.get(key) for name, key in FIELDS.items()}
    return Options(**{name: value for name, value in given.items() if value is not None})


def _draw_plan(found: Plan) -> None:
    """How many, which classes, what will be done, and a sheet of them as they will be."""
    count = len(found.source.names)
    st.markdown(
        f"**{count:,} images** in {plain(found.source.kind)}: {len(found.train):,} to train on, "
        f"{len(found.test):,} to test. Each is {plain(found.treatment)}; {words_of_bytes(found.bytes)}."
    )
    cells = [images.Figure([images.to_rgb(picture)], "", alt=name) for name, picture in found.sheet]
    images.draw_wall(cells, width=max(48, min(96, found.size[1])))
    if found.classes:
        shown = [f"{name} {n:,}" for name, n in list(found.classes.items())[:CLASSES_SHOWN]]
        more = len(found.classes) - len(shown)
        st.caption(
            f"{len(found.classes)} classes: {plain(', '.join(shown))}{f' and {more} more' if more else ''}"
        )
    else:
        st.caption("Nothing says of which class they are: they are learnt from all the same.")
    if len(found.sizes) > 1:
        sizes = ", ".join(f"{w} × {h}" for (w, h), _ in found.sizes[:4])
        st.caption(f"Of {found.looked_at} looked at: {len(found.sizes)} sizes, {sizes} and so on.")
    for note in found.notes:
        st.caption(plain(f"{note[:1].upper()}{note[1:]}."))
    if found.unreadable:
        name, reason = found.unreadable[0]
        st.warning(
            plain(
                f"{len(found.unreadable)} of the {found.looked_at} looked at can't be read and will be "
                f"skipped; {name}: {reason}."
            ),
            icon=":material/warning:",
        )


def words_of_bytes(size: int) -> str:
    """A size on disk."""
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{max(size, 1e5) / 1e6:,.1f} MB"


def _start(brought: Brought) -> None:
    try:
        st.session_state[JOB] = image_job.start(brought.path, _options(), brought.folder)
    except (OSError, RefusedError) as error:
        st.session_state["_own_failed"] = str(getattr(error, "strerror", None) or error)


def draw_jobs() -> None:
    """Sets that are being made, whoever started them, and how the one started here ended."""
    if failed := st.session_state.pop("_own_failed", None):
        st.error(plain(f"The set can't be made: {failed}."))
    if st.session_state.get(JOB) is not None or image_job.listed():
        _watch()


@st.fragment(run_every=0.5)
def _watch() -> None:
    own: Path | None = st.session_state.get(JOB)
    at_work = image_job.listed()
    for folder, job in at_work:
        bar, button = st.columns([5, 1], vertical_alignment="center")
        share = job.done / job.total if job.total else 0.0
        text = f"{job.stage}: {job.done:,} of {job.total:,}" if job.total else job.stage
        bar.progress(min(share, 1.0), plain(f"{Path(job.path).name} · {text}"))
        refused = permits.why_not(folder)
        button.button(
            "Stop",
            key=f"own_stop_{folder.name}",
            icon=":material/stop:",
            on_click=permits.attempt,
            args=(_stop, folder),
            disabled=refused is not None,
            help=refused,
        )
    if own is None:
        if not at_work:
            st.rerun()
        return
    try:
        job = image_job.read(own)
    except ValueError:
        _end()
        return
    if job.status == "running":
        return
    # Over: said once on the page as a whole, and its folder goes.
    st.session_state["_own_ended"] = job
    # Refused to somebody who has logged in meanwhile; it goes with a later one's, then.
    with suppress(RefusedError):
        image_job.forget(own)
    _end()


def _stop(folder: Path) -> None:
    try:
        image_job.stop(folder)
    except ValueError:
        return


def _end() -> None:
    st.session_state.pop(JOB, None)
    st.rerun()


def draw_ended(own_sets: list[OwnSet]) -> None:
    """How the last one ended, and the way on."""
    job = st.session_state.get("_own_ended")
    if job is None:
        return
    made = next((own for own in own_sets if own.name == job.name), None)
    if job.status == "failed":
        st.error(plain(f"{Path(job.path).name}: {job.message}."), icon=":material/error:")
    elif job.status == "stopped":
        st.info("Stopped; nothing was kept.")
    elif made is not None:
        st.success(
            plain(
                f"{made.title} is ready: {made.train_size:,} images to train on, {made.test_size:,} to test."
            ),
            icon=":material/check:",
        )
        draw_train_button(made, "own_train_new", primary=True)


def draw_train_button(own: OwnSet, key: str, primary: bool = False) -> None:
    """Opens Train with this set and a network of its size."""
    st.button(
        "Train on them",
        key=key,
        type="primary" if primary else "secondary",
        icon=":material/model_training:",
        on_click=_train,
        args=(own,),
        help="Opens Train with these images and a network that suits their size.",
    )


def _train(own: OwnSet) -> None:
    from aecore.presets import for_images

    st.session_state.pop("_own_ended", None)
    config = for_images(own.shape).with_values({"data.name": own.name})
    settings_form.fill(settings_form.TRAIN, config)
    leave_for(state.TRAIN_PAGE)
