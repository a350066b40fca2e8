"""`make trust`: every fault, more often than `make test` tries it, within half an hour; then a table of it.

python -m tests.trust [--minutes 30] [--trials 120] [--examples 400] [--seed N] [pytest's arguments ...]

No trial begins after its share of the time; the table says how many there were. Exits as pytest does.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.conftest import ROOT

TESTS = (
    "tests/trust",
    "tests/pages/test_harmed_while_shown.py",
    "tests/jobs/test_shortage.py",
    "tests/data/test_sums.py",
    "tests/store/test_trash.py",
    "tests/own/test_trash.py",
)


def table(report: Path) -> str:
    """What was injected, how often and what was lost, as Markdown."""
    lines = report.read_text().splitlines() if report.exists() else []
    rows: dict[str, list[dict]] = {}
    for row in map(json.loads, lines):
        rows.setdefault(row["injected"], []).append(row)
    out = ["| Injected | Times | Lost | |", "|---|---|---|---|"]
    for injected, found in rows.items():
        notes = "; ".join(dict.fromkeys(row["note"] for row in found if row["note"]))
        times, lost = (sum(row[name] for row in found) for name in ("times", "lost"))
        out.append(f"| {injected} | {times:,} | {lost or 'nothing'} | {notes} |")
    return "\n".join(out)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--trials", type=int, default=120)
    parser.add_argument("--examples", type=int, default=400)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments, others = parser.parse_known_args()
    began = time.time()
    with tempfile.TemporaryDirectory(prefix="aecore-trust-") as name:
        report = Path(name) / "report.jsonl"
        env = {
            "AECORE_TRUST_TRIALS": arguments.trials,
            "AECORE_TRUST_EXAMPLES": arguments.examples,
            "AECORE_TRUST_SEED": arguments.seed,
            "AECORE_TRUST_END": began + 60 * arguments.minutes,
            "AECORE_TRUST_REPORT": report,
        }
        command = [sys.executable, "-m", "pytest", "-q", "--durations=5", *(others or TESTS)]
        environment = os.environ | {name: str(value) for name, value in env.items()}
        code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
        minutes = (time.time() - began) / 60
        print(
            f"\nSeed {arguments.seed}, {minutes:.1f} minutes, {os.cpu_count()} cores, {platform.platform()}\n"
        )
        print(table(report))
    return code


if __name__ == "__main__":
    raise SystemExit(main())
