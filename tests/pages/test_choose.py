"""The Choose page: the sliders' place, what is said, and what can be done with a member."""

import csv
import io
import json
import shutil
from dataclasses import replace

import pytest

from aecore import data, jobs, store
from aecore.analysis import grid_words, selection
from aecore.config import Config
from aecore.export.tables import member_table, table_file
from aecore.grid import Grid
from aecore.jobs import control
from aecore.results import Result, Row, Score
from aecore.settings import member_name
from aecore.store import names
from aecore.web.board import payload as board_data
from pages.look.choose import overview
from pages.shared import background, grid_source
from pages.shared.words import size
from tests.pages.conftest import TINY, TINY_GRID, open_page, train_grid_here

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


def components(app):
    """What each component of a page that shows a grid was sent, by its name."""
    named = {element.proto.component_name.split(".")[-1]: element for element in app.get("bidi_component")}
    return {name: json.loads(one.proto.json) for name, one in named.items() if name.startswith("grid_")}


@pytest.mark.parametrize(
    ("view", "name"),
    [
        ("Heat map", "grid_heat"),
        ("Pareto front", "grid_front"),
        ("Parallel axes", ""),
        ("Importance", "grid_bars"),
    ],
)
def test_every_view_draws(grid_root, view, name):
    app = open_page(PAGE, {"choose_view": view})
    assert not app.exception
    expected = {"grid_board", "grid_curve", *([name] if name else [])}
    assert components(app).keys() == expected
    assert len(app.get("vega_lite_chart")) == (0 if name else 1)


def test_the_charts_stand_where_the_sliders_do(grid_root, grid_key):
    app = open_page(PAGE, {"grid": grid_key, "at": "1-1-0"})
    sent, info = components(app), store.read_grid(grid_root / grid_key)
    k = selection.member_at(info.grid, [1, 1, 0])
    assert sent["grid_board"]["at"] == sent["grid_heat"]["at"] == [1, 1, 0]
    assert sent["grid_curve"]["k"] == k
    assert sent["grid_curve"]["names"][k] == member_name(info.grid, k)


def test_the_table_has_a_line_a_member_with_its_axes_and_figures(grid_root, grid_key):
    info = store.read_grid(grid_root / grid_key)
    lines = list(csv.DictReader(io.StringIO(table_file(member_table(info), ".csv").decode())))
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
    rows = info.rows()
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
    data = board_data.payload(info, info.rows(), grid_source.pictures(info), grid_source.probe(info), 1)
    assert data["count"] == 3


WIDE = {"model.hidden": (512, 256)}


def finished(k, error, pca):
    return Row(k, {}, Result(Score(error, error / 784, pca), 4, 1.0, 9))


def sentence_of(errors, pca=20.0, units=64, **more):
    """The sentence of the last member of a grid with no penalty, if there are two errors, and L1."""
    penalties = (0.0, 0.01)[-len(errors) :]
    grid = Grid(Config().with_values({"model.latent_size": units, **more}), {"loss.code_l1": penalties})
    rows = [finished(k, error, pca) for k, error in enumerate(errors)]
    return board_data.sentence(grid, len(rows) - 1, rows)


def test_the_sentence_says_who_does_better():
    assert sentence_of([18.99], **WIDE) == (
        "Squared error 19.0, 5% below what PCA reaches with 64 components (20.0)."
    )
    alike = "PCA with 64 components does about as well"
    assert sentence_of([19.01], **WIDE) == f"{alike} (20.0 against 19.0)."
    assert sentence_of([20.99], **WIDE) == f"{alike} (20.0 against 21.0)."
    assert sentence_of([21.01], **WIDE) == "PCA with 64 components does better (20.0 against 21.0)."
    assert sentence_of([30.0], units=1).startswith("PCA with 1 component does better")


def test_the_penalty_is_the_cause_where_the_network_without_it_beats_pca_and_it():
    cause = "so that the penalty is the cause"
    assert sentence_of([18.99, 25.0]).endswith(f"The same network without the penalty reaches 19.0, {cause}.")
    outside = sentence_of([19.01, 25.0])
    assert cause not in outside
    assert "without the penalty reaches 19.0, less than PCA. Its narrowest hidden layer is 64" in outside
    assert "no less than PCA" in sentence_of([20.01, 25.0])
    # Better than PCA, but no better than with the penalty.
    assert cause not in sentence_of([18.5, 19.1])


