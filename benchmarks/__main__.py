"""`python -m benchmarks NAME [--quick] [--json]`: one table, and one line that names the machine.

`python -m benchmarks all` makes every cheap table, `check` compares them with those kept.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import json
import pkgutil
import sys
from pathlib import Path

import benchmarks
from benchmarks import _suite
from benchmarks._machine import machine
from benchmarks._table import table


def names() -> list[str]:
    """The benchmarks there are: the modules of this package without a leading underscore."""
    return sorted(m.name for m in pkgutil.iter_modules(benchmarks.__path__) if not m.name.startswith("_"))


OPTIONS = ("keep", "minutes", "visitors")
"""Of single benchmarks: those whose `run` takes an argument of that name."""

SUITE = {"all": _suite.bench, "check": _suite.check}
"""What goes through several benchmarks."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "name",
        choices=[*names(), *SUITE],
        help="which benchmark; all: every cheap one, kept by kind of machine; check: compared with those",
    )
    parser.add_argument("--quick", action="store_true", help="a smaller version, for a look")
    parser.add_argument(
        "--json", action="store_true", help="one JSON object a line: the rows, then the machine"
    )
    parser.add_argument("--keep", type=Path, metavar="FILE", help="quality: trainings kept from run to run")
    parser.add_argument("--minutes", type=float, help="quality, all, check: begin nothing after that many")
    parser.add_argument("--only", nargs="+", choices=names(), default=[], help="all, check: only these")
    parser.add_argument("--visitors", type=int, help="crowd: how many at once (default: 30)")
    chosen = parser.parse_args(arguments)
    if chosen.name in SUITE:
        return SUITE[chosen.name](chosen.minutes or _suite.MINUTES, chosen.only)
    module = importlib.import_module(f"benchmarks.{chosen.name}")
    try:
        given = {name: value for name in OPTIONS if (value := getattr(chosen, name)) is not None}
        unknown = given.keys() - inspect.signature(module.run).parameters.keys()
        if unknown:
            parser.error(f"{chosen.name} takes no --{min(unknown)}")
        rows = module.run(quick=chosen.quick, **given)
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
