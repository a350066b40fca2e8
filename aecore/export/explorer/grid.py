"""A grid as one HTML file: the sliders over its members, the charts, the table and each member's card."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from aecore import store
from aecore.analysis import grid_words, selection
from aecore.config import Config, field_paths
from aecore.export.explorer.page import Section, page_text
from aecore.files import StoreError, write_whole
from aecore.grid import grid_title
from aecore.presets import architecture
from aecore.results import Row
from aecore.settings import applies, label, member_names, show, values_of
from aecore.store import GridInfo
from aecore.store.folders import FORMAT
from aecore.web.board.payload import payload
from aecore.web.charts.payload import bars_data, curve_data, front_data, heat_data
from aecore.web.members.payload import table_data

PictureSize = Literal["full", "half"]

CHARTS = ("charts/curve", "charts/heat", "charts/front", "charts/bars")
MOST_IMAGES = 100
UNSAID = ("data.split_seed", "train.device", "train.record", "train.keep_weights")
"""Settings that change nothing of what is seen; the configuration has them."""
LARGEST_SLIDERS = 4_000_000
"""Bytes of weights in the file at most."""
NOTHING = (0, False, (), "none")
"""Values by which a setting asks for nothing to be done."""
FOOT = "Made by the auto-encoder explorer. Everything is in this file: it asks nothing of a network."


@dataclass(frozen=True)
class GridOptions:
    """How much of a grid is put into the file. Raises ValueError in one sentence for what is not allowed."""

    images: int = 10
    """Test images that each member is shown on, at most: as many as were kept."""
    pictures: PictureSize = "full"
    """Size of the pictures: as they are, or half of their height and width."""
    sliders: bool = False
    """Whether decoders come along, so that each model's units can be moved: most of such a file."""

    def __post_init__(self) -> None:
        if type(self.images) is not int or not 1 <= self.images <= MOST_IMAGES:
            raise ValueError(
                f"the number of images is a whole number from 1 to {MOST_IMAGES}, not {self.images!r}"
            )
        if self.pictures not in get_args(PictureSize):
            raise ValueError(f"pictures are {' or '.join(get_args(PictureSize))} size, not {self.pictures!r}")


def write_grid(
    grid_folder: Path,
    file: Path,
    options: GridOptions = GridOptions(),
    on_progress: Callable[[float], None] = lambda share: None,
) -> int:
    """Writes the file of the grid in a folder and returns its size in bytes.

    The same grid and options give the same bytes. `on_progress` is told the share that is done, from 0 to 1;
    what it raises ends the work. Raises StoreError in one sentence where the grid can't be shown, and OSError
    where the file can't be written.
    """
    content = text(grid_folder, options, on_progress).encode()
    write_whole(file, content)
    return len(content)


def estimate(grid_folder: Path, options: GridOptions = GridOptions()) -> int:
    """How many bytes `write_grid` would write: exactly, as it is all made in memory."""
    return len(text(grid_folder, options).encode())


def unit_sliders(
    info: GridInfo,
    first: int | None = None,
    on_progress: Callable[[float], None] = lambda share: None,
) -> list[dict[str, Any] | None]:
    """Each member's decoder with the ends of its units' sliders; None where it can't run in a browser.

    With more than `LARGEST_SLIDERS` bytes of weights in all, member `first` and the smallest come along. The
    ends are those of the codes of the grid's pictures and a quarter of their span beyond.
    """
    from aecore.web.decoder.payload import decoder_data

    codes = store.read_all_pictures(info).codes
    found: list[dict[str, Any] | None] = [None] * len(codes)
    sizes: dict[int, int] = {}
    for k, code in enumerate(codes):
        on_progress(k / len(codes))
        if code is None or not store.has_weights(info.member_path(k)) or not np.isfinite(code).all():
            continue
        try:
            decoder = decoder_data(store.load_run(info.member_path(k)))
        except ValueError:
            continue
        span = 0.25 * (code.max(0) - code.min(0))
        ends = zip((code.min(0) - span).tolist(), (code.max(0) + span).tolist(), strict=True)
        found[k] = {
            "decoder": decoder,
            "units": [
                {"unit": i, "low": low, "high": high, "note": ""} for i, (low, high) in enumerate(ends)
            ],
        }
        sizes[k] = len(decoder["weights"].bytes())
    total = 0
    for k in sorted(sizes, key=lambda k: (k != first, sizes[k], k)):
        total += sizes[k]
        if total > LARGEST_SLIDERS:
            found[k] = None
    return found


