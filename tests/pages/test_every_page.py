"""Every page, whatever lies in the run root: no exception, and something to read."""

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from aecore import data, store
from aecore.jobs.worker import work
from pages.shared.plain import plain
from tests.conftest import ROOT
from tests.fake_data import cifar_files, fill
from tests.pages.conftest import TINY, open_page

PAGES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "pages").rglob("page.py"))

NEED_IMAGES = [
    f"pages/{name}/page.py"
    for name in (
        "look/reconstructions",
        "look/codes",
        "look/interpolation",
        "look/units",
        "understand/network",
        "use/generation",
    )
]


def test_there_are_pages():
    assert len(PAGES) == 19
    assert "pages/home/page.py" in PAGES


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("root", ["empty_root", "tiny_root", "variational_root", "broken_root"])
def test_page_shows_no_exception(path, root, request):
    request.getfixturevalue(root)
    app = open_page(path)
    assert not app.exception, app.exception[0].message
    assert len(app.main) > 0


def test_a_run_whose_weights_do_not_fit_is_named_with_the_reason(broken_root):
    app = open_page("pages/look/reconstructions/page.py")
    assert app.session_state["run"] == "misfit"
    assert "do not fit" in app.error[0].value


def test_an_unknown_run_in_the_link_is_said_so(tiny_root):
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.query_params["run"] = "gone"
    app.run()
    assert not app.exception
    assert "gone" in app.sidebar.warning[0].value


@pytest.fixture(scope="module")
def colours(tmp_path_factory):
    """A folder of data and a run root: a small set of 3-channel images under CIFAR-10's name, and its run."""
    folder = tmp_path_factory.mktemp("colours")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AECORE_DATA", str(folder / "data"))
        fill("cifar10", cifar_files(images=40))
        config = TINY.with_values({"data.name": "cifar10", "model.latent_size": 5, "train.epochs": 1})
        work(store.create_run(config, "colours", folder / "checkpoints"), threads=1)
    return folder


@pytest.fixture
def see_colours(colours, monkeypatch):
    """Points the app at the run, with or without its images."""

    def point(with_images: bool) -> None:
        monkeypatch.setenv("AECORE_CHECKPOINTS", str(colours / "checkpoints"))
        monkeypatch.setenv("AECORE_DATA", str(colours / ("data" if with_images else "no-data")))
        st.cache_data.clear()
        st.cache_resource.clear()

    yield point
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.mark.parametrize("path", PAGES)
def test_images_in_colour(path, see_colours):
    see_colours(with_images=True)
    app = open_page(path)
    assert not app.exception, app.exception[0].message
    assert not app.error


@pytest.mark.parametrize("path", PAGES)
def test_a_run_whose_images_are_not_on_this_machine(path, see_colours):
    see_colours(with_images=False)
    app = open_page(path)
    assert not app.exception, app.exception[0].message
    if path in NEED_IMAGES:
        assert "CIFAR-10 is not on this machine" in app.error[0].value
        assert plain(data.DATASETS["cifar10"].folder()) in app.error[0].value
