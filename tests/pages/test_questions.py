"""The Questions page: every entry draws, with shipped models, with one run and with none, and links hold."""

import base64
import io
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from aecore import data, load_run
from aecore.analysis.approximation import fit
from aecore.data import to_uint8
from aecore.gallery import experiments
from pages.understand.questions.entries import BY_KEY, QUESTIONS
from tests.conftest import ROOT
from tests.pages.conftest import open_page

PAGE = "pages/understand/questions/page.py"
KEYS = [question.key for question in QUESTIONS]


def ask(key, **session):
    app = open_page(PAGE, {"question": key}, **session)
    assert not app.exception, app.exception[0].message
    return app


def said(app):
    return " ".join(m.value for m in app.main.markdown)


@pytest.fixture
def shipped_root(tmp_path, monkeypatch):
    """The shipped experiments and the shipped run on digits."""
    for path in (ROOT / "checkpoints").glob("*digits-*"):
        shutil.copytree(path, tmp_path / path.name)
    monkeypatch.setenv("AECORE_CHECKPOINTS", str(tmp_path))
    return tmp_path


def test_the_list_is_in_order_with_one_key_each():
    assert len(BY_KEY) == len(QUESTIONS) == 21
    assert KEYS[0] == "auto-encoder"
    assert KEYS[-1] == "generation"
    for question in QUESTIONS:
        assert 2 <= len(re.findall(r"[.?](?: |$)", question.answer)) <= 4, question.key
        assert question.sources
        assert all(re.search(r"[A-Z].* (19|20)\d\d, ", s.text) for s in question.sources)
        assert all(s.url.startswith("https://") for s in question.sources)


@pytest.mark.parametrize("key", KEYS)
def test_every_question_draws_with_the_shipped_models(shipped_root, key):
    app = ask(key)
    assert app.main.subheader[0].value == BY_KEY[key].title
    assert BY_KEY[key].answer in said(app)
    pictures = app.get("vega_lite_chart") or app.get("arrow_vega_lite_chart") or []
    rows = [block for block in app.get("html") if "<img" in block.value]
    shown = len(pictures) + len(rows) + len(app.dataframe)
    # Without MNIST's grids these say what is missing.
    if key in ("code-size", "regularize-what", "l1-or-l2", "model-selection"):
        assert "make gallery" in app.main.info[0].value
    else:
        assert shown > 0
        assert not app.main.info


@pytest.mark.parametrize("key", KEYS)
def test_no_question_fails_without_any_model(empty_root, key):
    app = ask(key)
    assert app.button(key="questions_link").label == BY_KEY[key].link.label


@pytest.mark.parametrize("key", ["auto-encoder", "metrics", "features", "generation", "training-error"])
def test_a_run_of_ones_own_is_what_the_pictures_are_of(tiny_key, key):
    app = ask(key)
    assert any("From tiny, on test images of Digits (8x8)" in block.value for block in app.get("html"))


def test_the_first_picture_holds_the_runs_reconstructions(tiny_key):
    from aecore.analysis.probe import probe_index

    app = ask("auto-encoder")
    block = next(b.value for b in app.get("html") if "data-rows" in b.value)
    shown = re.search(r'alt="network, 1" src="data:image/png;base64,([^"]+)"', block).group(1)
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(shown))))[..., 0]
    digits, run = data.load("digits"), load_run(tiny_key)
    image = digits.test_images[probe_index(digits, 8)[:1]]
    assert np.array_equal(pixels, to_uint8(run.reconstruct(image))[0, 0])


def test_the_width_is_the_sliders(empty_root):
    app = ask("universal-approximation")
    app.slider(key="questions_width").set_value(3).run()
    assert f"With 3 units it is off by {fit('waves', 3).error:.3f}" in said(app)


def test_next_and_previous_go_round(empty_root):
    app = ask("encoder-and-decoder")
    app.button(key="questions_after").click().run()
    assert app.main.subheader[0].value == BY_KEY["layers"].title
    assert app.query_params["question"] in ("layers", ["layers"])
    app = ask("auto-encoder")
    app.button(key="questions_before").click().run()
    assert app.main.subheader[0].value == BY_KEY["generation"].title


def test_the_list_opens_any_and_a_return_finds_it_open(empty_root):
    app = ask("auto-encoder")
    app.button(key="questions_open_loss").click().run()
    assert app.main.subheader[0].value == "Which loss?"
    app.switch_page("pages/home/page.py").run()
    app.query_params = {}
    app.switch_page(PAGE).run()
    assert app.main.subheader[0].value == "Which loss?"


def test_an_unknown_question_in_the_link_is_said_so_without_its_text(empty_root):
    app = open_page(PAGE, {"question": "![x](https://example.org/x.png)"})
    assert not app.exception
    assert "not here" in app.main.warning[0].value
    assert "example.org" not in app.main.warning[0].value
    assert app.main.subheader[0].value == QUESTIONS[0].title


def test_where_an_experiment_is_not_here_its_training_is_offered(empty_root, monkeypatch):
    begun = []
    monkeypatch.setattr("aecore.jobs.submit_grid", lambda grid, name: begun.append((grid, name)))
    app = ask("layers")
    assert f"{len(experiments.DEPTH.grid.members)} small networks" in app.main.info[0].value
    app.button(key="grid_train").click().run()
    assert begun == [(experiments.DEPTH.grid, experiments.DEPTH.name)]


def test_home_leads_here(tiny_root):
    app = open_page("pages/home/page.py")
    assert not app.exception
    assert any("All questions" in link.proto.label for link in app.get("page_link"))
