"""The New grid page: axes, their sentences, the estimate, starting, and the grid that trains."""

import pytest

from aecore import jobs, store
from aecore.config import Config
from aecore.grid import Grid
from aecore.models import parameter_count
from aecore.results import Progress
from aecore.store import names
from aecore.training.grid_estimate import estimate_grid
from aecore.training.stacking import plan_stacks
from pages.train.new_grid import axes, drawing
from tests.pages.conftest import TINY_GRID, open_page

PAGE = "pages/train/new_grid/page.py"
DIGITS = Config().with_values({"data.name": "digits", "train.epochs": 2})


def open_with(values, config=DIGITS):
    return open_page(PAGE, _new_grid_from=(config, values))


def start_button(app):
    return app.button(key="new_grid_start")


def test_the_first_visit_counts_models_and_estimates_their_cost(empty_root):
    app = open_page(PAGE, _new_grid_from=(DIGITS, None))
    assert not app.exception
    assert any("5 x 2 x 2 = 20 positions**, 15 different models" in text.value for text in app.markdown)
    assert any("stack" in text.value and "MB of memory" in text.value for text in app.caption)
    assert not start_button(app).disabled


def drawn(app):
    """The drawing of the models as HTML; empty where there is none."""
    return next((block.value for block in app.get("html") if "data-models" in block.value), "")


def test_every_model_is_drawn_once_with_its_parameters_and_follows_the_axes(empty_root):
    app = open_with(
        {"model.latent_size": ["2", "8"], "penalty": ["none", "code_l1"], "strength": ["0.1", "1"]}
    )
    table = drawn(app)
    models = [DIGITS.with_values({"model.latent_size": size}).model for size in (2, 8)]
    for model in models:
        # No penalty has no strength: three rows of the four combinations.
        assert table.count(f">{parameter_count(model, (1, 8, 8)):,}<") == 3
    for name in ("no penalty", "L1 0.1", "L1 1"):
        assert f">{name}</th>" in table
    app.multiselect(key="new_grid_model_latent_size").set_value(["2", "8", "16"]).run()
    wider = DIGITS.with_values({"model.latent_size": 16}).model
    assert f">{parameter_count(wider, (1, 8, 8)):,}<" in drawn(app)


def test_a_large_grid_is_drawn_in_part_and_says_so(empty_root):
    app = open_with({"train.seed": [str(seed) for seed in range(100)]})
    assert drawn(app).count("<td style") == drawing.COLUMNS
    assert any(f"The first {drawing.COLUMNS} of 100 models" in text.value for text in app.caption)


@pytest.mark.parametrize("others", [{"penalty": ("none", "code_l1", "code_l2"), "strength": (0.1, 0.2)}, {}])
def test_the_rows_of_the_drawing_hold_every_member(others):
    grid = Grid(DIGITS, {"train.seed": (0, 1, 2), **others})
    across, rows = drawing.arranged(grid)
    assert across == "train.seed"
    assert sorted(k for _, row in rows for k in row) == list(range(len(grid.members)))
    for _, row in rows:
        assert [grid.members[k].train.seed for k in row] == [0, 1, 2]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"model.latent_size": ["0", "2"]}, "“Units in the code” must be from 1 to 4096, not 0"),
        ({"model.latent_size": ["two"]}, "must be whole numbers, not 'two'"),
        ({"model.latent_size": []}, "Units in the code has no values yet"),
        ({"penalty": ["code_l1"], "strength": ["-1"]}, "at least 0, not -1"),
        ({"train.seed": [str(seed) for seed in range(10_000)]}, "10,000 members; at most 1,024"),
        ({"model.latent_size": ["4", "4"]}, "names a value twice"),
        ({"model.hidden": ["128-x"]}, "widths such as 128-64, not '128-x'"),
        ({"strength": ["0.1"]}, "The axis strength needs an axis penalty beside it"),
        ({"train.learning_rate": ["nan"]}, "must be a finite number"),
        ({}, "Choose at least one setting"),
    ],
)
def test_nonsense_is_refused_in_one_sentence_before_anything_starts(empty_root, values, words):
    app = open_with(values)
    if not values:
        app.multiselect(key="new_grid_axes").set_value([]).run()
    assert not app.exception
    assert words in app.error[0].value
    assert app.error[0].value.count("\n") == 0
    assert start_button(app).disabled
    assert not store.list_grids()


def test_a_latent_size_under_a_top_k_is_refused(empty_root):
    config = DIGITS.with_values({"model.code_activation": "top_k", "model.top_k": 10})
    app = open_with({"model.latent_size": ["4", "16"]}, config)
    assert "has only 4 units" in app.error[0].value
    assert start_button(app).disabled


