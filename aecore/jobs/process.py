"""What a training process does beside training: one at a time, in its device's turn, heard and stoppable."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from filelock import Timeout

from aecore import store
from aecore.files import telling_of_a_full_disk
from aecore.jobs import control
from aecore.jobs.device import Device
from aecore.memory import TOO_LITTLE, is_want_of_memory
from aecore.owners import changes
from aecore.processes import process_start
from aecore.results import Progress

HEARTBEAT = 0.25
"""Seconds between two writings of the progress, and between two looks for a stop request."""

ELSEWHERE = "a training that has not said who it is has the device"
"""What a job waits for when nobody is before it in its own folder's queue, and nobody has left word."""

QUEUE_PAUSE = 1.0
"""Seconds between two looks of a waiting run at the queue."""

Outcome = TypeVar("Outcome")
Listener = Callable[[Progress], None]


class Reporter:
    """Writes the progress, throttled, and answers whether a stop was asked for.

    `asked` tells whether there was anything else at the last look (`store.read_requests`).
    """

    def __init__(self, path: Path, listener: Listener | None = None) -> None:
        self.path = path
        self.listener = listener
        self.stopping = False
        self.asked = False
        self.starting = False
        """Whether a stop breaks off what is being done; see `start_up`."""
        self.hears_signals = False
        self._values: dict[str, Any] = {
            **vars(store.read_progress(path)),
            "pid": os.getpid(),
            "process_started": process_start(os.getpid()),
            "message": "",
            "waits_for": None,
        }
        self._values["submitted"] = self._values["submitted"] or time.time()
        self._written = 0.0

    def last_word(self, message: str) -> None:
        """Notes a failure, over what was noted before where the disk is full."""
        try:
            self.update(force=True, status="failed", message=message)
        except OSError:
            with suppress(OSError):
                store.overwrite_progress(self.path, Progress(**{**self._values, "heartbeat": time.time()}))

    def update(self, force: bool = False, **values: Any) -> bool:
        """Takes new values of `Progress`' fields; returns True when the training is to stop."""
        self._values |= values
        now = time.time()
        # The clock may have been set back since.
        if force or not 0 <= now - self._written < HEARTBEAT:
            self._written = now
            progress = Progress(**{**self._values, "heartbeat": now})
            store.write_progress(self.path, progress)
            self.stopping = self.stopping or store.stop_requested(self.path)
            self.asked = store.has_requests(self.path)
            if self.listener is not None:
                self.listener(progress)
        return self.stopping


@changes("path")
def run_exclusively(
    path: Path,
    device: str,
    body: Callable[[Reporter], Outcome | None],
    on_progress: Listener | None = None,
) -> Outcome | None:
    """Does `body` as the one process at work on the folder, in the device's turn; notes how it ends.

    Returns what `body` does, None where it was stopped. RuntimeError in one sentence where another process
    is at work on the folder.
    """
    try:
        with store.training_lock(path):
            store.clear_leftovers(path)
            reporter = Reporter(path, on_progress)
            with noting_failure(reporter), stopping_on_signals(reporter):
                # A stop that was asked for since the process was started is meant: nothing clears it here.
                outcome = None
                with (
                    _device_turn(path, control.lock_name(device), reporter) as ready,
                    suppress(StoppedAtStart),
                ):
                    outcome = body(reporter) if ready else None
                # Before the status, so that whoever has read that it stopped may ask for the next stop.
                store.clear_requests(path)
                reporter.update(force=True, status="stopped" if outcome is None else "finished")
                return outcome
    except Timeout:
        raise RuntimeError(f"{path.name} is being trained by another process") from None


@contextmanager
def noting_failure(reporter: Reporter) -> Iterator[None]:
    """Puts the sentence of an exception into the progress and lets it pass.

    What the system says of a full disk or of too little memory becomes a sentence that says what to do:
    `FullDiskError` and RuntimeError.
    """
    try:
        with telling_of_a_full_disk(reporter.path):
            yield
    except Exception as error:
        if is_want_of_memory(error):
            reporter.last_word(TOO_LITTLE)
            raise RuntimeError(TOO_LITTLE) from error
        expected = isinstance(error, (ValueError, RuntimeError, OSError)) and str(error)
        message = " ".join(str(error).split()) if expected else f"{type(error).__name__}: {error}"
        reporter.last_word(message[:500])
        raise


@contextmanager
def stopping_on_signals(reporter: Reporter) -> Iterator[None]:
    """Ctrl-C and a polite kill are stop requests: the model reached is kept. Needs the main thread."""

    def stop(signum: int, frame: object) -> None:
        reporter.stopping = True
        if reporter.starting:
            reporter.starting = False
            raise StoppedAtStart

    before = {}
    for name in (signal.SIGINT, signal.SIGTERM):
        # Elsewhere than in the main thread signals can't be handled, and are not.
        with suppress(ValueError):
            before[name] = signal.signal(name, stop)
            reporter.hears_signals = True
    try:
        yield
    finally:
        reporter.hears_signals = False
        for name, handler in before.items():
            signal.signal(name, handler)


class StoppedAtStart(BaseException):
    """A stop that came while a training was starting: nothing is there to be saved."""


@contextmanager
def start_up(reporter: Reporter, asked: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """While modules and images are loaded, which takes a busy machine a minute, a stop breaks off at once.

    It is one that `asked` tells of, a request in the folder, or a signal; raises `StoppedAtStart`. What is
    done inside must write nothing that may not be broken off.
    """
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(HEARTBEAT):
            if asked() or store.stop_requested(reporter.path):
                # The main thread's own handler raises there; see `stopping_on_signals`.
                signal.raise_signal(signal.SIGTERM)
                return

    if reporter.hears_signals:
        reporter.starting = True
        threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        reporter.starting = False
        ended.set()
    # Where the exception was lost in somebody else's handler, or there are no signals.
    if reporter.stopping or asked() or store.stop_requested(reporter.path):
        raise StoppedAtStart


@contextmanager
def _device_turn(path: Path, device: str, reporter: Reporter) -> Iterator[bool]:
    """Holds the device's lock; gives False if a stop was asked for while waiting in the queue."""
    lock, taken = Device(device), False
    while not reporter.update(status="queued"):
        before = control.jobs_before(path, device)
        if not before and lock.take(path):
            taken = True
            break
        holder = lock.holder()
        # Where nobody is before it here, the lock's owner works for another folder.
        reporter.update(waits_for=holder, message="" if before or holder else ELSEWHERE)
        time.sleep(QUEUE_PAUSE)
    reporter.update(message="", waits_for=None)
    try:
        yield taken
    finally:
        lock.give_back()


def lower_priority(niceness: int) -> None:
    """Lowers this process's priority, 0 to 19, where the system knows niceness.

    Linux shares the cores out among sessions first (autogroups, see sched(7)), and niceness counts only
    within one. So a trainer stays in the session of the server that starts it (`control.detached`): it gives
    way to this server's pages, and beside everything else the two of them get their share together.
    """
    if niceness and hasattr(os, "nice"):
        os.nice(niceness)
