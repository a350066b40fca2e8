"""The units page in AppTest: without runs, with one, with dead units, searched and paged."""

import re

import torch

from aecore import store
from aecore.config import Config, DataConfig, ModelConfig
from aecore.data import Scaling
from aecore.models import build
from tests.pages.conftest import open_page

PAGE = "pages/look/units/page.py"


def words(app):
    return " ".join(e.value for kind in (app.caption, app.info, app.warning, app.error) for e in kind)


def save(root, size, change=lambda state: None, **model):
    config = Config(
        data=DataConfig(name="digits"), model=ModelConfig(**{"latent_size": size, "hidden": (16,)} | model)
    )
    path = store.create_run(config, "made", root)
    state = build(config.model, (1, 8, 8)).state_dict()
    change(state)
    store.save_weights(path, state, (1, 8, 8), Scaling((0.5,), (0.5,)))


def rows(app):
    """Numbers of the units that have a row, in order."""
    return [
        int(html.proto.body.split("Unit ")[1].split("<")[0])
        for html in app.get("html")
        if "Unit " in html.proto.body
    ]


def test_without_a_run_it_says_so(empty_root):
    app = open_page(PAGE)
    assert not app.exception
    assert "no trained model yet" in words(app)


def test_with_unreadable_runs_only_it_says_why(broken_root):
    app = open_page(PAGE)
    assert not app.exception
    assert "can't be shown" in words(app) or "no trained model" in words(app)


def test_a_row_for_every_unit_in_use_and_a_place_for_the_others(tiny_root):
    app = open_page(PAGE)
    assert not app.exception
    shown = rows(app)
    assert f"{len(shown)} of 6 units are in use" in words(app)
    folded = " ".join(m.value for e in app.expander for m in e.markdown)
    assert sorted([*shown, *map(int, re.findall(r"\b\d\b", folded.replace("1 %", "")))]) == list(range(6))


def test_units_are_found_by_number_in_the_order_typed(tiny_root):
    app = open_page(PAGE)
    app.text_input(key="units_find").input("4, 1 4").run()
    assert not app.exception
    assert rows(app) == [4, 1]


def test_a_unit_that_is_not_there_is_named(tiny_root):
    app = open_page(PAGE)
    for text in ("6", "-1", "two", "²"):
        app.text_input(key="units_find").input(text).run()
        assert not app.exception
        assert "numbered from 0 to 5" in words(app)
        assert rows(app) == []


def test_dead_units_are_folded_with_their_cause_and_can_be_found(empty_root):
    def kill(state):
        # Unit 0 is zero for every image, unit 1 is read by nobody.
        state["encoder.3.weight"][0] = 0
        state["encoder.3.bias"][0] = 0
        state["decoder.0.weight"][:, 1] = 0
        state["decoder.0.weight"][:, 2:] *= 30

    save(empty_root, 4, kill)
    app = open_page(PAGE)
    assert not app.exception
    assert not {0, 1} & set(rows(app))
    folded = " ".join(m.value for m in app.expander[0].markdown)
    assert "**Never active** (zero for every image): 0" in folded
    assert "**No effect**" in folded
    app.text_input(key="units_find").input("0").run()
    assert not app.exception
    assert rows(app) == [0]


def test_a_code_without_any_unit_in_use_is_said_to_be_so(empty_root):
    save(empty_root, 3, lambda state: [t.zero_() for n, t in state.items() if isinstance(t, torch.Tensor)])
    app = open_page(PAGE)
    assert not app.exception
    assert "No unit of this code is in use" in words(app)


def test_many_units_are_paged(empty_root):
    def copy_pixels(state):
        # Unit j is pixel j, so that each is in use; every pixel comes out a little too bright.
        for name in ("encoder.1.weight", "decoder.0.weight"):
            state[name].copy_(torch.eye(64))
        state["encoder.1.bias"].fill_(1)
        state["decoder.0.bias"].fill_(-0.95)

    save(empty_root, 64, copy_pixels, hidden=(), family="dictionary", output_activation="linear")
    app = open_page(PAGE)
    assert not app.exception
    first = rows(app)
    assert len(first) == 6
    app.number_input(key="units_page").set_value(2).run()
    assert not app.exception
    assert len(rows(app)) == 6
    assert not set(first) & set(rows(app))


def test_a_page_beyond_the_last_is_set_back(tiny_root):
    app = open_page(PAGE, units_page=99)
    assert not app.exception
    assert rows(app)
