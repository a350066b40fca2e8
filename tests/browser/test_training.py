"""The Training page in a real browser: epochs under the slider, two runs, a click on the map, one at work."""

import os
import shutil
import time

import numpy as np
import pytest

from aecore import jobs, store
from aecore.jobs.worker import work
from aecore.presets import PRESETS
from aecore.results import Progress
from aecore.store import names
from tests.browser.tools import assert_no_exception, goto, screenshot, set_slider, wait_idle, wait_until

EPOCHS = 100
BASE = PRESETS["post"].with_values(
    {"data.name": "digits", "train.epochs": EPOCHS, "model.hidden": (32,), "model.latent_size": 6}
)
ROOT_OF = ".epochs"
SLIDER = f"{ROOT_OF} [data-epoch-slider]"
OBSERVE = """root => {
  window.seenEpochs = [];
  const note = () => window.seenEpochs.push(Number(root.dataset.epoch));
  new MutationObserver(note).observe(root, { attributes: true, attributeFilter: ["data-epoch"] });
}"""
PICTURES = """section => [...section.querySelectorAll("[data-row=reconstructions] canvas")].map(canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return Array.from(data).filter((_, i) => i % 4 === 0);
})"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two finished runs of digits, of 100 and of 30 epochs."""
    root = tmp_path_factory.mktemp("trained")
    for name, values in (("long", {}), ("short", {"train.epochs": 30, "model.activation": "tanh"})):
        work(store.create_run(BASE.with_values(values), name, root), threads=1)
    return {info.name: info.path for info in store.list_runs(root)}


@pytest.fixture
def training(trained, start_server, open_page):
    """Opens the page on `long`; gives it with the folders of the server's own copies."""
    server = start_server()
    paths = {}
    for name, path in trained.items():
        paths[name] = server.checkpoints / path.name
        shutil.copytree(path, paths[name])

    def open_it(query="", **options):
        page = open_page(**options)
        goto(page, server)  # the first deep link after a server's start shows Streamlit's own notice
        goto(page, server, f"training?run={paths['long'].name}{query}", SLIDER)
        page.locator(f"{ROOT_OF}[data-epoch]").wait_for()
        return page

    return open_it, paths


def shown(page, section=0):
    """Pixels of the reconstructions on the page, pictures x pixels."""
    return np.array(page.locator(f"{ROOT_OF} section").nth(section).evaluate(PICTURES), np.uint8)


def stored(path, epoch):
    """The same from the run's folder."""
    frames = store.read_frames(path)
    row = frames.rows[frames.epochs.tolist().index(epoch)]
    return row["reconstructions"].reshape(frames.header.pictures, -1)


def until_epoch(page, epoch):
    page.locator(f'{ROOT_OF}[data-epoch="{epoch}"]').wait_for()


def test_the_slider_goes_through_every_epoch_and_shows_its_stored_pictures(training):
    open_it, paths = training
    page = open_it()
    until_epoch(page, EPOCHS)
    page.locator(SLIDER).focus()
    page.keyboard.press("Home")
    until_epoch(page, 0)
    page.locator(ROOT_OF).evaluate(OBSERVE)
    assert (shown(page) == stored(paths["long"], 0)).all()
    for epoch in range(1, EPOCHS + 1):
        page.keyboard.press("ArrowRight")
        until_epoch(page, epoch)
        assert (shown(page) == stored(paths["long"], epoch)).all(), f"pictures of epoch {epoch}"
    assert page.evaluate("window.seenEpochs") == list(range(1, EPOCHS + 1))
    assert_no_exception(page)


def test_play_goes_through_every_epoch(training):
    open_it, paths = training
    page = open_it()
    until_epoch(page, EPOCHS)
    page.locator(ROOT_OF).evaluate(OBSERVE)
    page.locator(f"{ROOT_OF} [data-play]").click()
    page.wait_for_function(f"window.seenEpochs.at(-1) === {EPOCHS}")
    assert page.evaluate("window.seenEpochs") == list(range(EPOCHS + 1))
    assert (shown(page) == stored(paths["long"], EPOCHS)).all()


