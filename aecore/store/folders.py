"""Folders under the run root, whatever they hold: make, find, list, rename."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from filelock import Timeout

from aecore import access, limits, places, trash
from aecore.access import writes
from aecore.drafts import clear_drafts, draft_of
from aecore.files import StoreError, claim_folder, one_line, read_object, telling_of_a_full_disk, write_json
from aecore.owners import changes, write_owner
from aecore.records import Record, shown
from aecore.store.names import CONFIG, EPOCHS, FIGURES, GRID, LOCK, REQUESTS, STACKS
from aecore.store.records import has_result, is_active, read_figures, read_progress, training_lock
from aecore.trash import Kind, Trashed

FORMAT = 1
"""Version of the folder's layout, raised when older code could misread it."""

Info = TypeVar("Info")


@dataclass(frozen=True)
class Header(Record):
    """What the file that makes a folder a run or a grid says beside its config."""

    format: int
    created: float = 0.0
    """Seconds since 1970."""
    name: str = ""
    """What people see; empty where nobody has named it."""


@dataclass(frozen=True)
class Unreadable:
    """A folder under the run root that is no readable run or grid."""

    path: Path
    reason: str

    @property
    def key(self) -> str:
        """The folder's name, with ? for bytes that are no text."""
        return os.fsencode(self.path.name).decode(errors="replace")


def checkpoints_root() -> Path:
    """Where runs live: AECORE_CHECKPOINTS, or a checkout's `checkpoints/`, or this user's data folder."""
    if named := os.environ.get("AECORE_CHECKPOINTS"):
        return Path(named).expanduser()
    return (places.user_data() if places.is_installed() else places.app_folder()) / "checkpoints"


def gallery_root() -> Path | None:
    """Where the shipped runs lie, None where that is the run root itself or there are none.

    AECORE_GALLERY names another folder; empty, it leaves them out. They are listed and looked at beside
    the user's own, and never written to.
    """
    named = os.environ.get("AECORE_GALLERY")
    if named == "":
        return None
    root = Path(named).expanduser() if named else places.app_folder() / "checkpoints"
    return root if root.is_dir() and root.resolve() != checkpoints_root().resolve() else None


def roots(root: Path | None = None) -> list[Path]:
    """The folders that hold runs: the one given, or the run root and after it the gallery."""
    if root is not None:
        return [root]
    return [checkpoints_root(), *([gallery] if (gallery := gallery_root()) else [])]


def is_shipped(path: Path) -> bool:
    """Whether a run's or grid's folder, or a member's, belongs to a gallery apart from the run root."""
    gallery = gallery_root()
    return gallery is not None and gallery.resolve() in path.resolve().parents


def root_beside(path: Path) -> Path:
    """Where what is made of a run or grid belongs: beside its folder; of a shipped one in the run root."""
    return checkpoints_root() if is_shipped(path) else path.parent


def is_grid(path: Path) -> bool:
    """Whether a folder holds a grid of runs (see `store.grids`) instead of one."""
    return os.path.lexists(path / GRID)


@writes
def make_folder(wanted: Path, fill: Callable[[Path], None]) -> Path:
    """Makes a folder of the wanted name, or that with -2, -3 ..., and returns it.

    `fill` puts into it what it is to hold before anybody sees it; where it raises, nothing is left.
    """
    require_room(wanted.parent)
    draft = draft_of(wanted)
    try:
        with telling_of_a_full_disk(wanted):
            draft.mkdir(parents=True)
            write_owner(draft)
            fill(draft)
        return claim_folder(draft, wanted)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def require_room(root: Path, coming: int = 0) -> None:
    """`RefusedError` where a page would put more into the run root than it may hold; `coming` in bytes."""
    if access.serves_pages() and limits.limits().disk_gb:
        limits.require_room(_bytes_below(root), coming)


def _bytes_below(root: Path) -> int:
    """Of the files below a folder, those meanwhile gone left out; follows no link."""
    total = 0
    for folder, _, files in os.walk(root):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(folder, name)).st_size
    return total


