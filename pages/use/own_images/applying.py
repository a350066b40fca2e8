"""The chosen run applied to images that it has never seen: those it rebuilds worst, and a table of codes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from aecore import places
from pages.shared import images, loading, state
from pages.shared.plain import plain
from pages.use.own_images.making import FITS
from pages.use.own_images.source import Brought, opened

if TYPE_CHECKING:
    from aecore.analysis.encoding import Encoded
    from aecore.store.run import Run

AT_MOST = 20_000
"""Images that a page encodes; more are for the command line."""


@st.cache_resource(max_entries=4, show_spinner=False)
def encoded(key: str, stamp: int, path: Path, changed: tuple[int, int], fit: str) -> Encoded:
    """What the run makes of the images; ValueError in one sentence."""
    from aecore.analysis.encoding import encode_source

    bar = st.progress(0.0, "Encoding")
    try:
        return encode_source(
            loading.load_run(key),
            opened(path, changed),
            fit,  # type: ignore[arg-type]
            lambda done, total: bar.progress(done / total, f"Encoded {done:,} of {total:,}"),
        )
    finally:
        bar.empty()


def draw(brought: Brought) -> None:
    """The images, largest error first, beside the run's own test images' errors, and the tables to save."""
    from aecore import store
    from aecore.analysis.encoding import skipped_file

    key = state.chosen_key()
    if key is None:
        st.info("There is no trained model yet: train one, and it can be applied here.")
        st.page_link(state.TRAIN_PAGE, label="Train a model", icon=":material/model_training:")
        return
    fit = st.segmented_control(
        "Where proportions differ",
        tuple(FITS),
        default="crop",
        format_func=FITS.get,
        required=True,
        key="own_apply_fit",
    )
    try:
        run = loading.load_run(key)
        source = opened(brought.path, brought.stamp)
        if len(source.names) > AT_MOST:
            st.info(
                f"{len(source.names):,} images are many for a page, which takes up to {AT_MOST:,}: run "
                f"`{places.command()} encode RUN PATH --out codes.parquet`."
            )
            return
        found = encoded(key, store.weights_stamp(key), brought.path, brought.stamp, fit)
    except ValueError as error:
        st.error(plain(f"{str(error)[:1].upper()}{str(error)[1:]}."), icon=":material/error:")
        return
    channels, height, width = run.shape
    st.markdown(
        f"**{len(found.names):,} images**, each brought to {width} × {height} pixels in "
        f"{'colour' if channels == 3 else 'grey'}, as {plain(run.name)} takes them. Squared error per image "
        f"{found.errors.mean():.2f}{_beside(key)}."
    )
    _draw_outliers(run, found)
    _draw_downloads(run.path.name, found)
    if found.skipped:
        name, reason = found.skipped[0]
        st.warning(
            plain(f"{len(found.skipped):,} could not be read; {name}: {reason}."), icon=":material/warning:"
        )
        st.download_button(
            f"{len(found.skipped):,} skipped",
            lambda: skipped_file(found),
            f"{run.path.name}-skipped.csv",
            "text/csv",
            key="own_apply_skipped",
            icon=":material/download:",
            on_click="ignore",
            help="The images that could not be read, and why.",
        )


def _beside(key: str) -> str:
    """The run's error on its own test images, where they are here."""
    try:
        own = float(loading.test_squared_errors(key).double().mean())
    except ValueError:
        return ""
    return f", where its own test images have {own:.2f}"


def _draw_outliers(run: Run, found: Encoded) -> None:
    """Largest errors first: what the run has not learnt to rebuild."""
    worst = found.outliers[: len(found.worst)]
    rebuilt = run.decode(found.codes[worst]).numpy()
    st.subheader("Largest errors first", anchor=False)
    figures = [
        images.Figure(
            [images.to_rgb(seen), images.to_rgb(picture)],
            f"{found.errors[i]:.1f} · {found.names[i]}",
            alt=f"{found.names[i]} and its reconstruction, squared error {found.errors[i]:.1f}",
        )
        for i, seen, picture in zip(worst, found.worst, rebuilt, strict=True)
    ]
    images.draw_wall(figures, width=64)
    st.caption(
        "Each image as the network sees it, its reconstruction, the squared error and the file's name."
    )


def _draw_downloads(name: str, found: Encoded) -> None:
    from aecore.export.tables import CODES, encoded_file

    with st.container(horizontal=True):
        for suffix in CODES:
            st.download_button(
                f"Codes as {suffix[1:].upper() if suffix != '.parquet' else 'Parquet'}",
                lambda suffix=suffix: encoded_file(found, suffix),
                f"{name}-codes{suffix}",
                key=f"own_save_{suffix[1:]}",
                icon=":material/download:",
                on_click="ignore",
                help="A row an image: name, class, squared error and code.",
            )
