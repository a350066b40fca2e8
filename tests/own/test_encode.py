"""A run applied to images that it has not seen."""

import csv
import io
import json

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from aecore import data, store
from aecore.__main__ import main
from aecore.analysis.encoding import WORST, encode_source, skipped_file
from aecore.analysis.metrics import squared_errors
from aecore.export.tables import encoded_file
from aecore.own import sets
from aecore.own.opening import open_source
from tests.own.odd import saved
from tests.pages.conftest import _trained, tiny_root  # noqa: F401


@pytest.fixture
def digits_zip(tmp_path):
    """The first test images of digits as PNG files in a folder for each class, and a broken one."""
    digits = data.load("digits")
    folder = tmp_path / "digits"
    for i in range(40):
        place = folder / digits.class_names[digits.test_labels[i]]
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{i}.png").write_bytes(saved(Image.fromarray(digits.test_images[i, 0].numpy())))
    (folder / "0" / "broken.png").write_bytes(b"no")
    return folder


def test_the_codes_are_those_of_the_run(tiny_root, digits_zip):  # noqa: F811
    run = store.load_run(store.list_runs(tiny_root)[0].key)
    found = encode_source(run, open_source(digits_zip))
    assert [name for name, _ in found.skipped] == ["0/broken.png"]
    digits = data.load("digits")
    for name, label, code, error in zip(found.names, found.classes, found.codes, found.errors, strict=True):
        i = int(name.split("/")[1].removesuffix(".png"))
        original = digits.test_images[i : i + 1]
        assert label == digits.class_names[digits.test_labels[i]]
        assert torch.equal(torch.from_numpy(code), run.encode(original)[0]) or np.allclose(
            code, run.encode(original)[0], atol=1e-5
        )
        expected = squared_errors(original / 255, run.reconstruct(original))
        assert error == pytest.approx(float(expected), rel=1e-4)
    assert np.all(np.diff(found.errors[found.outliers]) <= 0)
    assert skipped_file(found).decode().startswith("name,reason")
    assert skipped_file(found).decode().splitlines()[1].startswith("0/broken.png,")
    assert len(found.worst) == WORST < len(found.names)
    for i, image in zip(found.outliers, found.worst, strict=False):
        number = int(found.names[i].split("/")[1].removesuffix(".png"))
        assert np.array_equal(image, digits.test_images[number].numpy())


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".npz"])
def test_the_command_writes_the_same_in_every_format(tiny_root, digits_zip, tmp_path, suffix, capsys):  # noqa: F811
    key = store.list_runs(tiny_root)[0].key
    out = tmp_path / f"codes{suffix}"
    assert main(["encode", key, str(digits_zip), "--out", str(out), "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert (row["images"], len(row["skipped"])) == (40, 1)
    run = store.load_run(key)
    found = encode_source(run, open_source(digits_zip))
    if suffix == ".npz":
        with np.load(out) as file:
            names, codes, errors = file["names"].tolist(), file["codes"], file["squared_error"]
    else:
        table = pd.read_csv(out) if suffix == ".csv" else pd.read_parquet(out)
        names, errors = table["name"].tolist(), table["squared_error"].to_numpy()
        codes = table[[f"unit_{i}" for i in range(run.latent_size)]].to_numpy()
    assert names == found.names
    assert np.allclose(codes, found.codes, atol=1e-6)
    assert np.allclose(errors, found.errors, rtol=1e-6)


def test_images_of_another_size_are_brought_to_the_runs(tiny_root, tmp_path):  # noqa: F811
    run = store.load_run(store.list_runs(tiny_root)[0].key)
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(3):
        Image.effect_noise((50 + i, 40), 60).convert("RGB").save(folder / f"{i}.jpg")
    found = encode_source(run, open_source(folder))
    assert found.worst.shape == (3, *run.shape)
    assert found.classes is None
    assert len(list(csv.reader(io.StringIO(encoded_file(found, ".csv").decode())))) == 4


def test_a_path_trains_and_a_refusal_is_one_sentence(tiny_root, digits_zip, tmp_path, monkeypatch, capsys):  # noqa: F811
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "own data"))
    flags = ["--model.hidden", "8", "--model.latent-size", "3", "--train.epochs", "1", "--threads", "1"]
    assert main(["train", "--data.name", str(digits_zip), *flags, "--json"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    (own,) = sets.list_sets()
    config = store.read_info(store.find_run(last["run"])).config
    assert config.data.name == own.name
    assert own.shape == (1, 8, 8)
    assert main(["datasets", "--json"]) == 0
    assert own.name in [json.loads(line)["name"] for line in capsys.readouterr().out.splitlines()]
    assert main(["images", str(digits_zip), "--look", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["images"] == 41
    assert main(["images", str(tmp_path / "nowhere")]) == 2
    assert main(["encode", "no-run", str(digits_zip), "--out", "x.docx"]) == 2
    assert capsys.readouterr().err.count("\n") == 2
    assert main(["datasets", "--delete", own.name]) == 0
    assert sets.list_sets() == []
    assert main(["resume", last["run"]]) == 2


def test_no_path_is_refused_and_nothing_is_made_before_the_rest_is_right(
    digits_zip, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "own data"))
    monkeypatch.chdir(digits_zip)
    assert main(["images"]) == 2
    assert main(["train", "--data.name", str(digits_zip), "--train.epochs", "0"]) == 2
    assert capsys.readouterr().err.count("\n") == 2
    assert sets.list_sets() == []


def test_a_stop_by_the_keyboard_is_one_word(digits_zip, monkeypatch, capsys):
    def stop(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("aecore.own.build.plan", stop)
    assert main(["images", str(digits_zip)]) == 130
    assert capsys.readouterr().err == "aecore: stopped\n"
