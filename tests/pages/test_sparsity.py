"""The Sparsity page: without runs, with the visitor's own, and with networks in place of the shipped ones."""

import json
import shutil

import pytest

from aecore import data, models, store
from aecore.analysis import comparison
from aecore.config import field_paths
from aecore.gallery import sparsity as gallery
from aecore.grid import Grid
from aecore.jobs.worker import work
from aecore.results import FigureRow, Figures, FigureTable, Result, Score
from aecore.store import names
from pages.look.sparsity import path, words
from pages.look.sparsity.lessons import LESSONS
from tests.pages.conftest import TINY, open_page

PAGE = "pages/look/sparsity/page.py"
SLIDER = "sparsity_dictionary_left"


@pytest.fixture(scope="session")
def _untrained(tmp_path_factory):
    """The shipped grid with networks as they are before training, and figures made up by a rule."""
    root = tmp_path_factory.mktemp("shipped")
    folder = store.create_grid(Grid(gallery.BASE, listed=gallery.MEMBERS), "shipped", root)
    table = []
    for values, seed in gallery.networks():
        config = gallery.config(values, seed)
        k = gallery.MEMBERS.index(values) if seed == 0 and values in gallery.MEMBERS else None
        table.append(FigureRow(values, seed, k, made_up(config)))
        if k is not None:
            model = models.build(config.model, (1, 28, 28), seed)
            scaling = data.Scaling((0.5,), (0.5,))
            store.save_weights(folder / str(k), model.state_dict(), (1, 28, 28), scaling)
            store.write_result(folder / str(k), Result(Score(1.0, 0.1), 4, 1.0, 9))
    store.write_figures(folder, FigureTable(tuple(table)))
    return root


def made_up(config):
    """Squared errors that rise with the strength, so that it is known which L2 is nearest to which L1."""
    loss, active = config.loss, 20.0
    error = 10 + 5000 * loss.code_l1 + 8000 * loss.code_l2 + 0.1 * config.train.seed
    if loss.code_l1:
        active = 6.0
    return Figures(
        images=10_000,
        units=config.model.latent_size,
        exact_zeros=0.5,
        exact_zeros_alive=0.4,
        near_zeros=0.6,
        hoyer=0.7,
        active_units=active,
        alive_units=config.model.latent_size - 5,
        dead_units=5,
        mean_absolute=0.3,
        squared_error=error,
        column_norm=1.0,
        validation_squared_error=error,
        used_units=9,
        weight_zeros=0.36 if loss.weight_l1 else 0.0,
        weight_near_zeros=0.5,
    )


@pytest.fixture
def shipped_root(_untrained, empty_root):
    shutil.copytree(_untrained, empty_root, dirs_exist_ok=True)
    return empty_root


@pytest.fixture
def two_runs(tiny_root):
    """The tiny run, and another of the same kind with L1."""
    values = {"loss.code_l1": 1e-2, "model.code_activation": "relu"}
    work(store.create_run(TINY.with_values(values), "with L1", tiny_root), threads=1)
    return tiny_root


def explore():
    """The page with all that can be compared, beside the path of lessons."""
    return open_page(PAGE, {"sparsity_step": "explore"})


def view(app, name):
    app.segmented_control(key="sparsity_view").set_value(name).run()
    assert not app.exception, app.exception[0].message
    return app


def lesson(app, name):
    app.selectbox(key="sparsity_lesson").set_value(name).run()
    assert not app.exception, app.exception[0].message
    return app


def strip_of(app):
    return next(block.value for block in app.get("html") if "<table" in block.value)


def test_without_runs_the_page_says_so_and_the_geometry_works(empty_root):
    app = open_page(PAGE)
    assert not app.exception
    assert "Two trained runs" in app.info[0].value
    view(app, "Geometry")
    assert not app.info
    assert any("diamond" in c.value for c in app.caption)
    for name in ("Trade-off", "Weights"):
        assert "make gallery" in view(app, name).info[0].value


def test_one_run_is_too_few(tiny_root):
    app = open_page(PAGE)
    assert not app.exception
    assert "Two trained runs" in app.info[0].value


def test_unreadable_runs_and_a_damaged_table_give_sentences(broken_root):
    (broken_root / "grid").mkdir()
    (broken_root / "grid" / names.FIGURES).write_text("{")
    app = open_page(PAGE)
    assert not app.exception
    assert len(app.error) == 1
    assert names.FIGURES in app.error[0].value


