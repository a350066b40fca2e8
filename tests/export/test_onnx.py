"""Networks as ONNX: what ONNX Runtime computes from the files is what the run computes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from aecore import models
from aecore.config import Config, DataConfig, ModelConfig
from aecore.data import Scaling
from aecore.export import onnx as exporter
from aecore.presets import PRESETS
from aecore.store.run import Run

SMALL = {"hidden": (6,), "channels": (3, 4), "latent_size": 5, "top_k": 2}
"""Sizes that the exporter is quick with; the layers are those of the preset."""
NETWORKS = {
    **{name: replace(config.model, **SMALL) for name, config in PRESETS.items()},
    # What no preset has: the other code activations, a variational convolution with a learned deviation.
    "soft": ModelConfig(**SMALL, code_activation="soft_threshold", activation="gelu"),
    "top-k": ModelConfig(**SMALL, family="conv", code_activation="top_k", activation="elu"),
    "conv-vae": ModelConfig(
        **SMALL, family="conv", variational=True, output_std=0, output_activation="linear", activation="silu"
    ),
}


def random_run(model: ModelConfig, shape: tuple[int, int, int], scaling: Scaling) -> Run:
    network = models.build(model, shape, seed=1)
    # As if it had been trained: a BatchNorm's figures are not those that it starts with.
    network(torch.randn(20, *shape))
    data = DataConfig(normalization="zero_one" if model.output_activation == "sigmoid" else "minus_one_one")
    config = Config(data, model)
    return Run(Path("run"), "A “name”", config, shape, scaling, network.eval().requires_grad_(False))


@pytest.mark.parametrize("name", NETWORKS)
def test_onnx_runtime_computes_what_the_run_does_for_any_number_of_images(name, tmp_path):
    shape, scaling = (1, 7, 6), Scaling((0.5,), (0.5,))
    if name == "conv-vae":
        shape, scaling = (3, 7, 6), Scaling((0.1, 0.2, 0.3), (0.5, 0.4, 0.3))
    run = random_run(NETWORKS[name], shape, scaling)
    shares: list[float] = []
    written = exporter.write(run, tmp_path, shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert {file.name for file in written.files} == {file.name for file in tmp_path.iterdir()}
    assert written.difference is not None
    assert written.difference <= 1e-5

    sessions = {file.stem: onnxruntime.InferenceSession(file) for file in written.files}
    for count in (1, 4):
        images = torch.rand(count, *shape)
        names = [output.name for output in sessions["encoder"].get_outputs()]
        encoded = dict(zip(names, sessions["encoder"].run(None, {"images": images.numpy()}), strict=True))
        code = run.encode(images).numpy()
        if run.config.model.variational:
            mean, log_variance = run.model.posterior(run.scaling.normalize(images))
            assert list(encoded) == ["mean", "log_variance"]
            close(encoded["mean"], mean)
            close(encoded["log_variance"], log_variance)
        else:
            assert list(encoded) == ["code"]
        close(next(iter(encoded.values())), code)
        close(sessions["decoder"].run(["images"], {"code": code})[0], run.decode(code))
        close(
            sessions["autoencoder"].run(["reconstruction"], {"images": images.numpy()})[0],
            run.reconstruct(images),
        )

    proto = onnx.load(written.files[0])
    about = {entry.key: entry.value for entry in proto.metadata_props}
    assert about["name"] == run.name
    assert Config.from_dict(json.loads(about["config"])) == run.config
    assert [entry.version for entry in proto.opset_import if entry.domain in ("", "ai.onnx")] == [
        exporter.OPSET
    ]
    # Paths of the machine it was written on are nobody's business.
    assert str(Path(exporter.__file__).parents[2]).encode() not in written.files[0].read_bytes()


def close(found: np.ndarray, wanted: np.ndarray | torch.Tensor) -> None:
    np.testing.assert_allclose(found, np.asarray(wanted), atol=1e-5, rtol=1e-5)


def test_a_file_that_computes_something_else_is_not_kept(tmp_path, monkeypatch):
    run = random_run(NETWORKS["post"], (1, 7, 6), Scaling((0.5,), (0.5,)))
    monkeypatch.setattr(exporter, "TOLERANCE", -1.0)
    with pytest.raises(RuntimeError, match=r"encoder.onnx was not written: ONNX Runtime differs"):
        exporter.write(run, tmp_path)
    assert not list(tmp_path.iterdir())


def test_missing_packages_and_too_large_networks_are_told_in_one_sentence(tmp_path, monkeypatch):
    run = random_run(NETWORKS["post"], (1, 7, 6), Scaling((0.5,), (0.5,)))
    monkeypatch.setattr(exporter, "LARGEST", 100)
    with pytest.raises(ValueError, match="an ONNX file holds less than 2"):
        exporter.write(run, tmp_path)
    monkeypatch.setattr(exporter, "missing", lambda: ["onnxscript"])
    with pytest.raises(RuntimeError, match="pip install onnxscript"):
        exporter.write(run, tmp_path)