def find_run(run: str | Path, root: Path | None = None) -> Path:
    """The folder that `run` means: its name under the run root or `<grid>/<k>`, else a path.

    A bare name is looked up under the run root alone, whatever the working directory holds by that name.
    """
    text = os.fspath(run)
    path, separators = Path(text), {os.sep, os.altsep or os.sep}
    is_path = path.is_absolute() or any(separator in text for separator in separators)
    is_key = not path.is_absolute() and not text.startswith(".") and ".." not in path.parts
    for found in ([folder / path for folder in roots(root)] if is_key else []) + ([path] if is_path else []):
        if os.path.isdir(found):
            return found
    raise StoreError(f"there is no run {text!r}; `{places.command()} runs` lists those there are")


def all_folders(root: Path | None = None) -> Iterator[Path]:
    """Every folder under the run root that may be a run or a grid, by name, and after these the shipped ones.

    Of two with one name the run root's counts.
    """
    seen: set[str] = set()
    for folder in roots(root):
        for name in _names_of_folders(folder):
            if name not in seen and not name.startswith((".", "_")):
                seen.add(name)
                yield folder / name


def _names_of_folders(path: Path) -> list[str]:
    """Of the folders in a folder, links to some among them, in order; none where there is no such folder."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(path) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir())
    return []


def find_figures(root: Path | None = None) -> Path | None:
    """The first grid's folder under the run root with a table of figures, rather one that can be read."""
    found = [path for path in all_folders(root) if (path / FIGURES).exists() and not path.is_symlink()]
    return next((path for path in found[:-1] if _has_figures(path)), found[-1] if found else None)


def _has_figures(path: Path) -> bool:
    try:
        return bool(read_figures(path).members)
    except StoreError:
        return False


def listed(
    root: Path | None, grids: bool, read: Callable[[Path], Info], created: Callable[[Info], float]
) -> list[Info | Unreadable]:
    """What `read` finds in the runs' or grids' folders, newest first; those it can't read come last."""
    found: list[Info] = []
    broken: list[Unreadable] = []
    clear_drafts(root or checkpoints_root())
    for path in all_folders(root):
        if is_grid(path) != grids:
            continue
        clear_leftovers(path)
        try:
            found.append(read(path))
        except (StoreError, OSError) as error:
            # Deleted or renamed since the folders were listed: it is not there to be unreadable.
            if not os.path.lexists(path):
                continue
            broken.append(Unreadable(path, " ".join(str(error).split())))
        # Whatever else one folder raises must not hide the others.
        except Exception as error:
            broken.append(Unreadable(path, f"it can't be read ({type(error).__name__})"))
    return [*sorted(found, key=created, reverse=True), *broken]


@changes("path")
def write_header(path: Path, file: str, values: Mapping[str, Any], name: str = "") -> None:
    """Writes the file that makes a folder a run or a grid: its header beside `values`."""
    header = Header(FORMAT, time.time(), one_line(name))
    write_json(path / file, {**header.to_dict(), **values})


def read_header(path: Path, file: str) -> tuple[Header, dict[str, Any]]:
    """The header and all values of the file that makes a folder a run or a grid, its format checked."""
    check_folder(path)
    values = read_object(path / file)
    if values is None:
        raise StoreError(f"there is no {file}, so this is not a run folder")
    if (found := values.get("format")) != FORMAT:
        advice = (
            "a newer version wrote it: update the app to read it"
            if type(found) is int and found > FORMAT
            else "another version wrote it: train its settings again"
        )
        raise StoreError(f"{file} has format {shown(found)}, and this version reads {FORMAT}; {advice}")
    try:
        header = Header.from_dict(values)
    except ValueError as error:
        raise StoreError(f"{file} can't be used: {error}") from error
    name = one_line(header.name)
    return header if name == header.name else replace(header, name=name), values


