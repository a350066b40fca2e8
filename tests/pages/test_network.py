"""The Network page in AppTest: every source of a network, every family, every layer enlarged."""

import pytest
import torch

from aecore import store
from aecore.analysis.layers import layers
from aecore.config import Config, DataConfig, ModelConfig
from aecore.data import Scaling, load
from aecore.models import build, outline
from aecore.presets import PRESETS
from pages.understand.network import source
from tests.pages.conftest import open_page

PAGE = "pages/understand/network/page.py"
FAMILIES = {
    "dense": ModelConfig(latent_size=5, hidden=(80, 9)),
    "no hidden layer": ModelConfig(latent_size=5, hidden=()),
    "conv": ModelConfig(family="conv", latent_size=5, hidden=(9,), channels=(70, 3)),
    "dictionary": ModelConfig(family="dictionary", latent_size=70, hidden=(9,), output_activation="linear"),
    "top k": ModelConfig(latent_size=8, hidden=(9,), code_activation="top_k", top_k=3),
    "soft threshold": ModelConfig(latent_size=8, hidden=(9,), code_activation="soft_threshold"),
}


def words(app):
    kinds = (app.caption, app.info, app.warning, app.error, app.markdown)
    return " ".join(element.value for kind in kinds for element in kind)


def html(app):
    return " ".join(element.proto.body for element in app.get("html"))


def save(root, model, change=lambda state: None):
    path = store.create_run(Config(data=DataConfig(name="digits"), model=model), "made", root)
    state = build(model, (1, 8, 8)).state_dict()
    change(state)
    store.save_weights(path, state, (1, 8, 8), Scaling((0.5,), (0.5,)))
    return path


def test_without_a_run_the_first_preset_is_shown(empty_root):
    app = open_page(PAGE)
    assert not app.exception
    assert app.session_state["network_of"] == "post"
    assert "the initial ones, before any training" in words(app)


def test_the_chosen_run_is_shown_with_its_error_beside_pcas(tiny_root, tiny_key):
    app = open_page(PAGE)
    assert not app.exception
    assert "The narrowest layer is the code, 6 values, 11 times fewer" in words(app)
    run, data = store.load_run(tiny_key), load("digits")
    number = app.session_state["image_a"]
    x = data.test_images[number : number + 1].float() / 255
    error = (x - run.reconstruct(x)).square().sum().item()
    assert f"Squared error of this image {error:.1f} (PCA " in words(app)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_layer_of_every_family_can_be_enlarged(name, empty_root):
    save(empty_root, FAMILIES[name])
    app = open_page(PAGE)
    found = layers(outline(FAMILIES[name], (1, 8, 8)), (1, 8, 8))
    box = next(box for box in app.selectbox if box.label == "Layer")
    assert box.options == [layer.name for layer in found]
    for i, layer in enumerate(found):
        next(box for box in app.selectbox if box.label == "Layer").set_value(layer.name)
        app.run()
        assert not app.exception, app.exception[0].message
        faces_pixels = "face the pixels" in words(app)
        assert faces_pixels == (i in (1, len(found) - 1))
        assert (layer.kind in words(app)) or not layer.kind or layer.kind.startswith("dense")
        assert f"{layer.parameters:,} parameters" in words(app) or not layer.parameters
    assert all(f">{layer.name}</th>" in html(app) for layer in found)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_drawn(preset, empty_root):
    app = open_page(PAGE, network_of=preset, network_data="digits")
    assert not app.exception, app.exception[0].message
    assert not app.error
    parameters = sum(p.numel() for p in outline(PRESETS[preset].model, (1, 8, 8)).parameters())
    assert f"Of the network's {parameters:,} parameters" in words(app)


def test_settings_are_drawn_as_they_are_typed_and_refused_in_one_sentence(empty_root):
    app = open_page(PAGE, network_of="settings")
    next(t for t in app.text_input if t.label == "Hidden layers").set_value("20, 4")
    app.run()
    assert "The narrowest layer is encoder 2, 4 values" in words(app)
    assert "a code of 12 can't hold more than passes there" in words(app)
    next(t for t in app.text_input if t.label == "Hidden layers").set_value("many")
    app.run()
    assert not app.exception
    assert "takes whole numbers" in app.error[0].value


def test_a_network_too_large_to_be_built_is_drawn_without_an_image(empty_root, monkeypatch):
    monkeypatch.setattr(source, "LARGEST", 1000)
    app = open_page(PAGE, network_of="post", network_data="digits")
    assert not app.exception
    assert "drawn without an image" in app.warning[0].value
    assert "The narrowest layer is the code" in words(app)
    assert not app.get("vega_lite_chart")


def test_units_that_never_answer_are_counted(empty_root):
    def silence(state):
        state["encoder.1.weight"][:3] = 0.0
        state["encoder.1.bias"][:3] = -1.0
        state["encoder.1.weight"][3:] = 0.0
        state["encoder.1.bias"][3:] = 1.0

    save(empty_root, ModelConfig(latent_size=5, hidden=(7,)), silence)
    app = open_page(PAGE, network_layer="encoder 1")
    count = min(source.SAMPLE, len(load("digits").test_images))
    assert f"Over {count} test images 3 of its 7 units are always 0." in words(app)
    assert "43% are exactly 0" in words(app)


def test_a_layer_that_another_network_has_falls_back_to_the_code(tiny_root):
    app = open_page(PAGE, network_layer="encoder 9")
    assert not app.exception
    assert app.session_state["network_layer"] == "code"


@pytest.mark.parametrize("value", ["nonsense", "9", "chosen run"])
def test_a_link_that_names_nothing_there_shows_what_is_there(value, empty_root):
    app = open_page(PAGE, link={"network_of": value, "network_layer": value, "network_data": value})
    assert not app.exception
    assert app.session_state["network_of"] == "post"
    assert "The narrowest layer is the code" in words(app)


def test_the_code_of_the_chosen_run_makes_the_same_network(tiny_root, tiny_key):
    app = open_page(PAGE)
    made = {"__name__": "made"}
    exec(app.code[0].value, made)
    run = store.load_run(tiny_key)
    model = made["AutoEncoder"]().eval()
    model.load_state_dict(run.model.state_dict())
    x = load("digits").test_images[:3].float() / 255
    expected = run.reconstruct(x)
    assert torch.allclose(made["denormalize"](model(made["normalize"](x))[1]).detach(), expected, atol=1e-5)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_has_its_code_too(empty_root, name):
    app = open_page(PAGE, network_of=name, network_data="digits")
    assert not app.exception
    assert "class AutoEncoder" in app.code[0].value
    compile(app.code[0].value, name, "exec")
