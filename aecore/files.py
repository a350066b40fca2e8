"""Files that a reader sees whole, old or new: written under a temporary name, then renamed.

What is read may come from a stranger: regular files only, never through a link, and never more bytes than
such a file can need.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


LARGEST_JSON = 8 << 20
"""Bytes of a JSON object; the table of the largest grid takes less than half of it."""
LARGEST_TENSORS = 4 << 30
"""Bytes of a file of tensors: a network of a billion float32 weights."""
LARGEST_HEADER = 8 << 20
"""Bytes of the names, shapes and metadata at the head of a file of tensors."""


class StoreError(ValueError):
    """A folder that can't be read as a run; the message says why, in one sentence."""


def write_json(path: Path, value: Any, durable: bool = True) -> None:
    write_whole(path, json.dumps(value, indent=1).encode(), durable)


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None, durable: bool = True
) -> None:
    from safetensors.torch import save

    write_whole(path, save(dict(tensors), metadata), durable)


def write_whole(path: Path, content: bytes, durable: bool = True) -> None:
    """Replaces the file as a whole: temporary name in the same folder, flush, rename.

    `durable` waits until the disk has it, which what can be computed again need not. Raises OSError when
    the folder is not there or can't be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    try:
        # A new file: one that lies there may be a link to somewhere else.
        with draft.open("xb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet may compute instead of showing (OWASP, CSV injection)."""


def spreadsheet_text(text: str) -> str:
    """A text as a cell of a CSV file: with an apostrophe before it where a spreadsheet would take it for a
    formula. What is a number stays one."""
    if not text.startswith(FORMULA_SIGNS):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text


def unicode_text(text: str) -> str:
    """A text in which what is no Unicode, as in some files' names, has its bytes spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()


def open_regular(path: Path, largest: int) -> IO[bytes]:
    """Opens a file for reading.

    FileNotFoundError where there is none; StoreError for a link, for a pipe or a device, at which a reader
    would wait for ever, and for a file of more than `largest` bytes.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _NO_LINK | _NO_WAITING | _BINARY)
    except FileNotFoundError:
        raise
    except OSError as error:
        reason = "it is a link, which is not followed" if path.is_symlink() else error.strerror or error
        raise StoreError(f"{path.name} can't be read: {reason}") from error
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode) or about.st_size > largest:
        os.close(descriptor)
        reason = (
            f"it has {about.st_size:,} bytes, and at most {largest:,} are read"
            if stat.S_ISREG(about.st_mode)
            else "it is no regular file"
        )
        raise StoreError(f"{path.name} can't be read: {reason}")
    return os.fdopen(descriptor, "rb")


_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_NO_WAITING = getattr(os, "O_NONBLOCK", 0)
_BINARY = getattr(os, "O_BINARY", 0)


def open_to_append(path: Path) -> IO[bytes]:
    """Opens a file to write at its end, and makes it where there is none; OSError for a link or a pipe."""
    return open(path, "ab", opener=lambda name, flags: os.open(name, flags | _NO_LINK | _NO_WAITING, 0o666))


def copy_file(source: Path, target: Path) -> None:
    """Copies a regular file and its time; raises as `open_regular` does."""
    with open_regular(source, LARGEST_TENSORS) as file, target.open("xb") as copy:
        shutil.copyfileobj(file, copy)
        about = os.fstat(file.fileno())
    os.utime(target, ns=(about.st_atime_ns, about.st_mtime_ns))


def read_text(path: Path, largest: int) -> str:
    """A file as UTF-8 text; raises as `open_regular` does, and StoreError for other bytes."""
    with open_regular(path, largest) as file:
        try:
            return file.read(largest + 1).decode()
        except (OSError, UnicodeDecodeError) as error:
            raise StoreError(f"{path.name} can't be read: {error}") from error


def parse_json(text: str, source: str) -> Any:
    """JSON from outside; StoreError, which names the `source`, for whatever can't be used."""
    try:
        value = json.loads(text)
        # Half of a surrogate pair is no character: it could be neither shown nor written again.
        if "\\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise StoreError(f"{source} can't be read: it holds half of a character") from None
    except RecursionError:
        raise StoreError(f"{source} can't be read: it is nested too deep") from None
    except ValueError as error:
        raise StoreError(f"{source} can't be read: {error}") from error
    return value


def read_object(path: Path) -> dict[str, Any] | None:
    """A JSON object, or None where there is no file; StoreError for anything else."""
    try:
        value = parse_json(read_text(path, LARGEST_JSON), path.name)
    except FileNotFoundError:
        return None
    if not isinstance(value, dict):
        raise StoreError(f"{path.name} must hold a JSON object")
    return value


def check_tensors(path: Path, largest: int = LARGEST_TENSORS) -> None:
    """Looks at a safetensors file before a library opens it; raises as `open_regular` does."""
    with open_regular(path, largest) as file:
        header = int.from_bytes(file.read(8), "little")
    if header > LARGEST_HEADER:
        raise StoreError(f"{path.name} is damaged: its header claims {header:,} bytes")
