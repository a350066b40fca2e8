"""One's own images in a real browser: a zip of thousands of files dropped, trained on, and looked at."""

import io
import zipfile

import pytest
from PIL import Image

from aecore import data, store
from aecore.own import sets
from tests.browser.test_train import START, wait_for_end
from tests.browser.tools import assert_no_exception, goto, screenshot, settle, wait_idle, wait_until

IMAGES = 3_000
LOOKED_AT = ("reconstructions", "codes", "units", "interpolation")


@pytest.fixture
def own_server(start_server, tmp_path, monkeypatch):
    """A server whose run root and data folder are empty, as of somebody who has just begun."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "data"))
    return start_server()


def zip_of_sprites(count: int) -> bytes:
    """Sprites as PNG files in a folder for each shape, and one file that is no image."""
    sprites = data.load("sprites")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for i in range(count):
            picture = io.BytesIO()
            Image.fromarray(sprites.train_images[i, 0].numpy()).save(picture, "PNG", compress_level=1)
            name = sprites.class_names[sprites.train_labels[i]]
            archive.writestr(f"shapes/{name}/{i}.png", picture.getvalue())
        archive.writestr("shapes/ellipse/broken.png", b"no image")
    return out.getvalue()


def test_a_zip_of_many_images_is_trained_on_and_looked_at(own_server, open_page):
    page = open_page()
    goto(page, own_server, "own_images")
    page.locator(".st-key-own_files input[type=file]").set_input_files(
        {"name": "my shapes.zip", "mimeType": "application/zip", "buffer": zip_of_sprites(IMAGES)}
    )
    page.locator(".st-key-own_make button:visible").wait_for()
    wait_idle(page)
    page.get_by_text(f"{IMAGES + 1:,} images").first.wait_for()
    assert_no_exception(page)
    screenshot(page, "own-images-plan")
    page.locator(".st-key-own_make button:visible").click()
    page.locator(".st-key-own_train_new button:visible").wait_for()
    (own,) = sets.list_sets()
    assert (own.train_size + own.test_size, own.skipped) == (IMAGES, 1)
    assert set(own.class_names) == set(data.load("sprites").class_names)
    wait_idle(page)
    screenshot(page, "own-images-ready")

    page.locator(".st-key-own_train_new button:visible").click()
    page.locator("h1").filter(has_text="Train").wait_for()
    wait_idle(page, START)
    field = page.locator(".st-key-train_train_epochs input")
    field.fill("1")
    field.press("Enter")
    wait_idle(page)
    page.locator(START).click()
    (info,) = wait_until("a run", lambda: store.list_runs(own_server.checkpoints), page)
    assert info.config.data.name == own.name
    wait_for_end(page, info)
    for path in LOOKED_AT:
        goto(page, own_server, f"{path}?run={info.key}")
        settle(page)
        assert_no_exception(page)
        assert page.get_by_test_id("stAlertContentError").count() == 0
        screenshot(page, f"own-images-{path}")


def test_what_cannot_be_read_is_one_sentence_and_the_page_lives_on(server, open_page):
    page = open_page()
    goto(page, server, "own_images")
    files = page.locator(".st-key-own_files input[type=file]")
    files.set_input_files({"name": "x.zip", "mimeType": "application/zip", "buffer": b"no archive"})
    page.get_by_test_id("stAlertContentError").filter(has_text="no zip archive").wait_for()
    assert_no_exception(page)
    page.locator(".st-key-own_files").get_by_role("button", name="Remove").first.click()
    wait_idle(page)
    pictures = []
    for i in range(8):
        out = io.BytesIO()
        Image.effect_noise((20, 14 + i), 40).save(out, "JPEG")
        pictures.append({"name": f"{i}.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()})
    files.set_input_files(pictures)
    page.get_by_text("8 images").first.wait_for()
    assert_no_exception(page)
    screenshot(page, "own-images-files")