def test_own_runs_stand_side_by_side_in_every_view(two_runs):
    app = open_page(PAGE)
    assert not app.exception, app.exception[0].message
    assert "of 6 units active" in app.markdown[-1].value
    for name in ("Values", "Images", "Code"):
        view(app, name)
        assert "<table" in strip_of(app)


def test_the_same_run_twice_another_size_and_other_data_are_refused(two_runs):
    app = open_page(PAGE)
    keys = app.selectbox(key="sparsity_run_0").options
    first = app.selectbox(key="sparsity_run_0").value
    app.selectbox(key="sparsity_run_1").set_value(first).run()
    assert "same run" in app.warning[0].value
    assert len(keys) == 2

    folder = two_runs / first
    values = json.loads((folder / "config.json").read_text())
    for section, field, value, reason in (
        ("model", "latent_size", 5, "5 and 6 units"),
        ("data", "name", "sprites", "sprites"),
    ):
        changed = json.loads(json.dumps(values))
        changed["config"][section][field] = value
        (folder / "config.json").write_text(json.dumps(changed))
        app = open_page(PAGE)
        assert not app.exception
        assert reason in app.warning[0].value or "6 and 5 units" in app.warning[0].value


@pytest.mark.mnist
def test_the_slider_moves_l1_and_the_match_follows(shipped_root):
    app = open_page(PAGE)
    assert not app.exception, app.exception[0].message
    # By the rule above: 25.0 for L1 at 0.003; 23.6 and 32.4 for L2 at 0.0017 and 0.0028. At the other seeds
    # 0.002, which has figures only, comes nearer: 26.1 and 26.2 beside 25.1 and 25.2.
    assert ">25.00<" in strip_of(app)
    assert "<b>23.60</b>" in strip_of(app)
    assert "25.00 to 25.20" in strip_of(app)
    assert "23.60 to 26.20" in strip_of(app)
    assert any("more than 3%, so that the two don't compare" in c.value for c in app.caption)
    app.select_slider(key=SLIDER).set_value(1e-3).run()
    assert "<b>15.00</b>" in strip_of(app)
    assert "<b>14.80</b>" in strip_of(app)
    assert any("squared error on test images within 1.3%" in c.value for c in app.caption)
    assert app.markdown[-1].value.startswith("At the same squared error L1 leaves 6.0 of 64 units active")
    app.toggle(key="sparsity_match").set_value(False).run()
    app.select_slider(key="sparsity_dictionary_right").set_value(2.8e-3).run()
    assert "<b>32.40</b>" in strip_of(app)
    assert "that of L2 lies 114.5% to 116.0% above that of L1" in app.markdown[-1].value


@pytest.mark.mnist
def test_without_a_penalty_both_sides_are_said_to_be_one_network(shipped_root):
    app = open_page(PAGE)
    app.select_slider(key=SLIDER).set_value(0.0).run()
    assert not app.exception
    assert app.markdown[-1].value == words.SAME


@pytest.mark.mnist
def test_a_strength_is_kept_by_its_lesson_and_changes_no_other(shipped_root):
    app = explore()
    app.select_slider(key=SLIDER).set_value(6e-4).run()
    for name in app.selectbox(key="sparsity_lesson").options[1:-1]:
        lesson(app, name)
        assert "strength 0.0006" not in strip_of(app)
        lesson(app, "ReLU code")
        assert "strength 0.0006" in strip_of(app)
        assert app.select_slider(key=SLIDER).value == 6e-4


@pytest.mark.mnist
def test_a_lesson_of_two_networks_has_no_slider(shipped_root):
    app = explore()
    for name in ("Linear code", "Free decoder", "Warm-up", "Whole-batch norm", "TopK, BatchNorm"):
        lesson(app, name)
        assert not app.select_slider
        assert any("quared error" in c.value for c in app.caption)


@pytest.mark.mnist
def test_every_lesson_in_every_view(shipped_root):
    app = explore()
    names = app.selectbox(key="sparsity_lesson").options
    assert {"ReLU code", "Linear code", "Free decoder", "Warm-up", "Whole-batch norm"} <= set(names)
    for name in names:
        lesson(app, name)
        for place in ("Values", "Images", "Code"):
            view(app, place)
            assert name == "Your own runs" or "<table" in strip_of(app)