def check_folder(path: Path) -> None:
    """StoreError for a folder that is a link, or a member of a grid that is one, and for a name of no text.

    What a link leads to may be anybody's: it is neither read nor written.
    """
    for part in (path, path.parent) if is_grid(path.parent) else (path,):
        if part.is_symlink():
            raise StoreError("it is a link to another folder, which is not followed")
    try:
        path.name.encode()
    except UnicodeEncodeError:
        raise StoreError("its name is not UTF-8 text: rename the folder to see it") from None


@changes("path")
def rename(path: Path, file: str, name: str, kind: str) -> None:
    """Changes the name people see of a run or grid, as `kind` says; ValueError for an empty name."""
    if not name.strip():
        raise ValueError(f"a {kind}'s name can't be empty")
    _require_own(path)
    _, values = read_header(path, file)
    write_json(path / file, {**values, "name": one_line(name)})


@changes("path")
def set_created(path: Path, created: float) -> None:
    """Changes when a run or grid says it was made, which is its place in the lists."""
    file = GRID if is_grid(path) else CONFIG
    _, values = read_header(path, file)
    write_json(path / file, {**values, "created": created})


def trashed(root: Path | None = None) -> list[Trashed]:
    """The runs and grids in the trash of the run root, what was deleted last first."""
    return trash.listed(root or checkpoints_root(), describe)


def describe(path: Path) -> tuple[Kind, str]:
    """Of a folder, whatever is in it: whether it is a run's or a grid's, and its name."""
    grid = is_grid(path)
    # Whatever stands in a stranger's file, the folder can be put back or removed: reading tells all by these.
    try:
        name = read_header(path, GRID if grid else CONFIG)[0].name
    except (StoreError, OSError):
        name = ""
    return "grid" if grid else "run", name


def require_deletable(path: Path, file: str, kind: str) -> None:
    """StoreError for a folder that may not be deleted: of the app, a link, at work, or no run or grid.

    `file` is what makes it what `kind` says.
    """
    _require_own(path)
    if path.is_symlink():
        raise StoreError(f"{path.name} is a link to another folder: not deleted; remove the link by hand")
    if not os.path.lexists(path / file):
        raise StoreError(f"{path.name} has no {file}: not deleted, since it may not be a {kind}")
    if is_grid(path.parent):
        raise StoreError(
            f"{path.parent.name}/{path.name} is a member of a grid: not deleted; delete the grid"
        )
    _require_nobody_at_work(path)


def _require_own(path: Path) -> None:
    if is_shipped(path):
        raise StoreError(f"{path.name} comes with the app, and stays as it is")


def _require_nobody_at_work(path: Path) -> None:
    """StoreError where a process trains what lies in a folder, waits to do so, or is being started."""
    # A process holds its lock also where its progress could not be written.
    if is_active(read_progress(path)) or any(map(_is_locked, (path, *_folders_in(path / STACKS)))):
        raise StoreError(f"{path.name} is being trained or waits for its turn: stop it first, then delete it")


def _is_locked(path: Path) -> bool:
    # Asking would make one, in a folder that nobody has ever trained in.
    if not os.path.lexists(path / LOCK):
        return False
    try:
        # Let go at once: elsewhere than on Unix a folder with an open file can't be moved.
        with training_lock(path):
            return False
    except Timeout:
        return True
    # What can't be locked is no lock of a training: a stranger's link, or a folder that can't be written.
    except OSError:
        return False


def clear_leftovers(path: Path) -> None:
    """Removes what killed processes left half written in a run's or grid's folder; follows no link."""
    if path.is_symlink():
        return
    parts = [path]
    if is_grid(path) and not has_result(path):
        parts += [*_folders_in(path), *_folders_in(path / STACKS)]
    for part in parts:
        for folder in (part, part / EPOCHS, part / REQUESTS):
            clear_drafts(folder)


def _folders_in(path: Path) -> list[Path]:
    """Those with a number for a name, as members and stacks have."""
    with contextlib.suppress(OSError), os.scandir(path) as entries:
        return [Path(e.path) for e in entries if e.name.isdecimal() and e.is_dir(follow_symlinks=False)]
    return []
