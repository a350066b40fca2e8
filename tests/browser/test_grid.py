"""A grid in a real browser: trained through the page, looked up by sliders, the place kept."""

import re

import pytest

from aecore import store
from aecore.config import Config
from aecore.grid import Grid
from benchmarks.choose import SLIDER, moves
from tests.browser.tools import Server, assert_no_exception, data_folder, goto, wait_idle, wait_until

"""From the key press to the other member's pictures, the quickest of 30 moves: what else the machine has to
do is no property of the page. `python -m benchmarks choose` gives the median."""

# One size at a time differs in the first slider, so that every move shows another member.
GRID = Grid(
    Config().with_values({"data.name": "digits", "model.hidden": (24,), "train.epochs": 2}),
    {"model.latent_size": (2, 4, 8), "loss.code_l1": (0.0, 0.01)},
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    from tests.pages.conftest import train_grid_here

    root = tmp_path_factory.mktemp("checkpoints")
    path = store.create_grid(GRID, "browser grid", root)
    train_grid_here(path)
    return path


@pytest.fixture(scope="module")
def server(trained):
    with Server(trained.parent, data_folder(), trained.parent.with_name("server.log")) as server:
        yield server


def at(page):
    return page.evaluate("new URL(location).searchParams.get('at')")


def test_a_move_shows_the_other_members_pictures_and_computes_nothing(server, trained, browser_page):
    goto(browser_page, server)
    goto(browser_page, server, f"choose?grid={trained.name}&at=0-0", expect=SLIDER)
    before = {p.name: p.stat().st_mtime_ns for p in trained.rglob("*")}
    # Each ends when other pictures are seen; how soon is for `python -m benchmarks choose`.
    assert len(moves(browser_page, 30)) == 30
    assert_no_exception(browser_page)
    assert before == {p.name: p.stat().st_mtime_ns for p in trained.rglob("*")}, "nothing is computed anew"


def test_the_sliders_keep_their_place_across_pages_reloads_and_in_the_link(
    server, trained, browser_page, open_page
):
    page = browser_page
    goto(page, server)
    goto(page, server, f"choose?grid={trained.name}&at=0-0", expect=SLIDER)
    page.locator(SLIDER).focus()
    page.keyboard.press("ArrowRight")
    page.locator('.board input[data-axis="1"]').focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("new URL(location).searchParams.get('at') === '1-1'")
    wait_idle(page, SLIDER)
    link = page.url
    page.get_by_role("link", name="Runs").click()
    page.get_by_role("heading", name="Runs").wait_for()
    wait_idle(page)
    page.get_by_role("link", name="Choose").click()
    wait_idle(page, SLIDER)
    assert page.locator(SLIDER).evaluate("input => input.value") == "1"
    page.wait_for_function("new URL(location).searchParams.get('at') === '1-1'")
    page.reload()
    wait_idle(page, SLIDER)
    assert page.locator(".board").get_attribute("data-member") == "3"
    other = open_page()
    other.goto(link)
    wait_idle(other, SLIDER)
    assert other.locator(".board").get_attribute("data-member") == "3"
    assert [other.locator(f'.board input[data-axis="{i}"]').input_value() for i in (0, 1)] == ["1", "1"]


def test_play_goes_to_the_end_and_before_and_after_are_shown(server, trained, browser_page):
    page = browser_page
    goto(page, server)
    goto(page, server, f"choose?grid={trained.name}&at=0-0", expect=SLIDER)
    page.locator('[data-play="0"]').click()
    page.wait_for_function("new URL(location).searchParams.get('at') === '2-0'")
    board = page.locator(".board")
    assert board.locator("[data-name=here]").inner_text() == "8 units"
    assert board.locator("[data-name=before]").inner_text() == "before: 4 units"
    rows = store.read_grid(trained).members()
    cells = board.locator("[data-figure=test] td").all_inner_texts()
    here, before = rows[4].result.test, rows[2].result.test
    assert cells[0].startswith(f"{here.squared_error:.2f}")
    assert cells[1:] == [f"{before.squared_error:.2f}", f"{here.pca_squared_error:.2f}"]


def test_a_mark_and_a_cell_move_the_sliders(server, trained, browser_page):
    page = browser_page
    goto(page, server)
    goto(page, server, f"choose?grid={trained.name}&at=0-0", expect=SLIDER)
    page.locator(".curve .mark[data-on-line]").nth(2).press("Enter")
    page.wait_for_function("new URL(location).searchParams.get('at') === '2-0'")
    page.locator(".heat button[data-at='1-1']").click()
    page.wait_for_function("new URL(location).searchParams.get('at') === '1-1'")
    page.locator(".heat button[data-at='1-1'][aria-current]").wait_for()
    assert page.locator(".board").get_attribute("data-member") == "3"
    # The other way round.
    page.locator(SLIDER).focus()
    page.keyboard.press("ArrowLeft")
    page.locator(".heat button[data-at='0-1'][aria-current]").wait_for()
    assert_no_exception(page)


def test_a_grid_is_trained_through_the_page_and_survives_a_reload(start_server, browser_page):
    page, server = browser_page, start_server()
    goto(page, server)
    goto(page, server, "new_grid", expect=".st-key-new_grid_start")
    page.locator(".st-key-new_grid_base_data_name").get_by_role("combobox").click()
    page.get_by_role("option", name="Digits").first.click()
    wait_idle(page, ".st-key-new_grid_start")
    epochs = page.locator(".st-key-new_grid_base_train_epochs input")
    epochs.fill("1")
    epochs.press("Enter")
    wait_idle(page, ".st-key-new_grid_start")
    page.locator(".st-key-new_grid_start button:visible").click()
    # On an idle machine this grid is trained before the page looks again.
    page.get_by_text(re.compile("models done|Finished: 15 models")).first.wait_for()
    page.reload()
    wait_idle(page, ".st-key-new_grid_start")
    (info,) = store.list_grids(server.checkpoints)
    assert info.config.train.epochs == 1

    def sign():
        return [p.stat().st_mtime_ns for p in sorted(info.path.rglob("*.json"))]

    wait_until("the grid's result", lambda: store.read_grid(info.path).result, page, sign)
    page.get_by_text("Finished: 15 models").wait_for()
    page.locator(".st-key-new_grid_choose button").click()
    wait_idle(page, SLIDER)
    assert_no_exception(page)
    page.locator(SLIDER).focus()
    page.keyboard.press("ArrowLeft")
    assert page.locator(".board canvas[data-row=before]").first.is_visible()
