from itertools import pairwise

import pytest

from aecore.config import PENALTIES, Config, LossConfig, ModelConfig
from aecore.models import layer_sizes
from aecore.naming import title
from aecore.presets import (
    DESCRIPTIONS,
    MAX_DEPTH,
    PRESETS,
    architecture,
    hidden_widths,
    penalty_text,
    preset_of,
    slug,
)
from aecore.records import kinds

MNIST = (1, 28, 28)


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("post", [784, 128, 64, 12, 64, 128, 784]),
        ("hinton", [784, 1000, 500, 250, 30, 250, 500, 1000, 784]),
        ("denoising", [784, 512, 256, 64, 256, 512, 784]),
        ("dictionary", [784, 128, 64, 64, 784]),
        ("vae", [784, 400, 200, 12, 200, 400, 784]),
    ],
)
def test_presets_have_the_layers_they_are_named_for(name, sizes):
    assert layer_sizes(PRESETS[name].model, MNIST) == sizes


def test_the_presets_of_30_units_are_the_measured_recipe():
    conv, hinton = PRESETS["conv"], PRESETS["hinton"]
    assert (conv.model.channels, conv.model.kernel_size, conv.model.hidden) == ((16, 32), 4, (512,))
    assert (conv.train.learning_rate, hinton.train.learning_rate) == (6e-3, 2e-3)
    for preset in (conv, hinton):
        assert preset.model.latent_size == 30
        layers = (preset.model.activation, preset.model.output_activation, preset.model.init)
        assert layers == ("silu", "sigmoid", "orthogonal")
        assert (preset.train.schedule, preset.train.batch_size, preset.train.shift) == ("one_cycle", 256, 0.5)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_recognised_at_any_latent_size(name):
    config = PRESETS[name]
    for size in (1, 7, 64):
        assert preset_of(config.with_values({"model.latent_size": size})) == name
    assert architecture(config.with_values({"model.hidden": (33, 22)}).model).endswith("33-22")


def test_penalties_are_named_with_their_strengths():
    assert penalty_text(LossConfig()) == "none"
    loss = LossConfig(code_l1=1e-3, weight_l2=0.01, warmup_epochs=2)
    assert loss.penalties == {"code_l1": 1e-3, "weight_l2": 0.01}
    assert penalty_text(loss) == "L1 0.001 + weight L2 (coupled) 0.01"
    others = ("warmup", "recon", "beta", "free")
    strengths = {name for name in kinds(LossConfig) if not name.startswith(others)}
    assert set(PENALTIES) == strengths


def test_folder_names_are_readable_short_and_tell_configs_apart():
    post = PRESETS["post"]
    assert slug(post) == f"mnist-post-12-s0-{post.hash}"
    fashion = post.with_values({"data.name": "fashion_mnist", "loss.code_l1": 1e-3, "train.seed": 3})
    assert slug(fashion).startswith("fashion-mnist-post-12-code-l1-0.001-s3-")
    deep = Config(model=ModelConfig(hidden=(1000,) * 100))
    deeper = Config(model=ModelConfig(hidden=(1000,) * 101))
    assert slug(deep) != slug(deeper)
    assert len(slug(deep)) < 120
    assert slug(deep).isascii()
    assert "/" not in slug(deep)


def test_a_network_is_not_named_for_its_corruption_but_a_run_is():
    denoising = PRESETS["denoising"]
    assert architecture(denoising.model) == "mlp-512-256"
    clean = denoising.with_values({"train.corruption": "none"})
    assert preset_of(clean) is None
    assert title(denoising) == "dense 512-256 · MNIST · 64 units · masking 0.5 · seed 0 · 10 epochs"
    assert "masking-0.5" in slug(denoising)
    assert "masking" not in title(clean) + slug(clean)


def test_a_variational_network_is_named_so_with_its_beta():
    vae = PRESETS["vae"]
    assert title(vae) == "vae · MNIST · 12 units · seed 0 · 8 epochs"
    other = vae.with_values({"loss.beta": 4.0, "model.hidden": (64,)})
    assert title(other) == "vae dense 64 · MNIST · 12 units · beta 4 · seed 0 · 8 epochs"
    assert "-beta-4-" in slug(other)
    assert architecture(other.with_values({"model.variational": False}).model) == "mlp-64"


def test_hidden_widths_are_constant_or_fall_by_one_factor_to_the_code():
    assert hidden_widths(0, 128) == hidden_widths(0, 128, 12) == ()
    assert hidden_widths(3, 128) == (128, 128, 128)
    assert hidden_widths(3, 128, 8) == (128, 51, 20)
    for depth in range(1, MAX_DEPTH + 1):
        widths = (*hidden_widths(depth, 1000, 10), 10)
        assert len(widths) == depth + 1
        assert widths[0] == 1000
        ratios = [a / b for a, b in pairwise(widths)]
        # Up to the rounding to whole widths.
        assert all(ratio == pytest.approx(100 ** (1 / depth), rel=0.08) for ratio in ratios)
    for depth in (-1, 17):
        with pytest.raises(ValueError, match=f"from 0 to 16 hidden layers a side, not {depth}"):
            hidden_widths(depth, 128)


def test_each_preset_is_described():
    assert DESCRIPTIONS.keys() == PRESETS.keys()
    assert "10.1126/science.1127647" in DESCRIPTIONS["hinton"]
