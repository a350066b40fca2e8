"""One's own images on the pages: large coloured ones without classes, and the page that makes their set."""

import io
import re
import shutil
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


HOSTILE = ("[a](http://x.org/a)", "<img src=http://x.org/b>", "![c](http://x.org/c)")
PHOTOS = "no classes, in colour"
KINDS = {
    PHOTOS: None,
    "one class, 8 x 8": (90, (8, 8), 1, ("all one",)),
    "hostile classes, 8 x 8": (90, (8, 8), 1, HOSTILE),
    "256 x 256 in colour": (24, (256, 256, 3), 3, ("p", "q")),
}
"""Sets that every page is opened with; the first is that of `own`."""


@pytest.fixture(scope="module")
def kinds(tmp_path_factory, own):
    """Folders of data and run roots, by kind, made when they are first asked for."""
    made = {PHOTOS: own}

    def folder_of(kind):
        if kind not in made:
            count, shape, channels, names = KINDS[kind]
            folder = made[kind] = tmp_path_factory.mktemp("kind")
            coarse = np.random.default_rng(0).integers(0, 256, (count, 4, 4, channels), dtype=np.uint8)
            images = coarse.repeat(shape[0] // 4, axis=1).repeat(shape[1] // 4, axis=2)
            np.savez(folder / "x.npz", x=images, y=np.array([names[i % len(names)] for i in range(count)]))
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("AECORE_DATA", str(folder / "data"))
                patch.setenv("AECORE_LOCKS", str(tmp_path_factory.mktemp("kind-locks")))
                own_set = build(plan(open_source(folder / "x.npz"), Options(title="mine")))
                values = {"data.name": own_set.name, "model.hidden": (16,), "model.latent_size": 5}
                values |= (
                    {"train.epochs": 1, "model.channels": (4, 4, 4)} if channels == 3 else {"train.epochs": 2}
                )
                config = presets.for_images(own_set.shape).with_values(values)
                work(store.create_run(config, "mine", folder / "checkpoints"), threads=1)
        return made[kind]

    return folder_of


@pytest.fixture
def see(kinds, monkeypatch):
    """Points the app at a run of that kind, with or without its images."""

    def point(with_images=True, kind=PHOTOS):
        folder = kinds(kind)
        monkeypatch.setenv("AECORE_CHECKPOINTS", str(folder / "checkpoints"))
        monkeypatch.setenv("AECORE_DATA", str(folder / ("data" if with_images else "no-data")))
        st.cache_data.clear()
        st.cache_resource.clear()

    yield point
    st.cache_data.clear()
    st.cache_resource.clear()


def texts(app):
    """What a page says as Markdown, and what it says as HTML."""
    kinds = (app.markdown, app.caption, app.info, app.warning, app.error, app.success, app.subheader)
    return [e.value for kind in kinds for e in kind], [e.value for e in app.html]


@pytest.mark.parametrize("kind", KINDS)
def test_every_page_shows_every_kind_of_images(kind, see):
    """One app visits all pages in turn: what one of them leaves behind must not break the next."""
    see(kind=kind)
    app = open_page(PAGES[0])
    for path in PAGES:
        app.switch_page(path).run()
        assert not app.exception, (path, app.exception[0].message)
        assert not app.error, (path, app.error[0].value)
        said, markup = texts(app)
        assert "unlabelled" not in " ".join(said + markup), path
        for text in said:
            assert "](http://x.org" not in text.replace("\\]", ""), (path, text)
            assert "<img src=http://x.org" not in text.replace("\\<", ""), (path, text)
        for text in markup:
            assert "<img src=http://x.org" not in text, (path, text)
    assert len(PAGES) == 19


WITHOUT_CLASSES = {
    "pages/use/features/page.py": (None, None, "there is nothing to tell apart"),
    "pages/use/generation/page.py": ("generation_view", "Samples", "are not scored"),
    "pages/look/interpolation/page.py": ("interpolation_view", "Direction", "no direction from one class"),
}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "class" in kind and "hostile" not in kind])
@pytest.mark.parametrize("path", WITHOUT_CLASSES)
def test_what_needs_classes_says_so_in_one_sentence(kind, path, see):
    see(kind=kind)
    key, view, sentence = WITHOUT_CLASSES[path]
    app = open_page(path)
    if view is not None:
        app.segmented_control(key=key).set_value(view).run()
    assert not app.exception
    assert not app.error
    assert sum(sentence in element.value for element in app.info) == 1


def test_a_selection_stands_beside_all_images_where_there_are_no_classes(see):
    see()
    kept = {store.list_runs()[0].config.data.name: {"A": [0, 1, 2, 3]}}
    app = open_page("pages/look/interpolation/page.py", interpolation_view="Direction", _kept_selections=kept)
    assert not app.exception
    assert app.selectbox(key="interpolation_from").value == "all images"
    assert "selection" in app.selectbox(key="interpolation_to").value
    assert any("standard deviations apart" in element.value for element in app.caption)


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
    app.button(key=f"own_{made.name}_delete_yes").click().run()
    assert not app.exception
    assert sets.list_sets() == []
    assert any(element.value == "Deleted “holiday”." for element in app.markdown)
    app.button(key="own_undo").click().run()
    assert [toast.value for toast in app.toast] == ["“holiday” is back."]
    assert sets.list_sets() == [made]


def test_a_set_in_the_trash_is_as_one_that_is_not_here_until_it_is_put_back(see, own):
    see()
    (info,) = store.list_runs()
    reconstructions = "pages/look/reconstructions/page.py"
    assert not open_page(reconstructions).error
    sets.delete_set(info.config.data.name)
    see()
    app = open_page(reconstructions)
    assert not app.exception
    assert any("in the trash" in element.value for element in app.error)
    page = open_page(PAGE)
    (folded,) = (box for box in page.expander if box.label.startswith("Trash"))
    assert re.fullmatch(r"Trash: 1 set, 1\.1 MB", folded.label)
    assert page.selectbox(key="own_trash_chosen").options[0].startswith("my <b>photos</b> (1.1 MB")
    page.button(key="own_trash_back").click().run()
    assert not page.exception
    assert not page.expander
    assert [o.name for o in sets.list_sets()] == [info.config.data.name]
    app.run()
    assert not app.exception
    assert not app.error


def test_the_trash_is_emptied_for_good_once_that_is_confirmed(see, own, tmp_path, monkeypatch):
    see()
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "data"))
    shutil.copytree(own / "data", tmp_path / "data")
    sets.delete_set(sets.list_sets()[0].name)
    app = open_page(PAGE)
    app.button(key="own_trash_empty").click().run()
    app.button(key="own_trash_no").click().run()
    assert sets.trashed()
    app.button(key="own_trash_empty").click().run()
    app.button(key="own_trash_yes").click().run()
    assert not app.exception
    assert sets.trashed() == sets.list_sets() == []


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


def test_before_anything_is_brought_it_shows_what_may_be_and_what_becomes_of_a_photograph(see):
    see()
    app = open_page(PAGE)
    assert any("What may be brought" in element.value for element in app.markdown)
    walls = [element.proto.body for element in app.get("html") if "a flower" in element.proto.body]
    assert len(walls) == 1
    assert all(way in walls[0] for way in ("as it is", "cut the middle out", "black bars", "stretch", "grey"))