def test_no_cause_is_named_where_the_grid_cannot_tell():
    text = sentence_of([25.0])
    assert text.endswith("Its narrowest hidden layer is 64 wide; wider ones would show whether that is why.")
    assert sentence_of([25.0], **WIDE) == "PCA with 64 components does better (20.0 against 25.0)."


def test_the_sentence_of_a_diverged_and_an_unfinished_member():
    late, at_once = (board_data.sentence(TINY_GRID, 0, [Row(0, {}, failed=epoch)]) for epoch in (2, 1))
    assert late == "Its loss was no longer finite in epoch 2: the pictures are of the epoch before."
    assert at_once == "Its loss was no longer finite in epoch 1: there is no picture of it."
    assert "1 epoch so far" in board_data.sentence(TINY_GRID, 0, [Row(0, {}, epochs=1)])


# What is said of all members


def group_of(config, *errors, error=0.1):
    """Candidates of a config at one seed an error."""
    grid = Grid(config, {"train.seed": tuple(range(len(errors)))})
    return [
        selection.Candidate(k, grid.members[k], e, error, e, 20.0, 4.0, 100) for k, e in enumerate(errors)
    ]


def proposed(axes, errors, further=(), **more):
    grid = Grid(TINY, axes)
    members = [
        selection.Candidate(k, grid.members[k], e, 0.1, e, 20.0, 4.0, 100) for k, e in enumerate(errors)
    ]
    return overview.proposal(grid, members, further)


def test_with_one_seed_the_proposal_says_which_uncertainty_it_means():
    text, found = proposed({"model.latent_size": (2, 4, 8)}, [9.0, 5.09, 5.0])
    assert found.chosen.best.k == 1
    assert text == (
        "**Proposed: 4 units**: its validation error, 5.09, is within one standard error (0.10, over the "
        "validation images) of the lowest, 5.00 with 8 units, and no smaller code is. Every setting was "
        "trained with one seed: the standard error says what other images would change, not what another "
        "seed would, and another seed may choose otherwise."
    )


def test_with_seeds_the_mean_and_the_members_own_figure_stand_side_by_side():
    text, found = proposed({"model.latent_size": (2, 4), "train.seed": (0, 1)}, [9.0, 9.2, 5.2, 5.0])
    assert found.chosen.best.k == 3
    assert text == (
        "**Proposed: 4 units, seed 1** (by itself 5.00 on validation images): the mean validation error of "
        "its 2 seeds, 5.10, is the lowest, and no smaller code comes within one standard error of it (0.10, "
        "over 2 seeds)."
    )


def test_seeds_of_another_grid_count_and_the_rest_stays_in_doubt():
    config = Grid(TINY, {"model.latent_size": (4,)}).members[0]
    text, _ = proposed({"model.latent_size": (2, 4)}, [9.0, 5.2], group_of(config, 5.2, 5.0, 5.4))
    assert "the mean validation error of its 3 seeds, 5.20" in text
    assert text.endswith(
        "Other settings were trained with one seed only; another seed of them may choose otherwise."
    )


def test_before_the_first_members_are_done_a_proposal_is_announced():
    assert overview.proposal(TINY_GRID, [])[0] == "A proposal comes when the first models are done."
    untested = Grid(TINY.with_values({"data.validation_fraction": 0.0}), {"model.latent_size": (2, 4)})
    assert "nothing here can choose" in overview.proposal(untested, [])[0]


def importance_of(share, noise):
    shares = {"model.latent_size": share, "train.seed": 0.1}
    return grid_words.importance_words(selection.Importance(shares, 0.2, noise, "share"))


def test_importance_speaks_beyond_chance_alone():
    assert importance_of(0.5001, 0.5).startswith("The validation error goes with “Units in the code” more")
    assert importance_of(0.4999, 0.5) == (
        "No setting stands out from chance: with the errors shuffled among the models, the largest bar is at "
        "most 50% in 99 of 100 draws, and no setting here has more."
    )


