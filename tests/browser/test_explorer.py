"""The file of a run, opened from the disk without a network: everything in it works there."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from aecore import store
from aecore.data.drawing import centred_drawing
from aecore.export.explorer import Options, write
from aecore.export.explorer.material import collect
from tests.browser.tools import ROOT, settle, wait_until
from tests.export.explorer import KINDS, kind

NAME = "<script>alert(1)</script>"
OVERLAY = "#codes .overlay"


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The shipped run on digits under a hostile name: its material and its file."""
    folder = tmp_path_factory.mktemp("explorer")
    run = shutil.copytree(ROOT / "checkpoints" / "digits-post-12-s0-f3512007", folder / "run")
    store.rename_run(run, NAME)
    material = collect(run)
    write(material, folder / "run.html", Options())
    return material, folder / "run.html"


@pytest.fixture
def open_file(open_page):
    """`open_file(path, ...)` opens it without a network; nothing may be asked for, and nothing go wrong."""
    asked, wrong = [], []

    def open_one(path: Path, **options):
        page = open_page(offline=True, **options)
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.on("dialog", lambda dialog: wrong.append(dialog.message))
        page.goto(path.as_uri())
        page.locator("html[data-ready]").wait_for(state="attached")
        return page

    yield open_one
    outside = [url for url in asked if not url.startswith(("data:", "blob:"))]
    assert all(url.startswith("file:") and url.endswith(".html") for url in outside)
    assert len(outside) == 1
    assert wrong == []


def pixels(page, selector):
    return page.locator(selector).first.evaluate(
        "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data]"
    )


def look(page, selector):
    """A canvas as a text that differs whenever its picture does."""
    return page.locator(selector).first.evaluate("canvas => canvas.toDataURL()")


def lit(page, selector):
    """How many pixels of a canvas are neither black nor empty."""
    return int((np.array(pixels(page, selector)).reshape(-1, 4)[:, :3].max(1) > 30).sum())


def place_of(page, material, i):
    """Where point i of the map is on the screen."""
    page.locator(f"{OVERLAY}[data-mapping]").scroll_into_view_if_needed()
    mapping = json.loads(page.locator(OVERLAY).get_attribute("data-mapping"))
    x, y = material.code_pca.transform(material.codes.numpy(), 2)[i]
    box = page.locator(OVERLAY).bounding_box()
    return (
        float(box["x"] + mapping["a"] * x + mapping["b"]),
        float(box["y"] + mapping["d"] - mapping["c"] * y),
    )


def test_points_show_their_pictures_and_a_lasso_gathers_them(exported, open_file):
    material, path = exported
    page = open_file(path)
    assert page.title() == NAME
    assert page.locator("h1").inner_text() == NAME
    assert page.locator("#run td").first.inner_text() == NAME
    page.mouse.move(*place_of(page, material, 7))
    page.locator("#codes .hover").wait_for()
    assert lit(page, "#codes .hover canvas") > 5
    box = page.locator(OVERLAY).bounding_box()
    around = [(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)]
    corners = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in around]
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in [*corners[1:], corners[0]]:
        page.mouse.move(*corner, steps=4)
    page.mouse.up()
    page.locator("#codes .mosaic").wait_for()
    count = int(page.locator("#codes .count").inner_text().split()[0])
    assert 200 < count <= 360
    assert (
        page.locator("#codes .selected").inner_text().startswith(f"{count} selected; squared error per image")
    )
    assert lit(page, "#codes .mosaic") > 1000


def test_the_map_is_coloured_placed_and_walked_by_keyboard(exported, open_file):
    material, path = exported
    page = open_file(path)
    before = look(page, "#codes .points")
    page.get_by_label("Colour by").select_option("unit 3")
    settle(page)
    assert page.locator("#codes .scale .title").inner_text() == "unit 3"
    assert look(page, "#codes .points") != before
    page.get_by_label("Map", exact=True).select_option("two units")
    page.get_by_label("Up", exact=True).select_option("unit 3")
    page.locator(OVERLAY).focus()
    page.keyboard.press("ArrowRight")
    page.locator("#codes .hover").wait_for()
    page.keyboard.press("Enter")
    panel = page.locator("#codes .panel")
    panel.locator(".pair").wait_for()
    number = int(panel.locator("h3").inner_text().split()[1].strip(","))
    assert panel.locator("p").inner_text() == f"Squared error {material.errors[number]:.1f}"
    # The picture is decoded from what the map knows of the code, which is nearly all.
    shown = np.array(pixels(page, "#codes .pair canvas:nth-child(2)")).reshape(8, 8, 4)[..., 0] / 255
    wanted = material.run.decode(material.codes[number : number + 1])[0, 0].clamp(0, 1).numpy()
    assert np.abs(shown - wanted).max() < 0.06


