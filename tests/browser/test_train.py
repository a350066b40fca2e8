"""A newcomer's way in a real browser: train a network, leave, come back, stop, resume, look at the result."""

import re

import psutil
import pytest

from aecore import store
from aecore.jobs import worker
from aecore.jobs.replay import compare, create_replay
from tests.browser.tools import assert_no_exception, goto, settle, wait_idle, wait_until

# A button with a tooltip stands twice in the document, for wide and for narrow windows; one is visible.
START = ".st-key-train_start button:visible"
STOP = ".st-key-train_stop button:visible"
RESUME = ".st-key-train_resume button:visible"
SIDEBAR_STOP = ".st-key-sidebar_stop button:visible"
SIDEBAR_BAR = '[data-testid="stSidebar"] [data-testid="stProgress"]'
BATCHES = re.compile(r"Epoch ([\d,]+) of ([\d,]+) · batch ([\d,]+) of")
APPLY = ".st-key-train_apply button:visible"
A_WHILE = 40
"""Epochs of a training that is at work for a few clicks more, and comes to its end by itself."""
ENDLESS = 100_000
"""Epochs of a training that is still at work whenever a test looks; it ends when it is stopped."""

SLOW_LINE = """
  // What the server sends arrives a second and a half late; what the browser sends is in time.
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", (event) => {
        if (!event.isTrusted) return;
        event.stopImmediatePropagation();
        setTimeout(() => this.dispatchEvent(new MessageEvent("message", { data: event.data })), 1500);
      });
    }
  };
"""


@pytest.fixture
def train_server(start_server):
    """A server without runs."""
    return start_server()


def position(page):
    """(epoch, batch) that the page's bar tells, None while it tells none."""
    texts = page.locator('[data-testid="stMain"] [data-testid="stProgress"]').all_inner_texts()
    found = next(filter(None, map(BATCHES.search, texts)), None)
    return tuple(int(found[i].replace(",", "")) for i in (1, 3)) if found else None


def wait_for_move(page, since=(0, 0)):
    """Waits until the page's bar has gone beyond a position, without a reload, and returns where it is."""

    def further():
        now = position(page)
        return now if now and now > since else None

    return wait_until(f"the bar to move beyond {since}", further, page)


def fill(page, key, value):
    field = page.locator(f".st-key-{key} input")
    field.fill(str(value))
    field.press("Enter")
    wait_idle(page)


def train(page, server, epochs):
    """Starts a training on digits through the page, in batches of 4; returns the run."""
    goto(page, server)
    page.get_by_test_id("stSidebarNavLink").filter(has_text=re.compile("Train$")).click()
    wait_idle(page, ".st-key-train_start")
    page.locator(".st-key-train_data_name").get_by_role("combobox").click()
    page.get_by_role("option", name="Digits").first.click()
    wait_idle(page, START)
    fill(page, "train_train_batch_size", 4)
    fill(page, "train_train_epochs", epochs)
    page.locator(START).click()
    (info,) = wait_until("a run", lambda: store.list_runs(server.checkpoints), page)
    assert info.config.train.epochs == epochs
    return info


def wait_for_end(page, info):
    """Waits until the run's result is recorded, as long as its process gets on; returns the result."""

    def sign():
        return store.read_progress(info.path)

    return wait_until("the run's result", lambda: store.read_info(info.path).result, page, sign)


def bar_moved(page):
    """Waits until the sidebar's bar says something else."""
    bar = page.locator(SIDEBAR_BAR)
    shown = bar.inner_text()
    wait_until("the sidebar's bar to move", lambda: bar.inner_text() != shown, page)


def stays(page, title):
    """Still there when the sidebar's bar has moved twice: the ticks of the page before are through."""
    bar_moved(page)
    bar_moved(page)
    settle(page)
    assert page.locator("h1").all_inner_texts() == [title]


def test_a_training_is_seen_everywhere_and_stopped_and_resumed(train_server, open_page):
    page, server = open_page(), train_server
    info = train(page, server, ENDLESS)
    wait_for_move(page, wait_for_move(page))

    page.get_by_test_id("stSidebarNavLink").filter(has_text="Home").click()
    page.locator("h1").filter(has_not_text="Train").wait_for()
    page.locator(SIDEBAR_STOP).wait_for()
    page.reload()
    page.locator(SIDEBAR_STOP).wait_for()
    goto(page, server, "train", STOP)
    assert page.locator(START).inner_text().endswith("Queue")
    second = open_page()
    goto(second, server, "train", STOP)
    before = max(wait_for_move(page), wait_for_move(second))

    trainer = psutil.Process(store.read_info(info.path).progress.pid)
    server.restart()
    assert trainer.is_running()
    for each in (page, second):
        goto(each, server)
        goto(each, server, "train", STOP)
        wait_for_move(each, before)

    second.locator(STOP).click()
    for each in (page, second):
        each.get_by_text(re.compile("^Stopped (in|after) epoch")).wait_for()
    stopped = store.read_info(info.path)
    assert stopped.progress.status == "stopped"
    assert stopped.result is None
    assert stopped.has_weights

    page.locator(RESUME).click()
    wait_for_move(page, (stopped.progress.epoch + 1, stopped.progress.step))
    page.locator(SIDEBAR_STOP).click()
    page.locator(RESUME).wait_for()
    for each in (page, second):
        assert_no_exception(each)


