"""Train before a training: the network that the settings make, untrained, with images in it."""

import json

import pytest

from aecore.config import Config
from aecore.presets import PRESETS, adapted
from pages.shared import loading
from tests.pages.conftest import TINY, open_page

PAGE = "pages/train/train/page.py"


def drawing(app):
    """What the browser is sent of the drawing; None where there is none."""
    found = [c for c in app.get("bidi_component") if c.proto.component_name.endswith("network_drawing")]
    return json.loads(found[0].proto.json) if found else None


def digits(config: Config) -> Config:
    return adapted(config.with_values({"data.name": "digits"}), (1, 8, 8))


@pytest.mark.parametrize("preset", ["post", "conv", "vae", "dictionary"])
def test_the_drawing_is_of_the_networks_initial_weights(empty_root, preset):
    from aecore.data import classes_in_turn, unit_range
    from pages.train.train.preview import _values

    config = digits(PRESETS[preset])
    walk = _values(config)["walk"]
    run, data = loading.initial_run(config), loading.load_data("digits")
    assert len(walk["codes"][0]) == config.model.latent_size
    x = unit_range(data.test_images[classes_in_turn(data.test_labels, 1, 0)])
    error = float((x - run.reconstruct(x)).square().sum())
    assert walk["errors"][0] == pytest.approx(error, abs=0.01)


def test_the_drawing_follows_the_settings_and_goes_once_they_are_trained(tiny_root):
    from pages.train.train.preview import is_ahead

    app = open_page(PAGE)
    assert not app.exception, app.exception[0].message
    app.selectbox(key="train_data_name").set_value("digits").run()
    before = drawing(app)
    assert before["shape"] == [1, 8, 8]
    assert before["result"] == "What comes out before training"
    app.select_slider(key="train_model_latent_size").set_value(4).run()
    after = drawing(app)
    assert len(after["codes"][0]) == 4
    assert any("PCA with 4 components" in caption.value for caption in app.caption)
    app.number_input(key="train_train_seed").set_value(1).run()
    assert drawing(app)["outputs"] != after["outputs"]
    # The tiny run was the last one trained: its settings have nothing before them.
    assert is_ahead(TINY.with_values({"train.seed": 1}))
    assert not is_ahead(TINY)


def test_settings_that_make_no_network_leave_the_page_without_a_drawing(empty_root):
    app = open_page(PAGE)
    app.selectbox(key="train_data_name").set_value("digits").run()
    app.text_input(key="train_model_hidden").set_value("9000, 9000").run()
    assert not app.exception
    assert drawing(app) is None
    assert any("not built before it is trained" in caption.value for caption in app.caption)
