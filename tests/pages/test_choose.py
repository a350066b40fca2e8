"""The Choose page: the sliders' place, what is said, and what can be done with a member."""

import csv
import io
import json
import shutil

import pytest

from aecore import jobs, store
from aecore.results import Result, Row, Score
from aecore.store import names
from pages.look.choose import board_data
from pages.shared import grid_source
from pages.shared.members import member_name
from tests.pages.conftest import TINY_GRID, open_page

PAGE = "pages/look/choose/page.py"


def texts(app):
    return [element.value for element in [*app.markdown, *app.caption]]


def place(app, key):
    return app.session_state["_choose_places"][key]


def test_without_a_grid_the_way_to_one_is_shown(empty_root):
    app = open_page(PAGE)
    assert not app.exception
    assert "no grid" in app.info[0].value


def test_the_sliders_start_at_the_proposed_member(grid_root, grid_key):
    app = open_page(PAGE)
    assert not app.exception
    (proposal,) = [text for text in texts(app) if text.startswith("**Proposed")]
    info = store.read_grid(grid_root / grid_key)
    k = info.grid.index[[list(p) for p in _places()].index(place(app, grid_key))]
    assert member_name(info.grid, k) in proposal
    assert "over 2 seeds" in proposal
    assert "within one standard error" in proposal or "lowest validation error" in proposal
    assert any("Test images only report" in text for text in texts(app))


def _places():
    return [[i, j, s] for i in range(3) for j in range(2) for s in range(2)]


def test_a_link_moves_the_sliders_and_the_place_stays_when_the_page_is_left(grid_root, grid_key):
    app = open_page(PAGE, {"grid": grid_key, "at": "1-1-0"})
    assert not app.exception
    assert place(app, grid_key) == [1, 1, 0]
    app.switch_page("pages/train/train/page.py").run()
    app.query_params.clear()
    app.switch_page(PAGE).run()
    assert place(app, grid_key) == [1, 1, 0]
    assert app.query_params["at"] == "1-1-0"


@pytest.mark.parametrize("at", ["9-9-9", "1", "a-b-c", "-1-0-0", "", "0-0-0-0", "1e9-0-0"])
def test_a_link_to_a_place_that_is_none_is_left_alone(grid_root, grid_key, at):
    app = open_page(PAGE, {"grid": grid_key, "at": at})
    assert not app.exception
    assert place(app, grid_key) in _places()


def test_a_link_to_a_grid_that_is_not_here_says_so(grid_root):
    app = open_page(PAGE, {"grid": "gone"})
    assert "gone" in app.warning[0].value


def test_look_makes_the_member_the_run_of_every_page(grid_root, grid_key):
    app = open_page(PAGE)
    info = store.read_grid(grid_root / grid_key)
    k = info.grid.index[_places().index(place(app, grid_key))]
    app.button(key="choose_look").click().run()
    app.switch_page("pages/look/reconstructions/page.py").run()
    assert not app.exception
    assert app.session_state["run"] == f"{grid_key}/{k}"
    assert member_name(info.grid, k) in app.sidebar.selectbox[0].options[0]


def test_a_link_to_a_member_is_followed_and_one_to_none_is_said_so(grid_root, grid_key):
    app = open_page("pages/look/reconstructions/page.py", {"run": f"{grid_key}/3"})
    assert not app.exception
    assert app.session_state["run"] == f"{grid_key}/3"
    for missing in (f"{grid_key}/99", "gone/1", "../../etc/1", f"{grid_key}/../x"):
        app = open_page("pages/look/reconstructions/page.py", {"run": missing})
        assert not app.exception
        assert missing in app.sidebar.warning[0].value


def test_keep_makes_a_run_with_the_members_figures(grid_root, grid_key):
    app = open_page(PAGE)
    app.button(key="choose_keep").click().run()
    assert not app.exception
    (run,) = store.list_runs()
    grid = store.read_grid(grid_root / grid_key)
    k = grid.grid.index[_places().index(place(app, grid_key))]
    assert run.config == grid.grid.members[k]
    assert run.result == grid.members()[k].result
    assert app.session_state["run"] == run.key


def test_continue_starts_a_run_with_more_epochs(grid_root, grid_key, monkeypatch):
    started = []
    monkeypatch.setattr(jobs, "start", started.append)
    app = open_page(PAGE)
    app.number_input(key="choose_more").set_value(3).run()
    app.button(key="choose_continue").click().run()
    assert not app.exception
    (run,) = store.list_runs()
    assert started == [run.path]
    assert run.config.train.epochs == TINY_GRID.base.train.epochs + 3


def test_a_grid_without_optimizer_state_offers_its_settings_instead(grid_root, grid_key):
    shutil.rmtree(grid_root / grid_key / "stacks")
    app = open_page(PAGE)
    assert not app.exception
    assert any("came without its optimizers' state" in text for text in texts(app))
    assert "choose_continue" not in [button.key for button in app.button]


