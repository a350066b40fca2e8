"""A newcomer's way in a real browser: train the post's network on MNIST, leave, come back, stop, resume."""

import json
import re
import time

import psutil
import pytest

from aecore import store
from aecore.store import names
from tests.browser.tools import assert_no_exception, wait_idle

# A button with a tooltip stands twice in the document, for wide and for narrow windows; one is visible.
START = ".st-key-train_start button:visible"
STOP = ".st-key-train_stop button:visible"
BATCHES = re.compile(r"Epoch (\d+) of (\d+) · batch ([\d,]+) of")
PATIENCE = 240
"""Seconds a step may take on a machine that has more to do."""


def position(page):
    """(epoch, batch) that the page's bar tells, None while it tells none."""
    texts = page.locator('[data-testid="stMain"] [data-testid="stProgress"]').all_inner_texts()
    found = next(filter(None, map(BATCHES.search, texts)), None)
    return (int(found[1]), int(found[3].replace(",", ""))) if found else None


def wait_for_move(page, since=(0, 0)):
    """Waits until the page's bar has gone beyond a position, without a reload, and returns where it is."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if (now := position(page)) and now > since:
            return now
        page.wait_for_timeout(100)
    raise AssertionError(f"The bar did not move beyond {since} in {PATIENCE} s.")


def fill(page, key, value):
    field = page.locator(f".st-key-{key} input")
    field.fill(str(value))
    field.press("Enter")
    wait_idle(page, timeout=PATIENCE)


def visit(page, server, path, expect=None):
    """`goto` with this test's patience."""
    page.goto(f"{server.url}/{path}", timeout=PATIENCE * 1000)
    wait_idle(page, expect, PATIENCE)


def wait_for(locator):
    locator.first.wait_for(timeout=PATIENCE * 1000)


@pytest.mark.mnist
def test_training_is_seen_everywhere_stopped_resumed_and_finished(
    start_server, open_page, tmp_path, monkeypatch
):
    # A temporary folder of its own, and with it a device lock: no other training is waited for.
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    server = start_server()
    page = open_page()
    page.set_default_timeout(PATIENCE * 1000)
    visit(page, server, "")
    page.get_by_test_id("stSidebarNavLink").filter(has_text=re.compile("Train$")).click()
    wait_for(page.locator(START))
    wait_idle(page, START, PATIENCE)
    # Small batches: the run has to last long enough to be looked at in five ways.
    fill(page, "train_train_batch_size", 4)
    fill(page, "train_train_epochs", 2)
    page.locator(START).click()
    wait_for(page.locator(STOP))
    first = wait_for_move(page)
    wait_for_move(page, first)

    (info,) = store.list_runs(server.checkpoints)
    trainer = psutil.Process(info.progress["pid"])
    # Held still while the pages are visited, so that a fast machine does not finish in the meantime.
    trainer.suspend()
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Home").click()
    wait_for(page.locator("h1").filter(has_not_text="Train"))
    wait_for(page.locator(".st-key-sidebar_stop button:visible"))
    page.reload(timeout=PATIENCE * 1000)
    wait_for(page.locator(".st-key-sidebar_stop button:visible"))
    visit(page, server, "train", STOP)
    assert position(page) is not None
    assert page.locator(START).inner_text().endswith("Queue")

    second = open_page()
    second.set_default_timeout(PATIENCE * 1000)
    visit(second, server, "train", STOP)
    held = position(second)
    assert held is not None

    server.restart()
    assert trainer.is_running()
    visit(page, server, "")
    visit(page, server, "train", STOP)
    visit(second, server, "train", STOP)
    assert position(page) == held
    trainer.resume()
    wait_for_move(second, held)

    second.locator(STOP).click()
    wait_for(second.get_by_text(re.compile("^Stopped (in|after) epoch")))
    wait_for(page.get_by_text(re.compile("^Stopped (in|after) epoch")))
    stopped = store.read_info(info.path)
    assert stopped.progress["status"] == "stopped"
    assert stopped.result is None
    assert stopped.has_weights

    page.locator(".st-key-train_resume button:visible").click()
    wait_for(page.get_by_text(re.compile("^Finished: squared error")))
    assert page.locator('img[alt^="after epoch 2,"]').count() == 8
    assert page.locator('img[alt^="PCA, 12,"]').count() == 8
    result = json.loads((info.path / names.RESULT).read_text())
    assert result["epochs"] == 2
    assert len(store.read_history(info.path)) == 2
    # PCA with 12 components leaves 24.48; a network that was resumed into nonsense would leave more.
    assert result["test"]["squared_error"] < 24.48

    page.locator(".st-key-train_look button").click()
    wait_for(page.locator("h1").filter(has_text="Reconstructions"))
    wait_for(page.locator('[data-testid="stMain"] img'))
    assert info.key in page.url
    for each in (page, second):
        assert_no_exception(each)


def test_nonsense_in_a_field_is_one_sentence_and_stays(start_server, browser_page):
    page = browser_page
    server = start_server()
    visit(page, server, "")
    visit(page, server, "train", START)
    fill(page, "train_model_hidden", "many, wide")
    wait_for(page.get_by_text("takes whole numbers with commas between"))
    assert page.locator(START).is_disabled()
    assert page.locator(".st-key-train_model_hidden input").input_value() == "many, wide"
    fill(page, "train_model_hidden", "32")
    page.locator(".st-key-train_start button:not([disabled]):visible").wait_for()
    assert_no_exception(page)
