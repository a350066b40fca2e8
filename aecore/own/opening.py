"""What lies at a path, whatever kind of file it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aecore import access
from aecore.own import arrays, files, tables
from aecore.own.limits import SourceError
from aecore.own.sets import own_root
from aecore.own.source import Source
from aecore.owners import require_owner

READABLE = (
    "a folder or zip of images (with a sub-folder for each class, or none), .npz or .npy, "
    ".csv, .jsonl or .parquet"
)


def open_source(path: Path | str) -> Source:
    """What lies at a path. SourceError in one sentence for what can't be read as images.

    For a visitor of a server of many only what was uploaded, else RefusedError.
    """
    require_uploaded(path)
    try:
        path = Path(path).expanduser()
        if not path.exists():
            raise SourceError(f"there is no {path}")
    # What a text raises that is no path.
    except (RuntimeError, ValueError) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"{str(path)!r} is no path: {error}") from error
    openers: dict[str, Callable[[Path], Source]] = {
        ".zip": files.open_zip,
        ".npz": arrays.open_npz,
        ".npy": arrays.open_npy,
        ".csv": tables.open_csv,
        ".tsv": tables.open_csv,
        ".jsonl": tables.open_jsonl,
        ".parquet": tables.open_parquet,
    }
    try:
        if path.is_dir():
            return files.open_folder(path)
        if not path.is_file():
            raise SourceError(f"{path.name} is neither a folder nor a regular file")
        if path.suffix.lower() not in openers:
            raise SourceError(f"{path.name} is not {READABLE}")
        if not path.stat().st_size:
            raise SourceError(f"{path.name} holds nothing: the file is empty")
        return openers[path.suffix.lower()](path)
    except OSError as error:
        raise SourceError(f"{path.name} can't be read: {error.strerror or error}") from error


def require_uploaded(path: Path | str) -> None:
    """`RefusedError` for a visitor of a server of many, unless the path is that of an upload of theirs."""
    if not access.has_guests():
        return
    root, place = own_root().resolve(), Path(path).resolve()
    if root not in place.parents:
        access.require_no_guests("open folders and files of its own", "drop the images onto the page instead")
    require_owner(root / place.relative_to(root).parts[0])
