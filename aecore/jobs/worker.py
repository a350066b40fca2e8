"""Trains the run in a folder, from its config or from where it stopped, and writes all it does there.

The command line calls `work` in its own process; a page starts `python -m aecore.jobs.worker RUN` (see
`aecore.jobs.control`). Whoever looks reads the folder. torch is imported only when the device's lock
is held, so a queue of waiting runs costs little.
"""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from aecore import jobs, store

HEARTBEAT = 0.25
"""Seconds between two writes of progress.json, and between two looks for a stop request."""

AUTOGROUP = Path("/proc/self/autogroup")

QUEUE_PAUSE = 1.0
"""Seconds between two looks of a waiting run at the queue."""


class Reporter:
    """Writes progress.json, throttled, and answers whether a stop was asked for."""

    def __init__(self, path: Path, listener: Callable[[dict[str, Any]], None] | None = None) -> None:
        self.path = path
        self.listener = listener
        self.stopping = False
        own = psutil.Process()
        self.values: dict[str, Any] = {
            **store.read_progress(path),
            "pid": own.pid,
            "process_started": own.create_time(),
            "message": "",
        }
        self.values.setdefault("submitted", time.time())
        self._written = 0.0

    def update(self, force: bool = False, **values: Any) -> bool:
        """Takes new values; returns True when the run is to stop."""
        self.values |= values
        now = time.time()
        if force or now - self._written >= HEARTBEAT:
            self._written = now
            self.values["heartbeat"] = now
            store.write_progress(self.path, self.values)
            self.stopping = self.stopping or store.stop_requested(self.path)
            if self.listener is not None:
                self.listener(self.values)
        return self.stopping


def work(
    path: Path,
    threads: int | None = None,
    on_record: Callable[[dict[str, Any]], None] | None = None,
    on_progress: Callable[[dict[str, Any]], None] | None = None,
) -> dict[str, Any] | None:
    """Trains to the end or to a stop. Returns the result, or None when stopped before the end.

    Raises ValueError or RuntimeError in one sentence after noting it in progress.json: the device or the
    data set is not there, the run is being trained already, the loss is no longer finite.
    """
    device = store.read_info(path).config.train.device
    return attend(path, device, lambda reporter: _train(path, threads, reporter, on_record), on_progress)


def attend(
    path: Path,
    device: str,
    body: Callable[[Reporter], dict[str, Any] | None],
    on_progress: Callable[[dict[str, Any]], None] | None = None,
) -> dict[str, Any] | None:
    """Does `body` as the one process at work on the folder, in the device's turn; notes how it ends."""
    try:
        with FileLock(path / store.LOCK, timeout=0):
            reporter = Reporter(path, on_progress)
            with noting_failure(reporter), stopping_on_signals(reporter):
                # A stop that was asked for since the process was started is meant: nothing clears it here.
                with _device_turn(path, jobs.lock_name(device), reporter) as ready:
                    result = body(reporter) if ready else None
                status = "stopped" if result is None else "finished"
                reporter.update(force=True, status=status)
                store.clear_stop(path)
                return result
    except Timeout:
        raise RuntimeError(f"{path.name} is being trained by another process") from None


def _train(
    path: Path, threads: int | None, reporter: Reporter, on_record: Callable | None
) -> dict[str, Any] | None:
    reporter.update(force=True, status="running")
    import torch

    from aecore import data as datasets
    from aecore.analysis import metrics
    from aecore.training.loop import Position
    from aecore.training.single import Training

    torch.set_num_threads(threads or os.cpu_count() or 1)
    config = store.read_info(path).config
    data = datasets.load(config.data.name)

    def on_step(at: Position) -> bool:
        left = (config.train.epochs - at.epoch) * at.steps - at.step
        return reporter.update(
            epoch=at.epoch,
            step=at.step,
            steps=at.steps,
            images_per_second=at.images_per_second,
            seconds_left=left * config.train.batch_size / max(at.images_per_second, 1e-9),
        )

    training = Training(config, data, on_step, store.load_state(path))
    store.truncate_history(path, training.epoch)
    store.clear_result(path)
    reporter.update(
        force=True,
        device=str(training.device),
        threads=torch.get_num_threads(),
        epoch=training.epoch,
        epochs=config.train.epochs,
        step=training.step,
        steps=len(training.slices),
    )

    def save() -> None:
        store.save_state(path, training.state())
        store.save_weights(path, training.model.state_dict(), data.shape, training.images.scaling)

    for record in training:
        store.append_history(path, record.to_dict())
        save()
        reporter.update(force=True, epoch=training.epoch, step=0)
        if on_record is not None:
            on_record(record.to_dict())
    if training.stopped and training.epoch < config.train.epochs:
        save()
        return None
    result = {
        "test": metrics.evaluate(store.load_run(path), data),
        "seconds": sum(r["seconds"] for r in store.read_history(path)),
        "epochs": training.epoch,
        "parameters": sum(p.numel() for p in training.model.parameters()),
        "device": str(training.device),
    }
    store.write_result(path, result)
    return result


@contextmanager
def noting_failure(reporter: Reporter) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        expected = isinstance(error, (ValueError, RuntimeError, OSError)) and str(error)
        message = " ".join(str(error).split()) if expected else f"{type(error).__name__}: {error}"
        reporter.update(force=True, status="failed", message=message[:500])
        raise


@contextmanager
def stopping_on_signals(reporter: Reporter) -> Iterator[None]:
    """Ctrl-C and a polite kill are stop requests: the model reached is kept. Needs the main thread."""

    def stop(signum: int, frame: object) -> None:
        reporter.stopping = True

    before = {}
    for name in (signal.SIGINT, signal.SIGTERM):
        try:
            before[name] = signal.signal(name, stop)
        except ValueError:
            return (yield)
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
    return None


@contextmanager
def _device_turn(path: Path, device: str, reporter: Reporter) -> Iterator[bool]:
    """Holds the device's lock; gives False if a stop was asked for while waiting in the queue."""
    lock = FileLock(Path(tempfile.gettempdir()) / f"aecore-{jobs.user_name()}-{device}.lock")
    status = "queued"
    while not reporter.update(status=status):
        if not jobs.somebody_is_before(path, device):
            try:
                lock.acquire(timeout=0)
                break
            except Timeout:
                pass
        time.sleep(QUEUE_PAUSE)
    try:
        yield lock.is_locked
    finally:
        lock.release()


def give_way(niceness: int) -> None:
    """Lowers this process's priority, 0 to 19, where the system knows niceness.

    Linux desktops share the cores out among sessions first (autogroups, see sched(7)), and niceness counts
    only within one. A page's trainer is a session of its own, so that one's niceness is set as well.
    """
    if not niceness or not hasattr(os, "nice"):
        return
    os.nice(niceness)
    with suppress(OSError):
        AUTOGROUP.write_text(str(niceness))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--nice", type=int, default=0)
    arguments = parser.parse_args()
    give_way(arguments.nice)
    try:
        work(arguments.run, arguments.threads)
    except Exception:
        # The sentence is in progress.json for the pages; the traceback goes to the run's log.
        traceback.print_exc()
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
