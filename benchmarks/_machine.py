"""What a figure is worth nothing without: the machine, its versions, its roofline; how a spread is told."""

from __future__ import annotations

import platform
import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import NamedTuple

from aecore import cores


def machine() -> str:
    """CPU, cores, Python, torch and date, as a table's last line names them."""
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    return ", ".join([processor(), f"{cores.available()} cores", *versions(), today])


def versions() -> list[str]:
    return [f"Python {platform.python_version()}", f"torch {metadata.version('torch')}"]


def kind() -> str:
    """The kind of machine whose figures can be compared, as a file's name: `amd-epyc-2-cores`.

    Processors that call themselves alike and have other instructions are of different kinds: AMX, where it
    is, doubles what bfloat16 does.
    """
    amx = ["amx"] if "amx_bf16" in _flags() else []
    words = " ".join([re.sub(r"\((R|TM|tm)\)", "", processor()), *amx, f"{cores.available()} cores"])
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def processor() -> str:
    """The processor's own name for itself."""
    for line in _cpuinfo():
        if line.startswith("model name"):
            return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine()


def _flags() -> set[str]:
    return next((set(line.split()) for line in _cpuinfo() if line.startswith("flags")), set())


@cache
def _cpuinfo() -> tuple[str, ...]:
    path = Path("/proc/cpuinfo")
    return tuple(path.read_text().splitlines()) if path.exists() else ()


class Roofline(NamedTuple):
    """What the machine can do at most: billions of operations, and of bytes, a second."""

    float32: float
    bfloat16: float
    copy: float
    """Read and written, of blocks too large for the caches."""


PRODUCT = 1024
"""Rows and columns of the matrices whose product is measured."""
COPIED = 1 << 27
"""Bytes that are copied."""


def roofline() -> Roofline:
    """Measured now, with torch's threads, each the best of several."""
    import torch

    source, target = torch.ones(2, COPIED, dtype=torch.uint8)
    copy = 2 * COPIED / min(_seconds(lambda: target.copy_(source)))
    products = (product_rate(precision, min) / 1e9 for precision in ("float32", "bfloat16"))
    return Roofline(*products, copy / 1e9)


def product_rate(precision: str, of: Callable[[Sequence[float]], float] = median) -> float:
    """Operations a second of a large matrix product on the CPU, now, by the median time of several.

    float32 products go the way that our trainings take them (`aecore.training.products`).
    """
    import torch

    from aecore.training.products import fast_products

    a, b = torch.rand(2, PRODUCT, PRODUCT).to(getattr(torch, precision))
    with fast_products(precision, torch.device("cpu")):
        return 2 * PRODUCT**3 / of(_seconds(lambda: a @ b))


def _seconds(action: Callable[[], object], times: int = 15) -> list[float]:
    """Of each call after a first one."""
    action()
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - started)
    return seconds


def spread(values: Sequence[float]) -> str:
    """Least and largest of several values, and nothing of one alone."""
    return f"{min(values):.4g} to {max(values):.4g}" if len(values) > 1 else ""


def middle(values: Sequence[float]) -> str:
    """The median with what it lies between."""
    between = spread(values)
    return f"{median(values):.4g} ({between})" if between else f"{median(values):.4g}"
