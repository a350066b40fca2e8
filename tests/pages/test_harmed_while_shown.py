"""A run or grid that is renamed, spoiled, put right or deleted between two looks: no page falls over."""

import shutil

import pytest
import streamlit as st

from aecore import store, trash
from aecore.store import names
from pages.shared import loading
from tests.pages.conftest import open_page
from tests.pages.test_every_page import PAGES
from tests.trust.bounds import IS_WHOLE, tell

FEW = ("look/reconstructions", "look/codes", "understand/training", "train/runs")
"""What `make test` looks at: pages that read everything of a run, by different ways."""

OF_A_RUN = [page for page in PAGES if IS_WHOLE or page.removeprefix("pages/").removesuffix("/page.py") in FEW]
OF_A_GRID = ["pages/look/choose/page.py", "pages/train/runs/page.py"]


def harm(app, path, file, delete):
    """Draws the page again after each of what may happen to a folder; returns how often."""
    before, looks = (path / file).read_bytes(), 0

    def draw(what: str) -> None:
        nonlocal looks
        looks += 1
        app.run()
        assert not app.exception, f"{what}: {app.exception[0].message}"

    (store.rename_grid if store.is_grid(path) else store.rename_run)(path, "another *name*")
    draw("renamed")
    (path / file).write_bytes(before[: len(before) // 2])
    draw("half of its settings")
    (path / file).write_bytes(before)
    draw("put right")
    for name in (names.WEIGHTS, names.HISTORY, names.RESULT):
        if (path / name).exists():
            content = (path / name).read_bytes()
            (path / name).write_bytes(content[: len(content) // 2])
            draw(f"half of {name}")
            (path / name).write_bytes(content)
    gone = delete(path)
    draw("deleted")
    trash.restore(gone)
    draw("put back")
    # By hand, without the trash.
    shutil.rmtree(path)
    draw("removed")
    return looks


@pytest.mark.parametrize("page", OF_A_RUN)
def test_a_page_outlives_whatever_happens_to_its_run(page, tiny_root, tiny_key):
    app = open_page(page, {"run": tiny_key})
    assert not app.exception
    tell(
        "run harmed while a page shows it", harm(app, tiny_root / tiny_key, names.CONFIG, store.delete_run), 0
    )


@pytest.mark.parametrize("page", OF_A_GRID)
def test_a_page_outlives_whatever_happens_to_its_grid(page, grid_root, grid_key):
    app = open_page(page, {"grid": grid_key})
    assert not app.exception
    tell(
        "grid harmed while a page shows it", harm(app, grid_root / grid_key, names.GRID, store.delete_grid), 0
    )


def test_a_run_that_goes_while_its_page_is_drawn_ends_the_page_in_a_sentence(
    tiny_root, tiny_key, monkeypatch
):
    load_run, loads = loading.load_run, 0

    def load_after_it_went(key):
        nonlocal loads
        loads += 1
        if loads == 2:
            shutil.rmtree(tiny_root / tiny_key)
        return load_run(key)

    app = open_page("pages/home/page.py")
    # Of what another test has drawn nothing would be loaded.
    st.cache_data.clear()
    st.cache_resource.clear()
    monkeypatch.setattr(loading, "load_run", load_after_it_went)
    app.query_params = {"run": tiny_key}
    app.switch_page("pages/use/denoising/page.py").run()
    assert loads >= 2
    assert not app.exception, app.exception[0].message
    assert [error.value for error in app.error if error.value.startswith("The page ends here: ")]
    tell("run removed while a page is drawn", 1, 0)
