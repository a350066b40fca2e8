"""What a training notes while it works: progress, history, events, result; and what is asked of it."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import IO, TypeVar

from filelock import FileLock

from aecore.events import Event, Request
from aecore.files import (
    StoreError,
    append,
    open_regular,
    open_to_append,
    overwrite,
    parse_json,
    read_object,
    read_text,
    write_json,
    write_whole,
)
from aecore.owners import changes
from aecore.processes import lives
from aecore.records import Record
from aecore.results import EpochRecord, FigureTable, Origin, Progress, Result
from aecore.store.known import Known
from aecore.store.names import (
    BEATEN,
    EVENTS,
    FAILED,
    FIGURES,
    HISTORY,
    LOCK,
    LOG,
    ORIGIN,
    PROGRESS,
    REQUESTS,
    RESULT,
    STOP,
)

START_UP = 30.0
"""Seconds within which a started process must have shown itself in progress.json."""

Kind = TypeVar("Kind", bound=Record)

LARGEST_HISTORY = 64 << 20
"""Bytes of a history, above what 100,000 epochs take."""
LONGEST_LINE = 1 << 16
"""Characters of one epoch's record."""
LARGEST_EVENTS = 8 << 20
"""Bytes of a run's events, above what 30,000 of them take."""


def read_record(path: Path, kind: type[Kind]) -> Kind | None:
    """The record in a file, None where there is no file; StoreError where it is not of that kind."""
    values = read_object(path)
    if values is None:
        return None
    try:
        return kind.from_dict(values)
    except ValueError as error:
        raise StoreError(f"{path.name} can't be used: {error}") from error


def read_history(path: Path) -> list[EpochRecord]:
    """Epoch records in order, up to the first line that is none: a crash may cut the last one short."""
    return read_history_from(path, 0)[0]


def read_history_from(path: Path, start: int) -> tuple[list[EpochRecord], int]:
    """The records that begin `start` bytes into the history, and where later ones will."""
    try:
        with open_regular(path / HISTORY, LARGEST_HISTORY) as file:
            file.seek(start)
            lines = file.read().decode("utf-8").splitlines(keepends=True)
    except FileNotFoundError:
        return [], 0
    except UnicodeDecodeError as error:
        raise StoreError(f"{HISTORY} can't be read: {error}") from error
    records: list[EpochRecord] = []
    for line in lines:
        try:
            if len(line) > LONGEST_LINE:
                break
            records.append(EpochRecord.from_dict(parse_json(line, HISTORY)))
        except ValueError:
            break
        start += len(line.encode())
    return records, start


def history_size(path: Path) -> int:
    """Bytes of the history, which only grows while a training works: tells whether it is worth reading."""
    try:
        return (path / HISTORY).stat().st_size
    except FileNotFoundError:
        return 0


def history_file(path: Path) -> int:
    """Which file the history is: another one after `truncate_history`, the same however much it grows."""
    try:
        return (path / HISTORY).stat().st_ino
    except FileNotFoundError:
        return 0


@changes("path")
def append_history(path: Path, record: EpochRecord, durable: bool = True) -> None:
    """Adds an epoch's record to the history."""
    append(path / HISTORY, json.dumps(record.to_dict()).encode() + b"\n", durable)


@changes("path")
def truncate_history(path: Path, epochs: int) -> None:
    """Drops records after `epochs`: those of an epoch whose weights were never saved."""
    if not (path / HISTORY).exists():
        return
    kept = [record for record in read_history(path) if record.epoch <= epochs]
    write_whole(path / HISTORY, "".join(json.dumps(record.to_dict()) + "\n" for record in kept).encode())


@changes("path")
def append_event(path: Path, event: Event) -> None:
    """Adds an event to the run's; on the disk when this returns, so that it may take effect."""
    append(path / EVENTS, json.dumps(event.to_dict()).encode() + b"\n")


def read_events(path: Path) -> list[Event]:
    """A run's events in the order of their noting; a last line that was cut short is left out.

    StoreError for any other line that is no event: what the weights come from would not be known.
    """
    events = []
    for number, line in enumerate(_event_lines(path), 1):
        try:
            events.append(Event.from_dict(parse_json(line, EVENTS)))
        except ValueError as error:
            raise StoreError(f"line {number} of {EVENTS} can't be used: {error}") from error
    return events


@changes("path")
def mend_events(path: Path) -> None:
    """Drops what a kill has left of a line, before others are added."""
    if (path / EVENTS).exists():
        write_whole(path / EVENTS, "".join(_event_lines(path)).encode())


def _event_lines(path: Path) -> list[str]:
    """The whole lines, each with its end."""
    try:
        text = read_text(path / EVENTS, LARGEST_EVENTS)
    except FileNotFoundError:
        return []
    # Not splitlines, for which a text may hold other ends of lines.
    return [f"{line}\n" for line in text.split("\n")[:-1]]


def events_stamp(path: Path) -> int:
    """Bytes of the events, which only grow: a cache key."""
    try:
        return (path / EVENTS).stat().st_size
    except FileNotFoundError:
        return 0


