"""What was measured, as tables for other programs: histories, layers, a grid's members, codes with errors.

One function a table, each a `pandas.DataFrame`; `table_file` and `write_table` make CSV or Parquet of any.
In a CSV file a text that a spreadsheet would take for a formula stays text (`files.spreadsheet_text`);
Parquet, which tells texts from numbers, holds it as it is.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from aecore.config import field_paths
from aecore.files import spreadsheet_text, unicode_text, write_whole
from aecore.looks import QUANTITIES, LayerHistory
from aecore.results import EpochRecord
from aecore.store import GridInfo

if TYPE_CHECKING:
    import pandas as pd

    from aecore.analysis.encoding import Encoded
    from aecore.data import ImageData
    from aecore.store.run import Run

TABLES = (".csv", ".parquet")
"""What a table is written as."""

CODES = (*TABLES, ".npz")
"""What codes of one's own images are written as."""


def history_table(history: Sequence[EpochRecord]) -> pd.DataFrame:
    """A row an epoch: `epoch`, `train.loss` and its other terms, `validation.loss` ..., then the rest of a
    record. A term that an epoch has not is empty there."""
    flat = [_flat(record.to_dict()) for record in history]
    parts = {"epoch": 0, "train": 1, "validation": 2}
    names = sorted(_names(flat), key=lambda name: parts.get(name.split(".")[0], 3))
    return _table(flat, names or list(EpochRecord.__dataclass_fields__))


def layer_table(looks: LayerHistory) -> pd.DataFrame:
    """A row for each look at each layer: `epoch`, `step` of it and `total` steps, `layer`, `kind`, `units`,
    `activation`, and the numbers of `looks.QUANTITIES`; empty where a layer has none. Without histograms."""
    import pandas as pd

    count = len(looks.layers)
    columns: dict[str, Any] = {name: looks.rows[name].repeat(count) for name in ("epoch", "step", "total")}
    columns["layer"] = [layer.name for layer in looks.layers] * len(looks)
    for name in ("kind", "units", "activation"):
        columns[name] = [getattr(layer, name) for layer in looks.layers] * len(looks)
    return pd.DataFrame(columns | {name: looks.rows[name].reshape(-1) for name in QUANTITIES})


def member_table(info: GridInfo) -> pd.DataFrame:
    """A row a member that is done: `k`, its place on the axes, its figures (`test.squared_error`, ...), and
    every setting of its config by its dotted name (`train.learning_rate`), but for those that are axes."""
    rows = []
    for row in info.members():
        config = info.grid.members[row.k]
        rows.append(_flat(row.to_dict()) | {path: config.get(path) for path in field_paths()})
    return _table(rows, _names(rows) or ["k", *info.grid.axes])


def code_table(
    run: Run,
    data: ImageData,
    part: Literal["test", "train"] = "test",
    on_progress: Callable[[float], None] | None = None,
) -> pd.DataFrame:
    """A row an image of the data set's part: `index` in it, `class`, what it was generated from where that is
    known, `squared_error` (pixels in [0, 1]), `unit_0`, `unit_1`, ...

    ValueError where the images are not of the run's size.
    """
    import torch

    from aecore.analysis.metrics import squared_errors
    from aecore.data import unit_range
    from aecore.store.run import BATCH

    images, labels = getattr(data, f"{part}_images"), getattr(data, f"{part}_labels")
    factors = getattr(data, f"{part}_factors")
    codes, errors = [], []
    for start in range(0, len(images), BATCH):
        x = unit_range(images[start : start + BATCH])
        codes.append(run.encode(x))
        errors.append(squared_errors(x, run.decode(codes[-1])))
        if on_progress is not None:
            on_progress(min(start + BATCH, len(images)) / len(images))
    columns: dict[str, Any] = {"index": np.arange(len(images))}
    if data.labelled:
        columns["class"] = [data.class_names[label] for label in labels.tolist()]
    if factors is not None:
        columns |= {f"factor_{name}": factors[:, i].numpy() for i, name in enumerate(data.factor_names)}
    columns["squared_error"] = torch.cat(errors).numpy()
    return _with_units(columns, torch.cat(codes).numpy())


def encoded_table(encoded: Encoded) -> pd.DataFrame:
    """A row an image of one's own: `name`, `class` where there are any, `squared_error`, `unit_0`, ..."""
    columns: dict[str, Any] = {"name": encoded.names}
    if encoded.classes is not None:
        columns["class"] = encoded.classes
    return _with_units(columns | {"squared_error": encoded.errors}, encoded.codes)


