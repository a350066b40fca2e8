"""Event files, read back by TensorBoard's own reader."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
import torch
from google.protobuf import text_format
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

from aecore import data as datasets
from aecore import store
from aecore.analysis.probe import probe_index
from aecore.export import tensorboard
from aecore.store import names
from tests.conftest import ROOT

RUN = ROOT / "checkpoints" / "digits-post-12-s0-f3512007"
GRID = ROOT / "checkpoints" / "grid-digits-loss"


@pytest.fixture(scope="module")
def of_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    shares: list[float] = []
    note = tensorboard.write(RUN, folder, shares.append)
    assert note == "360 test images"
    assert shares == sorted(shares)
    assert shares[-1] == 1
    return folder


def events(folder) -> EventAccumulator:
    return EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0, "tensors": 0}).Reload()


def test_the_curves_are_the_history(of_run):
    found = events(of_run)
    lines = [json.loads(line) for line in (RUN / names.HISTORY).read_text().splitlines()]
    tags = {f"{term}/{part}": (part, term) for part in ("train", "validation") for term in lines[0][part]}
    rest = {f"training/{n}" for n in ("learning_rate", "images_per_second", "seconds")}
    assert set(found.Tags()["scalars"]) == set(tags) | rest
    for tag, (part, term) in tags.items():
        values = {event.step: event.value for event in found.Scalars(tag)}
        assert values == {line["epoch"]: np.float32(line[part][term]) for line in lines}
    rates = [event.value for event in found.Scalars("training/learning_rate")]
    assert rates == [np.float32(line["learning_rate"]) for line in lines]


def test_pictures_show_originals_above_what_became_of_them(of_run):
    (tag,) = events(of_run).Tags()["images"]
    assert tag == "original, network, PCA"
    pictures = events(of_run).Images(tag)
    frames = store.read_frames(RUN)
    assert len(pictures) == tensorboard.PICTURES
    assert (pictures[0].step, pictures[-1].step) == (0, 60)
    digits = datasets.load("digits")
    originals = np.concatenate(list(digits.test_images[probe_index(digits)][:, 0].numpy()), axis=1)
    last = np.concatenate(list(frames.rows[-1]["reconstructions"][:, 0]), axis=1)
    shown = np.asarray(Image.open(io.BytesIO(pictures[-1].encoded_image_string)))[::4, ::4, 0]
    assert shown.shape == (24, 80)
    np.testing.assert_array_equal(shown[:8], originals)
    np.testing.assert_array_equal(shown[8:16], last)


def test_the_projector_has_codes_classes_and_thumbnails(of_run):
    config = text_format.Parse((of_run / "projector_config.pbtxt").read_text(), ProjectorConfig())
    (embedding,) = config.embeddings
    digits, run = datasets.load("digits"), store.load_run(RUN)
    codes = np.loadtxt(of_run / embedding.tensor_path, delimiter="\t", dtype=np.float32)
    np.testing.assert_allclose(codes, run.encode(digits.test_images).numpy(), rtol=1e-6)
    header, *rows = (of_run / embedding.metadata_path).read_text().splitlines()
    assert header == "class\tindex\tsquared_error"
    assert [row.split("\t")[0] for row in rows] == [digits.class_names[i] for i in digits.test_labels]
    sprite = Image.open(of_run / embedding.sprite.image_path)
    assert list(embedding.sprite.single_image_dim) == [8, 8]
    assert sprite.size == (19 * 8, 19 * 8)  # 19 x 19 places for 360
    first = np.asarray(sprite)[:8, 8:16, 0]
    np.testing.assert_allclose(first, digits.test_images[1, 0], atol=1)


def test_the_sprite_never_exceeds_what_the_projector_takes():
    assert len(tensorboard.sampled(10_000, 28)) == 10_000
    assert len(tensorboard.sampled(20_000, 28)) == tensorboard.POINTS
    chosen = tensorboard.sampled(5_000, 256)
    assert len(chosen) == len(set(chosen.tolist())) == 32 * 32
    assert tensorboard.SPRITE == 32 * 256
    assert (np.diff(chosen) > 0).all()
    assert chosen.max() < 5_000


def test_a_sample_is_called_one(monkeypatch, tmp_path):
    monkeypatch.setattr(tensorboard, "POINTS", 50)
    assert tensorboard.write(RUN, tmp_path) == "sampled 50 of 360 test images"
    index = [
        int(row.split("\t")[1]) for row in next(tmp_path.rglob("metadata.tsv")).read_text().splitlines()[1:]
    ]
    codes = np.loadtxt(next(tmp_path.rglob("tensors.tsv")), delimiter="\t", dtype=np.float32)
    expected = store.load_run(RUN).encode(datasets.load("digits").test_images[torch.tensor(index)])
    np.testing.assert_allclose(codes, expected, rtol=1e-6)


def test_without_the_data_set_there_are_the_curves_and_a_sentence(monkeypatch, tmp_path):
    def gone(name):
        raise datasets.DataNotFoundError("the images are not here")

    monkeypatch.setattr(datasets, "load", gone)
    assert tensorboard.write(RUN, tmp_path) == "without pictures and codes: the images are not here"
    tags = events(tmp_path).Tags()
    assert len(tags["scalars"]) == 9
    assert tags["images"] == []


def test_a_grid_has_a_folder_a_member_with_its_settings(tmp_path):
    info = store.read_grid(GRID)
    assert tensorboard.write(GRID, tmp_path) == "9 members"
    assert len(list(tmp_path.iterdir())) == 9
    for k, row in enumerate(info.members()):
        found = events(tmp_path / tensorboard.member_folder(info, k))
        history = store.read_history(info.member_path(k))
        values = [event.value for event in found.Scalars("squared_error/validation")]
        assert values == [np.float32(record.validation["squared_error"]) for record in history]
        (figure,) = found.Scalars("figures/test_squared_error")
        assert figure.value == np.float32(row.result.test.squared_error)
        start = found.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
        settings = plugin_data_pb2.HParamsPluginData.FromString(start).session_start_info.hparams
        assert settings["loss.reconstruction"].string_value == row.axes["loss.reconstruction"]
        assert settings["train.seed"].number_value == row.axes["train.seed"]
        assert found.Tags()["images"] == ["original, network, PCA"]


def test_texts_of_strangers_are_cells_and_folders():
    assert tensorboard._cell("a\tb\nc") == "a b c"
    assert tensorboard._cell(" ") == "-"
    info = store.read_grid(ROOT / "checkpoints" / "grid-digits-depth")
    for k in range(len(info.grid.members)):
        folder = tensorboard.member_folder(info, k)
        assert "/" not in folder
        assert folder.split(" ")[0] == str(k)


def test_event_files_are_not_joined_with_others(of_run):
    with pytest.raises(ValueError, match="holds event files already"):
        tensorboard.write(RUN, of_run)


def test_without_tensorboard_one_sentence_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(tensorboard.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RuntimeError, match=r"pip install -r requirements-tensorboard\.txt"):
        tensorboard.write(RUN, tmp_path / "new")
    assert not (tmp_path / "new").exists()