def test_a_newly_trained_grid_of_one_seed_is_given_a_proposal_and_further_seeds(empty_root, monkeypatch):
    path = store.create_grid(Grid(TINY, {"model.latent_size": (2, 6)}), "one seed", empty_root)
    train_grid_here(path)
    app = open_page(PAGE)
    assert not app.exception
    (text,) = [text for text in texts(app) if text.startswith("**Proposed")]
    assert "another seed may choose otherwise" in text
    monkeypatch.setattr(control, "start", lambda path, threads=None: train_grid_here(path))
    app.button(key="choose_seeds").click().run()
    assert not app.exception
    app = open_page(PAGE, {"grid": path.name})
    (text,) = [text for text in texts(app) if text.startswith("**Proposed")]
    assert "its 3 seeds" in text
    assert "choose_seeds" not in [button.key for button in app.button]


def test_a_field_with_one_value_beside_the_sliders_says_so_instead_of_a_curve(grid_root, grid_key):
    path = grid_root / grid_key / names.RESULT
    values = json.loads(path.read_text())
    values["members"] = [row for row in values["members"] if row["axes"]["loss.code_l1"] == 0.0]
    path.write_text(json.dumps(values))
    for history in (grid_root / grid_key).glob(f"*/{names.HISTORY}"):
        history.unlink()
    app = open_page(PAGE)
    assert not app.exception
    sent = components(app)["grid_curve"]
    (field,) = [field for field in sent["fields"] if field["name"] == "loss.code_l1"]
    curve = field["curves"][field["curveOf"][sent["k"]]]
    assert curve["points"] == []
    assert "at 0 alone so far, so there is no curve" in curve["words"]


@pytest.mark.parametrize("page", [PAGE, "pages/look/reconstructions/page.py", "pages/train/train/page.py"])
@pytest.mark.parametrize("apart", [True, False])
def test_classes_that_differ_between_training_and_test_are_warned_of(
    grid_root, grid_key, monkeypatch, page, apart
):
    import streamlit as st

    digits = data.load("digits")
    kept = digits.test_labels < (9 if apart else 10)
    cut = replace(digits, test_images=digits.test_images[kept], test_labels=digits.test_labels[kept])
    monkeypatch.setattr(data, "load", lambda name: cut)
    for cache in (st.cache_resource, st.cache_data):
        cache.clear()
    app = open_page(page, {"run": f"{grid_key}/0"}, **{"train_data.name": "digits"})
    for cache in (st.cache_resource, st.cache_data):
        cache.clear()
    assert not app.exception
    assert [text.value for text in app.text if "only in the training images" in text.value] == (
        [cut.classes_apart()] if apart else []
    )
    assert any("differ in their classes" in warning.value for warning in app.warning) == apart


def saving(**session):
    """Choose with the panel of the file opened, when what it makes is made."""
    app = open_page(PAGE, choose_one_file=True, **session)
    for work in list(background.works().values()):
        work.join(60)
    return app.run()


def download(app):
    return [button.proto.label for button in app.get("download_button") if "Download" in button.proto.label]


def test_the_size_of_the_file_is_that_of_the_images_asked_for(grid_root, grid_key):
    from aecore.export.explorer.grid import GridOptions, estimate

    assert not [name for name in background.works() if grid_key in name]
    app = saving()
    assert not app.exception
    slider = app.slider(key=f"choose_file_images_{grid_key}")
    assert slider.value == slider.max == 10
    whole = estimate(grid_root / grid_key)
    assert download(app) == [f"Download ({size(whole)})"]
    slider.set_value(3).run()
    app = saving(**{f"choose_file_images_{grid_key}": 3, "choose_file_pictures": "half"})
    less = estimate(grid_root / grid_key, GridOptions(3, "half"))
    assert less < whole
    assert download(app) == [f"Download ({size(less)})"]


def test_a_file_that_cannot_be_made_says_why(grid_root, grid_key):
    for file in (grid_root / grid_key).glob(f"*/{names.PICTURES}"):
        file.unlink()
    app = saving()
    assert not app.exception
    said = [warning.value for warning in app.warning]
    assert any("no model of tiny grid has pictures yet" in text for text in said)
    assert download(app) == []