def test_train_makes_the_grid_in_the_form_and_starts_it(empty_root, monkeypatch):
    started = []
    monkeypatch.setattr("aecore.jobs.control.start", lambda path, threads=None: started.append(path))
    app = open_with({"model.latent_size": ["2", "8"], "model.hidden": ["32", "32-16"], "train.seed": ["0"]})
    assert any("2 x 2 x 1 = 4 positions" in text.value for text in app.markdown)
    start_button(app).click().run()
    assert not app.exception
    (path,) = started
    expected = {"model.latent_size": (2, 8), "model.hidden": ((32,), (32, 16)), "train.seed": (0,)}
    assert store.read_grid(path).grid == Grid(DIGITS, expected)


def test_stopping_beaten_models_is_off_and_can_be_chosen(empty_root, monkeypatch):
    started = []
    monkeypatch.setattr("aecore.jobs.control.start", lambda path, threads=None: started.append(path))
    app = open_with({"train.learning_rate": ["0.001", "0.01"]})
    box = app.checkbox(key=axes.HALVING)
    assert not box.value
    box.check().run()
    start_button(app).click().run()
    assert not app.exception
    assert store.read_grid(started[0]).grid == Grid(
        DIGITS, {"train.learning_rate": (1e-3, 1e-2)}, halving=True
    )


def test_typed_values_and_axes_stay_when_the_page_is_left(empty_root):
    app = open_with({"model.latent_size": ["3", "7"]})
    app.switch_page("pages/train/train/page.py").run()
    app.switch_page(PAGE).run()
    assert not app.exception
    assert app.multiselect(key="new_grid_axes").value == ["model.latent_size"]
    assert app.multiselect(key="new_grid_model_latent_size").value == ["3", "7"]


def test_a_finished_grid_is_shown_with_its_curves(grid_root):
    app = open_page(PAGE, _new_grid_from=(DIGITS, None))
    assert not app.exception
    assert "12 models" in app.success[0].value


@pytest.mark.parametrize(
    ("status", "words"), [("stopped", "what the others had reached is kept"), ("failed", "the disk is full")]
)
def test_an_unfinished_grid_says_how_it_stands_and_can_be_resumed(
    grid_root, grid_key, status, words, monkeypatch
):
    path = grid_root / grid_key
    (path / names.RESULT).unlink()
    store.write_progress(path, Progress(status, "the disk is full", members_done=12))
    resumed = []
    monkeypatch.setattr(jobs, "start", lambda path, threads=None: resumed.append(path))
    app = open_page(PAGE, _new_grid_from=(DIGITS, None))
    assert words in [*app.info, *app.error][0].value
    app.button(key="new_grid_resume").click().run()
    assert not app.exception
    assert resumed == [path]


def test_grids_are_listed_on_the_runs_page_and_can_be_deleted(grid_root, grid_key):
    app = open_page("pages/train/runs/page.py", runs_show="Grids")
    assert not app.exception
    (line,) = app.dataframe[0].value.to_dict("records")
    assert (line["Name"], line["Models"], line["Status"]) == ("tiny grid", 12, "finished")
    app.button(key="runs_grid_delete").click().run()
    app.button(key="runs_grid_delete_yes").click().run()
    assert not (grid_root / grid_key).exists()


# Ranges, estimate


def test_ranges_have_equal_factors_or_equal_steps():
    assert axes.spread(int, 2, 32, 5, True) == ["2", "4", "8", "16", "32"]
    assert axes.spread(int, 1, 9, 5, False) == ["1", "3", "5", "7", "9"]
    assert axes.spread(float, 1e-4, 1e-2, 3, True) == ["0.0001", "0.001", "0.01"]
    assert axes.spread(int, 1, 3, 10, False) == ["1", "2", "3"], "each whole number once"
    with pytest.raises(ValueError, match="above 0"):
        axes.spread(float, 0, 1, 3, True)


def test_the_estimate_grows_with_members_and_epochs():
    shape = (1, 8, 8)
    one = estimate_grid(TINY_GRID, shape, 1500, 1)
    assert (one.members, one.side_by_side) == (12, 1)
    assert one.stacks == len(plan_stacks(TINY_GRID, shape))
    longer = Grid(TINY_GRID.base.with_values({"train.epochs": 20}), TINY_GRID.axes)
    # The times of steps are kept, so nothing but the count differs.
    assert estimate_grid(longer, shape, 1500, 1).seconds == pytest.approx(10 * one.seconds, rel=0.2)
    assert one.bytes > 12 / one.stacks * 4 * 5 * (64 * 16 + 16 * 64) * 0.9