@changes("path")
def write_origin(path: Path, origin: Origin) -> None:
    """Notes where a branch has its first weights from."""
    write_json(path / ORIGIN, origin.to_dict())


def read_origin(path: Path) -> Origin | None:
    """Where a branch has its first weights from; None for a run that began with new ones."""
    return read_record(path / ORIGIN, Origin)


def read_progress(path: Path) -> Progress:
    """What the trainer has said of itself last; nothing where that can't be read: no run is lost with it."""
    try:
        return read_record(path / PROGRESS, Progress) or Progress()
    except StoreError:
        return Progress()


def known_progress(path: Path) -> Progress:
    """The same for a folder that is asked about again and again."""
    return _PROGRESS.read(path)


_PROGRESS = Known(read_progress, (PROGRESS,))


@changes("path")
def write_progress(path: Path, progress: Progress) -> None:
    """Replaces what the trainer says of itself."""
    write_json(path / PROGRESS, progress.to_dict(), durable=False)


@changes("path")
def overwrite_progress(path: Path, progress: Progress) -> None:
    """The same where the disk has no room for another file."""
    overwrite(path / PROGRESS, json.dumps(progress.to_dict()).encode())


def is_active(progress: Progress) -> bool:
    """Whether the process that wrote `progress` is at work, paused or waiting for its turn."""
    if progress.status not in ("queued", "running", "paused"):
        return False
    if progress.pid is None:
        return 0 <= time.time() - progress.heartbeat < START_UP
    return lives(progress.pid, progress.process_started or 0.0)


def read_result(path: Path) -> Result | None:
    """What a finished run has come to, None before its end."""
    return read_record(path / RESULT, Result)


@changes("path")
def write_result(path: Path, result: Record) -> None:
    """Notes the end of a run or grid; its presence means finished, so it is written last."""
    write_json(path / RESULT, result.to_dict())


def has_result(path: Path) -> bool:
    return (path / RESULT).exists()


@changes("path")
def clear_result(path: Path) -> None:
    """A run that is trained further is not finished any more."""
    (path / RESULT).unlink(missing_ok=True)


def read_failed(path: Path) -> int | None:
    """Epoch in which the loss was no longer finite, None where it always was."""
    epoch = (read_object(path / FAILED) or {}).get("failed")
    return epoch if type(epoch) is int and 0 < epoch <= 2**53 else None


@changes("path")
def write_failed(path: Path, epoch: int) -> None:
    write_json(path / FAILED, {"failed": epoch})


def read_beaten(path: Path) -> int | None:
    """Epoch after which a grid's member was stopped, being clearly beaten; None for any other."""
    epoch = (read_object(path / BEATEN) or {}).get("beaten")
    return epoch if type(epoch) is int and 0 < epoch <= 2**53 else None


@changes("path")
def write_beaten(path: Path, epoch: int) -> None:
    write_json(path / BEATEN, {"beaten": epoch})


@changes("path")
def write_figures(path: Path, table: FigureTable) -> None:
    """Keeps a table of figures in a grid's folder."""
    write_json(path / FIGURES, table.to_dict())


def read_figures(path: Path) -> FigureTable:
    """What `write_figures` kept; StoreError in one sentence where there is none or it can't be used."""
    table = read_record(path / FIGURES, FigureTable)
    if table is None:
        raise StoreError(f"there is no {FIGURES}")
    return table


def figures_stamp(path: Path) -> int:
    """Changes whenever the table is written again: a cache key."""
    return (path / FIGURES).stat().st_mtime_ns


@changes("path")
def request_stop(path: Path) -> None:
    """Asks the process at work to stop at its next step."""
    (path / STOP).touch()


def stop_requested(path: Path) -> bool:
    return (path / STOP).exists()


@changes("path")
def add_request(path: Path, request: Request) -> None:
    """Asks something else of the process at work, which takes it at a step's end: a file for each request."""
    folder = path / REQUESTS
    folder.mkdir(exist_ok=True)
    write_json(folder / f"{time.time_ns():020}.json", request.to_dict(), durable=False)


def has_requests(path: Path) -> bool:
    return (path / REQUESTS).exists()


def read_requests(path: Path) -> list[tuple[Path, Request | None]]:
    """What is asked for, oldest first, each with its file; None for a file that is no request."""
    found: list[tuple[Path, Request | None]] = []
    for file in sorted((path / REQUESTS).glob("*.json")):
        try:
            found.append((file, read_record(file, Request)))
        except StoreError:
            found.append((file, None))
    return found


@changes("path")
def clear_requests(path: Path) -> None:
    """Forgets whatever is asked for, a stop as well."""
    (path / STOP).unlink(missing_ok=True)
    shutil.rmtree(path / REQUESTS, ignore_errors=True)


@changes("path")
def training_lock(path: Path, timeout: float = 0.0) -> FileLock:
    """The lock that the one process at work on a folder holds."""
    return FileLock(path / LOCK, timeout=timeout)


@changes("path")
def open_log(path: Path) -> IO[bytes]:
    """The file that takes what a training process prints."""
    return open_to_append(path / LOG)