@pytest.mark.parametrize("view", ["Heat map", "Pareto front", "Parallel axes", "Importance"])
def test_every_view_draws(grid_root, view):
    app = open_page(PAGE, {"choose_view": view})
    assert not app.exception
    assert len(app.get("vega_lite_chart")) == 2 or len(app.get("arrow_vega_lite_chart")) == 2


def test_the_table_has_a_line_a_member_with_its_axes_and_figures(grid_root, grid_key):
    info = store.read_grid(grid_root / grid_key)
    lines = list(csv.DictReader(io.StringIO(store.table_csv(info))))
    assert len(lines) == 12
    for k, line in enumerate(lines):
        assert int(line["model.latent_size"]) == info.grid.members[k].model.latent_size
        assert float(line["test.squared_error"]) == info.members()[k].result.test.squared_error


def test_a_grid_that_is_not_finished_shows_what_is_there(grid_root, grid_key):
    folder = grid_root / grid_key
    (folder / names.RESULT).unlink()
    for k in range(6):
        (folder / str(k) / names.RESULT).unlink()
    (folder / "0" / names.PICTURES).unlink()
    (folder / "1" / names.PICTURES).write_bytes(b"damaged")
    app = open_page(PAGE)
    assert not app.exception
    assert app.get("component") is not None
    assert "stopped" not in app.error


def test_without_validation_images_nothing_is_proposed(grid_root, grid_key):
    path = grid_root / grid_key / names.RESULT
    values = json.loads(path.read_text())
    for row in values["members"]:
        row["validation"] = {}
    path.write_text(json.dumps(values))
    app = open_page(PAGE)
    assert not app.exception
    assert any("nothing here can choose" in text for text in texts(app))


# What goes to the browser


def test_the_browser_gets_every_members_pictures_and_codes(grid_root, grid_key):
    import base64

    import numpy as np

    info = store.read_grid(grid_root / grid_key)
    rows = grid_source.rows(info)
    data = board_data.payload(info, rows, grid_source.pictures(info), grid_source.probe(info), 1)
    pictures = np.frombuffer(base64.b64decode(data["pictures"]), np.uint8).reshape(12, 10, 1, 8, 8)
    codes = np.frombuffer(base64.b64decode(data["codes"]), "<f4")
    originals = np.frombuffer(base64.b64decode(data["originals"]), np.uint8).reshape(10, 1, 8, 8)
    for k, member in enumerate(data["members"]):
        run = store.load_run(info.path / str(k))
        code = run.encode(originals / np.float32(255)).numpy()
        start = member["code"]
        np.testing.assert_allclose(
            codes[start : start + code.size].reshape(code.shape), code, rtol=1e-3, atol=1e-4
        )
        found = run.decode(code).numpy().clip(0, 1) * 255
        assert np.abs(found - pictures[k]).max() <= 1.01
        assert member["figures"]["test"] == rows[k].result.test.squared_error
        assert member["pca"]["parameters"] == (run.latent_size + 1) * 64
    assert set(data["pca"]) == {"2", "4", "8"}
    assert data["index"] == list(info.grid.index)


def test_a_large_grid_shows_fewer_images(grid_root, grid_key, monkeypatch):
    info = store.read_grid(grid_root / grid_key)
    monkeypatch.setattr(board_data, "LARGEST", 12 * 64 * 3)
    data = board_data.payload(
        info, grid_source.rows(info), grid_source.pictures(info), grid_source.probe(info), 1
    )
    assert data["count"] == 3


@pytest.mark.parametrize(
    ("latent", "error", "pca", "words"),
    [
        (12, 16.0, 24.5, "35% below what PCA reaches with 12 components"),
        (
            32,
            13.3,
            13.2,
            "about as well (13.2 against 13.3): the network's narrowest hidden layer is 64 wide",
        ),
        (64, 12.9, 7.1, "does better (7.1 against 12.9): the network's narrowest hidden layer is 64 wide"),
        (1, 50.0, 49.0, "PCA with 1 component does about as well (49.0 against 50.0)."),
    ],
)
def test_the_sentence_says_who_does_better_and_why(latent, error, pca, words):
    from aecore.config import Config
    from aecore.grid import Grid

    grid = Grid(Config(), {"model.latent_size": (latent,)})
    row = Row(0, {}, Result(Score(error, error / 784, pca), 4, 1.0, 9))
    assert words in board_data.sentence(grid, 0, row)


def test_the_sentence_of_a_diverged_and_an_unfinished_member():
    late, at_once = (board_data.sentence(TINY_GRID, 0, Row(0, {}, failed=epoch)) for epoch in (2, 1))
    assert late == "Its loss was no longer finite in epoch 2: the pictures are of the epoch before."
    assert at_once == "Its loss was no longer finite in epoch 1: there is no picture of it."
    assert "1 epoch so far" in board_data.sentence(TINY_GRID, 0, Row(0, {}, epochs=1))
