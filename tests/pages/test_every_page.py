"""Every page, whatever lies in the run root: no exception, and something to read."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.conftest import ROOT
from tests.pages.conftest import open_page

PAGES = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / "pages").glob("*/*.py")
    if path.parent.name != "shared" and path.name != "__init__.py"
)


def test_there_are_pages():
    assert {"pages/home/home.py", "pages/train/train.py", "pages/look/reconstructions.py"} <= set(PAGES)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("root", ["empty_root", "tiny_root", "broken_root"])
def test_page_shows_no_exception(path, root, request):
    request.getfixturevalue(root)
    app = open_page(path)
    assert not app.exception, app.exception[0].message
    assert len(app.main) > 0


def test_a_run_whose_weights_do_not_fit_is_named_with_the_reason(broken_root):
    app = open_page("pages/look/reconstructions.py")
    assert app.session_state["run"] == "misfit"
    assert "do not fit" in app.error[0].value


def test_an_unknown_run_in_the_link_is_said_so(tiny_root):
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.query_params["run"] = "gone"
    app.run()
    assert not app.exception
    assert "gone" in app.sidebar.warning[0].value
