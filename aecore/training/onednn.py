"""Dense layers by oneDNN, where PyTorch's own way to multiply leaves half of the processor unused.

PyTorch's CPU builds multiply float32 matrices, and take a tanh, by MKL, which on AMD's processors does not
use AVX-512; oneDNN, which they ship as well, does.
"""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn

SMALLEST = 50_000
"""Weights from which on a layer gains; below, the longer call costs more than it saves."""

ACTIVATIONS = {nn.ReLU: "relu", nn.Tanh: "tanh"}
"""Those that are computed in one pass with the product, by oneDNN's name."""


def use_onednn_(model: nn.Module) -> None:
    """Lets the large dense layers of a float32 model on the CPU be computed by oneDNN, where it is faster.

    In place; names and values of the parameters stay. Such a model can't be mapped by `torch.func`, nor run
    under autocast.
    """
    if not _is_faster():
        return
    for layers in [module for module in model.modules() if isinstance(module, nn.Sequential)]:
        for i, layer in enumerate(layers):
            if type(layer) is nn.Linear and layer.weight.numel() >= SMALLEST:
                layer.__class__ = _Dense
                layer.activation = "none"
                if i + 1 < len(layers) and (name := ACTIVATIONS.get(type(layers[i + 1]))):
                    layer.activation, layers[i + 1] = name, nn.Identity()


@cache
def _is_faster() -> bool:
    """A rule by processor and no measurement: a resumed run must go the way it went before."""
    known = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    if not known or torch.backends.cpu.get_cpu_capability() != "AVX512":
        return False
    cpuinfo = Path("/proc/cpuinfo")
    return "AuthenticAMD" in (cpuinfo.read_text() if cpuinfo.exists() else platform.processor())


class _Dense(nn.Linear):
    """A dense layer with the activation that follows it."""

    activation: str

    def forward(self, x: Tensor) -> Tensor:
        return _DenseFunction.apply(x, self.weight, self.bias, self.activation)


class _DenseFunction(torch.autograd.Function):
    """y = activation(x W^T + b), with x of N x inputs and W of outputs x inputs."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor, activation: str) -> Tensor:
        y = _dense(x, weight, bias, activation)
        ctx.save_for_backward(x, weight, y)
        ctx.activation = activation
        return y

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, Tensor, Tensor, None]:
        x, weight, y = ctx.saved_tensors
        if ctx.activation == "tanh":
            gradient = torch.ops.aten.tanh_backward(gradient, y)
        elif ctx.activation == "relu":
            gradient = torch.ops.aten.threshold_backward(gradient, y, 0)
        for_x = _dense(gradient, weight.t()) if ctx.needs_input_grad[0] else None
        return for_x, _dense(gradient.t(), x.t()), gradient.sum(0), None


def _dense(x: Tensor, weight: Tensor, bias: Tensor | None = None, activation: str = "none") -> Tensor:
    """The operator that PyTorch's compiler calls for a dense layer on the CPU."""
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, activation, [], "")