def text(
    grid_folder: Path,
    options: GridOptions = GridOptions(),
    on_progress: Callable[[float], None] = lambda share: None,
) -> str:
    """What `write_grid` writes."""
    from aecore.analysis.probe import find_probe

    info = store.read_grid(grid_folder)
    rows = info.rows()
    pictures = store.read_all_pictures(info)
    if all(code is None for code in pictures.codes):
        raise StoreError(f"no model of {info.name} has pictures yet: there is nothing to show")
    on_progress(0.2)
    members = selection.candidates(info.grid, rows)
    others = [other for other in store.list_grids(info.path.parent) if isinstance(other, GridInfo)]
    proposed = grid_words.proposal(info.grid, members, selection.elsewhere(info, others))
    first = proposed.found.chosen.best.k if proposed.found else None
    # In the file nothing is renewed, so that no stamp is needed.
    board = payload(
        info,
        rows,
        pictures,
        find_probe(info),
        0,
        most=options.images,
        half=options.pictures == "half",
    )
    on_progress(0.5)
    choose = {
        "board": board,
        "at": selection.place_of(info.grid, first or 0),
        "proposed": {"title": proposed.title, "text": proposed.text, "k": first},
        "curve": curve_data(info.grid, members),
        "heat": heat_data(info.grid, members),
        "front": front_data(info.grid, members),
        "bars": bars_data(info.grid, members),
    }
    sliders: list[dict[str, Any] | None] = [None] * len(rows)
    if options.sliders:
        sliders = unit_sliders(info, first, lambda share: on_progress(0.5 + 0.2 * share))
    on_progress(0.7)
    models = len(info.grid.members)
    sections = [
        Section(
            "choose",
            "Choose",
            "explorer/choose.js",
            choose,
            ("board/board", *CHARTS),
            "Every position of the sliders is a trained model: move them and see what it makes of the same "
            "images. A click on a mark, a cell or a row moves them too.",
        ),
        Section(
            "models",
            "All models",
            "explorer/members.js",
            table_data(info.grid, rows),
            ("members/members",),
            "Validation errors choose; test errors only report. A heading sorts.",
        ),
        Section(
            "card",
            "The model under the sliders",
            "explorer/member_card.js",
            card_data(info, rows) | {"sliders": sliders},
            ("decoder/sliders",) if options.sliders else (),
        ),
    ]
    return page_text(
        info.name,
        sections,
        about=f"{grid_title(info.grid)}, {models} model{'s' * (models != 1)}{_state(info, rows)}",
        foot=FOOT,
        on_progress=lambda share: on_progress(0.7 + 0.3 * share),
    )


def card_data(info: GridInfo, rows: list[Row]) -> dict[str, Any]:
    """Lines of a name and a text, or of a text for each member; and each member's configuration as JSON."""
    grid = info.grid
    settings = [_settings(config) for config in grid.members]
    when = datetime.fromtimestamp(info.created, UTC)
    lines: list[tuple[str, list[str]]] = [
        ("Grid", [info.name] * len(rows)),
        ("Model", member_names(grid)),
        ("Architecture", [architecture(config.model) for config in grid.members]),
        *(
            (label(field), [said.get(field, "") for said in settings])
            for field in field_paths()
            if field not in UNSAID
        ),
        ("State", [_member_state(row) for row in rows]),
        (
            "Squared error per test image",
            [_test_text(grid.members[row.k].model.latent_size, row) for row in rows],
        ),
        ("The same per validation image", [_number(row.validation.get("squared_error")) for row in rows]),
        (
            "Bound on test images",
            [str(row.result.test.bound or "") if row.result else "" for row in rows],
        ),
        ("Parameters", [f"{row.result.parameters:,}" if row.result else "" for row in rows]),
        ("Made", [f"{when:%Y-%m-%d} by the auto-encoder explorer, run format {FORMAT}"] * len(rows)),
    ]
    return {
        "lines": [[name, texts[0] if len(set(texts)) == 1 else texts] for name, texts in lines if any(texts)],
        "configs": [json.dumps(config.to_dict(), indent=2, ensure_ascii=False) for config in grid.members],
    }


def _state(info: GridInfo, rows: list[Row]) -> str:
    """What is still open of a grid that is not finished."""
    if info.result is not None:
        return ""
    done = sum(row.result is not None or row.failed is not None for row in rows)
    return f", of which {done} {'is' if done == 1 else 'are'} trained to the end"


def _settings(config: Config) -> dict[str, str]:
    """Values of the settings that do something."""
    values = values_of(config)
    return {
        field: "yes" if value is True else show(value)
        for field, value in values.items()
        if applies(field, values) and (field == "train.seed" or value not in NOTHING)
    }


def _member_state(row: Row) -> str:
    if row.failed is not None:
        return f"its loss was no longer finite in epoch {row.failed}"
    if row.beaten is not None:
        return f"stopped after epoch {row.beaten}, clearly beaten"
    return "trained to its end" if row.result else f"{row.epochs} epoch{'s' * (row.epochs != 1)} so far"


def _test_text(units: int, row: Row) -> str:
    if row.result is None:
        return ""
    score = row.result.test
    pca = "" if score.pca_squared_error is None else f" (PCA with {units}: {score.pca_squared_error:.2f})"
    return f"{score.squared_error:.2f}{pca}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
