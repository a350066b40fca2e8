"""A grid's file in Chromium, opened from the disk without a network: its parts move one another."""

import shutil

import pytest

from aecore import store
from aecore.export.explorer.grid import GridOptions, write_grid
from tests.browser.tools import ROOT, save_chart

BETAS, POST, LOSS = (
    ROOT / "checkpoints" / name
    for name in ("grid-mnist-vae-betas", "grid-mnist-post-a1afba6a", "grid-digits-loss")
)
HOSTILE = "<script>document.title='run'</script>"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The file of the post's grid, of one whose name is a script, and of one with its decoders."""
    folder = tmp_path_factory.mktemp("files")
    named = shutil.copytree(BETAS, folder / "root" / BETAS.name)
    store.rename_grid(named, HOSTILE)
    write_grid(POST, folder / "post.html")
    write_grid(named, folder / "betas.html", GridOptions(images=5, pictures="half"))
    write_grid(LOSS, folder / "loss.html", GridOptions(sliders=True))
    return folder


@pytest.fixture
def open_file(open_page, files):
    """`open_file(name, **options)` gives the page; no request but for the file itself may have been made."""
    requests, errors = [], []

    def open_one(name, **options):
        page = open_page(offline=True, **options)
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto((files / name).as_uri())
        page.locator("html[data-ready]").wait_for(state="attached")
        return page

    yield open_one
    assert not errors
    assert all(url.startswith(("file:", "data:")) for url in requests), requests
    assert sum(url.startswith("file:") for url in requests) == 1


def pixels(page, row):
    return page.locator(f"canvas[data-row={row}]").first.evaluate("canvas => canvas.toDataURL()")


def marked(page):
    """k of the board, of the mark under the curve's ring, of the table's row, and of the card."""
    k = int(page.locator(".board").get_attribute("data-member"))
    ring = page.locator(".curve .here")
    x, y = (float(ring.get_attribute(name)) for name in ("cx", "cy"))
    marks = page.locator(".curve .mark[data-on-line]").evaluate_all(
        "nodes => nodes.map(n => [Number(n.dataset.k), n.cx.baseVal.value, n.cy.baseVal.value])"
    )
    (under,) = [k for k, mx, my in marks if abs(mx - x) + abs(my - y) < 0.1]
    row = int(page.locator(".members tr[aria-selected=true]").get_attribute("data-k"))
    return k, under, row


def test_the_slider_the_marks_the_cells_and_the_rows_move_one_another(open_file):
    page, grid = open_file("post.html"), store.read_grid(POST).grid
    start = marked(page)[0]
    slider = page.locator(".board input[data-axis='0']")
    before = pixels(page, "here")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    k, under, row = marked(page)
    assert k == under == row != start
    assert page.locator("#card td").nth(1).inner_text() == page.locator("[data-name=here]").inner_text()
    assert pixels(page, "here") != before
    assert pixels(page, "before") == before

    # By the keyboard along the curve's marks.
    page.locator(".curve .mark[tabindex='0']").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    moved = marked(page)
    assert len(set(moved)) == 1
    assert moved[0] != k
    # The focus is still among the marks.
    assert page.locator(".curve .mark:focus").count() == 1

    # A row of the table, here one with a penalty, moves every slider.
    target = grid.index[-1]
    page.locator(f".members tr[data-k='{target}'] button").press("Enter")
    assert marked(page) == (target, target, target)
    values = page.locator(".board output").all_inner_texts()
    assert values == ["64", "L2", "0.01"]

    # A cell of the heat map: two units at the same penalty's side.
    page.locator(".heat button[data-at='0-2-1']").click()
    assert page.locator(".heat button[aria-current]").get_attribute("data-at") == "0-2-1"
    assert page.locator(".board output").all_inner_texts() == ["2", "L2", "0.01"]
    page.get_by_role("button", name="Go to the proposed one").click()
    assert (
        "Proposed: " + page.locator("[data-name=here]").inner_text() in page.locator("#choose").inner_text()
    )


def test_the_bars_of_the_code_are_saved_with_their_axes(open_file):
    page, board = open_file("post.html"), store.read_grid(POST).grid
    units = board.members[int(page.locator(".board").get_attribute("data-member"))].model.latent_size
    chart = page.locator(".board figure")
    name, drawing = save_chart(page, chart, "SVG")
    assert name == "code-of-image-1.svg"
    assert b"<title>Code of image 1</title>" in drawing
    assert drawing.count(b"<rect") == units + 1  # and the paper
    lines = save_chart(page, chart, "CSV")[1].decode().split()
    assert lines[0] == "unit,value,model"
    assert len(lines) > units
    picture = page.locator(".board canvas[data-row=here]").first
    picture.press("ArrowRight")
    page.keyboard.press("Enter")
    words = page.locator(".board canvas[data-row=here]").nth(1).get_attribute("aria-label")
    assert page.locator("dialog.enlarged").get_attribute("aria-label") == words


def test_a_heading_sorts_and_the_front_is_beside_it(open_file):
    page = open_file("post.html")
    heading = page.locator(".members thead button", has_text="validation error")

    def column():
        i = int(heading.get_attribute("data-column"))
        return page.locator(".members tbody tr").evaluate_all(
            f"rows => rows.map(row => Number(row.querySelectorAll('td')[{i}].textContent))"
        )

    heading.click()
    assert column() == sorted(column())
    heading.press("Enter")
    assert column() == sorted(column(), reverse=True)
    assert page.locator(".members th[aria-sort=descending]").count() == 1
    page.get_by_role("button", name="Pareto front").click()
    page.locator(".front .mark").last.click()
    assert page.locator(".front .here").count() == 1
    page.get_by_role("button", name="Importance").click()
    page.get_by_text("goes with “Units in the code” more than by chance").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_scrolls_in_one_direction_and_a_name_stays_text(open_file, scheme):
    page = open_file("betas.html", width=400, height=800, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    assert page.locator("h1").inner_text() == page.title() == HOSTILE
    dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert (sum(map(int, dark[4:-1].split(","))) < 200) == (scheme == "dark")
    # One axis: there is no heat map to choose.
    assert page.get_by_role("button", name="Heat map").count() == 0
    page.locator(".board input[data-axis='0']").focus()
    page.keyboard.press("ArrowRight")
    assert len(set(marked(page))) == 1
    assert page.locator(".board canvas[data-row=here]").count() == 5


def test_each_models_units_can_be_moved(open_file):
    page = open_file("loss.html")
    canvas = page.locator("#card .sliders canvas")

    def decoded():
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return canvas.evaluate("canvas => canvas.toDataURL()")

    assert "the images that the grid keeps pictures of" in page.locator("#card").inner_text()
    first = decoded()
    page.locator("#card .sliders input").first.focus()
    page.keyboard.press("End")
    assert decoded() != first
    page.get_by_role("button", name="Image 1", exact=True).click()
    assert decoded() == first
    page.locator(".members tbody tr[aria-selected=false] button").first.click()
    assert decoded() != first