def path_table(positions: np.ndarray, codes: np.ndarray, name: str = "t") -> pd.DataFrame:
    """A row a place on a way through the codes: its position under `name`, then `unit_0`, `unit_1`, ..."""
    return _with_units({name: positions}, codes)


def encoded_file(encoded: Encoded, suffix: str) -> bytes:
    """The codes of one's own images as a file's content, of one of the `CODES`; ValueError for others.

    An .npz file holds `names`, `codes`, `squared_error` and, where there are any, `classes`.
    """
    if suffix != ".npz":
        return table_file(encoded_table(encoded), suffix, CODES)
    arrays = {
        "names": np.array(encoded.names),
        "codes": encoded.codes,
        "squared_error": encoded.errors,
    }
    if encoded.classes is not None:
        arrays["classes"] = np.array(encoded.classes)
    out = io.BytesIO()
    np.savez_compressed(out, allow_pickle=False, **arrays)
    return out.getvalue()


def check_suffix(suffix: str, allowed: Sequence[str] = TABLES) -> None:
    """ValueError in one sentence for what a table is not written as."""
    if suffix not in allowed:
        raise ValueError(
            f"a table is written as {', '.join(allowed)}, not as {suffix or 'a file without ending'}"
        )


def table_file(table: pd.DataFrame, suffix: str, allowed: Sequence[str] = TABLES) -> bytes:
    """A table as a file's content, .csv or .parquet; ValueError for another suffix.

    Texts that are no Unicode are written with their bytes spelled out. Numbers are written so that reading
    gives them back.
    """
    check_suffix(suffix, allowed)
    out = io.BytesIO()
    if suffix == ".csv":
        # Lines end as in RFC 4180: then a lone carriage return in a text is put into quotes too.
        _mapped(table, lambda text: spreadsheet_text(unicode_text(text))).to_csv(
            out, index=False, lineterminator="\r\n"
        )
    else:
        _mapped(table, unicode_text).to_parquet(out, index=False)
    return out.getvalue()


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Writes a table as .csv or .parquet, by the path's ending, as a whole; ValueError for others."""
    write_whole(path, table_file(table, path.suffix.lower()))


def write_all(path: Path, folder: Path, on_progress: Callable[[float], None] | None = None) -> None:
    """Writes all tables that there are of the run or grid in `path` as CSV files: of a grid members.csv, of a
    run history.csv, layers.csv and, where its data set is on this machine, codes.csv."""
    from aecore import data as datasets
    from aecore import store

    if store.is_grid(path):
        write_table(member_table(store.read_grid(path)), folder / "members.csv")
        return
    write_table(history_table(store.read_history(path)), folder / "history.csv")
    if looks := store.read_looks(path):
        write_table(layer_table(looks), folder / "layers.csv")
    run = store.load_run(path)
    try:
        images = datasets.load(run.config.data.name)
    except datasets.DataNotFoundError:
        return
    write_table(code_table(run, images, on_progress=on_progress), folder / "codes.csv")


def _with_units(columns: Mapping[str, Any], codes: np.ndarray) -> pd.DataFrame:
    import pandas as pd

    units = pd.DataFrame(codes, columns=[f"unit_{i}" for i in range(codes.shape[1])])
    return pd.concat([pd.DataFrame(columns), units], axis=1)


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Nested values by dotted names; a grid's axes stand without theirs."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            prefix = "" if name == "axes" else f"{name}."
            flat |= {f"{prefix}{inner}": v for inner, v in value.items()}
        elif value is not None:
            flat[name] = value
    return flat


def _names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _table(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({name: _column([row.get(name) for row in rows]) for name in names})


def _column(values: list[Any]) -> Any:
    """A column of one type: whole numbers stay whole where some are missing, widths are written [128, 64]."""
    import pandas as pd

    kinds = {type(v) for v in values if v is not None}
    if kinds == {int}:
        return pd.array(values, "Int64" if None in values else "int64")
    if kinds <= {int, float}:
        return np.array([np.nan if v is None else v for v in values], np.float64)
    if kinds == {bool}:
        return pd.array(values, "boolean" if None in values else "bool")
    texts = [v if v is None or isinstance(v, str) else json.dumps(v) for v in values]
    return pd.Series(texts, dtype=object)


def _mapped(table: pd.DataFrame, clean: Callable[[str], str]) -> pd.DataFrame:
    """The table with `clean` applied to its texts and to the names of its columns."""
    import pandas as pd

    table = table.rename(columns=lambda name: clean(str(name)))
    for i in range(table.shape[1]):
        column = table.iloc[:, i]
        if pd.api.types.is_string_dtype(column) or column.dtype == object:
            values = [clean(v) if isinstance(v, str) else v for v in column]
            table.isetitem(i, np.array(values, dtype=object))
    return table
