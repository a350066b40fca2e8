"""The Data page in AppTest: sets that are there and not, words on the output's range, figures."""

from html import unescape

import numpy as np
import pytest

from aecore.data import DATASETS, load
from tests.pages.conftest import open_page

PAGE = "pages/understand/data/page.py"


def words(app):
    kinds = (app.caption, app.info, app.warning, app.success, app.error, app.markdown)
    return " ".join(element.value for kind in kinds for element in kind)


def html(app):
    return " ".join(element.proto.body for element in app.get("html"))


@pytest.fixture
def no_data(tmp_path, monkeypatch):
    """A data folder in which nothing lies."""
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "no-data"))


def test_it_opens_on_the_chosen_runs_data(tiny_root):
    app = open_page(PAGE)
    assert not app.exception
    assert app.selectbox(key="data_set").value == "digits"
    assert "1,437 for training, 360 for testing" in html(app)
    assert "CC BY 4.0" in html(app)


@pytest.mark.parametrize("name", DATASETS)
def test_what_the_catalogue_knows_is_shown_of_sets_that_are_not_here(name, empty_root, no_data):
    dataset = DATASETS[name]
    app = open_page(PAGE, data_set=name)
    assert not app.exception
    assert f"{dataset.train_size:,} for training" in html(app)
    assert dataset.origin in unescape(html(app))
    assert dataset.license in html(app)
    assert ("Licence" in html(app)) == bool(dataset.license)
    if dataset.files:
        assert "is not on this machine" in app.info[0].value
        assert str(dataset.folder()) in app.info[0].value
        assert app.button(key="data_train")


def test_the_classes_sizes_are_named(empty_root):
    app = open_page(PAGE, data_set="digits")
    digits = load("digits")
    counts = np.bincount(digits.train_labels)
    least, most = counts.argmin(), counts.argmax()
    assert f"from {counts.min()} ({least}) to {counts.max()} ({most}) training images" in words(app)


@pytest.mark.parametrize(
    ("normalization", "output", "kind", "text"),
    [
        ("minus_one_one", "tanh", "success", "The range of tanh is that of the pixels."),
        ("zero_one", "tanh", "info", "50% of that range is never needed"),
        ("zero_one", "sigmoid", "success", "The range of sigmoid is that of the pixels."),
        ("minus_one_one", "sigmoid", "warning", "lie below 0, where a sigmoid output can't go"),
        ("standardized", "linear", "success", "reaches every pixel"),
    ],
)
def test_range_and_pixels_in_words(normalization, output, kind, text, empty_root):
    app = open_page(PAGE, data_set="digits", data_normalization=normalization, data_output=output)
    assert not app.exception
    assert text in getattr(app, kind)[0].value
    assert len(app.get("vega_lite_chart")) == 3
    # What the config itself refuses is said so, in the form's words.
    allowed = (normalization, output) in (
        ("minus_one_one", "tanh"),
        ("zero_one", "sigmoid"),
    ) or output == "linear"
    assert ("A training refuses these two together" in words(app)) != allowed


def test_other_images_are_others(empty_root):
    app = open_page(PAGE, data_set="digits")
    before = html(app)
    app.button(key="data_others").click().run()
    assert not app.exception
    assert html(app) != before


def test_a_link_sets_the_page_up_and_one_that_names_nothing_there_leaves_it(empty_root):
    link = {"data_set": "Digits (8x8)", "data_output": "sigmoid", "data_normalization": "standardized"}
    app = open_page(PAGE, link=link)
    assert "1,437 for training" in html(app)
    assert "where a sigmoid output can't go" in app.warning[0].value
    app = open_page(PAGE, link=dict.fromkeys(link, "nonsense"))
    assert not app.exception
    assert app.segmented_control(key="data_output").value == "tanh"


def test_a_card_says_what_the_catalogue_knows_and_chooses_its_set(empty_root, no_data):
    app = open_page(PAGE, data_set="digits")
    app.button(key="data_cards").click().run()
    assert not app.exception
    shown = unescape(html(app))
    for dataset in DATASETS.values():
        assert dataset.title in shown
        assert f"{dataset.train_size:,} training and {dataset.test_size:,} test images" in shown
        assert (app.button(key=f"data_card_{dataset.name}").label == "Chosen") == (dataset.name == "digits")
    assert "not on this machine, 31 MB to download" in shown
    assert "training images of Digits" in shown
    app.button(key="data_card_sprites").click().run()
    assert not app.exception
    assert app.selectbox(key="data_set").value == "sprites"
