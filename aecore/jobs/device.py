"""A device of this machine, which one training of a user has at a time, and who that is.

The locks lie in a folder of the user's own, so that nobody else can hold up a training, or learn of it. The
trainings of two users are not kept apart: they share the device as any two programs do.
"""

from __future__ import annotations

import os
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from aecore.drafts import clear_drafts
from aecore.files import read_object, write_json
from aecore.jobs import control
from aecore.processes import lives, process_start
from aecore.results import Holder


def lock_folder() -> Path:
    """This user's folder of the devices' locks: AECORE_LOCKS, or one in the system's temporary folder.

    It is made where there is none, and nobody else may enter it. RuntimeError in one sentence for a link, and
    for what belongs to another user.
    """
    named = os.environ.get("AECORE_LOCKS")
    folder = Path(named).expanduser() if named else Path(tempfile.gettempdir()) / f"aecore-{_user()}"
    if named:
        folder.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    about = folder.lstat()
    if not stat.S_ISDIR(about.st_mode):
        what = "is a link" if stat.S_ISLNK(about.st_mode) else "is no folder"
        raise RuntimeError(f"{folder}, where the devices' locks lie, {what}: {_ADVICE}")
    if hasattr(os, "geteuid"):
        if about.st_uid != os.geteuid():
            raise RuntimeError(f"{folder}, where the devices' locks lie, belongs to another user: {_ADVICE}")
        if about.st_mode & 0o077:
            folder.chmod(0o700)
    return folder


_ADVICE = "remove it, or name a folder of your own in AECORE_LOCKS"


class Device:
    """A device's lock: `take` it and `give_back`; `holder` says who has it.

    `name` is what `control.lock_name` calls the device. RuntimeError as `lock_folder` raises it.
    """

    def __init__(self, name: str) -> None:
        folder = lock_folder()
        clear_drafts(folder)
        # The lock's own file is emptied by whoever tries it.
        self._note = folder / f"{name}.json"
        self._lock = FileLock(folder / f"{name}.lock")

    def take(self, path: Path) -> bool:
        """Takes the device for the run or grid in a folder, if nobody has it, and leaves word of that."""
        pid, name = os.getpid(), control.read(path).name
        root = os.fsencode(path.absolute().parent).decode(errors="replace")
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        holder = Holder(name, root, time.time(), pid, process_start(pid))
        # Whoever waits can do without it, as it has to where the disk is full.
        with suppress(OSError):
            write_json(self._note, holder.to_dict(), durable=False)
        return True

    def holder(self) -> Holder | None:
        """The living training that has the device; None where nobody has, or it has left no word."""
        try:
            holder = Holder.from_dict(read_object(self._note))
        except (ValueError, OSError):
            return None
        return holder if lives(holder.pid, holder.process_started) else None

    def give_back(self) -> None:
        """Lets the next have it; also where it was not taken."""
        if self._lock.is_locked:
            with suppress(OSError):
                self._note.unlink(missing_ok=True)
            self._lock.release()


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else control.user_name()
