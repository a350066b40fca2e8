"""Matrix products in float32 by oneDNN, where PyTorch's own way leaves half of the processor unused.

PyTorch's CPU builds multiply float32 matrices by MKL, which on AMD's processors does not use AVX-512;
oneDNN, which they ship as well, does.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import torch

_mkldnn: Any = torch.backends.mkldnn  # its switches are not in torch's types

EXACT = 1e-5
"""Largest relative difference of a product's entries that is rounding of float32; of bfloat16 it is 1e-2."""


@contextmanager
def fast_products(precision: str, device: torch.device) -> Iterator[None]:
    """Within it float32 products on the CPU go the faster way, where there is one that is as exact.

    A switch for the whole process, put back as it was at the end.
    """
    if precision != "float32" or device.type != "cpu" or not _is_better():
        yield
        return
    before = _mkldnn.matmul.fp32_precision
    _mkldnn.matmul.fp32_precision = "bf16"
    try:
        yield
    finally:
        _mkldnn.matmul.fp32_precision = before


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
