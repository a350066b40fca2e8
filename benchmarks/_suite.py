"""Every table of speed in one run: `python -m benchmarks all` (`make bench`), `check` (`make bench-check`).

Each benchmark is a process of its own, `python -m benchmarks NAME --quick --json`. They take turns until each
has had its number of them or the time is up, so that a busy hour slows all alike; a figure is the median of
the turns with the least and the largest. The tables, with machine, versions and roofline, are kept per kind
of machine in `benchmarks/figures`: a text to read and a JSON file to compare with.

Seconds differ from hour to hour; what is compared are ratios of two ways that took turns in one run. Which
columns hold such ratios, and which tell a table's rows apart, each benchmark's line of `SUITE` says. `check`
makes only the tables that have such columns.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from benchmarks import _machine
from benchmarks._table import cell, table

FIGURES = Path(__file__).parent / "figures"
MINUTES = 20.0
"""That the whole may take; no turn begins after."""
LONGEST = 300.0
"""Seconds after which a turn is given up."""
FALL = 0.15
"""Part of itself that a ratio may lose."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """A benchmark of the suite."""

    name: str
    """Of its module."""
    by: tuple[str, ...]
    """The columns that tell its rows apart."""
    gains: tuple[str, ...] = ()
    """Columns of ratios that are better large."""
    costs: tuple[str, ...] = ()
    """Columns of ratios that are better small."""
    turns: int = 3

    @property
    def has_ratios(self) -> bool:
        """Whether there is anything to compare from run to run."""
        return bool(self.gains or self.costs)


# A further benchmark joins by a line. What takes a minute and more has fewer turns; a ratio of one seed, or
# of a few moves, is shown and not compared.
SUITE = (
    Entry("training", by=("loop", "threads"), gains=("times as fast",)),
    Entry("grid", by=("what", "way"), gains=("times as fast",), turns=2),
    Entry("step", by=("network", "batch", "precision", "operator")),
    Entry("recording", by=("notes",), costs=("times as long",), turns=1),
    Entry("choose", by=("to",)),
    Entry("selection", by=("what",)),
    Entry("decoder", by=("what",)),
    Entry("start", by=("what",), turns=1),
    Entry("latency", by=("state",), turns=1),
    Entry("quality", by=("network", "squared error", "way"), turns=1),
    Entry("growth", by=("against", "what"), turns=1),
    Entry("maps", by=("what", "points"), turns=1),
    Entry("memory", by=("after",), turns=1),
    Entry("pages", by=("page",), turns=1),
)


@dataclass(frozen=True)
class Table:
    """What the turns of one benchmark told."""

    entry: Entry
    turns: Sequence[Sequence[Row]]

    def rows(self) -> list[dict[str, Any]]:
        """Its rows, each number the median over turns."""
        return [
            {name: _middle([row[name] for row in rows]) for name in rows[0]}
            for rows in self._by_row().values()
        ]

    def shown(self) -> list[dict[str, Any]]:
        """The same with least and largest beside each median, where they differ."""
        return [
            {name: _shown([row[name] for row in rows]) for name in rows[0]}
            for rows in self._by_row().values()
        ]

    def ratios(self) -> dict[str, float]:
        """The medians that are compared, by table, row and column: better large, whatever they are."""
        found = {}
        for key, rows in self._by_row().items():
            for name in (*self.entry.gains, *self.entry.costs):
                values = [row[name] for row in rows if _is_number(row[name])]
                # A way's ratio to itself says nothing.
                if values and set(values) != {1}:
                    ratio = median(values)
                    title = " | ".join([self.entry.name, *key, name])
                    found[title] = 1 / ratio if name in self.entry.costs else ratio
        return found

    def _by_row(self) -> dict[tuple[str, ...], list[Row]]:
        rows: dict[tuple[str, ...], list[Row]] = {}
        for turn in self.turns:
            for row in turn:
                rows.setdefault(tuple(str(row[name]) for name in self.entry.by), []).append(row)
        return rows


def measure(minutes: float = MINUTES, only: Sequence[str] = ()) -> tuple[list[Table], list[str]]:
    """All tables of the suite, or those named, and a sentence for each that could not be made."""
    entries = [entry for entry in SUITE if not only or entry.name in only]
    turns: dict[Entry, list[list[Row]]] = {entry: [] for entry in entries}
    troubles: dict[str, str] = {}
    until = time.monotonic() + 60 * minutes
    for turn in range(max(entry.turns for entry in entries)):
        for entry in entries:
            left = until - time.monotonic()
            if turn >= entry.turns or left <= 0 or entry.name in troubles:
                continue
            print(
                f"{entry.name}, turn {turn + 1} of {entry.turns}: {left / 60:.0f} minutes left",
                file=sys.stderr,
            )
            rows, trouble = _turn(entry.name, min(LONGEST, left))
            if trouble:
                troubles[entry.name] = f"{entry.name}: {trouble}"
            else:
                turns[entry].append(rows)
    for entry, had in turns.items():
        if len(had) < entry.turns and entry.name not in troubles:
            troubles[entry.name] = f"{entry.name}: {len(had)} of {entry.turns} turns, for want of time"
    return [Table(entry, had) for entry, had in turns.items() if had], list(troubles.values())


def _turn(name: str, seconds: float) -> tuple[list[Row], str]:
    """Rows of a benchmark in its own process, or what went wrong."""
    command = [sys.executable, "-m", "benchmarks", name, "--quick", "--json"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, text=True, env=_environment()) as process:
        try:
            told, said = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            # With the servers and browsers it has started: else they would be at work beside the next.
            for one in (*psutil.Process(process.pid).children(recursive=True), process):
                with suppress(psutil.NoSuchProcess):
                    one.kill()
            return [], f"no end within {seconds:.0f} s"
    if process.returncode:
        return [], (said.strip().splitlines() or [f"it ended with code {process.returncode}"])[-1]
    *rows, _ = (json.loads(line) for line in told.splitlines())
    return rows, ""


def _environment() -> dict[str, str]:
    """This one without a user's own runs: figures are of the shipped ones."""
    own = ("AECORE_CHECKPOINTS", "AECORE_GALLERY")
    return {name: value for name, value in os.environ.items() if name not in own}


