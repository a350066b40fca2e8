"""The Home page: the network drawn from real values, the start cards, the recent runs, and how it begins."""

import base64
import json

import numpy as np
import pytest
import torch

from aecore import Config, data, files, load_run, store
from aecore.analysis.metrics import errors_on_test_images
from aecore.analysis.projection import pca_baseline
from aecore.config import DataConfig, ModelConfig
from aecore.data.normalization import Scaling
from aecore.figures.network import MAPS, drawn, joined, rows_and_columns, trace, walk
from aecore.figures.start_cards import diamond_and_disc, falling_error
from aecore.models import build
from aecore.store.run import Run
from tests.pages.conftest import open_page

PAGE = "pages/home/page.py"


def make_run(model, shape, tmp_path):
    """An untrained run: what is drawn does not depend on training."""
    config = Config(data=DataConfig(name="digits", normalization="zero_one"), model=model)
    net = build(config.model, shape).eval()
    return Run(tmp_path, "untrained", config, shape, Scaling((0.0,) * shape[0], (1.0,) * shape[0]), net)


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
    (second / store.WEIGHTS).write_bytes((tiny_root / tiny_key / store.WEIGHTS).read_bytes())
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
    values = store.read_config(folder)
    values["config"]["data"]["name"] = "kmnist"
    files.write_json(folder / store.CONFIG, values)
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "nothing"))
    app = open_page(PAGE)
    assert not app.exception
    assert "can't be drawn" in app.warning[0].value
    assert any("L1's diamond" in block.value for block in app.get("html"))


def test_trace_ends_each_layer_with_its_nonlinearity():
    model = build(ModelConfig(latent_size=3, hidden=(10, 5), output_activation="linear"), (1, 4, 4))
    x = torch.rand(2, 1, 4, 4)
    encoded, decoded = trace(model.encoder, x), trace(model.decoder, model.encode(x))
    assert [tuple(v.shape) for v in encoded] == [(2, 10), (2, 5), (2, 3)]
    assert [tuple(v.shape) for v in decoded] == [(2, 5), (2, 10), (2, 1, 4, 4)]
    assert all(v.min() >= 0 for v in [*encoded[:-1], *decoded[:-1]])  # ReLU
    assert torch.equal(encoded[-1], model.encode(x))
    assert torch.equal(decoded[-1], model.decode(model.encode(x)))


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 9, 9)])
def test_feature_maps_keep_their_shape_in_both_halves(shape):
    config = ModelConfig(
        family="conv", channels=(4, 8), hidden=(6,), latent_size=2, output_activation="sigmoid"
    )
    model = build(config, shape)
    x = torch.rand(2, *shape)
    encoded, decoded = trace(model.encoder, x), trace(model.decoder, model.encode(x))
    shapes = [tuple(v.shape[1:]) for v in encoded[:-1]]
    assert shapes[0][0] == 4
    assert shapes[-1] == (6,)
    assert [tuple(v.shape[1:]) for v in decoded] == [*reversed(shapes), shape]


@pytest.mark.parametrize(
    "model",
    [
        ModelConfig(latent_size=5, hidden=(9,), output_activation="sigmoid"),
        ModelConfig(family="conv", latent_size=5, channels=(8,), hidden=(), output_activation="sigmoid"),
        ModelConfig(family="dictionary", latent_size=5, hidden=(), output_activation="linear"),
    ],
    ids=["mlp", "conv", "dictionary"],
)
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 6, 6)])
def test_a_walk_passes_through_each_image(model, shape, tmp_path):
    run = make_run(model, shape, tmp_path)
    images = torch.randint(0, 256, (3, *shape), dtype=torch.uint8)
    taken = walk(run, images, steps=4)
    assert taken.codes.shape == (9, 5)
    assert np.array_equal(taken.images, images.numpy())
    rebuilt = run.reconstruct(images)
    expected = (rebuilt.clamp(0, 1) * 255).round().to(torch.uint8).numpy()
    assert np.array_equal(taken.outputs[::4], expected)
    assert np.allclose(taken.errors, (images / 255 - rebuilt).square().flatten(1).sum(1), rtol=1e-4)
    assert all(len(layer.cells) == 3 for layer in taken.encoder)
    assert all(len(layer.cells) == 9 for layer in taken.decoder)
    assert json.loads(json.dumps(taken.to_json()))["shape"] == list(shape)


def test_the_path_is_straight_and_goes_through_every_code():
    codes = torch.tensor([[0.0, 0.0], [4.0, 0.0], [4.0, 8.0]])
    frames = joined(codes, 4)
    assert frames.tolist() == [[0, 0], [1, 0], [2, 0], [3, 0], [4, 0], [4, 2], [4, 4], [4, 6], [4, 8]]
    with pytest.raises(ValueError, match="at least 1 step"):
        joined(codes, 0)


@pytest.mark.parametrize("size", [1, 2, 3, 12, 64, 128, 784, 1000])
def test_a_block_holds_all_its_squares_and_no_empty_row(size):
    rows, columns = rows_and_columns(size)
    assert (rows - 1) * columns < size <= rows * columns


def test_at_most_six_feature_maps_are_drawn_the_liveliest():
    values = torch.zeros(4, 10, 3, 3)
    values[:, 7] = torch.rand(4, 3, 3)
    layer = drawn(values)
    assert layer.cells.shape == (4, MAPS, 3, 3)
    assert layer.cells.max() == 255
    assert (layer.label, layer.size) == ("10 × 3 × 3", 90)


def test_small_pictures_hold_the_figures():
    assert falling_error([4, 2, 1], 2).count(",") == 3
    assert "<circle" in falling_error([4.0])
    # L1's dot lies on an axis, L2's does not.
    ys = [part.split('"')[0] for part in diamond_and_disc().split('cy="')[1:]]
    assert [float(y) == 0.0 for y in ys] == [True, False]
