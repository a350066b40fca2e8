"""Tables as frames: CSV, JSON lines and Parquet, and what their columns say of images."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from aecore.own.limits import LARGEST_TABLE, MOST_CLASSES, SourceError

if TYPE_CHECKING:
    import pandas as pd

FILE_COLUMNS = ("file_name", "filename", "file", "path", "filepath", "file_path", "image_path", "image")
LABEL_COLUMNS = ("label", "class", "class_name", "category", "target", "y")
PART_COLUMNS = ("split", "part", "subset")
NUMBER_COLUMNS = ("id", "index", "image_id", "unnamed: 0", "__index_level_0__")
"""Columns that count the rows, as tables are saved with."""
PARTS = {"train": "train", "training": "train", "val": "train", "valid": "train", "validation": "train"}
PARTS |= {"test": "test", "testing": "test"}
"""Folders that part the images. A validation part joins the training images, of which a run holds out its
own."""
NO_CLASS = "no class"
"""What images are called that lie outside the classes of the others."""


class Row(NamedTuple):
    """What a table says of an image; empty where it says nothing."""

    label: str
    part: str


@dataclass(frozen=True)
class Metadata:
    """A table's rows by the file that each names."""

    rows: Mapping[str, Row]


def read_metadata(kind: str, content: bytes, where: str) -> Metadata:
    """A metadata table from its bytes, by its file's name; SourceError where it can't be used."""
    if kind.endswith(".csv"):
        frame = read_csv(content, where)
    elif kind.endswith(".jsonl"):
        frame = read_jsonl(content, where)
    else:
        frame = read_parquet(io.BytesIO(content), where)
    names = [str(PurePosixPath(name)) for name in file_names(frame, where)]
    return Metadata(dict(zip(names, rows_of(frame, where), strict=True)))


class CsvForm(NamedTuple):
    """How a CSV file is written."""

    separator: str
    header: bool


def csv_form(source: Path | bytes) -> CsvForm:
    """The separator of a CSV file, and whether its first line names columns."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            first = file.readline(1 << 22)
    else:
        first = source.partition(b"\n")[0]
    text = first.decode("utf-8-sig", "replace").strip()
    separator = max(",;\t", key=text.count)
    cells = text.split(separator)
    return CsvForm(separator, not all(_is_number(cell) for cell in cells))


def _is_number(text: str) -> bool:
    try:
        float(text.strip().strip('"'))
    except ValueError:
        return False
    return True


def csv_options(form: CsvForm) -> dict[str, Any]:
    """Arguments of `pandas.read_csv` for a file that is written so."""
    # Words that pandas would take for a missing value, such as NA or null, may be somebody's class.
    return {
        "sep": form.separator,
        "header": 0 if form.header else None,
        "keep_default_na": False,
        "na_values": [""],
        "encoding": "utf-8-sig",
    }


def csv_rows(path: Path, form: CsvForm, rows: int) -> pd.DataFrame:
    """The first rows of a CSV file, numbers as such; SourceError where it can't be read."""
    import pandas as pd

    try:
        return pd.read_csv(path, nrows=rows, **csv_options(form))
    except (ValueError, OSError) as error:
        raise SourceError(f"{path.name} is no table that can be read: {one_line(error)}") from error


def read_csv(content: bytes, where: str) -> pd.DataFrame:
    """A CSV file's rows as texts; SourceError, which names `where` they are from, where it can't be read."""
    import pandas as pd

    try:
        return pd.read_csv(io.BytesIO(content), dtype=str, **csv_options(csv_form(content)))
    except ValueError as error:  # the parser's own errors and those of decoding are such
        raise SourceError(f"{where} is no table that can be read: {one_line(error)}") from error


def read_jsonl(content: bytes, where: str) -> pd.DataFrame:
    """The objects in a file's lines; SourceError, which names `where` they are from, for other lines."""
    import pandas as pd

    rows = []
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise SourceError(f"line {number} of {where} is no JSON: {one_line(error)}") from error
        if not isinstance(row, dict):
            raise SourceError(f"line {number} of {where} is no JSON object")
        rows.append(row)
    return pd.DataFrame(rows)


def read_parquet(source: Any, where: str) -> pd.DataFrame:
    """A Parquet file's rows; SourceError, which names `where` they are from, where it can't be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(source).to_pandas()
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{where} is no Parquet file that can be read: {one_line(error)}") from error


def column_of(columns: Sequence[Any], wanted: Sequence[str]) -> Any:
    """The first column that is called as one of the wanted, in their order; None where there is none."""
    called = {str(column).strip().lower(): column for column in columns}
    return next((called[name] for name in wanted if name in called), None)


def find_column(frame: pd.DataFrame, wanted: Sequence[str]) -> Any:
    """The frame's column that is called as one of the wanted; None where there is none."""
    return column_of(list(frame.columns), wanted)


def file_names(frame: pd.DataFrame, where: str) -> list[str]:
    """Which file each row is about; SourceError where no column says so."""
    column = find_column(frame, FILE_COLUMNS)
    if column is None:
        raise SourceError(f"{where} has no column file_name that says which image a row is about")
    return texts_of(frame[column])


def texts_of(column: pd.Series) -> list[str]:
    """A column as texts, empty where nothing stands."""
    return ["" if value is None or value != value else str(value).strip() for value in column.tolist()]


def rows_of(frame: pd.DataFrame, where: str) -> list[Row]:
    """Class and part of each row."""
    label, part = find_column(frame, LABEL_COLUMNS), find_column(frame, PART_COLUMNS)
    labels = [""] * len(frame) if label is None else _class_texts(frame[label], where)
    parts = [""] * len(frame) if part is None else [PARTS.get(t.lower(), "") for t in texts_of(frame[part])]
    return [Row(*row) for row in zip(labels, parts, strict=True)]


def _class_texts(column: pd.Series, where: str) -> list[str]:
    texts = texts_of(column)
    if all(text.endswith(".0") and text[:-2].lstrip("-").isdigit() for text in texts):
        texts = [text[:-2] for text in texts]
    if (found := len(set(texts))) > MOST_CLASSES:
        raise SourceError(f"{where} names {found:,} classes, and at most {MOST_CLASSES:,} are told apart")
    return texts


def check_size(path: Path) -> None:
    """SourceError for a table larger than is read."""
    if (size := path.stat().st_size) > LARGEST_TABLE:
        raise SourceError(
            f"{path.name} has {size / 2**30:,.1f} GiB, and at most {LARGEST_TABLE >> 30} are read"
        )


def one_line(error: Exception) -> str:
    """An exception's words, for a sentence."""
    return " ".join(str(error).split())[:160]


def named_classes(labels: Sequence[str]) -> list[str] | None:
    """Each image's class; None where they are all of one, which says nothing of them."""
    if len(set(labels)) < 2:
        return None
    return [label or NO_CLASS for label in labels]


def named_parts(parts: Sequence[str]) -> list[str] | None:
    """Each image's part; None unless there are both, and every image is in one."""
    return list(parts) if set(parts) == {"train", "test"} else None
