"""The Features page: what it measures, that its figures are those of the images, and what it offers."""

import re

import numpy as np
import pytest
import streamlit as st

from aecore import data, load_run, store
from aecore.analysis import features
from aecore.jobs.worker import work
from pages.shared import background
from tests.pages.conftest import TINY, open_page

PAGE = "pages/use/features/page.py"
NOISY = TINY.with_values({"train.corruption": "masking", "train.corruption_level": 0.4})


@pytest.fixture(autouse=True)
def nothing_measured():
    st.cache_resource.clear()
    yield
    for one in background.works().values():
        one.stop()
        one.join(60)
    st.cache_resource.clear()


@pytest.fixture(autouse=True)
def fewer(monkeypatch):
    """Two draws and two strengths: a page's test is no test of the figures' precision."""
    monkeypatch.setattr(features, "STRENGTHS", (1e-1, 1e-3))
    monkeypatch.setattr(features, "STARTS", 2)


def finish(app):
    """Waits for the works of this process, and draws the page again."""
    for one in background.works().values():
        one.join(120)
        assert not one.running
    return app.run()


def measured(app):
    app.button(key="features_measure").click().run()
    assert not app.exception
    return finish(app)


def said(app):
    return " ".join(box.value for kind in (app.markdown, app.caption, app.info) for box in kind)


def test_nothing_is_measured_before_it_is_asked_for(tiny_root):
    app = open_page(PAGE)
    assert not app.exception
    assert not app.get("vega_lite_chart")
    assert "21 measurements: code; PCA; pixels" in said(app)


def test_before_it_is_measured_the_task_is_shown_with_the_nearest_of_one_label_a_class(tiny_key):
    app = open_page(PAGE)
    images, run = data.load("digits"), load_run(tiny_key)
    split = features.split_images(images, 1 / 12, 0)
    task = features.task_of(images, split)
    known = task.drawn[1][0]
    asked = split.test[data.classes_in_turn(images.test_labels[split.test], 10, 0)]
    table = next(block.value for block in app.get("html") if "data-answers" in block.value)
    for name, transform in (("code", run.encode), ("pixels", lambda x: data.unit_range(x).flatten(1))):
        points, queries = (
            transform(part).numpy()
            for part in (images.train_images[split.train[known]], images.test_images[asked])
        )
        nearest = np.square(queries[:, None] - points).sum(2).argmin(1)
        row = re.search(rf"by {name}</div>(.*?)(?:<div data-kind|$)", table)[1]
        assert [int(given) for given in re.findall(r">(\d+)[ <]", row)] == task.train[known][nearest].tolist()
    assert not background.works()


def test_code_pca_and_pixels_are_measured_and_compared(tiny_key):
    app = measured(open_page(PAGE))
    assert not app.exception
    assert len(app.get("vega_lite_chart")) == 2
    assert "features_measure" not in [button.key for button in app.button]
    for other in ("PCA with 6 components", "pixels"):
        assert f"The code against {other}: " in said(app)
    images, run = data.load("digits"), load_run(tiny_key)
    split = features.split_images(images, 1 / 12, 0)
    task = features.task_of(images, split)
    kind = features.features_of(run.encode, images, split)
    share = features.accuracy(features.by_probe(kind, task, features.ALL)[0], task.test)
    app.segmented_control(key="features_view").set_value("Mistakes").run()
    assert not app.exception
    assert f"{share.mean:.1%} of the 360 test images are named rightly" in said(app)


def test_the_images_of_a_cell_are_those_that_were_taken_for_it(tiny_key):
    app = open_page(PAGE, features_view="Mistakes")
    assert "measured last" in said(app)
    app = measured(app)
    box = app.selectbox(key="features_cell")
    true, named = box.value
    images, run = data.load("digits"), load_run(tiny_key)
    split = features.split_images(images, 1 / 12, 0)
    task = features.task_of(images, split)
    answers = features.by_probe(features.features_of(run.encode, images, split), task, features.ALL)[0][0]
    expected = np.flatnonzero((task.test == true) & (answers == named))
    assert true != named
    assert len(expected) == max(
        ((task.test == a) & (answers == b)).sum() for a in range(10) for b in range(10) if a != b
    )
    (wall,) = (block.value for block in app.get("html") if "test image" in block.value)
    assert all(f'alt="test image {n}"' in wall for n in expected)
    assert wall.count("<img") == len(expected)
    right = [option for option in box.options if "named rightly" in option]
    assert len(right) == 10


def test_a_stop_keeps_what_is_there_and_the_rest_can_follow(tiny_root, monkeypatch):
    measure = features.measure

    def stopping(kind, task, part):
        if part == 2:
            for one in background.works().values():
                one.stop()
        return measure(kind, task, part)

    monkeypatch.setattr(features, "measure", stopping)
    app = measured(open_page(PAGE))
    assert not app.exception
    assert app.button(key="features_measure").label == "Measure the rest"
    assert "17 measurements" in said(app)
    monkeypatch.setattr(features, "measure", measure)
    app = measured(app)
    assert "features_measure" not in [button.key for button in app.button]


def test_the_encoder_is_taught_further_beside_the_same_network(tiny_root, monkeypatch):
    from aecore.analysis import finetuning

    monkeypatch.setattr(finetuning, "STEPS", 10)
    app = open_page(PAGE, features_view="Fine-tuning")
    app.button(key="features_teach").click().run()
    assert not app.exception
    app = finish(app)
    assert not app.exception
    assert len(app.get("vega_lite_chart")) == 1
    assert "The fine-tuned network against the same network from scratch: " in said(app)
    assert "features_teach" not in [button.key for button in app.button]


def test_a_run_without_its_twin_leads_to_train_with_the_other_corruption(tiny_root):
    app = open_page(PAGE, features_view="Trained on noise")
    assert "trained on clean images" in app.info[0].value
    (button,) = (b for b in app.main.button if b.label.startswith("Train the same network"))
    button.click().run()
    assert app.session_state["train_train_corruption"] == "masking"


def test_the_code_of_a_network_trained_on_noise_stands_beside_its_twins(tiny_root, monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    path = store.create_run(NOISY, "tiny, masked", tiny_root)
    work(path, threads=1)
    clean = next(p.name for p in tiny_root.iterdir() if p != path)
    for key in (path.name, clean):
        app = open_page(PAGE, {"run": key}, features_view="Trained on noise")
        assert not app.exception
        if key == path.name:
            app = measured(app)
        # Measured once, from whichever of the two it is looked at.
        assert "features_measure" not in [button.key for button in app.button]
        assert "The code, masking 0.4, against code, clean images: " in said(app)


def test_images_without_classes_are_said_to_have_none(tiny_root, monkeypatch):
    images = data.load("digits")
    one = data.ImageData(
        "digits",
        images.train_images,
        images.train_labels * 0,
        images.test_images,
        images.test_labels * 0,
        ("image",),
    )
    monkeypatch.setattr(data, "load", lambda name: one)
    app = open_page(PAGE)
    assert not app.exception
    assert "one class only" in app.info[0].value
    assert not app.main.button
