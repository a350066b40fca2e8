"""Which way products of float32 matrices and convolutions go while a network trains.

On a CPU, PyTorch's builds multiply by MKL, which on AMD's processors does not use AVX-512; oneDNN, which
they ship as well, does. On NVIDIA's cards from Ampere on, tensor cores multiply float32 rounded to TF32 (10
bits of mantissa) several times as fast; PyTorch lets convolutions do so unasked, matrices not.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import torch

# Their switches are not in torch's types.
_mkldnn: Any = torch.backends.mkldnn
_cuda: Any = torch.backends.cuda
_cudnn: Any = torch.backends.cudnn

EXACT = 1e-5
"""Largest relative difference of a product's entries that is rounding of float32; of bfloat16 it is 1e-2."""


@contextmanager
def fast_products(precision: str, device: torch.device) -> Iterator[None]:
    """Within it float32 products go the faster way that `train.precision` allows.

    On the CPU that is one as exact as PyTorch's own, where there is one; on CUDA it is TF32 for "tf32", and
    for all else float32, convolutions included. Switches for the whole process, put back as they were at the
    end.
    """
    switches: list[Any] = []
    way = ""
    if device.type == "cuda":
        switches = [_cuda.matmul, _cudnn.conv]
        way = "tf32" if precision == "tf32" else "ieee"
    elif device.type == "cpu" and precision in ("float32", "tf32") and _is_better():
        switches, way = [_mkldnn.matmul], "bf16"
    before = [switch.fp32_precision for switch in switches]
    for switch in switches:
        switch.fp32_precision = way
    try:
        yield
    finally:
        for switch, value in zip(switches, before, strict=True):
            switch.fp32_precision = value


@cache
def _is_better() -> bool:
    """By a rule for the speed and no measurement: a resumed run must go the way it went before."""
    return _mkl_leaves_avx512_unused() and is_exact()


def _mkl_leaves_avx512_unused() -> bool:
    if not torch.backends.mkldnn.is_available() or torch.backends.cpu.get_cpu_capability() != "AVX512":
        return False
    cpuinfo = Path("/proc/cpuinfo")
    return "AuthenticAMD" in (cpuinfo.read_text() if cpuinfo.exists() else platform.processor())


def is_exact() -> bool:
    """Whether oneDNN's products, with leave to round to bfloat16, are float32's on this processor.

    They are where it has no bfloat16 products for float32 operands, and oneDNN then takes float32's.
    """
    generator = torch.Generator().manual_seed(0)
    x, weight = (torch.randn(*shape, generator=generator) for shape in ((128, 784), (128, 784)))
    expected = x.double() @ weight.double().T
    before = _mkldnn.matmul.fp32_precision
    _mkldnn.matmul.fp32_precision = "bf16"
    try:
        found = torch.nn.functional.linear(x, weight)
    finally:
        _mkldnn.matmul.fp32_precision = before
    return bool((found - expected).abs().max() <= EXACT * expected.abs().max())
