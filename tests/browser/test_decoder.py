"""Encoder and decoder in JavaScript give the server's code and picture, in real Chromium."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from aecore.analysis import denoising
from aecore.config import Config, DataConfig, ModelConfig, TrainConfig
from aecore.corruption import FIELDS
from aecore.data import Scaling
from aecore.models import build
from aecore.presets import PRESETS
from aecore.store.run import Run
from aecore.web.decoder.payload import decoder_data, encoder_data
from aecore.web.sources import script

RUN_DECODER = """async ([script, data, codes]) => {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const { makeDecoder } = await import(url);
  return codes.map((code) => Array.from(makeDecoder(data)(code)));
}"""
RUN_ENCODER = """async ([script, data, images]) => {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const { makeEncoder } = await import(url);
  return images.map((image) => Array.from(makeEncoder(data)(image)));
}"""
CORRUPT = """async ([script, kind, image, noise, levels]) => {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const { corrupt } = await import(url);
  return levels.map((level) => Array.from(corrupt(kind, image, noise, level)));
}"""
RUN_ACTIVATION = """async ([script, name, values]) => {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const { ACTIVATIONS } = await import(url);
  return values.map(ACTIVATIONS[name]({ slope: 0.01, alpha: 1 }));
}"""
SCRIPT = script("decoder/decoder.js")
SHAPES = {"digits": (1, 8, 8), "MNIST": (1, 28, 28), "colour": (3, 32, 32), "odd colour": (3, 9, 7)}


def make_run(model: ModelConfig, shape: tuple[int, int, int], normalization: str, seed: int = 3) -> Run:
    channels = shape[0]
    scaling = {
        "zero_one": Scaling((0.0,) * channels, (1.0,) * channels),
        "minus_one_one": Scaling((0.5,) * channels, (0.5,) * channels),
        "standardized": Scaling((0.2, 0.5, 0.4)[:channels], (0.3, 0.2, 0.1)[:channels]),
    }[normalization]
    config = Config(data=DataConfig(normalization=normalization), model=model)
    network = build(model, shape, seed).eval().requires_grad_(False)
    return Run(Path("x"), "x", config, shape, scaling, network)


def assert_same_picture(page, run: Run, scale: float = 3.0) -> None:
    codes = scale * torch.randn(4, run.latent_size, generator=torch.Generator().manual_seed(1))
    page.goto("about:blank")
    pixels = page.evaluate(RUN_DECODER, [SCRIPT, decoder_data(run), codes.tolist()])
    server = run.decode(codes).flatten(1).numpy()
    assert np.abs(np.array(pixels) - server).max() < 1e-3
    # A picture that hardly depends on the code would make the comparison easy.
    assert server.std(0).max() > 0.01


@pytest.mark.parametrize("preset", ["post", "conv", "dictionary"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_browser_gives_the_servers_picture(browser_page, preset, shape):
    config = PRESETS[preset]
    assert_same_picture(browser_page, make_run(config.model, shape, config.data.normalization))


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid"])
def test_with_every_activation_and_channels_scaled_apart(browser_page, activation):
    model = ModelConfig(
        family="conv",
        hidden=(20,),
        channels=(6, 5),
        latent_size=4,
        activation=activation,
        # The sigmoid flattens what does not come in with large weights.
        init="normal" if activation == "sigmoid" else "xavier",
        output_activation="linear",
    )
    assert_same_picture(browser_page, make_run(model, (3, 10, 9), "standardized"), scale=10)


def assert_same_code(page, run: Run) -> None:
    images = torch.rand(4, *run.shape, generator=torch.Generator().manual_seed(1))
    page.goto("about:blank")
    codes = page.evaluate(RUN_ENCODER, [SCRIPT, encoder_data(run), images.flatten(1).tolist()])
    server = run.encode(images).numpy()
    assert np.abs(np.array(codes) - server).max() < 1e-5 * max(1, np.abs(server).max())
    assert server.std(0).max() > 0.01


@pytest.mark.parametrize("preset", ["post", "conv", "dictionary"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_browser_gives_the_servers_code(browser_page, preset, shape):
    config = PRESETS[preset]
    assert_same_code(browser_page, make_run(config.model, shape, config.data.normalization))


@pytest.mark.parametrize("code_activation", ["tanh", "soft_threshold", "top_k"])
def test_with_every_activation_of_the_code_and_channels_scaled_apart(browser_page, code_activation):
    model = ModelConfig(
        family="conv",
        latent_size=12,
        code_activation=code_activation,
        threshold=0.05,
        top_k=3,
        output_activation="linear",
    )
    run = make_run(model, (3, 10, 9), "standardized")
    if code_activation == "soft_threshold":
        run.model.encoder[-1].norm.running_mean.fill_(0.02)
        run.model.encoder[-1].norm.running_var.fill_(0.2)
    assert_same_code(browser_page, run)


@pytest.mark.parametrize("kind", FIELDS)
def test_the_browser_corrupts_an_image_as_the_server_does(browser_page, kind):
    image = torch.rand(1, 3, 9, 7, generator=torch.Generator().manual_seed(2))
    levels = [0.01, 0.29, 0.5, 1.0]
    noise = denoising.noise_of_first(kind, (3, 9, 7))
    browser_page.goto("about:blank")
    arguments = [
        script("denoiser/level.js"),
        kind,
        image.flatten().tolist(),
        noise.flatten().tolist(),
        levels,
    ]
    for level, found in zip(levels, browser_page.evaluate(CORRUPT, arguments), strict=True):
        config = TrainConfig(corruption=kind, corruption_level=level)
        server = denoising.corrupted(image, config).flatten().numpy()
        assert np.abs(np.array(found) - server).max() < 1e-6


def exact_gelu(x: float) -> float:
    return x * math.erfc(-x / math.sqrt(2)) / 2


def test_gelu_is_the_exact_one(browser_page):
    values = np.linspace(-8, 8, 4001).tolist()
    browser_page.goto("about:blank")
    found = browser_page.evaluate(RUN_ACTIVATION, [SCRIPT, "gelu", values])
    assert np.abs(np.array(found) - [exact_gelu(x) for x in values]).max() < 1e-6


def test_a_trained_run_of_the_gallery(browser_page):
    import aecore
    from aecore import data
    from tests.conftest import ROOT

    shipped = sorted(path.parent for path in (ROOT / "checkpoints").glob("digits-*/weights.safetensors"))
    if not shipped:
        pytest.skip("no run on digits is shipped")
    run = aecore.load_run(shipped[0])
    codes = run.encode(data.load("digits").test_images[:8])
    browser_page.goto("about:blank")
    pixels = browser_page.evaluate(RUN_DECODER, [SCRIPT, decoder_data(run), codes.tolist()])
    assert np.abs(np.array(pixels) - run.decode(codes).flatten(1).numpy()).max() < 1e-3


def test_a_decoder_too_large_for_a_browser_is_refused_in_a_sentence():
    run = make_run(ModelConfig(hidden=(5000, 1200), latent_size=2), (1, 4, 4), "minus_one_one")
    with pytest.raises(ValueError, match="too many to run in the browser"):
        decoder_data(run)