@pytest.mark.mnist
def test_silent_units_count_or_not(shipped_root):
    app = open_page(PAGE)
    assert "50.0%" in strip_of(app)
    app.toggle(key="sparsity_count").set_value(False).run()
    assert not app.exception
    assert "40.0%" in strip_of(app)


@pytest.mark.mnist
def test_weights_and_trade_off(shipped_root):
    app = view(explore(), "Weights")
    assert "sets 36% of the weights to exactly 0 for 0.0 more" not in app.markdown[-1].value
    assert "seeds do not agree" in app.markdown[-1].value
    app.segmented_control(key="sparsity_weights").set_value("none").run()
    assert app.markdown[-1].value.startswith("Both columns show the network without a penalty")
    view(app, "Trade-off")
    assert "of 64 units active" in app.markdown[-1].value


# What a lesson is about, in which its sides may differ besides the penalty.
ABOUT = {
    "dictionary": set(),
    "linear": set(),
    "free": set(),
    "warm_up": {"loss.warmup_delay", "loss.warmup_epochs"},
    "whole_batch": {"train.batch_size", "train.epochs"},
    "hard": {"model.code_activation", "model.top_k", "model.threshold"},
}


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=lambda lesson: lesson.key)
def test_both_sides_of_a_lesson_are_trained_alike(lesson):
    left, right = (
        comparison.recipe(gallery.BASE.with_values(side.values)) for side in (lesson.left, lesson.right)
    )
    differ = {path for path in field_paths() if left.get(path) != right.get(path)}
    assert differ <= ABOUT[lesson.key]


def test_the_networks_whose_weights_are_penalized_are_trained_alike():
    post = [values for values in gallery.MEMBERS if values.items() >= gallery.POST.items()]
    assert len(post) == 5
    assert len({comparison.recipe(gallery.config(values, 0)) for values in post}) == 1


def test_every_network_that_is_compared_has_its_figures_at_every_seed():
    seeds = {}
    for values, seed in gallery.networks():
        seeds.setdefault(gallery.config(values, 0), []).append(seed)
    assert all(found == list(gallery.SEEDS) for found in seeds.values())


@pytest.mark.mnist
def test_the_path_leads_through_every_station_and_back_to_where_it_was(shipped_root):
    app = open_page(PAGE)
    titles = []
    for number, station in enumerate(path.STATIONS, 1):
        assert not app.exception, app.exception[0].message
        assert app.subheader[0].value == station.title
        assert any(caption.value == f"{number} of {len(path.STATIONS)}" for caption in app.caption)
        assert not app.segmented_control
        titles.append(app.subheader[0].value)
        if number < len(path.STATIONS):
            app.button(key="sparsity_next").click().run()
    assert app.button(key="sparsity_next").disabled
    app.button(key="sparsity_back").click().run()
    assert app.subheader[0].value == titles[-2]
    assert app.query_params["sparsity_step"] == str(len(titles) - 1)
    app.button(key="sparsity_explore").click().run()
    assert app.selectbox(key="sparsity_lesson").value == "ReLU code"
    app.button(key="sparsity_lessons").click().run()
    assert app.subheader[0].value == titles[0]
    assert app.button(key="sparsity_back").disabled


@pytest.mark.mnist
@pytest.mark.parametrize(
    "link", [{"sparsity_lesson": "Linear code"}, {"sparsity_view": "Weights"}, {"sparsity_step": "explore"}]
)
def test_links_to_a_view_or_a_comparison_open_where_these_are_chosen(shipped_root, link):
    app = open_page(PAGE, link)
    assert not app.exception
    chosen = app.segmented_control(key="sparsity_view").value
    assert chosen == link.get("sparsity_view", "Code")
    if chosen == "Code":
        assert app.selectbox(key="sparsity_lesson").value == link.get("sparsity_lesson", "ReLU code")


@pytest.mark.mnist
@pytest.mark.parametrize("step", ["0", "7", "-1", "x", "2.0"])
def test_a_station_that_is_not_there_is_the_first_one(shipped_root, step):
    app = open_page(PAGE, {"sparsity_step": step})
    assert not app.exception
    assert app.subheader[0].value == path.STATIONS[0].title
