"""One's own images on the pages: large coloured ones without classes, and the page that makes their set."""

import io
import time

import numpy as np
import pytest
import streamlit as st
from PIL import Image

from aecore import presets, store
from aecore.jobs import image_job
from aecore.jobs.worker import work
from aecore.own import sets
from aecore.own.build import Options, build, plan
from aecore.own.opening import open_source
from tests.pages.conftest import open_page
from tests.pages.test_every_page import PAGES

PAGE = "pages/use/own_images/page.py"


def photos(folder, count, size):
    """Smooth coloured images of a few sizes, without classes."""
    folder.mkdir()
    random = np.random.default_rng(0)
    for i in range(count):
        small = Image.fromarray(random.integers(0, 256, (4, 5, 3), dtype=np.uint8))
        small.resize((size + i % 3, size), Image.Resampling.BICUBIC).save(folder / f"{i}.jpg")
    return folder


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A folder of data and a run root: unlabelled images of 64 x 64 pixels in colour, and a run of them."""
    folder = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AECORE_DATA", str(folder / "data"))
        made = build(plan(open_source(photos(folder / "photos", 90, 70)), Options(title="my <b>photos</b>")))
        assert made.shape == (3, 64, 64)
        config = presets.for_images(made.shape).with_values(
            {"data.name": made.name, "model.hidden": (16,), "model.latent_size": 5, "train.epochs": 1}
        )
        assert config.model.channels == (16, 32, 64)
        work(store.create_run(config, "photos", folder / "checkpoints"), threads=1)
    return folder


@pytest.fixture
def see(own, monkeypatch):
    """Points the app at the run, with or without its images."""

    def point(with_images=True):
        monkeypatch.setenv("AECORE_CHECKPOINTS", str(own / "checkpoints"))
        monkeypatch.setenv("AECORE_DATA", str(own / ("data" if with_images else "no-data")))
        st.cache_data.clear()
        st.cache_resource.clear()

    yield point
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.mark.parametrize("path", PAGES)
def test_every_page_shows_large_images_without_classes(path, see):
    see()
    app = open_page(path)
    assert not app.exception, app.exception[0].message
    assert not app.error
    assert "unlabelled" not in " ".join(element.value for element in (*app.markdown, *app.caption))


@pytest.mark.parametrize("path", PAGES)
def test_a_run_whose_images_are_gone_says_so(path, see):
    see(with_images=False)
    app = open_page(path)
    assert not app.exception, app.exception[0].message


def test_the_pages_own_way_from_a_path_to_a_set_and_to_train(see, own, tmp_path, monkeypatch):
    see()
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "data"))
    app = open_page(PAGE)
    app.text_input(key="own_path").set_value(str(own / "photos")).run()
    assert "90 images" in " ".join(element.value for element in app.markdown)
    app.text_input(key="own_title").set_value("holiday")
    app.button(key="own_make").click().run()
    assert not app.exception
    (folder, _), *others = image_job.listed()
    assert not others
    deadline = time.monotonic() + 120
    while image_job.read(folder).status == "running":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert image_job.read(folder).status == "finished", image_job.read(folder).message
    app.run()
    (made,) = sets.list_sets()
    assert (made.title, made.train_size + made.test_size) == ("holiday", 90)
    assert not folder.exists()
    assert any("holiday is ready" in element.value for element in app.success)
    app.button(key=f"own_delete_{made.name}").click().run()
    assert sets.list_sets() == []


def test_a_run_is_applied_to_images_it_has_not_seen(see, own):
    see()
    app = open_page(PAGE)
    app.text_input(key="own_path").set_value(str(own / "photos"))
    app.segmented_control(key="own_what").set_value("Apply the chosen run").run()
    assert not app.exception
    assert not app.error
    assert "90 images" in " ".join(element.value for element in app.markdown)


@pytest.mark.parametrize("path", ["/nowhere/at/all", "/etc/hostname", "\x00", "~~~", "/dev/zero", "."])
def test_nonsense_is_one_sentence(see, path, tmp_path, monkeypatch):
    see()
    monkeypatch.chdir(tmp_path)
    app = open_page(PAGE)
    app.text_input(key="own_path").set_value(path).run()
    assert not app.exception, app.exception[0].message
    assert len(app.error) == 1


def test_a_set_that_is_not_here_is_replaced_in_the_form_with_a_word(see, own):
    see(with_images=False)
    app = open_page("pages/train/runs/page.py")
    app.button(key="runs_duplicate").click().run()
    app.switch_page("pages/train/train/page.py").run()
    assert not app.exception
    assert any("not on this machine" in element.value for element in app.warning)


def test_a_job_that_is_killed_says_so_and_leaves_nothing(see, own, tmp_path, monkeypatch):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "data"))
    folder = image_job.upload([("../../x.npy", io.BytesIO(b"no array"))])
    job = image_job.read(folder)
    assert job.status == "uploaded"
    assert folder in list(sets.own_root().iterdir())
    assert [p.name for p in (folder / image_job.UPLOADED).iterdir()] == ["x.npy"]
    image_job.start(job.path, Options(), folder)
    deadline = time.monotonic() + 120
    while image_job.read(folder).status == "running":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    ended = image_job.read(folder)
    assert ended.status == "failed"
    assert "x.npy" in ended.message
    image_job.forget(folder)
    assert list(sets.own_root().iterdir()) == []
