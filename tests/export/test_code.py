"""The PyTorch code of a network, run by itself: the same keys, the same outputs."""

import random
import subprocess
import sys
from dataclasses import replace
from typing import get_args

import pytest
import torch

from aecore import models
from aecore.config import Activation, CodeActivation, ModelConfig
from aecore.data import Scaling
from aecore.export.code import pytorch_code
from aecore.presets import PRESETS

PLAIN = Scaling((0.5,), (0.5,))


def random_model(seed: int) -> tuple[ModelConfig, tuple[int, int, int]]:
    """A network of any family, depth and activations, and an image shape of odd or even sides."""
    draw = random.Random(seed)
    family = draw.choice(["mlp", "conv", "dictionary"])
    latent_size = draw.randint(2, 9)
    outputs = ["linear"] if family == "dictionary" else ["linear", "tanh", "sigmoid"]
    variational = family != "dictionary" and draw.random() < 0.4
    config = ModelConfig(
        family=family,
        latent_size=latent_size,
        hidden=tuple(draw.randint(1, 12) for _ in range(draw.randint(0, 5))),
        channels=tuple(draw.randint(1, 5) for _ in range(draw.randint(1, 3))),
        activation=draw.choice(get_args(Activation)),
        code_activation="linear" if variational else draw.choice(get_args(CodeActivation)),
        threshold=draw.choice([0.3, 1.0]),
        top_k=draw.randint(1, latent_size),
        output_activation=draw.choice(outputs),
        unit_norm=draw.choice([True, False]),
        variational=variational,
        output_std=draw.choice([0.0, 0.2]),
    )
    return config, (draw.choice([1, 3]), draw.randint(4, 11), draw.randint(4, 11))


def check(config: ModelConfig, shape: tuple[int, int, int], scaling: Scaling = PLAIN) -> dict:
    code = pytorch_code(config, shape, scaling)
    assert "aecore" not in code
    module: dict = {"__name__": "network"}
    exec(compile(code, "network.py", "exec"), module)
    ours = models.build(config, shape, seed=1)
    # As if it had been trained: a BatchNorm's figures are not those that it starts with.
    ours(torch.randn(20, *shape))
    theirs = module["AutoEncoder"]()
    assert list(theirs.state_dict()) == list(ours.state_dict())
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(3, *shape)
    for mode in (True, False):
        expected, found = ours.train(mode)(x), theirs.train(mode)(x)
        assert torch.equal(found[0], expected.code)
        assert torch.equal(found[1], expected.reconstruction)
    if config.variational:
        assert all(torch.equal(a, b) for a, b in zip(theirs.posterior(x), ours.posterior(x), strict=True))
        torch.manual_seed(5)
        code, reconstruction = theirs.draw(x)
        torch.manual_seed(5)
        drawn = ours(x, torch.randn(len(x), config.latent_size))
        assert torch.equal(reconstruction, drawn.reconstruction)
        assert not torch.equal(code, drawn.code)
    return module


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 31)], ids=str)
@pytest.mark.parametrize("name", PRESETS)
def test_the_code_of_a_preset_makes_the_same_network(name, shape):
    check(PRESETS[name].model, shape)


@pytest.mark.parametrize("seed", range(60))
def test_the_code_of_any_network_makes_the_same_network(seed):
    check(*random_model(seed))


@pytest.mark.parametrize("name", ["post", "dictionary"])
def test_the_code_runs_alone_in_a_process_without_this_package(tmp_path, name):
    model = replace(PRESETS[name].model, code_activation="soft_threshold")
    file = tmp_path / "network.py"
    file.write_text(pytorch_code(model, (1, 28, 28), PLAIN, 'A "quoted" \\ """name"""\nin two lines'))
    done = subprocess.run(
        [sys.executable, "-I", str(file)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"(2, {model.latent_size}) (2, 1, 28, 28)"


def test_images_are_scaled_as_in_the_run():
    scaling = Scaling((0.1, 0.2, 0.3), (0.5, 0.4, 0.3))
    module = check(ModelConfig(hidden=(), output_activation="linear"), (3, 4, 5), scaling)
    x = torch.rand(2, 3, 4, 5)
    torch.testing.assert_close(module["normalize"](x), scaling.normalize(x))
    torch.testing.assert_close(module["denormalize"](module["normalize"](x)), x)
