"""The Home page: the network drawn from real values, the start cards, the recent runs, and how it begins."""

import base64
import json
import os
import time

import numpy as np
import torch

from aecore import data, files, jobs, load_run, store
from aecore.analysis.metrics import errors_on_test_images
from aecore.analysis.projection import pca_baseline
from aecore.results import Progress
from aecore.store import names
from tests.pages.conftest import open_page

PAGE = "pages/home/page.py"


def test_nothing_trained_yet_leads_to_train_by_one_button(empty_root):
    app = open_page(PAGE)
    assert not app.exception
    assert "no trained one yet" in app.info[0].value
    assert [b.label for b in app.main.button] == ["Train the first one"]


def test_the_network_is_drawn_from_the_chosen_run(tiny_key):
    app = open_page(PAGE)
    assert not app.exception
    sent = json.loads(app.get("bidi_component")[0].proto.json)
    run, digits = load_run(tiny_key), data.load("digits")
    shown = np.frombuffer(base64.b64decode(sent["images"]), np.uint8).reshape(-1, 1, 8, 8)
    x = torch.from_numpy(shown.copy()).float() / 255
    codes = run.encode(x)
    assert np.allclose(sent["codes"][:: sent["steps"]], codes.numpy(), atol=1e-3)
    errors = (x - run.decode(codes)).square().flatten(1).sum(1)
    assert np.allclose(sent["errors"], errors.numpy(), atol=2e-3)
    rebuilt = pca_baseline(digits).reconstruct(x, 6)
    assert np.allclose(sent["pca"], (x - rebuilt).square().flatten(1).sum(1).numpy(), atol=2e-3)
    assert sent["names"] == [str(i) for i in range(10)]


def test_other_images_are_other_images(tiny_root):
    app = open_page(PAGE)
    before = json.loads(app.get("bidi_component")[0].proto.json)["images"]
    app.button(key="home_draw_again").click().run()
    assert json.loads(app.get("bidi_component")[0].proto.json)["images"] != before


def test_the_sentence_gives_the_runs_error_beside_pca(tiny_key):
    app = open_page(PAGE)
    run, digits = load_run(tiny_key), data.load("digits")
    error = errors_on_test_images(run, digits).double().mean().item()
    sentence = next(m.value for m in app.markdown if "numbers go through" in m.value)
    assert sentence.startswith("64 numbers go through 6, 11 times fewer.")
    assert f"**{error:.1f}**" in sentence
    assert f"leaves {pca_baseline(digits).error(6):.1f}" in sentence


def test_a_card_chooses_its_run(tiny_root, tiny_key):
    config = store.read_info(tiny_root / tiny_key).config
    second = store.create_run(config, "second", tiny_root)
    (second / names.WEIGHTS).write_bytes((tiny_root / tiny_key / names.WEIGHTS).read_bytes())
    app = open_page(PAGE)
    assert app.session_state["run"] == second.name
    app.button(key=f"home_choose_{tiny_key}").click().run()
    assert not app.exception
    assert app.session_state["run"] == tiny_key
    assert app.button(key=f"home_choose_{tiny_key}").disabled


def test_a_name_is_shown_as_it_was_written(tiny_root, tiny_key):
    store.rename_run(tiny_root / tiny_key, "<b>*mine*</b>")
    app = open_page(PAGE)
    assert any("&lt;b&gt;*mine*&lt;/b&gt;" in block.value for block in app.get("html"))


def test_missing_images_are_said_so_and_the_start_cards_stay(tiny_root, tmp_path, monkeypatch):
    # Another key: what was drawn of this run before is kept by key and time of writing.
    folder = next(tiny_root.iterdir()).rename(tiny_root / "moved")
    values = files.read_object(folder / names.CONFIG)
    values["config"]["data"]["name"] = "kmnist"
    files.write_json(folder / names.CONFIG, values)
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "nothing"))
    app = open_page(PAGE)
    assert not app.exception
    assert "can't be drawn" in app.warning[0].value
    assert any("L1's diamond" in block.value for block in app.get("html"))


def test_a_grid_has_a_card_that_leads_to_its_sliders(grid_root, grid_key):
    app = open_page(PAGE)
    assert not app.exception, app.exception[0].message
    assert any("The same images rebuilt by 3 models" in block.value for block in app.get("html"))
    result = store.read_grid(grid_root / grid_key).result
    errors = [row.result.test.squared_error for row in result.members]
    figures = f"12 models · squared error {min(errors):.1f} to {max(errors):.1f}"
    assert any(caption.value == figures for caption in app.caption)
    app.button(key=f"home_grid_{grid_key}").click().run()
    assert app.session_state["choose_grid"] == grid_key


def test_what_is_being_trained_is_told_with_the_way_to_it(tiny_root, tiny_key):
    app = open_page(PAGE)
    assert not any("Training" in markdown.value for markdown in app.main.markdown)
    path = store.create_run(store.read_info(tiny_root / tiny_key).config, "at *work*", tiny_root)
    own = os.getpid()
    living = {"status": "running", "pid": own, "process_started": jobs.process_start(own)}
    living |= {"submitted": time.time(), "heartbeat": time.time(), "device": "cpu", "threads": 1}
    store.write_progress(path, Progress(**living, epoch=1, step=5, steps=20, epochs=3, seconds_left=75.0))
    app = open_page(PAGE)
    assert not app.exception, app.exception[0].message
    assert any(m.value.startswith("**Training** at \\*work\\*") for m in app.main.markdown)
    assert any("epoch 2 of 3" in bar.proto.text for bar in app.main.get("progress"))
