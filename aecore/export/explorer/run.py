"""A run as one HTML file: how large it will be, and writing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from aecore.export.explorer.material import Material, collect
from aecore.export.explorer.options import Options, Pictures
from aecore.export.explorer.page import page_text, write_html
from aecore.export.explorer.sections import sections, shared
from aecore.presets import title

SAMPLE = 500
"""Points of the larger of the two files from which all sizes are estimated."""


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


@dataclass(frozen=True)
class Sizes:
    """How large the file of a run is, whatever is chosen: from files of a few points that were made."""

    available: int
    """Test images there are."""
    known: Mapping[Pictures, tuple[tuple[int, int], ...]]
    """Points and bytes of two files for each size of the pictures, by rising points."""

    def about(self, options: Options) -> int:
        """Bytes, within a few per cent; exact for as many points as a file was made of.

        Raises KeyError for a size of pictures that was not measured.
        """
        (few, small), (many, large) = self.known[options.pictures]
        wanted = min(options.points, self.available)
        # A point adds its picture and its numbers, whichever it is. Of few images all are in both files.
        return round(large + (wanted - many) * (large - small) / max(many - few, 1))


def measure(
    material: Material,
    pictures: Sequence[Pictures] = get_args(Pictures),
    on_progress: Callable[[float], None] = lambda share: None,
) -> Sizes:
    """Makes files of a few points to tell how large any would be. `on_progress` as in `write_run`."""
    available = len(material.codes)
    known: dict[Pictures, tuple[tuple[int, int], ...]] = {}
    for i, size in enumerate(pictures):
        found = []
        for j, points in enumerate((SAMPLE // 4, SAMPLE)):
            made = len(text(material, Options(points, size)).encode())
            found.append((min(points, available), made))
            on_progress((i + (j + 1) / 2) / len(pictures))
        known[size] = tuple(found)
    return Sizes(available, known)


def estimate(material: Material, options: Options) -> int:
    """About how many bytes `write` would write; see `Sizes`."""
    return measure(material, [options.pictures]).about(options)


def _content(material: Material, options: Options) -> dict[str, Any]:
    run = material.run
    return {
        "title": run.name,
        "sections": sections(material),
        "about": title(run.config),
        "foot": "Made by the auto-encoder explorer. All of it is in this file; it asks nothing of a network.",
        "shared": shared(material, options),
    }