def test_a_point_of_a_long_code_says_why_it_is_not_decoded(open_file, monkeypatch, tmp_path):
    # Room for two of the three units that each code has.
    monkeypatch.setattr("aecore.export.explorer.sections.UNIT_VALUES", 1)
    write(kind("plain"), tmp_path / "run.html", Options())
    page = open_file(tmp_path / "run.html")
    page.locator(OVERLAY).focus()
    page.keyboard.press("ArrowRight")
    page.locator("#codes .hover").wait_for()
    page.keyboard.press("Enter")
    page.locator("#codes .pair").wait_for()
    assert page.locator("#codes .pair canvas").count() == 1
    assert page.locator("#codes .panel p").last.inner_text() == (
        "Not decoded: to stay small, the file holds only the 2 most important units of each point's code."
    )


def test_an_empty_place_of_the_map_is_decoded(exported, open_file):
    material, path = exported
    page = open_file(path)
    box = page.locator(OVERLAY).bounding_box()
    page.locator(OVERLAY).click(position={"x": 60, "y": box["height"] - 60})
    page.get_by_role("heading", name="This place, decoded").wait_for()
    assert "Nearest training code" in page.locator("#codes .panel p").inner_text()
    mapping = json.loads(page.locator(OVERLAY).get_attribute("data-mapping"))
    scores = [(60 - mapping["b"]) / mapping["a"], (mapping["d"] - (box["height"] - 60)) / mapping["c"]]
    code = material.code_pca.inverse(np.float32([scores]))
    wanted = material.run.decode(code)[0, 0].clamp(0, 1).numpy()
    shown = np.array(pixels(page, "#codes .panel canvas")).reshape(8, 8, 4)[..., 0] / 255
    assert np.abs(shown - wanted).max() < 0.03


def test_unit_sliders_move_the_decoded_picture(exported, open_file):
    _, path = exported
    page = open_file(path)
    before = look(page, "#units .side canvas")
    page.locator("#units input").first.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    settle(page)
    moved = look(page, "#units .side canvas")
    assert moved != before
    page.locator("#units summary").click()
    page.locator("#units .thumbnails button").nth(5).click()
    wait_until("the other image", lambda: look(page, "#units .side canvas") not in (before, moved), page)


def test_a_path_is_decoded_from_one_image_to_another(exported, open_file):
    material, path = exported
    page = open_file(path)
    position = page.locator("#interpolation [data-position]")
    position.focus()
    page.keyboard.press("Home")
    settle(page)
    numbers = page.evaluate(
        "async () => (await (await import('explorer/unpack.js')).unpack("
        "document.getElementById('data-shared').textContent)).images.numbers"
    )
    shown = np.array(pixels(page, "#interpolation [data-picture=decoded]")).reshape(8, 8, 4)[..., 0] / 255
    wanted = material.run.reconstruct(material.data.test_images[numbers[0]][None])[0, 0].clamp(0, 1).numpy()
    assert np.abs(shown - wanted).max() < 0.01
    fade = np.array(pixels(page, "#interpolation [data-picture=baseline]")).reshape(8, 8, 4)[..., 0]
    assert np.array_equal(fade, material.data.test_images[numbers[0], 0].numpy())
    page.keyboard.press("End")
    settle(page)
    last = look(page, "#interpolation [data-picture=decoded]")
    page.locator("#interpolation summary").nth(1).click()
    page.locator("#interpolation .thumbnails").nth(1).locator("button").nth(9).click()
    wait_until("another end", lambda: look(page, "#interpolation [data-picture=decoded]") != last, page)


