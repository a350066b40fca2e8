"""What was typed into a form comes back with the page's address: after a reload, and on another server."""

from __future__ import annotations

import json

import pytest

from tests.pages.conftest import open_page

TRAIN, GRID = "pages/train/train/page.py", "pages/train/new_grid/page.py"


def draft(app) -> str:
    found = app.query_params["draft"]
    return found if isinstance(found, str) else found[0]


def test_the_train_form_comes_back_with_its_address(empty_root):
    app = open_page(TRAIN)
    app.number_input(key="train_train_epochs").set_value(3)
    app.number_input(key="train_train_seed").set_value(7)
    app.text_input(key="train_name").set_value("my <b>run</b>")
    app.text_input(key="train_model_hidden").set_value("40, 20").run()
    assert not app.exception
    again = open_page(TRAIN, {"draft": draft(app)})
    assert not again.exception
    assert again.number_input(key="train_train_epochs").value == 3
    assert again.number_input(key="train_train_seed").value == 7
    assert again.text_input(key="train_model_hidden").value == "40, 20"
    assert again.text_input(key="train_name").value == "my <b>run</b>"
    assert draft(again) == draft(app)


def test_the_grid_form_comes_back_with_its_address(empty_root):
    app = open_page(GRID)
    app.multiselect(key="new_grid_axes").set_value(["train.seed"]).run()
    app.multiselect(key="new_grid_train_seed").set_value(["0", "1"]).run()
    assert not app.exception
    again = open_page(GRID, {"draft": draft(app)})
    assert not again.exception
    assert again.multiselect(key="new_grid_axes").value == ["train.seed"]
    assert again.multiselect(key="new_grid_train_seed").value == ["0", "1"]


def test_what_is_refused_comes_back_as_it_was_typed(empty_root):
    app = open_page(TRAIN)
    app.number_input(key="train_train_epochs").set_value(3).run()
    app.text_input(key="train_model_hidden").set_value("40, many").run()
    assert not app.exception
    again = open_page(TRAIN, {"draft": draft(app)})
    assert not again.exception
    assert again.text_input(key="train_model_hidden").value == "40, many"
    assert again.number_input(key="train_train_epochs").value == 3
    assert draft(again) == draft(app)
    again.text_input(key="train_model_hidden").set_value("40, 20").run()
    assert "typed" not in json.loads(draft(again))


def test_what_the_browser_kept_comes_back_without_an_address(empty_root):
    app = open_page(TRAIN)
    app.number_input(key="train_train_epochs").set_value(3).run()
    kept = app.session_state["_drafts"]
    assert json.loads(kept["train"]) == json.loads(draft(app))
    again = open_page(TRAIN, _drafts=dict(kept))
    assert not again.exception
    assert again.number_input(key="train_train_epochs").value == 3
    # An address that holds a draft is what was asked for.
    asked = open_page(TRAIN, {"draft": '{"settings": {"train.epochs": 5}}'}, _drafts=dict(kept))
    assert asked.number_input(key="train_train_epochs").value == 5


def test_what_the_browser_kept_and_can_not_be_used_is_not_called_a_link(empty_root):
    app = open_page(TRAIN, _drafts={"train": "**no** json"})
    assert not app.exception
    (warning,) = app.warning
    assert warning.value.startswith("The settings that this browser kept can't be used: ")


@pytest.mark.parametrize(
    "typed",
    [
        {"model.hidden": 3, "train.epochs": "many", "model.family": "none such"},
        {"train.epochs": 1e300, "nothing.such": "x", "model.hidden": "9" * 900},
        [1],
        "x",
    ],
)
def test_typed_words_of_a_link_that_can_not_be_are_left_out(empty_root, typed):
    app = open_page(TRAIN, {"draft": json.dumps({"settings": {"train.epochs": 6}, "typed": typed})})
    assert not app.exception
    assert app.number_input(key="train_train_epochs").value == 6


@pytest.mark.parametrize("page", [TRAIN, GRID])
@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[1]",
        '{"settings": 3}',
        '{"settings": {"model.size": 3}}',
        '{"settings": {"train.epochs": "many"}}',
        '{"settings": {"train.epochs": -1}}',
        json.dumps({"settings": {}, "name": "x" * 5000}),
    ],
    ids=lambda text: str(text)[:34],
)
def test_settings_of_a_link_that_can_not_be_are_one_sentence(empty_root, page, text):
    app = open_page(page, {"draft": text})
    assert not app.exception
    assert sum("settings can't be used" in warning.value for warning in app.warning) == 1
    # The form is that of a first visit, and the address is mended.
    assert json.loads(draft(app))["settings"] == ({} if page == TRAIN else {"train.epochs": 4})


def test_axes_of_a_link_that_can_not_be_are_one_sentence(empty_root):
    for axes in ([], {"train.seed": ["x"]}, {"penalty": ["l7"]}, {"train.seed": "1"}):
        app = open_page(GRID, {"draft": json.dumps({"settings": {}, "axes": axes})})
        assert not app.exception
        assert sum("settings can't be used" in warning.value for warning in app.warning) == 1
