"""oneDNN's dense layers against PyTorch's own."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from aecore import models
from aecore.config import ModelConfig
from aecore.training import onednn

SHAPE = (1, 28, 28)


@pytest.fixture(autouse=True)
def every_processor(monkeypatch):
    """The operator is right wherever it exists, not only where it is faster."""
    if not (torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")):
        pytest.skip("this PyTorch has no oneDNN")
    monkeypatch.setattr(onednn, "_is_faster", lambda: True)


def both(config: ModelConfig) -> tuple[nn.Module, nn.Module]:
    plain, changed = models.build(config, SHAPE, 3), models.build(config, SHAPE, 3)
    onednn.use_onednn_(changed)
    return plain, changed


def learned(model: nn.Module, x: torch.Tensor) -> dict[str, torch.Tensor]:
    code, y = model(x)
    ((y - x).square().mean() + code.abs().mean()).backward()
    return {"y": y.detach()} | {name: p.grad for name, p in model.named_parameters()}


@pytest.mark.parametrize("batch", [1, 2, 96, 128])
@pytest.mark.parametrize(
    "config",
    [
        ModelConfig(),
        ModelConfig(activation="tanh", output_activation="sigmoid"),
        ModelConfig(activation="gelu", output_activation="linear"),
        ModelConfig(hidden=(), latent_size=100, output_activation="tanh"),
        ModelConfig(family="dictionary", latent_size=128, code_activation="relu", output_activation="linear"),
    ],
    ids=["post", "tanh-sigmoid", "gelu-linear", "shallow", "dictionary"],
)
def test_values_and_gradients_are_those_of_pytorch(config, batch):
    plain, changed = both(config)
    assert any(isinstance(layer, onednn._Dense) for layer in changed.modules())
    x = torch.rand(batch, *SHAPE, generator=torch.Generator().manual_seed(0)) * 2 - 1
    ours, theirs = learned(changed, x), learned(plain, x)
    for name, tensor in theirs.items():
        torch.testing.assert_close(ours[name], tensor, rtol=1e-4, atol=1e-6, msg=name)


def test_a_gradient_for_the_input_is_there_when_asked_for():
    plain, changed = both(ModelConfig())
    x = torch.rand(5, *SHAPE)
    gradients = []
    for model in (plain, changed):
        leaf = x.clone().requires_grad_()
        model(leaf).reconstruction.sum().backward()
        gradients.append(leaf.grad)
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-6)


def test_parameters_keep_names_and_values():
    plain, changed = both(ModelConfig())
    assert list(plain.state_dict()) == list(changed.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(plain.parameters(), changed.parameters(), strict=True))


def test_small_layers_are_left_alone():
    _, changed = both(ModelConfig(hidden=(16, 8), latent_size=4))
    assert not any(isinstance(layer, onednn._Dense) for layer in changed.modules())
    widths = [m.weight.numel() for m in both(ModelConfig())[1].modules() if type(m) is nn.Linear]
    assert widths
    assert max(widths) < onednn.SMALLEST
