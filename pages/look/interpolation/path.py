"""Path: two images, what lies between them, and the pixel cross-fade of the same two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from aecore.web.decoder.payload import scrubber_data
from pages.components.decoder import scrubber
from pages.look.interpolation.common import STEPS, encode, save
from pages.shared import layout, loading
from pages.shared.picker import first_images, pick_image

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from aecore.data import ImageData
    from aecore.store.run import Run

PLACES = 9
"""Places between the ends that are compared with real images."""

ENDS = {"a": "Start", "c": "Middle", "b": "End"}
"""What the images that the path leads through are called, by the letter of their keys."""

PATH_HELP = (
    "Straight: (1 - t) start + t end. Beyond the ends: the same from t = -0.5 to 1.5. Through a third: from "
    "the start to the middle to the end, each half of the way. Spherical, which keeps the code's length, is "
    "offered where the loss holds a Gaussian prior of the code: that of a variational network, or an L2 "
    "penalty on the code."
)


def draw(run: Run, key: str, data: ImageData, row: DeltaGenerator) -> None:
    """Two images, what lies between them, and their pixel cross-fade; `row` takes the control."""
    from aecore.analysis import latent

    with row:
        kind = _path_kind(run)
    defaults = first_images(data)
    places_of = ["a", "b"] if latent.PATHS[kind].ends == 2 else ["a", "c", "b"]
    names = [ENDS[place] for place in places_of]
    with st.container(key="interpolation_columns"):  # places.css keeps the picture's place on a phone
        left, right = layout.picture_and_figures()
    with right:
        picked = [
            pick_image(f"image_{place}", f"{ENDS[place]} image", data, defaults["abc".index(place)])
            for place in places_of
        ]
    pictures, codes = encode(run, picked)
    t, places = latent.path(kind, codes, STEPS)
    frames = run.decode(places).numpy()
    fade = latent.cross_fade(pictures, t)
    neighbors, _, band = loading.code_neighbors(key)
    curve, _ = neighbors.remoteness(places)
    with left:
        scrubber(
            scrubber_data(
                frames,
                fade,
                latent.PATHS[kind].span,
                names=("Decoded", "Pixel cross-fade"),
                ticks=[(i / (len(names) - 1), name) for i, name in enumerate(names)],
                curve=curve,
                band=band,
                legend=latent.distance_legend(band),
            ),
            key="interpolation_scrubber",
        )
    with right:
        _path_numbers(data, curve, band, frames, fade, pictures)
    if (codes == codes[0]).all():
        st.caption("All ends have the same code, so nothing changes on the way: choose another image.")
    else:
        st.caption(meaning(t, curve, band))
    save(t, places, frames, fade, "t")


def _path_kind(run: Run) -> str:
    from aecore.analysis import latent

    kinds = latent.path_kinds(run.config)
    if st.session_state.get("interpolation_path", kinds[0]) not in kinds:
        st.session_state["interpolation_path"] = kinds[0]
    chosen = st.segmented_control(
        "Path",
        kinds,
        default=None if "interpolation_path" in st.session_state else kinds[0],
        required=True,
        format_func=lambda kind: latent.PATHS[kind].label,
        key="interpolation_path",
        bind="query-params",
        help=PATH_HELP,
        width="content",
    )
    # Opened again from another page, the widget may have forgotten what the session still knows.
    return chosen or kinds[0]


def _path_numbers(
    data: ImageData,
    curve: np.ndarray,
    band: tuple[float, float],
    frames: np.ndarray,
    fade: np.ndarray,
    ends: np.ndarray,
) -> None:
    st.metric(
        "Farthest from the data",
        f"{curve.max():.2f}",
        help="Largest distance on the path to the nearest training code, as a multiple of the usual distance "
        f"between nearest neighbours; 95 % of test images lie within {band[1]:.2f}.",
    )
    st.caption(f"times the usual distance between neighbours (test images: up to {band[1]:.2f})")
    inner = np.linspace(0, len(frames) - 1, PLACES + 2).round().astype(int)[1:-1]
    pictures = np.concatenate([frames[inner], fade[inner], ends])
    errors = _errors_to_nearest(data.name, data.checksum, pictures)
    decoded, faded, themselves = (e.mean() for e in np.split(errors, [PLACES, 2 * PLACES]))
    st.metric(
        "Error to the nearest image",
        f"{decoded:.1f}",
        help="Squared error between a picture and the training image nearest to it in pixels, mean of "
        f"{PLACES} places on the path. Blur is near to much: below the ends' own is no merit.",
    )
    st.caption(
        f"squared error on the way (cross-fade {faded:.1f}, the ends themselves {themselves:.1f}; lower is "
        "nearer)"
    )


@st.cache_data(max_entries=64, show_spinner=False)
def _errors_to_nearest(name: str, checksum: int, pictures: np.ndarray) -> np.ndarray:
    """Squared error of each of some pictures to the training image nearest to it."""
    from aecore.analysis.latent import nearest_images

    data = loading.load_data(name)
    return nearest_images(pictures, data.train_images, data.known)[0]


def meaning(t: np.ndarray, curve: np.ndarray, band: tuple[float, float]) -> str:
    """How much of the path is farther from the data than images usually are."""
    from aecore.analysis.latent import stretches

    out = stretches(t, curve > band[1])
    what = "farther from its nearest training code than 95 % of test images are"
    if not out:
        return f"No place on the path is {what}."
    share = (curve > band[1]).mean()
    places = [f"from {a:.2f} to {b:.2f}" if a < b else f"at {a:.2f}" for a, b in out]
    where = " and ".join(places) if len(places) <= 2 else f"in {len(places)} stretches"
    return f"{share:.0%} of the path, {where}, is {what}."
