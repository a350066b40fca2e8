"""The planes that a map can be drawn on, and what each can say of other points and of empty places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.look.codes import tsne_job
from pages.look.codes.material import Points, code_pca
from pages.shared.plain import plain

if TYPE_CHECKING:
    from aecore.analysis.tsne import TsneMap

PCA, TSNE, UNITS = "PCA", "t-SNE", "Units"
KINDS = (PCA, TSNE, UNITS)


@dataclass(frozen=True)
class Plane:
    """Where each point lies, and how others get there."""

    name: str
    """Unique among the planes of a run's points."""
    points: np.ndarray
    """float32, N x 2."""
    axes: tuple[str, str]
    place: Callable[[Points, bool], np.ndarray]
    """Places M x 2 of other points; the flag says that they are the same images by another run.

    ValueError in one sentence where that can't be done.
    """
    code_at: Callable[[tuple[float, float]], np.ndarray] | None = None
    """Code, 1 x latent_size, of a place; None where a place has none."""
    measured: bool = True
    """Whether distances along the axes mean something, so that ticks do."""


def pca_plane(key: str, points: Points, across: int, up: int) -> Plane:
    """Two principal components of the codes, numbered from 1."""
    pca = code_pca(key)
    chosen = [across - 1, up - 1]

    def place(other: Points, same_images: bool) -> np.ndarray:
        _check_size(points, other)
        return pca.transform(other.codes)[:, chosen]

    def code_at(place: tuple[float, float]) -> np.ndarray:
        # The other components at their mean. On a diagonal, with one component twice, the first counts.
        ends = (chosen, place) if across != up else (chosen[:1], place[:1])
        return pca.inverse(np.array([ends[1]], dtype=np.float32), ends[0])

    shares = pca.explained_variance_ratio
    axes = tuple(f"component {c + 1} ({shares[c]:.1%} of the variance)" for c in chosen)
    return Plane(f"pca {across} {up}", pca.transform(points.codes)[:, chosen], axes, place, code_at)


def unit_plane(points: Points, across: int, up: int) -> Plane:
    """Unit against unit; a place of it is a code where there are no other units."""
    chosen = [across, up]

    def place(other: Points, same_images: bool) -> np.ndarray:
        _check_size(points, other)
        return other.codes[:, chosen]

    def code_at(place: tuple[float, float]) -> np.ndarray:
        code = np.empty((1, 2), dtype=np.float32)
        code[0, chosen] = place
        return code

    whole = points.codes.shape[1] == 2 and across != up
    axes = (f"unit {across}", f"unit {up}")
    return Plane(f"units {across} {up}", points.codes[:, chosen], axes, place, code_at if whole else None)


def tsne_plane(name: str, found: TsneMap) -> Plane:
    """A t-SNE map, whole or stopped."""

    def place(other: Points, same_images: bool) -> np.ndarray:
        return _placed(
            f"{name} {found.iterations}", tsne_job.checksum(other.codes), same_images, found, other
        )

    return Plane(f"{name} {found.iterations}", found.embedding, ("", ""), place, measured=False)


@st.cache_resource(max_entries=12, show_spinner="Placing the points into the map")
def _placed(name: str, codes: str, same_images: bool, _found: TsneMap, _other: Points) -> np.ndarray:
    return _found.transform_same_images(_other.codes) if same_images else _found.transform(_other.codes)


def _check_size(points: Points, other: Points) -> None:
    if other.codes.shape[1] != points.codes.shape[1]:
        raise ValueError(
            f"Its code has {other.codes.shape[1]} units, this one {points.codes.shape[1]}: the two have no "
            "plane in common. A t-SNE map can hold both, by which images are neighbours."
        )


def wait_for_tsne(points: Points, perplexity: float, seed: int) -> TsneMap | None:
    """The map; while there is none, the button that makes it, or its progress with a way to stop it."""
    name = tsne_job.job_name(points.codes, perplexity, seed)
    found, job = tsne_job.finished_map(name), tsne_job.find(name)
    if job is not None and job.running and job.result is None:
        _progress(name)
        return None
    if found is not None and not found.stopped:
        return found
    if job is not None and job.problem:
        st.warning(plain(job.problem))
        return None
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.button(
            "Make the map" if found is None else "Make the whole map",
            type="primary" if found is None else "secondary",
            key="codes_tsne_begin",
            on_click=tsne_job.begin,
            args=(points.codes, perplexity, seed),
        )
        if found is None:
            st.caption(
                f"t-SNE of {len(points):,} codes takes about {6 * len(points) / 1000:.0f} s on two cores; it "
                "runs beside the pages, can be stopped, and is kept for these settings."
            )
        else:
            st.caption(f"Stopped at iteration {found.iterations}: clusters may not have come apart yet.")
    return found


@st.fragment(run_every=0.5)
def _progress(name: str) -> None:
    job = tsne_job.find(name)
    if job is None or not job.running:
        st.rerun()
    if job.iteration:
        text = f"t-SNE · iteration {job.iteration} of {job.total}"
    else:
        text = "t-SNE · finding each code's neighbours"
    st.progress(job.iteration / job.total, text)
    st.button(
        "Stopping" if job.stopping else "Stop and keep",
        key="codes_tsne_stop",
        on_click=job.stop,
        disabled=job.stopping,
    )
