"""The folder for a model hub: true to the run, complete, and of use without this package."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from huggingface_hub import ModelCard
from PIL import Image
from safetensors.torch import load_file, save_file

from aecore import models, store
from aecore.config import Config, DataConfig, LossConfig, ModelConfig
from aecore.data import Scaling, load
from aecore.export import card, card_text
from aecore.files import StoreError
from aecore.results import Result, Score
from tests.conftest import ROOT
from tests.export.test_onnx import random_run

SHIPPED = ROOT / "checkpoints" / "digits-post-12-s0-f3512007"
USE = """
import sys
from autoencoder import load
from safetensors.torch import load_file, save_file
assert not [name for name in sys.modules if name.startswith("aecore")]
model = load()
images = load_file("images.safetensors")["images"]
code = model.encode(images)
save_file({"code": code, "images": model.decode(code).contiguous()}, "out.safetensors")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("card")
    card.write(store.load_run(SHIPPED), target)
    return target


@pytest.fixture(scope="module")
def header(folder) -> dict:
    _, header, _ = (folder / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(header)


def test_the_folder_is_complete(folder):
    there = {file.name for file in folder.iterdir()}
    assert there == {
        "README.md",
        "config.json",
        "model.safetensors",
        "autoencoder.py",
        "reconstructions.png",
        "map.png",
        "curve.png",
    }
    text = (folder / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\((\w+\.png)\)", text))
    assert named == {name for name in there if name.endswith(".png")}
    for name in named:
        with Image.open(folder / name) as picture:
            picture.load()
            assert min(picture.size) > 100
            assert len(np.unique(np.asarray(picture.convert("L")))) > 20, f"{name} shows nothing"
    assert "license" not in text.split("---\n")[1]
    assert "No license is chosen here" in text


def test_the_figures_of_the_header_are_those_of_the_result(header):
    result = json.loads((SHIPPED / "result.json").read_text())
    (model,) = header["model-index"]
    (results,) = model["results"]
    values = {metric["type"]: metric["value"] for metric in results["metrics"]}
    assert values == {name: result["test"][name] for name in ("squared_error", "mse", "psnr")}
    assert header["metrics"] == list(values)
    assert header["datasets"] == [results["dataset"]["type"]] == ["digits"]
    assert (header["library_name"], results["dataset"]["split"]) == ("pytorch", "test")


def test_the_baselines_are_computed_on_the_same_images(folder):
    from sklearn.decomposition import PCA

    text = (folder / "README.md").read_text(encoding="utf-8")
    rows = {
        name: float(value)
        for name, value in re.findall(r"^\| (\w[^|]*) \| ([\d.]+) \| [\d.]+ \|$", text, re.M)
    }
    data = load("digits")
    train, test = (x.flatten(1).double().numpy() / 255 for x in (data.train_images, data.test_images))
    pca = PCA(12, svd_solver="full").fit(train)
    wanted = ((pca.inverse_transform(pca.transform(test)) - test) ** 2).sum(1).mean()
    assert rows["PCA, 12 components"] == pytest.approx(wanted, rel=1e-3)
    mean = ((test - train.mean(0)) ** 2).sum(1).mean()
    assert rows["the mean training image"] == pytest.approx(mean, rel=1e-4)
    error = json.loads((SHIPPED / "result.json").read_text())["test"]["squared_error"]
    assert rows["this network"] == pytest.approx(error, abs=1e-4)


def test_a_hubs_own_reader_takes_the_card(folder):
    found = ModelCard.load(folder / "README.md")
    assert found.data.library_name == "pytorch"
    (first, *_) = found.data.eval_results
    assert (first.metric_type, first.dataset_type) == ("squared_error", "digits")
    assert found.data.model_name == store.read_info(SHIPPED).name


def test_the_settings_beside_the_card_are_the_runs(folder):
    values = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    run = store.load_run(SHIPPED)
    assert Config.from_dict(values["config"]) == run.config
    assert (tuple(values["shape"]), Scaling.from_dict(values["scaling"])) == (run.shape, run.scaling)
    for name, tensor in load_file(folder / "model.safetensors").items():
        assert torch.equal(tensor, run.model.state_dict()[name])


CHECKED = {
    "dictionary": ModelConfig(
        family="dictionary",
        hidden=(5,),
        latent_size=6,
        code_activation="soft_threshold",
        output_activation="linear",
    ),
    "vae": ModelConfig(
        family="conv",
        hidden=(5,),
        channels=(2, 3),
        latent_size=4,
        variational=True,
        output_std=0,
        output_activation="linear",
    ),
}


@pytest.mark.parametrize("name", CHECKED)
def test_the_code_beside_it_gives_the_same_codes_and_images_by_itself(name, tmp_path):
    shape, scaling = (3, 7, 6), Scaling((0.1, 0.2, 0.3), (0.5, 0.4, 0.3))
    run = random_run(CHECKED[name], shape, scaling)
    run = replace(run, name='""" --- <b>*x*</b> # {{y}} ../: é')
    bound = {"elbo": -3.25, "reconstruction": 3.0, "kl": 0.25} if name == "vae" else {}
    run = replace(run, result=Result(Score(1.5, 0.01, None, **bound), epochs=1, seconds=1.0, parameters=9))
    written = card.write(run, tmp_path)
    # Images of another size than the run's are not its images: there is nothing of them to show.
    assert {file.name for file in written} == {
        "README.md",
        "config.json",
        "model.safetensors",
        "autoencoder.py",
    }
    images = torch.rand(5, *shape)
    save_file({"images": images}, tmp_path / "images.safetensors")
    (tmp_path / "use.py").write_text(USE)
    subprocess.run(
        [sys.executable, "use.py"], cwd=tmp_path, env={"PATH": ""}, check=True, capture_output=True, text=True
    )
    out = load_file(tmp_path / "out.safetensors")
    torch.testing.assert_close(out["code"], run.encode(images), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(out["images"], run.reconstruct(images), atol=1e-5, rtol=1e-5)
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    header = yaml.safe_load(text.split("---\n")[1])
    assert header["model-index"][0]["name"] == run.name
    assert "<b>" not in text.split("---\n", 2)[2]
    assert "were not at hand" in text
    if name == "vae":
        metrics = header["model-index"][0]["results"][0]["metrics"]
        assert {m["type"]: m["value"] for m in metrics}["elbo"] == -3.25
        assert "ELBO -3.25 nats" in text


def test_no_placeholder_is_left(folder):
    text = (folder / "README.md").read_text(encoding="utf-8") + (folder / "autoencoder.py").read_text()
    for word in ("TODO", "{{", "}}", "{", "[More Information Needed]", "None:", "nan", "NaN", "inf "):
        left = text.replace("-> None:", "")
        assert word not in re.sub(r"\bf?\"\{.*?\}\"", "", left), word


def test_seeds_are_counted_among_runs_with_the_same_settings_alone(tmp_path):
    run = random_run(ModelConfig(hidden=(5,), latent_size=3), (1, 7, 6), Scaling((0.5,), (0.5,)))
    config = Config(DataConfig("digits"), run.config.model)

    def add(config: Config, error: float) -> Path:
        path = store.create_run(config, "", tmp_path)
        weights = models.build(config.model, (1, 7, 6)).state_dict()
        store.save_weights(path, weights, (1, 7, 6), run.scaling)
        store.write_result(path, Result(Score(error, 0.1), epochs=1, seconds=1.0, parameters=9))
        return path

    first = add(config, 1.0)
    for seed, error in ((1, 2.0), (2, 6.0)):
        add(config.with_values({"train.seed": seed}), error)
    add(replace(config, loss=LossConfig(code_l1=1e-3)), 100.0)
    assert sorted(card_text.seeds_of(store.load_run(first))) == [1.0, 2.0, 6.0]
    (tmp_path / "out").mkdir()
    card.write(store.load_run(first), tmp_path / "out")
    text = (tmp_path / "out" / "README.md").read_text()
    assert "Over 3 seeds of the same settings the squared error is 3.0000 on average" in text
    assert "deviation of 2.6458" in text


def test_a_run_that_is_not_finished_has_no_card(tmp_path):
    run = random_run(ModelConfig(hidden=(5,), latent_size=3), (1, 7, 6), Scaling((0.5,), (0.5,)))
    with pytest.raises(StoreError, match="has no result yet"):
        card.write(run, tmp_path)
    assert not list(tmp_path.iterdir())
