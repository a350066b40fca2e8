"""The planes that a map can be drawn on, and what each can say of other points and of empty places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from aecore.web.code_map.frames import centred
from pages.components.code_map import code_map_frames
from pages.look.codes import tsne_job
from pages.look.codes.material import Points
from pages.shared import loading
from pages.shared.plain import plain
from pages.shared.words import duration, time_left

if TYPE_CHECKING:
    from aecore.analysis.tsne import TsneMap

PCA, TSNE, UNITS = "PCA", "t-SNE", "Units"
KINDS = (PCA, TSNE, UNITS)
POLL = 0.5
"""Seconds between two looks at a map that is forming."""
SECONDS_A_CODE = 0.006
"""That the map of a code takes, of many as of few."""
FRAMES = 8
"""Frames of it that are sent at once, at most."""


@dataclass(frozen=True)
class Plane:
    """Where each point lies, and how others get there."""

    name: str
    """Unique among the planes of a run's points."""
    title: str
    """What a saved table says of it."""
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
    flow: str | None = None
    """What moves the points, see `map_data`."""
    forming: bool = False
    """Whether these are places on the way to a map that is not there yet."""


def pca_plane(key: str, points: Points, across: int, up: int) -> Plane:
    """Two principal components of the codes, numbered from 1."""
    pca = loading.code_pca(key)
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
    title = f"PCA of the codes, components {across} and {up}"
    return Plane(f"pca {across} {up}", title, pca.transform(points.codes)[:, chosen], axes, place, code_at)


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
    name, title = f"units {across} {up}", f"units {across} and {up} of the code"
    return Plane(name, title, points.codes[:, chosen], axes, place, code_at if whole else None)


def tsne_plane(name: str, title: str, found: TsneMap, flow: str | None = None) -> Plane:
    """A t-SNE map, whole or stopped."""

    def place(other: Points, same_images: bool) -> np.ndarray:
        return _placed(name, tsne_job.checksum(other.codes), same_images, found, other)

    title = f"{title}, {found.iterations} iterations"
    name = f"{name} {found.iterations}"
    return Plane(name, title, found.embedding, ("", ""), place, measured=False, flow=flow)


@st.cache_resource(max_entries=12, show_spinner="Placing the points into the map")
def _placed(name: str, codes: str, same_images: bool, _found: TsneMap, _other: Points) -> np.ndarray:
    return _found.transform_same_images(_other.codes) if same_images else _found.transform(_other.codes)


def _check_size(points: Points, other: Points) -> None:
    if other.codes.shape[1] != points.codes.shape[1]:
        raise ValueError(
            f"Its code has {other.codes.shape[1]} units, this one {points.codes.shape[1]}: the two have no "
            "plane in common. A t-SNE map can hold both, by which images are neighbours."
        )


def draw_tsne(points: Points, perplexity: float, seed: int) -> Plane:
    """The t-SNE plane as far as there is one, below what can be done about it: make it, watch it, stop it."""
    name = tsne_job.job_name(points.codes, perplexity, seed)
    title = f"t-SNE of the codes, perplexity {perplexity:g}, seed {seed}"
    found, job = tsne_job.finished_map(name), tsne_job.find(name)
    flow = None if job is None else job.flow
    if job is not None and job.running and job.result is None:
        _draw_forming(name)
        return _first_plane(name, title, points, seed, flow)
    if job is not None and job.problem:
        st.warning(plain(job.problem))
        return _first_plane(name, title, points, seed, flow)
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="medium"):
        if found is None or found.stopped:
            st.button(
                "Make the map" if found is None else "Make the whole map",
                type="primary" if found is None else "secondary",
                key="codes_tsne_begin",
                on_click=tsne_job.begin,
                args=(points.codes, perplexity, seed),
            )
        st.caption(_words(found, len(points)))
    if found is None:
        return _first_plane(name, title, points, seed, flow)
    return tsne_plane(name, title, found, flow)


def _words(found: TsneMap | None, count: int) -> str:
    if found is None:
        return (
            "From the codes' first two principal components, which are shown: about "
            f"{duration(SECONDS_A_CODE * count)} for {count:,} codes on two cores, and it can be stopped."
        )
    if not found.stopped:
        return f"Formed in {found.iterations} iterations; KL divergence {found.kl_divergence:.3f}."
    if not found.iterations:
        return "Stopped before the first iteration: these are the codes' first two principal components."
    return f"Stopped at iteration {found.iterations}: clusters may not have come apart yet."


def _first_plane(name: str, title: str, points: Points, seed: int, flow: str | None) -> Plane:
    """Where t-SNE starts from, moved by the frames of `flow` where it has begun."""

    def place(other: Points, same_images: bool) -> np.ndarray:
        raise ValueError("These points are placed once the map has formed.")

    places = _first_places(name, points, seed)
    name, title = f"{name} 0", f"{title}, not finished"
    return Plane(name, title, places, ("", ""), place, measured=False, flow=flow, forming=True)


@st.cache_resource(max_entries=6, show_spinner=False)
def _first_places(name: str, _points: Points, seed: int) -> np.ndarray:
    from aecore.analysis.tsne import first_plane

    return centred(first_plane(_points.codes, seed))


@st.fragment(run_every=POLL)
def _draw_forming(name: str) -> None:
    """How far it is, the stop, and the frames since the last look at it."""
    job = tsne_job.find(name)
    if job is None or not job.running:
        st.rerun()
    if job.iteration:
        text = f"t-SNE · iteration {job.iteration} of {job.total} · {time_left(job.seconds_left)}"
    else:
        text = "t-SNE · finding each code's neighbours"
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.progress(job.iteration / job.total, text)
        st.button(
            "Stopping" if job.stopping else "Stop and keep",
            key="codes_tsne_stop",
            on_click=job.stop,
            disabled=job.stopping,
        )
    _send_frames(job)


def _send_frames(job: tsne_job.TsneJob) -> None:
    """The frames since the last look; what was sent stays sent, since a component must not go and come."""
    flow, sent = st.session_state.get(_SENT, ("", []))
    if flow != job.flow:
        # Who comes later begins with the latest.
        sent = job.frames[-1:]
    elif new := [frame for frame in job.frames if not sent or frame.iteration > sent[-1].iteration]:
        few = np.linspace(0, len(new) - 1, min(FRAMES, len(new))).round().astype(int)
        sent = [new[i] for i in few]
    st.session_state[_SENT] = (job.flow, sent)
    if sent:
        code_map_frames(job.flow, sent, POLL, key="codes_map-frames")


_SENT = "_codes_tsne_sent"