def report(tables: Sequence[Table], troubles: Sequence[str], roofline: _machine.Roofline) -> str:
    """All tables as Markdown, with what they were measured on."""
    can = (
        f"Matrix products {roofline.float32:,.0f} GFLOP/s in float32 and {roofline.bfloat16:,.0f} in "
        f"bfloat16, copies {roofline.copy:.1f} GB/s."
    )
    parts = ["# Figures of `make bench`", f"{_machine.machine()}. {can}"]
    parts.append("Each figure is the median of the turns, behind it the least and the largest.")
    for each in tables:
        parts += [f"## {each.entry.name}", table(each.shown())]
    if troubles:
        parts += ["## Not measured, or less often", *(f"- {trouble}" for trouble in troubles)]
    return "\n\n".join(parts) + "\n"


def stored(tables: Sequence[Table], roofline: _machine.Roofline) -> dict[str, Any]:
    """What the JSON file of this kind of machine holds."""
    return {
        "kind": _machine.kind(),
        "machine": _machine.machine(),
        "roofline": roofline._asdict(),
        "tables": {each.entry.name: each.rows() for each in tables},
        "turns": {each.entry.name: len(each.turns) for each in tables},
        "ratios": {name: value for each in tables for name, value in each.ratios().items()},
    }


def compare(before: Mapping[str, float], now: Mapping[str, float], fall: float = FALL) -> list[str]:
    """A sentence for each ratio that is in both and has lost more than `fall` of itself."""
    return [
        f"{name}: {now[name]:.3g}, {1 - now[name] / value:.0%} below {value:.3g}"
        for name, value in before.items()
        if name in now and now[name] < value * (1 - fall)
    ]


def bench(minutes: float = MINUTES, only: Sequence[str] = (), folder: Path = FIGURES) -> int:
    """Measures the suite and keeps its tables, or with `only` shows them; gives the exit code."""
    roofline = _machine.roofline()
    tables, troubles = measure(minutes, only)
    text = report(tables, troubles, roofline)
    print(text)
    if not only:
        folder.mkdir(exist_ok=True)
        (folder / f"{_machine.kind()}.md").write_text(text, encoding="utf-8")
        values = json.dumps(stored(tables, roofline), indent=1)
        (folder / f"{_machine.kind()}.json").write_text(values + "\n", encoding="utf-8")
    return 0 if tables else 2


def check(minutes: float = MINUTES, only: Sequence[str] = (), folder: Path = FIGURES) -> int:
    """Measures what holds ratios, or `only` those, and compares with those kept; 1 where one has fallen."""
    path = folder / f"{_machine.kind()}.json"
    if not path.exists():
        print(f"There is nothing to compare with: no figures of a machine of the kind {_machine.kind()}.")
        return 0
    before = json.loads(path.read_text(encoding="utf-8"))
    with_ratios = [entry.name for entry in SUITE if entry.has_ratios]
    tables, troubles = measure(minutes, only or with_ratios)
    now = {name: value for each in tables for name, value in each.ratios().items()}
    fallen = compare(before["ratios"], now)
    compared = len(before["ratios"].keys() & now.keys())
    print(
        f"{compared} ratios beside those of {before['machine']}; {len(fallen)} fell by more than {FALL:.0%}."
    )
    for line in (*fallen, *troubles):
        print(f"- {line}")
    return 1 if fallen else 0 if compared else 2


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _middle(values: Sequence[Any]) -> Any:
    return median(values) if all(map(_is_number, values)) else values[-1]


def _shown(values: Sequence[Any]) -> Any:
    if not all(map(_is_number, values)):
        return values[-1]
    least, largest = cell(min(values)), cell(max(values))
    middle = cell(median(values))
    return middle if least == largest else f"{middle} ({least} to {largest})"
