"""The Contrasts page: what it offers before its networks are trained, and what it says of them after."""

import math
import shutil

import pytest

from aecore import store
from aecore.analysis.gradients import first_gradients
from aecore.gallery import contrasts
from pages.shared import loading, state
from pages.understand.contrasts import preview, words
from pages.understand.contrasts.words import Told
from tests.pages.conftest import open_page, train_grid_here

PAGE = "pages/understand/contrasts/page.py"
ZEROS = contrasts.BY_KEY["zeros"]
MEAN = 50.0


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A root with the networks of the contrast of zeros."""
    root = tmp_path_factory.mktemp("contrast")
    train_grid_here(store.create_grid(ZEROS.grid, ZEROS.name, root))
    return root


@pytest.fixture
def grid(trained, empty_root):
    """The grid's folder in the root that the app is pointed at."""
    shutil.copytree(trained, empty_root, dirs_exist_ok=True)
    (info,) = store.list_grids(empty_root)
    return info


def text_of(app):
    return " ".join(element.value for kind in ("markdown", "caption") for element in getattr(app.main, kind))


@pytest.mark.parametrize("contrast", contrasts.ALL, ids=lambda contrast: contrast.key)
def test_before_its_networks_are_trained_one_click_trains_them(contrast, empty_root, monkeypatch):
    begun = []
    monkeypatch.setattr("aecore.jobs.submit_grid", lambda grid, name: begun.append((grid, name)))
    app = open_page(PAGE, contrast=contrast.key)
    assert not app.exception
    assert app.main.subheader[0].value == contrast.title
    assert f"{len(contrast.grid.members)} small networks" in app.main.info[0].value
    (networks,) = [block.value for block in app.get("html") if "data-networks" in block.value]
    for k in range(len(contrast.grid.members)):
        assert f">{words.member_label(contrast.grid.position_of(k))}</div>" in networks
    assert len(app.get("vega_lite_chart")) == 1
    app.button(key="grid_train").click().run()
    assert begun == [(contrast.grid, contrast.name)]


def test_the_networks_are_shown_as_their_training_begins():
    found = preview._initial(ZEROS.key)
    zeros, default = found.outputs["zeros"], found.outputs["default"]
    assert (zeros == zeros[0]).all(), "without weights every image gives the same"
    assert not (default == default[0]).all()
    assert set(found.gradients["zeros"]) == {0}
    data = loading.load_data("digits")
    config = next(c for c in ZEROS.grid.members if c.model.init == "default")
    assert found.gradients["default"] == first_gradients(config, data)


def test_what_is_said_are_the_networks_own_figures(grid):
    app = open_page(PAGE, contrast=ZEROS.key)
    assert not app.exception
    errors = [row.result.test.squared_error for row in grid.members()]
    table = app.main.dataframe[0].value
    assert table["Network"].tolist() == ["default", "zeros"]
    assert table["Squared error"].tolist() == errors
    norms = store.read_looks(grid.member_path(0)).profile("gradient_norm", 1)
    assert table["Gradient, first to last layer"].tolist() == [f"{norms[0] / norms[-1]:.2g}", "no gradient"]
    assert "Initial weights" in table["Health"].tolist()[1]
    said = text_of(app)
    assert f"Lowest squared error: default ({errors[0]:.2f})." in said
    assert f": zeros ({errors[1]:.2f})." in said
    assert "the median gradient is 0 in every layer: zeros." in said
    assert f"in the first epoch: {norms[0] / norms[-1]:.2g} (default)." in said


def test_both_runs_open_on_the_training_page(grid):
    app = open_page(PAGE, contrast=ZEROS.key)
    app.button(key="contrast_training").click().run()
    link = {"run": grid.member_key(0), "beside": grid.member_key(1)}
    assert app.session_state["_leaving_for"] == (state.TRAINING_PAGE, link)
    shown = open_page(state.TRAINING_PAGE, link)
    assert not shown.exception
    assert shown.selectbox("training_beside").value == grid.member_key(1)
    assert len([m for m in shown.main.markdown if m.value.startswith("In epoch")]) == 2


def test_the_ranges_are_told_without_any_training(empty_root):
    app = open_page(PAGE, contrast="normalization")
    assert not app.exception
    table = app.main.dataframe[0].value
    by_pair = {(row["Output"], row["Pixels in"]): row for _, row in table.iterrows()}
    assert by_pair["tanh", "[-1, 1]"]["Taken"] == by_pair["sigmoid", "[0, 1]"]["Taken"] == "yes"
    assert by_pair["tanh", "[0, 1]"]["Taken"] == by_pair["sigmoid", "[-1, 1]"]["Taken"] == "no"
    assert by_pair["tanh", "[0, 1]"]["Least squared error"] == 0
    assert by_pair["sigmoid", "[-1, 1]"]["Least squared error"] > 1
    assert "use minus_one_one or a linear output".replace("_", "\\_") in text_of(app)


def told(label, error=10.0, ratio=1.0, alarms=()):
    return Told(label, error, error is not None and error < MEAN - 5, ratio, tuple(alarms))


def test_the_outcome_names_lowest_highest_and_who_does_not_learn():
    found = [told("a", 12.0), told("b", 9.0), told("c", 49.0), told("d", None)]
    text = words.outcome(found, MEAN)
    assert "Lowest squared error: b (9.00); highest of those below the mean image: a (12.00)." in text
    assert "one picture for all (50.00): c (49.00); d (not finite)." in text
    assert "Not clearly" not in words.outcome(found[:2], MEAN)


def test_a_ratio_alone_is_called_no_verdict_only_where_the_outcome_says_otherwise():
    assert "no verdict" not in words.gradients([told("a"), told("b", 50.0, 1e-9)])
    assert "no verdict: b comes below the mean image." in words.gradients([told("a"), told("b", 20.0, 1e-9)])
    said = words.gradients([told("a", 50.0), told("b", 9.0, 1e-9)])
    assert "no promise: a comes not clearly below the mean image." in said
    assert words.gradients([told("a", ratio=math.nan)]) == ""


def test_ratios_that_are_about_equal_are_not_worth_a_sentence():
    assert words.gradients([told("a", ratio=0.2), told("b", ratio=0.5)]) == ""
    text = words.gradients([told("a", ratio=0.2), told("b", ratio=432.1)])
    assert (
        text
        == "First layer's gradient norm over the last layer's, in the first epoch: 0.2 (a) up to 432 (b)."
    )


def test_a_member_is_named_by_what_sets_it_apart():
    position = {"model.activation": "sigmoid", "model.hidden": (32,) * 8}
    assert words.member_label(position) == "sigmoid, 8 layers"
    assert words.member_label({"train.learning_rate": 1e-5}) == "rate 1e-05"
    assert words.member_label({"model.init_std": 4.0}) == "size 4"
