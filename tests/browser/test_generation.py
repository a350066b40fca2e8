"""Generation in a real browser: another sheet on a click, and a slider of beta that moves all at once."""

import pytest

from aecore import store
from aecore.grid import Grid
from aecore.jobs import grid_worker
from aecore.presets import PRESETS
from tests.browser.tools import assert_no_exception, goto, save_chart, settle, wait_until
from tests.engines import InProcess

SHEET = "img[alt^='24 samples, mixture of ten']"
SCORED = "text=Scored in the same way"
BETA = ".betas [data-beta]"


@pytest.fixture(scope="module")
def beta_grid(server):
    """A small grid over beta on digits in the server's run root, and the key of a run on digits there."""
    base = PRESETS["vae"].with_values(
        {"data.name": "digits", "model.hidden": (32,), "model.latent_size": 4, "train.epochs": 2}
    )
    path = store.create_grid(Grid(base, {"loss.beta": (0.1, 1.0, 20.0)}), "betas", server.checkpoints)
    grid_worker.work(path, 1, engine=InProcess())
    yield path
    store.delete_grid(path)


@pytest.fixture
def sent():
    """What pages have sent to the server, one entry a message."""
    return []


@pytest.fixture
def page(server, open_page, sent):
    """Opens the page on the shipped run of digits, and fails for an error in it."""
    errors = []
    runs = [r for r in store.list_runs(server.checkpoints) if getattr(r, "has_weights", False)]
    key = next(r.key for r in runs if r.config.data.name == "digits")

    def open_it(query, expect, **options):
        page = open_page(**options)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
        goto(page, server)  # the first deep link after a server's start shows Streamlit's own notice
        goto(page, server, f"generation?run={key}{query}", expect)
        return page

    yield open_it
    assert errors == []


def test_another_draw_changes_every_sheet_and_the_link_keeps_it(page):
    seen = page("", SCORED)
    before = seen.locator("img[alt^='24 samples']").evaluate_all("all => all.map(one => one.src)")
    assert len(before) == 3
    seen.get_by_role("button", name="Draw again").click()

    def sources():
        return seen.locator("img[alt^='24 samples']").evaluate_all("all => all.map(one => one.src)")

    now = wait_until(
        "other sheets", lambda: (s := sources()) and len(s) == 3 and not set(s) & set(before) and s, seen
    )
    seen.wait_for_function("location.search.includes('generation_draw=1')")
    seen.reload()
    seen.locator(SCORED).wait_for()
    wait_until("the link's sheets", lambda: sources() == now, seen)
    assert_no_exception(seen)


def state(seen):
    """What the beta slider shows now: figures, bars and pictures."""
    return seen.evaluate(
        """() => {
          const root = [...document.querySelectorAll("*")].map(node => node.shadowRoot ?? node)
            .map(node => node.querySelector?.(".betas")).find(Boolean);
          const pixels = (canvas) => canvas.toDataURL();
          return {
            beta: root.dataset.beta,
            meaning: root.querySelector(".meaning").textContent,
            bars: [...root.querySelectorAll("rect")].map(bar => bar.getAttribute("height")).join(),
            reconstruction: pixels(root.querySelector("[data-row=reconstructions] canvas")),
            sample: pixels(root.querySelector("[data-row=samples] canvas")),
            codes: pixels(root.querySelector("[data-part=codes]")),
            original: pixels(root.querySelector("[data-row=originals] canvas")),
          };
        }"""
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_beta_slider_moves_all_parts_without_the_server(beta_grid, page, sent, scheme):
    seen = page("&generation_view=Beta", BETA, color_scheme=scheme)
    wait_until("the first picture", lambda: state(seen)["beta"] == "1", seen)
    before, asked = state(seen), len(sent)
    seen.locator(BETA).focus()
    seen.keyboard.press("ArrowRight")
    settle(seen)
    after = state(seen)
    assert after["beta"] == "20"
    assert {name for name in before if before[name] != after[name]} == set(before) - {"original"}
    assert len(sent) == asked
    seen.keyboard.press("Home")
    settle(seen)
    assert state(seen)["beta"] == "0.1"
    charts = seen.locator(".betas figure:has(.save)")
    name, drawing = save_chart(seen, charts.first, "SVG")
    assert name == "kl-divergence-beta-0.1.svg"
    assert b"KL divergence in nats" in drawing
    table = save_chart(seen, charts.first, "CSV")[1].decode().splitlines()
    betas = [line.split(",")[0] for line in table]
    assert betas == ["beta", *4 * ["0.1"], *4 * ["1"], *4 * ["20"]]
    assert save_chart(seen, charts.last, "PNG")[1].startswith(b"\x89PNG")
    assert_no_exception(seen)


def test_at_400_pixels_nothing_sticks_out(beta_grid, page):
    for query, expect in (("", SCORED), ("&generation_view=Beta", BETA)):
        seen = page(query, expect, width=400)
        main = seen.locator("[data-testid=stMain]")
        assert main.evaluate("node => node.scrollWidth - node.clientWidth") <= 1
