"""Files that a reader sees whole, old or new: written under a temporary name, then renamed.

What is read may come from a stranger: regular files only, never through a link, and never more bytes than
such a file can need.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from aecore.access import writes
from aecore.drafts import draft_of

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
    the folder is not there or can't be written, `FullDiskError` where there is no room.
    """
    draft = draft_of(path)
    draft.unlink(missing_ok=True)
    try:
        # A new file: one that lies there may be a link to somewhere else.
        with telling_of_a_full_disk(path), draft.open("xb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


@writes
def claim_folder(draft: Path, wanted: Path) -> Path:
    """Renames a draft to the wanted name, or to that with -2, -3 ..., and returns the folder."""
    for number in range(1, 10_000):
        path = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
        # Renaming onto an existing folder fails unless it is empty, so two creators never share one.
        if not os.path.lexists(path):
            try:
                draft.rename(path)
            except OSError:
                # Somebody else was first, or nobody can write here at all.
                if not os.path.lexists(path):
                    raise
            else:
                return path
    raise StoreError(f"{wanted.parent} holds too many folders named {wanted.name}")


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


NAME_LENGTH = 120
"""Characters of the names that people see."""


def one_line(name: str) -> str:
    """A name as it is kept: one line of at most NAME_LENGTH characters, with ? for what is no character."""
    return " ".join(name.encode(errors="replace").decode().split())[:NAME_LENGTH]


def overwrite(path: Path, content: bytes) -> None:
    """Writes over a file that is there, which needs no room on a full disk; a reader may meet a mixture.

    OSError where there is no such file, or it is a link.
    """
    descriptor = os.open(path, os.O_WRONLY | _NO_LINK | _NO_WAITING | _BINARY)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def append(path: Path, content: bytes, durable: bool = True) -> None:
    """Adds to a file's end, and makes it where there is none.

    Raises as `write_whole` does, and OSError for a link or a pipe.
    """
    with telling_of_a_full_disk(path), open_to_append(path) as file:
        file.write(content)
        file.flush()
        if durable:
            os.fsync(file.fileno())


class FullDiskError(OSError):
    """A disk takes no file, since it is full or read-only; the message says where, and what can be done."""

    def __str__(self) -> str:
        return str(self.strerror)


@contextmanager
def telling_of_a_full_disk(path: Path) -> Iterator[None]:
    """Makes the system's errors for a disk that is full or read-only a `FullDiskError`.

    `path` is what is written.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM or isinstance(error, FullDiskError):
            raise
        # What the system names is nearer to the truth than what was asked for.
        path = Path(error.filename) if isinstance(error.filename, str) else path
        reason = _NO_ROOM[error.errno].format(name=path.name, folder=path.absolute().parent)
        raise FullDiskError(error.errno, f"{reason}; what was saved before is kept") from error


_NO_ROOM = {
    errno.ENOSPC: "the disk of {folder} is full: free some space there, then resume or try again",
    errno.EFBIG: "{name} in {folder} may not grow as large as it has to: raise the limit of files' sizes "
    "(`ulimit -f`), then resume or try again",
    # Only what writes meets this, while a right that is missing may be that to read.
    errno.EROFS: "the disk of {folder} is read-only: make it writable, then resume or try again",
}
if hasattr(errno, "EDQUOT"):
    _NO_ROOM[errno.EDQUOT] = (
        "your share of the disk of {folder} is used up: delete something there, then resume or try again"
    )


def open_regular(path: Path, largest: int) -> IO[bytes]:
    """Opens a file for reading.

    FileNotFoundError where there is none; StoreError for a link, for a pipe or a device, at which a reader
    would wait for ever, and for a file of more than `largest` bytes.
    """
    return os.fdopen(_opened_regular(path, largest)[0], "rb")


def read_regular(path: str, largest: int) -> bytes:
    """A file's content; raises what `open_regular` does. For many small files, which it reads faster."""
    descriptor, size = _opened_regular(path, largest)
    try:
        parts = [os.read(descriptor, size)]
        # A read may give less than was asked for.
        while (missing := size - sum(map(len, parts))) and (part := os.read(descriptor, missing)):
            parts.append(part)
    finally:
        os.close(descriptor)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _opened_regular(path: Path | str, largest: int) -> tuple[int, int]:
    """The descriptor of a regular file and its size."""
    try:
        descriptor = os.open(path, os.O_RDONLY | _NO_LINK | _NO_WAITING | _BINARY)
    except FileNotFoundError:
        raise
    except OSError as error:
        linked = Path(path).is_symlink()
        reason = "it is a link, which is not followed" if linked else error.strerror or error
        raise StoreError(f"{Path(path).name} can't be read: {reason}") from error
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode) or about.st_size > largest:
        os.close(descriptor)
        reason = (
            f"it has {about.st_size:,} bytes, and at most {largest:,} are read"
            if stat.S_ISREG(about.st_mode)
            else "it is no regular file"
        )
        raise StoreError(f"{Path(path).name} can't be read: {reason}")
    return descriptor, about.st_size


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
    try:
        return read_regular(os.fspath(path), largest).decode()
    except FileNotFoundError:
        raise
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
