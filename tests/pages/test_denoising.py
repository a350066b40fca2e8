"""The Denoising page: what it compares, that its figures are those of the images, and what it says."""

import re

import pytest
import streamlit as st
import torch

from aecore import data, load_run, store
from aecore.analysis import denoising
from aecore.config import TrainConfig
from aecore.jobs.worker import work
from tests.pages.conftest import TINY, open_page

PAGE = "pages/use/denoising/page.py"
NOISY = TINY.with_values({"train.corruption": "masking", "train.corruption_level": 0.4})


def rows(app):
    """Name, PSNR and SSIM above each row of pictures; None for the clean images."""
    (block,) = (b.value for b in app.get("html") if "SSIM" in b.value)
    found = re.findall(r"<b>(.*?)</b>(?: · ([\d.]+) dB · SSIM ([\d.-]+))?</div>", block)
    return {name: (float(psnr), float(ssim)) if psnr else None for name, psnr, ssim in found}


@pytest.fixture
def pair(tiny_root, monkeypatch, tmp_path):
    """The tiny run on clean images, and the same network trained on masked ones; the keys of both."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    clean = next(tiny_root.iterdir()).name
    path = store.create_run(NOISY, "tiny, masked", tiny_root)
    work(path, threads=1)
    return clean, path.name


def test_a_network_is_compared_with_the_same_never_shown_noise(pair):
    clean, noisy = pair
    app = open_page(PAGE, {"run": noisy})
    assert not app.exception
    found = rows(app)
    names = list(found)
    assert names[:2] == ["clean", "as they are"]
    assert names[2].startswith("classical filter (")
    assert names[3:] == ["network trained on clean images", "network trained on masking 0.4"]
    images = data.load("digits").test_images[:300]
    train = TrainConfig(corruption="masking", corruption_level=0.4)
    seen = denoising.corrupted(images, train)
    for name, key in (("network trained on clean images", clean), ("network trained on masking 0.4", noisy)):
        mse = (load_run(key).reconstruct(seen) - images / 255).square().mean()
        assert found[name][0] == pytest.approx(float(-10 * torch.log10(mse)), abs=0.06)
    nothing = float(-10 * torch.log10((seen - images / 255).square().mean()))
    assert found["as they are"][0] == pytest.approx(nothing, abs=0.06)
    # The same two are compared from either side.
    other = open_page(
        PAGE, {"run": clean, "denoising_corruption": "masking", "denoising_level_masking": "0.4"}
    )
    assert rows(other) == found


def test_the_level_moves_the_noise_and_every_kind_draws(pair):
    app = open_page(PAGE, {"run": pair[1]})
    start = rows(app)
    more = open_page(PAGE, {"run": pair[1], "denoising_level_masking": "0.83"})
    assert rows(more)["as they are"][0] < start["as they are"][0]
    app.segmented_control(key="denoising_corruption").set_value("blur").run()
    start = rows(app)
    app.select_slider(key="denoising_stop_blur").set_value(4.0).run()
    assert rows(app)["as they are"][0] < start["as they are"][0]
    for kind in ("gaussian", "salt_and_pepper", "blocks", "blur"):
        app.segmented_control(key="denoising_corruption").set_value(kind).run()
        assert not app.exception
        assert len(rows(app)) == 5


def test_a_run_without_its_twin_leads_to_train_with_the_other_corruption(tiny_key):
    app = open_page(PAGE)
    assert list(rows(app))[3:] == ["network trained on clean images"]
    assert "never shown noise" in app.info[0].value
    (button,) = (b for b in app.main.button if b.label.startswith("Train the same network"))
    button.click().run()
    assert app.session_state["train_train_corruption"] == "masking"
    assert app.session_state["train_train_corruption_level"] == 0.5
    assert app.session_state["train_model_latent_size"] == TINY.model.latent_size


def test_train_says_what_became_of_corrupted_and_of_clean_images(pair):
    result = store.read_info(store.checkpoints_root() / pair[1]).result
    app = open_page("pages/train/train/page.py", {"run": pair[1]})
    (said,) = (box.value for box in app.success)
    assert f"masking 0.4 come out {result.denoised.squared_error:.2f} from the clean ones" in said
    assert f"clean ones {result.test.squared_error:.2f} from themselves" in said
    assert "The network's on clean images is" in said


@pytest.mark.parametrize("level", ["nan", "7", "-1", "much", "0"])
def test_a_level_that_there_is_not_in_a_link_is_the_first_one(pair, level):
    app = open_page(PAGE, {"run": pair[1], "denoising_level_masking": level})
    assert not app.exception
    assert rows(app) == rows(open_page(PAGE, {"run": pair[1]}))


def test_networks_too_large_for_the_browser_have_the_servers_slider(pair, monkeypatch):
    from aecore.web.decoder import payload

    monkeypatch.setattr(payload, "LARGEST", 10)
    st.cache_resource.clear()
    app = open_page(PAGE, {"run": pair[1], "denoising_level_masking": "0.83"})
    assert not app.exception
    assert app.select_slider(key="denoising_stop_masking").value == 0.4
    assert len(rows(app)) == 5
    st.cache_resource.clear()