def test_two_runs_stand_side_by_side_at_the_same_epoch(training):
    open_it, paths = training
    page = open_it(f"&beside={paths['short'].name}")
    assert page.locator(f"{ROOT_OF} section").count() == 2
    assert page.locator(f"{ROOT_OF} [data-run-name]").all_inner_texts() == ["long", "short"]
    page.locator(SLIDER).focus()
    page.keyboard.press("Home")
    for _ in range(7):
        page.keyboard.press("ArrowRight")
    until_epoch(page, 7)
    for section, name in enumerate(("long", "short")):
        assert (shown(page, section) == stored(paths[name], 7)).all()
    page.keyboard.press("End")
    until_epoch(page, EPOCHS)
    assert (shown(page, 0) == stored(paths["long"], EPOCHS)).all()
    assert (shown(page, 1) == stored(paths["short"], 30)).all()
    assert "its last epoch is 30" in page.locator(f"{ROOT_OF} [data-figures]").nth(1).inner_text()
    screenshot(page, "training-two-runs")
    assert_no_exception(page)


def test_a_click_on_the_map_opens_that_layer_at_that_step(training):
    open_it, _ = training
    page = open_it()
    chart = page.locator(".st-key-training_map_0 .vega-embed svg.marks, .st-key-training_map_0 canvas").first
    chart.scroll_into_view_if_needed()
    wait_idle(page, ".st-key-training_map_0")
    assert page.locator(".st-key-training_layer input").input_value().startswith("1 encoder")
    step = page.locator(".st-key-training_step input[type=range]").get_attribute("aria-valuetext")
    box = chart.bounding_box()
    # In the middle of the map, below its upper half: the third of four layers.
    page.mouse.click(box["x"] + 0.4 * box["width"], box["y"] + 0.55 * box["height"])
    wait_until(
        "the clicked layer",
        lambda: not page.locator(".st-key-training_layer input").input_value().startswith("1 encoder"),
        page,
    )
    layer = page.locator(".st-key-training_layer input").input_value()
    page.get_by_text(f"Layer {layer}, at step").wait_for()
    assert page.locator(".st-key-training_step input[type=range]").get_attribute("aria-valuetext") != step
    assert_no_exception(page)


def test_the_keyboard_opens_a_layer_at_a_step_as_well(training):
    open_it, _ = training
    page = open_it()
    set_slider(page, "training_step", 0)
    page.locator(".st-key-training_layer input").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_text("at step 1 (epoch 1)").wait_for()
    assert_no_exception(page)


def test_a_run_at_work_grows_and_only_its_new_epochs_are_sent(training):
    """The rows are those of a finished run, written one part after the other by this process."""
    open_it, paths = training
    path = paths["long"]
    frames, whole = store.read_frames(path), (path / names.FRAMES).read_bytes()
    size = frames.header.dtype.itemsize
    start = len(whole) - len(frames.rows) * size

    def write(epochs):
        (path / names.FRAMES).write_bytes(whole[: start + (epochs + 1) * size])

    def say_running():
        now, pid = time.time(), os.getpid()
        progress = Progress(
            status="running", pid=pid, process_started=jobs.process_start(pid), heartbeat=now, epoch=1
        )
        store.write_progress(path, progress)

    write(40)
    say_running()
    sent = []
    page = open_it()
    until_epoch(page, 40)
    sent.append(page.locator(ROOT_OF).evaluate("root => root.dataset.received"))
    write(70)
    until_epoch(page, 70)
    sent.append(page.locator(ROOT_OF).evaluate("root => root.dataset.received"))
    assert sent == ["41", "30"]
    page.locator(SLIDER).focus()
    for epoch in (70, 69, 41, 40, 3):
        page.locator(SLIDER).evaluate(
            "(slider, at) => { slider.value = at; slider.dispatchEvent(new Event('input')); }", epoch
        )
        until_epoch(page, epoch)
        assert (shown(page) == stored(path, epoch)).all()
    # Whoever looks back stays there while the run goes on.
    write(80)
    page.locator(f'{SLIDER}[max="80"]').wait_for()
    assert page.locator(ROOT_OF).get_attribute("data-epoch") == "3"
    # A browser that has lost what it had is sent all of it.
    page.reload()
    wait_idle(page, SLIDER)
    until_epoch(page, 80)
    assert (shown(page) == stored(path, 80)).all()
    assert_no_exception(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_at_400_pixels_two_runs_stand_under_each_other(training, scheme):
    open_it, paths = training
    page = open_it(f"&beside={paths['short'].name}", width=400, color_scheme=scheme)
    page.get_by_text("Layer by layer").wait_for()
    wait_idle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    boxes = [page.locator(f"{ROOT_OF} section").nth(i).bounding_box() for i in (0, 1)]
    assert boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"]
    assert boxes[0]["x"] + boxes[0]["width"] <= 400
    screenshot(page, f"training-400-{scheme}")
    assert_no_exception(page)
