"""The scrubber's pictures, made of what a run kept of every epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import streamlit as st

from aecore import store
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


class Kept(NamedTuple):
    """What a run kept of its epochs."""

    info: RunInfo
    frames: Frames
    history: Sequence[EpochRecord]


def choose_part(runs: Sequence[Kept]) -> tuple[int, int] | None:
    """First and last epoch that are shown where all epochs would be too much to send; None where all are."""
    count = max(2, MOST // sum(run.frames.header.dtype.itemsize for run in runs))
    epochs = sorted({int(epoch) for run in runs for epoch in run.frames.epochs})
    parts = {epochs[i]: epochs[min(i + count, len(epochs)) - 1] for i in range(0, len(epochs), count)}
    if len(parts) == 1:
        return None
    first = st.selectbox(
        "Epochs",
        list(parts),
        format_func=lambda first: f"{first} to {parts[first]}",
        key="training_part",
        width=240,
    )
    return first, parts[first]


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


def scaled_filters(frames: Frames) -> tuple[np.ndarray, np.ndarray]:
    """First-layer weights, mean over channels: int8 epochs x filters x H x W, in parts of 127 of their scale,
    and the scale, the largest absolute weight of each, float32 epochs x filters."""
    scale = np.nan_to_num(frames.rows["filter_scale"].astype(np.float32)) / 127
    values = frames.rows["filters"].astype(np.float32).mean(2) * scale[:, :, None, None]
    largest = np.abs(values).max((2, 3))
    return (127 * values / np.maximum(largest, 1e-30)[:, :, None, None]).round().astype(np.int8), largest


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


def shown_epochs(run: Kept, part: tuple[int, int] | None) -> tuple[Epochs, float] | None:
    """A run as the scrubber takes it, and the share of the codes' variance in their plane; None where it has
    no epoch in that part."""
    from aecore.analysis.probe import probe_index
    from aecore.data import to_uint8, unit_range

    info, frames = run.info, run.frames
    data, header = images_behind(info, frames), frames.header
    plane, share = code_plane(frames)
    originals = labels = None
    if data is not None:
        index = probe_index(data, header.pictures)
        originals = to_uint8(unit_range(data.test_images[index]).numpy())
        followed = data.test_labels[: header.codes - header.pictures]
        labels = np.concatenate([data.test_labels[index].numpy(), followed.numpy()])
    start, end = (0, len(frames.rows))
    if part is not None:
        start, end = np.searchsorted(frames.epochs, (part[0], part[1] + 1)).tolist()
    if start == end:
        return None
    rows = slice(start, end)
    filters, scale = scaled_filters(frames)
    shown = Epochs(
        # A resumed training writes its history anew, and what came after it again.
        identity=f"{info.key} {store.history_file(info.path)} {rows.start}",
        name=info.name,
        epochs=frames.epochs[rows].tolist(),
        reconstructions=frames.rows["reconstructions"][rows],
        originals=originals,
        plane=plane[rows],
        labels=labels,
        filters=filters[rows],
        filter_scale=scale[rows],
        curves={name: values[rows] for name, values in curves(frames, run.history).items()},
    )
    return shown, share


def draw_epochs(runs: Sequence[Kept]) -> None:
    """The scrubber over all kept epochs, with what its parts show."""
    part = choose_part(runs)
    found = [shown for run in runs if (shown := shown_epochs(run, part)) is not None]
    epoch_scrubber([shown for shown, _ in found], key="training_epochs")
    shares = " and ".join(f"{share:.0%}" for _, share in found)
    codes = max(shown.plane.shape[1] for shown, _ in found)
    each = "each run's last epoch" if len(found) > 1 else "the last epoch"
    st.caption(
        f"Epoch 0 shows the initial weights. Codes of {codes} test images are drawn in the plane of the "
        f"first two principal components of {each}'s codes ({shares} of their variance), the same at every "
        "epoch. Weights: red above zero, blue below, each unit on a scale of its own, which stays the same."
        + (" The curves share their scales; codes and weights of two runs do not." if len(found) > 1 else "")
    )