def test_a_drawing_is_encoded_decoded_and_placed(exported, open_file):
    material, path = exported
    page = open_file(path)
    pad = page.locator("#drawing .draw canvas")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 110, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 180, steps=6)
    page.mouse.up()
    result = page.locator("#drawing .result")
    result.get_by_text("Squared error").wait_for()
    page.locator("#drawing .overlay[data-mapping]").wait_for()
    seen, rebuilt = (
        np.array(pixels(page, f"#drawing figure:nth-child({k}) canvas")).reshape(8, 8, 4)[..., 0] / 255
        for k in (1, 2)
    )
    image = torch.from_numpy(seen).float().view(1, 1, 8, 8)
    wanted = material.run.reconstruct(image)
    assert np.abs(rebuilt - wanted[0, 0].clamp(0, 1).numpy()).max() < 0.02
    error = (image - wanted).square().sum().item()
    assert float(result.locator("p").inner_text().split()[-1]) == pytest.approx(error, abs=0.1)
    page.locator("#drawing .draw button").click()
    result.get_by_text("Draw with the pointer").wait_for()


def test_the_network_in_the_file_agrees_with_torch(exported, open_file):
    material, path = exported
    page = open_file(path)
    codes = 3 * torch.randn(20, 12, generator=torch.Generator().manual_seed(0))
    images = material.data.test_images[:20].flatten(1) / 255
    found_pixels, found_codes = page.evaluate(
        """async ([codes, images]) => {
          const { unpack } = await import("explorer/unpack.js");
          const { makeDecoder, makeEncoder } = await import("decoder/decoder.js");
          const { decoder, encoder } = await unpack(document.getElementById("data-shared").textContent);
          return [codes.map((code) => [...makeDecoder(decoder)(code)]),
                  images.map((image) => [...makeEncoder(encoder)(image)])];
        }""",
        [codes.tolist(), images.tolist()],
    )
    wanted = material.run.decode(codes).flatten(1).numpy()
    assert wanted.std(0).max() > 0.05
    assert np.abs(np.array(found_pixels) - wanted).max() < 1e-5
    wanted = material.run.encode(images.view(20, 1, 8, 8)).numpy()
    assert np.abs(np.array(found_codes) - wanted).max() < 1e-4


def test_drawings_are_centred_as_the_app_does_it(exported, open_file):
    _, path = exported
    page = open_file(path)
    random = torch.Generator().manual_seed(0)
    inks = []
    for size, height, width in ((3, 90, 40), (5, 20, 100), (4, 5, 4), (2, 1, 1)):
        rough = interpolate(torch.rand(1, 1, size, size, generator=random), (height, width))[0, 0]
        ink = torch.zeros(112, 112, dtype=torch.uint8)
        ink[7 : 7 + height, 9 : 9 + width] = (rough * 255).byte()
        inks.append(ink)
    for height, width in ((28, 28), (8, 8), (20, 13)):
        found = page.evaluate(
            """async ([inks, height, width]) => {
              const { centredDrawing } = await import("picker/centre.js");
              return inks.map((ink) => [...centredDrawing(Uint8Array.from(ink), 112, height, width)]);
            }""",
            [[ink.flatten().tolist() for ink in inks], height, width],
        )
        for ink, pixels_found in zip(inks, found, strict=True):
            wanted = centred_drawing(ink.float() / 255, (1, height, width)).flatten().numpy()
            assert np.abs(np.array(pixels_found) - wanted).max() < 1e-5


@pytest.mark.parametrize(("width", "scheme"), [(400, "dark"), (1440, "light")])
def test_it_fits_a_narrow_screen_and_follows_the_theme(exported, open_file, width, scheme):
    _, path = exported
    page = open_file(path, width=width, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    def background():
        return page.evaluate("getComputedStyle(document.documentElement).backgroundColor")

    dark, light = "rgb(21, 24, 29)", "rgb(252, 251, 249)"
    assert background() == (dark if scheme == "dark" else light)
    other = "light" if scheme == "dark" else "dark"
    before = look(page, "#codes .points")
    page.get_by_label("Colours").select_option(other)
    assert background() == (light if scheme == "dark" else dark)
    wait_until("the map in the other theme", lambda: look(page, "#codes .points") != before, page)


@pytest.mark.parametrize("name", [name for name in KINDS if name != "plain"])
def test_runs_of_every_kind_open(name, open_file, tmp_path):
    write(kind(name), tmp_path / "run.html", Options())
    page = open_file(tmp_path / "run.html", width=500)
    assert page.locator(".problem").count() == 0
    page.locator(f"{OVERLAY}[data-mapping]").wait_for()
    for selector in ("#units .side canvas", "#interpolation [data-picture=decoded]"):
        assert len(set(pixels(page, selector))) > 2
