"""Packed tensors: what is read is what was written, and what can't be is refused before it takes memory."""

import json
import zlib

import pytest
import torch

from aecore import files, store
from aecore.data import scaling
from aecore.models import build
from aecore.store import names, packed
from aecore.store.packed import Levels, Packing
from tests.samples import tiny_config, tiny_data

DATA = tiny_data()
CONFIG = tiny_config()
NAME = "encoder.1.weight"


def levels_like(tensor):
    values = torch.arange(tensor.numel(), dtype=torch.int64) * 37 % 255 - 127
    return Levels(values.to(torch.int8).reshape(tensor.shape), 0.0125)


@pytest.fixture
def run(tmp_path):
    path = store.create_run(CONFIG, "", tmp_path)
    weights = build(CONFIG.model, DATA.shape, 0).state_dict()
    levels = levels_like(weights[NAME])
    store.save_weights(path, weights, DATA.shape, scaling("minus_one_one", DATA), levels={NAME: levels})
    return path, weights, levels


def test_a_packed_tensor_is_its_levels_times_its_step_and_the_others_are_as_they_were(run):
    path, weights, levels = run
    found = store.read_weights(path)
    assert found.keys() == weights.keys()
    assert torch.equal(found[NAME], levels.values.float() * 0.0125)
    assert all(torch.equal(found[name], weights[name]) for name in weights if name != NAME)
    assert store.read_weight_shapes(path)[NAME] == tuple(weights[NAME].shape)
    assert store.is_packed(path)
    assert torch.equal(store.load_run(path).model.get_parameter(NAME), found[NAME])


def rewrite(path, content=None, about=None):
    """The weights file with other bytes for the packed tensor, or other words about it."""
    from safetensors import safe_open

    file = path / names.WEIGHTS
    with safe_open(file, framework="pt") as found:
        tensors = {name: found.get_tensor(name) for name in found.keys()}  # noqa: SIM118
        metadata = dict(found.metadata())
    if content is not None:
        tensors[NAME] = torch.frombuffer(bytearray(content), dtype=torch.uint8)
    if about is not None:
        metadata[packed.KEY] = about if isinstance(about, str) else json.dumps(about)
    files.write_tensors(file, tensors, metadata)


def test_bytes_that_become_too_many_or_too_few_are_refused(run):
    path, _, _ = run
    for content in (b"no stream", zlib.compress(bytes(3)), zlib.compress(bytes(50_000_000)), b"\0"):
        rewrite(path, content)
        with pytest.raises(store.StoreError, match="is damaged"):
            store.load_run(path)


@pytest.mark.parametrize(
    "about",
    [
        "[1]",
        "{",
        {NAME: 3},
        {NAME: {"shape": [4], "step": 0.1}},
        {NAME: {"shape": [-1, 4], "step": 0.1}},
        {NAME: {"shape": [1 << 20, 1 << 20], "step": 0.1}},
        {NAME: {"shape": [4, 4], "step": 0}},
        {NAME: {"shape": [4, 4], "step": "fine"}},
        {NAME: {"step": 1.0}},
    ],
)
def test_words_about_a_tensor_that_can_not_be_are_one_sentence(run, about):
    path, _, _ = run
    rewrite(path, about=about)
    with pytest.raises(store.StoreError) as raised:
        store.load_run(path)
    assert "\n" not in str(raised.value)


def test_a_packing_and_its_bytes_come_back():
    levels = levels_like(torch.zeros(5, 7))
    content, about = packed.pack({"a": levels})
    (name, packing), *_ = packed.packings({packed.KEY: about}, "it").items()
    assert (name, packing) == ("a", Packing((5, 7), 0.0125))
    assert torch.equal(packed.unpack(content["a"], packing, "it"), levels.values.float() * 0.0125)
    assert packed.packings({}, "it") == {}
