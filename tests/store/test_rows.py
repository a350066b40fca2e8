"""Looks and frames: files that only grow, checked when they are read."""

import json

import numpy as np
import pytest

from aecore import store
from aecore.files import StoreError
from aecore.looks import BINS, FrameHeader, Layer, LookHeader
from aecore.store import names

LAYERS = (Layer("encoder.1", "linear", 8, "relu"), Layer("decoder.0", "linear", 30, "tanh"))
HEADER = LookHeader(LAYERS)
FRAME = FrameHeader(2, (1, 6, 5), 4, 3, 8, (1, 6, 5))


def looks(*places: tuple[int, int]) -> np.ndarray:
    rows = np.zeros(len(places), HEADER.dtype)
    for row, (epoch, step) in zip(rows, places, strict=True):
        row["epoch"], row["step"], row["total"] = epoch, step, 10 * epoch + step
        row["gradient_norm"] = (0.5, np.inf)
        row["dead"] = (0.25, np.nan)
        row["gradients"][:, 3] = row["activations"][:, BINS - 1] = 1
    return rows


def frames(*epochs: int) -> np.ndarray:
    rows = np.zeros(len(epochs), FRAME.dtype)
    rows["epoch"] = epochs
    rows["filters"], rows["filter_scale"] = -127, 0.5
    return rows


def test_what_was_appended_is_read_again(tmp_path):
    assert store.read_looks(tmp_path) is None
    assert store.read_frames(tmp_path) is None
    store.append_looks(tmp_path, HEADER, looks((1, 1), (1, 2)))
    store.append_looks(tmp_path, HEADER, looks((2, 1)))
    history = store.read_looks(tmp_path)
    assert history.layers == LAYERS
    assert history.rows.tobytes() == looks((1, 1), (1, 2), (2, 1)).tobytes()
    assert history.values("gradient_norm").tolist() == [[0.5, np.inf]] * 3
    assert history.epochs == [1, 2]
    assert history.profile("weight_norm", 1).tolist() == [0, 0]
    with pytest.raises(ValueError, match="epoch 3 has no look"):
        history.profile("weight_norm", 3)
    store.append_frames(tmp_path, FRAME, frames(0, 1, 2))
    kept = store.read_frames(tmp_path)
    assert kept.header == FRAME
    assert kept.epochs.tolist() == [0, 1, 2]
    assert (kept.filters(1) == -0.5).all()
    assert kept.filters(1).shape == (8, 1, 6, 5)


@pytest.mark.parametrize("cut", [1, 100])
def test_half_a_row_is_left_out_and_written_over(tmp_path, cut):
    store.append_looks(tmp_path, HEADER, looks((1, 1), (1, 2)))
    file = tmp_path / names.LOOKS
    file.write_bytes(file.read_bytes()[:-cut])
    assert store.read_looks(tmp_path).rows["step"].tolist() == [1]
    store.append_looks(tmp_path, HEADER, looks((1, 2), (1, 3)))
    assert store.read_looks(tmp_path).rows.tobytes() == looks((1, 1), (1, 2), (1, 3)).tobytes()


def test_half_a_header_is_written_over(tmp_path):
    (tmp_path / names.LOOKS).write_bytes(b'{"lay')
    with pytest.raises(StoreError, match="is damaged"):
        store.read_looks(tmp_path)
    store.append_looks(tmp_path, HEADER, looks((1, 1)))
    assert len(store.read_looks(tmp_path)) == 1


def test_what_comes_after_the_saved_state_is_dropped(tmp_path):
    store.append_looks(tmp_path, HEADER, looks((1, 5), (2, 3), (2, 4), (3, 1)))
    store.append_frames(tmp_path, FRAME, frames(0, 1, 2))
    store.truncate_rows(tmp_path, 1, 3)
    rows = store.read_looks(tmp_path).rows
    assert list(zip(rows["epoch"].tolist(), rows["step"].tolist(), strict=True)) == [(1, 5), (2, 3)]
    assert store.read_frames(tmp_path).epochs.tolist() == [0, 1]
    # A training that has saved nothing starts over.
    store.truncate_rows(tmp_path, -1, 0)
    assert len(store.read_looks(tmp_path)) == 0
    assert len(store.read_frames(tmp_path).epochs) == 0


def test_a_training_does_not_fail_for_notes_that_can_not_be_read(tmp_path):
    (tmp_path / names.LOOKS).write_bytes(b"\x80\x04pickle")
    store.truncate_rows(tmp_path, 3, 0)
    assert store.read_looks(tmp_path) is None


DAMAGED = {
    "no header": b"\x00" * 50,
    "empty": b"",
    "another header": json.dumps({"layers": 3}).encode() + b"\n",
    "another version's bins": json.dumps(HEADER.to_dict() | {"bins": 7}).encode() + b"\n",
    "no layers": json.dumps({"layers": []}).encode() + b"\n",
    "deep JSON": b"[" * 100_000 + b"\n",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_refused_in_one_sentence(tmp_path, content):
    for file, read in ((names.LOOKS, store.read_looks), (names.FRAMES, store.read_frames)):
        (tmp_path / file).write_bytes(content)
        with pytest.raises(StoreError, match="is damaged") as caught:
            read(tmp_path)
        assert "\n" not in str(caught.value)


def test_rows_out_of_order_or_without_whole_histograms_are_refused(tmp_path):
    store.append_looks(tmp_path, HEADER, looks((1, 2), (1, 1)))
    with pytest.raises(StoreError, match="order of their steps"):
        store.read_looks(tmp_path)
    (tmp_path / names.LOOKS).unlink()
    rows = looks((1, 1))
    rows["gradients"] = 0
    store.append_looks(tmp_path, HEADER, rows)
    with pytest.raises(StoreError, match="do not add up"):
        store.read_looks(tmp_path)


@pytest.mark.parametrize("values", [{"pictures": 0}, {"shape": (1, 6)}, {"latent_size": 10**9}])
def test_a_frames_sizes_are_bounded(values):
    with pytest.raises(ValueError, match="a frame's sizes are whole numbers"):
        FrameHeader(**(FRAME.to_dict() | {"shape": (1, 6, 5), "filter_shape": (1, 6, 5)} | values))
