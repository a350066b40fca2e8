"""Measurements behind the figures in docs/figures.md: `python -m benchmarks NAME [--quick] [--json]`.

Each module here is one benchmark: its docstring's first line is the title, and `run(quick)` returns the
rows of its table, a list of dicts with the same keys. `--quick` is a smaller version for a look; figures
for these pages come without it, on a machine that does nothing else.
"""
