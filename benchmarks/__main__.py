"""`python -m benchmarks NAME [--quick] [--json]`: one table, and one line that names the machine."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import platform
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import benchmarks


def names() -> list[str]:
    """The benchmarks there are: the modules of this package without a leading underscore."""
    return sorted(m.name for m in pkgutil.iter_modules(benchmarks.__path__) if not m.name.startswith("_"))


def machine() -> str:
    """CPU, cores, Python, torch and date: what a figure means nothing without."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parts = [
        _processor(),
        f"{cores} cores",
        f"Python {platform.python_version()}",
        f"torch {metadata.version('torch')}",
        f"{datetime.now(UTC):%Y-%m-%d}",
    ]
    return ", ".join(parts)


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine()


def table(rows: list[dict[str, Any]]) -> str:
    """Rows as a markdown table; numbers to four digits, right-aligned."""
    if not rows:
        return "no rows"
    keys = list(rows[0])
    numeric = {key for key in keys if all(isinstance(row[key], (int, float)) for row in rows)}
    cells = [keys, *([_cell(row[key]) for key in keys] for row in rows)]
    widths = [max(3, *(len(line[i]) for line in cells)) for i in range(len(keys))]
    lines = [
        [c.rjust(w) if k in numeric else c.ljust(w) for c, w, k in zip(line, widths, keys, strict=True)]
        for line in cells
    ]
    rule = ["-" * (w - 1) + (":" if k in numeric else "-") for w, k in zip(widths, keys, strict=True)]
    return "\n".join("| " + " | ".join(line) + " |" for line in [lines[0], rule, *lines[1:]])


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    return f"{value:,}" if type(value) is int else str(value)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=names(), help="which benchmark")
    parser.add_argument("--quick", action="store_true", help="a smaller version, for a look")
    parser.add_argument(
        "--json", action="store_true", help="one JSON object a line: the rows, then the machine"
    )
    parser.add_argument("--visitors", type=int, help="of crowd: how many at once (default: 30)")
    chosen = parser.parse_args(arguments)
    if chosen.visitors is not None and chosen.name != "crowd":
        parser.error("--visitors belongs to the benchmark crowd")
    module = importlib.import_module(f"benchmarks.{chosen.name}")
    options = {} if chosen.visitors is None else {"visitors": chosen.visitors}
    try:
        rows = module.run(quick=chosen.quick, **options)
    except (ValueError, RuntimeError, OSError) as error:
        print(f"benchmarks: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    if chosen.json:
        for row in [*rows, {"machine": machine(), "quick": chosen.quick}]:
            print(json.dumps(row))
    else:
        title = (module.__doc__ or chosen.name).strip().splitlines()[0]
        print(f"{title}\n\n{table(rows)}\n\n{machine()}{' (quick)' if chosen.quick else ''}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