def test_a_finished_training_leads_to_its_reconstructions(train_server, browser_page):
    from playwright.sync_api import expect

    page = browser_page
    info = train(page, train_server, 1)
    result = wait_for_end(page, info)
    assert result.epochs == len(store.read_history(info.path)) == 1
    page.get_by_text(re.compile("^Finished: squared error")).wait_for()
    # Pictures follow by a fragment of their own, which looks less often.
    expect(page.locator('img[alt^="after epoch 1,"]')).to_have_count(8)
    assert page.locator('img[alt^="PCA, 12,"]').count() == 8
    page.locator(".st-key-train_look button").click()
    page.locator("h1").filter(has_text="Reconstructions").wait_for()
    page.locator('[data-testid="stMain"] img').first.wait_for()
    assert info.key in page.url
    assert_no_exception(page)


def set_change(page, label, value):
    """Types a value into the row of what can be changed."""
    field = page.locator(".stForm").get_by_label(label, exact=True)
    field.fill(str(value))
    field.press("Tab")


def _is_paused_after(path, epoch):
    progress = store.read_progress(path)
    return (progress.status, progress.epoch, progress.step) == ("paused", epoch, 0)


def test_a_training_is_changed_paused_killed_and_trained_again_to_the_same_bits(train_server, browser_page):
    from playwright.sync_api import expect

    page = browser_page
    info = train(page, train_server, A_WHILE)
    path = info.path

    def changes():
        return [event.values for event in store.read_events(path) if event.kind == "change"]

    set_change(page, "Learning rate", "0.0004")
    page.locator(APPLY).click()
    wait_until("the first change", lambda: changes() == [{"train.learning_rate": 0.0004}], page)
    page.locator(".st-key-train_pause button:visible").click()
    page.locator(".st-key-train_continue button:visible").wait_for()
    page.locator(SIDEBAR_BAR).get_by_text(re.compile("paused$")).wait_for()
    paused = store.read_progress(path)
    wait_until("the place of the pause", lambda: position(page) == (paused.epoch + 1, paused.step), page)
    wait_until("signs of life", lambda: store.read_progress(path).heartbeat > paused.heartbeat + 2, page)
    assert store.read_progress(path).status == "paused"
    assert position(page) == (paused.epoch + 1, paused.step)

    page.locator(".st-key-train_one_epoch button:visible").click()
    wait_until("the epoch's end", lambda: _is_paused_after(path, paused.epoch + 1), page)
    # The row shows what is in force.
    expect(page.locator(".stForm").get_by_label("Learning rate", exact=True)).to_have_value("0.0004")
    set_change(page, "Learning rate", "0.002")
    set_change(page, "L1", "0.01")
    page.locator(APPLY).click()
    second = {"train.learning_rate": 0.002, "loss.code_l1": 0.01}
    wait_until("the second change", lambda: changes()[1:] == [second], page)

    psutil.Process(store.read_progress(path).pid).kill()
    page.get_by_text(re.compile("^Interrupted: its process ended")).wait_for()
    page.locator(RESUME).click()
    wait_for_end(page, info)
    page.get_by_text(
        re.compile("^Changed while it was trained: .*learning rate 0.0004; .*L1 0.01")
    ).wait_for()
    assert page.locator('[data-testid="stVegaLiteChart"]').count() == 2
    assert_no_exception(page)

    again = create_replay(path)
    assert worker.work(again, threads=store.read_progress(path).threads) is not None
    assert changes() == [{"train.learning_rate": 0.0004}, second]
    assert compare(path, again).same


def test_every_click_counts_while_a_training_runs(train_server, open_page):
    """The browser's timers go on until it has heard of the next page; that page must outlive them."""
    page, server = open_page(), train_server
    info = train(page, server, ENDLESS)
    wait_until("weights", lambda: store.read_info(info.path).has_weights, page)
    page.context.add_init_script(SLOW_LINE)
    goto(page, server, "runs", ".st-key-runs_look button:visible")
    page.locator(".st-key-runs_look button:visible").click()
    page.locator("h1").filter(has_text="Reconstructions").wait_for()
    stays(page, "Reconstructions")
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Runs").click()
    page.locator("h1").filter(has_text="Runs").wait_for()
    stays(page, "Runs")
    page.locator(".st-key-runs_duplicate button:visible").click()
    page.locator("h1").filter(has_text="Train").wait_for()
    stays(page, "Train")
    page.locator(SIDEBAR_STOP).click()
    page.locator(RESUME).wait_for()
    assert_no_exception(page)


def test_nonsense_in_a_field_is_one_sentence_and_stays(train_server, browser_page):
    page = browser_page
    goto(page, train_server)
    goto(page, train_server, "train", START)
    fill(page, "train_model_hidden", "many, wide")
    page.get_by_text("takes whole numbers with commas between").first.wait_for()
    assert page.locator(START).is_disabled()
    assert page.locator(".st-key-train_model_hidden input").input_value() == "many, wide"
    fill(page, "train_model_hidden", "32")
    page.locator(".st-key-train_start button:not([disabled]):visible").wait_for()
    assert_no_exception(page)
