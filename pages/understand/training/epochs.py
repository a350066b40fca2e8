"""The scrubber's pictures, made of what a run kept of every epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.components.scrubber import Epochs, epoch_scrubber
from pages.shared import loading
from pages.shared.plain import plain

if TYPE_CHECKING:
    from aecore.data import ImageData
    from aecore.looks import Frames
    from aecore.results import EpochRecord
    from aecore.store import RunInfo

MOST = 16_000_000
"""Bytes that are sent to the browser at once; a longer training is shown in parts."""


def choose_part(frames: Frames) -> slice:
    """Which rows are shown: all, or a part of as many as may be sent."""
    count = max(2, MOST // frames.header.dtype.itemsize)
    starts = range(0, len(frames.rows), count)
    if len(starts) == 1:
        return slice(None)

    def name(start: int) -> str:
        return f"{frames.epochs[start]} to {frames.epochs[min(start + count, len(frames.rows)) - 1]}"

    start = st.selectbox("Epochs", starts, format_func=name, key="training_part", width=240)
    return slice(start, start + count)


def code_plane(frames: Frames) -> tuple[np.ndarray, float]:
    """All epochs' codes in the plane of the last epoch's first two principal components.

    epochs x codes x 2 in float32, and the share of the last epoch's variance in that plane; with one unit
    the second coordinate is 0.
    """
    from aecore.analysis.projection import fit_pca

    codes = np.nan_to_num(frames.rows["codes"].astype(np.float32))
    fitted = fit_pca(codes[-1])
    plane = np.zeros((*codes.shape[:2], 2), np.float32)
    axes = min(2, len(fitted))
    scores = fitted.transform(codes.reshape(-1, codes.shape[-1]), axes)
    plane[..., :axes] = scores.reshape(*codes.shape[:2], axes)
    return plane, float(fitted.explained_variance_ratio[:axes].sum())


def scaled_filters(frames: Frames) -> np.ndarray:
    """First-layer weights as int8, epochs x filters x H x W, mean over channels.

    Each unit is on a scale of its own that is the same at all epochs: its largest weight of all is 127.
    """
    scale = np.nan_to_num(frames.rows["filter_scale"].astype(np.float32))
    values = frames.rows["filters"].astype(np.float32).mean(2) * scale[:, :, None, None]
    limit = np.maximum(np.abs(values).max((0, 2, 3), keepdims=True), 1e-30)
    return (127 * values / limit).round().astype(np.int8)


def curves(frames: Frames, history: Sequence[EpochRecord]) -> dict[str, list[float | None]]:
    """Squared errors at the frames' epochs by name; None where an epoch has none, as before the first."""
    by_epoch = {record.epoch: record for record in history}
    found = {}
    for name in ("validation", "train"):
        values = []
        for epoch in frames.epochs.tolist():
            figures = getattr(by_epoch[epoch], name) if epoch in by_epoch else {}
            value = figures.get("squared_error")
            values.append(value if value is not None and np.isfinite(value) else None)
        if any(value is not None for value in values):
            found[{"train": "training"}.get(name, name)] = values
    return found


def images_behind(info: RunInfo, frames: Frames) -> ImageData | None:
    """The data set whose test images were followed; None, with the reason, where it is not the same here."""
    try:
        data = loading.load_data(info.config.data.name)
    except ValueError as error:
        st.caption(f"The originals can't be shown beside the reconstructions: {plain(error)}")
        return None
    header = frames.header
    if data.shape != header.shape or len(data.test_images) < header.codes - header.pictures:
        st.caption("The originals can't be shown: the images on this machine are of another size or number.")
        return None
    return data


def draw_epochs(info: RunInfo, frames: Frames, history: Sequence[EpochRecord]) -> None:
    """The scrubber over all kept epochs, with what its parts show."""
    from aecore.analysis.probe import probe_index
    from aecore.data import to_uint8, unit_range

    data, header = images_behind(info, frames), frames.header
    part = choose_part(frames)
    plane, share = code_plane(frames)
    originals = labels = None
    if data is not None:
        index = probe_index(data, header.pictures)
        originals = to_uint8(unit_range(data.test_images[index]).numpy())
        followed = data.test_labels[: header.codes - header.pictures]
        labels = np.concatenate([data.test_labels[index].numpy(), followed.numpy()])
    epoch_scrubber(
        Epochs(
            epochs=frames.epochs[part].tolist(),
            reconstructions=frames.rows["reconstructions"][part],
            originals=originals,
            plane=plane[part],
            labels=labels,
            filters=scaled_filters(frames)[part],
            curves={name: values[part] for name, values in curves(frames, history).items()},
        ),
        key="training_epochs",
    )
    st.caption(
        f"Epoch 0 shows the initial weights. Codes of {header.codes} test images are drawn in the plane of "
        f"the first two principal components of the last epoch's codes ({share:.0%} of their variance), the "
        "same at every epoch. Weights: red above zero, blue below, each unit on a scale of its own, the "
        "same at every epoch."
    )
