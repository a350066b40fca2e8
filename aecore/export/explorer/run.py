"""A run as one HTML file: how large it will be, and writing it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from aecore.export.explorer.material import Material, collect
from aecore.export.explorer.options import Options
from aecore.export.explorer.page import page_text, write_html
from aecore.export.explorer.sections import sections, shared
from aecore.presets import title

SAMPLE = 500
"""Points from which the size of all is estimated."""


def write_run(
    run_folder: Path,
    file: Path,
    options: Options,
    on_progress: Callable[[float], None] = lambda share: None,
) -> int:
    """Writes the file of the run in a folder and returns its size in bytes.

    The same run and options give the same bytes. `on_progress` is told the share that is done, from 0 to 1;
    what it raises ends the work. Raises ValueError (StoreError among them) in one sentence where the run or
    its images can't be used, and OSError where the file can't be written.
    """
    material = collect(run_folder, lambda share: on_progress(0.5 * share))
    return write(material, file, options, lambda share: on_progress(0.5 + 0.5 * share))


def write(
    material: Material,
    file: Path,
    options: Options,
    on_progress: Callable[[float], None] = lambda share: None,
) -> int:
    """The same with what was collected of the run."""
    return write_html(file, **_content(material, options), on_progress=on_progress)


def text(
    material: Material, options: Options, on_progress: Callable[[float], None] = lambda share: None
) -> str:
    """What `write` writes."""
    return page_text(**_content(material, options), on_progress=on_progress)


def estimate(material: Material, options: Options) -> int:
    """About how many bytes `write` would write, within a few per cent, without making all of it.

    Exact up to `SAMPLE` points; beyond, points count as those of a sample do, over what half of that takes.
    """
    wanted = min(options.points, len(material.codes))
    if wanted <= SAMPLE:
        return _size(material, options)
    small, large = (_size(material, replace(options, points=n)) for n in (SAMPLE // 2, SAMPLE))
    return round(large + (wanted - SAMPLE) * (large - small) / (SAMPLE - SAMPLE // 2))


def _size(material: Material, options: Options) -> int:
    return len(text(material, options).encode())


def _content(material: Material, options: Options) -> dict[str, Any]:
    run = material.run
    return {
        "title": run.name,
        "sections": sections(material),
        "about": title(run.config),
        "foot": "Made by the auto-encoder explorer. All of it is in this file; it asks nothing of a network.",
        "shared": shared(material, options),
    }
