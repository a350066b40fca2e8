"""Changing a run while it trains: a page or the command line asks, the trainer takes it at the end of a step.

What is asked for is a file in the run's folder, as a stop is. The trainer looks for such files as often as it
writes its progress, notes a change as an event, which is on the disk before it takes effect, and only then
follows it. A paused training waits between two steps; it keeps its place and its device, in whose memory its
images and weights stay: a stop is what lets others have it, and a resume goes on with the same bits.

Imports no torch.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from aecore import store
from aecore.config import Config
from aecore.events import Event, Request, settings_at
from aecore.jobs import control
from aecore.jobs.process import Reporter
from aecore.owners import changes
from aecore.store import RunInfo

WAIT = 0.5
"""Seconds between two looks of a paused training at what is asked of it."""


@changes("path")
def change(path: Path, values: Mapping[str, float]) -> None:
    """Asks the run at work in `path` to go on with new values of dotted fields in `events.CHANGEABLE`.

    Raises ValueError in one sentence for values that can't be, RuntimeError where nothing can be changed.
    """
    info = _at_work(path)
    if not values:
        raise ValueError("there is nothing to change: name a field and its new value")
    request = Request("change", values)
    info.config.with_values(values)
    store.add_request(path, request)


@changes("path")
def pause(path: Path) -> None:
    """Asks the run to wait at its next step; RuntimeError where it is not at work."""
    _at_work(path)
    store.add_request(path, Request("pause"))


@changes("path")
def go_on(path: Path) -> None:
    """Asks a paused run to train on; RuntimeError where it is not at work."""
    _at_work(path)
    store.add_request(path, Request("continue"))


@changes("path")
def train_one_epoch(path: Path) -> None:
    """Asks the run to train to the end of its epoch and to pause there; RuntimeError if it is not at work."""
    _at_work(path)
    store.add_request(path, Request("one_epoch"))


def _at_work(path: Path) -> RunInfo:
    info = control.read(path)
    if not isinstance(info, RunInfo) or store.is_grid(path.parent):
        raise RuntimeError(f"{info.name} trains several models at once, which can be stopped but not changed")
    if info.progress.status not in ("running", "paused") or not store.is_active(info.progress):
        raise RuntimeError(f"{info.name} is not being trained now, so there is nothing to change")
    return info


class Steering:
    """The trainer's side: takes what is asked of a run, and keeps its events."""

    def __init__(self, path: Path, config: Config, reporter: Reporter) -> None:
        self.path = path
        self.config = config
        self.reporter = reporter
        store.mend_events(path)
        self.events = store.read_events(path)
        """Those to follow; the list that the training looks at."""
        self._pausing = False
        self._one_epoch = False

    def after_step(self, epoch: int, step: int, steps: int) -> bool:
        """Called when `step` of `steps` of an epoch are done, `epoch` whole ones before; True to stop."""
        last = step == steps
        if self.reporter.asked and not (last and epoch + 1 == self.config.train.epochs):
            self._take(epoch, step, steps)
        # At an epoch's end the pause comes when the epoch's record has been written.
        return self._pausing and not last and self._hold(epoch, step, steps)

    def after_epoch(self, epoch: int, steps: int) -> bool:
        """Called when the record of an epoch has been written, `epoch` whole ones done; True to stop."""
        self._pausing |= self._one_epoch
        at_end = epoch == self.config.train.epochs or self.reporter.stopping
        return self._pausing and not at_end and self._hold(epoch, 0, steps)

    def _take(self, epoch: int, step: int, steps: int) -> None:
        self.reporter.asked = False
        for file, request in store.read_requests(self.path):
            if request is not None and request.kind == "change":
                self._note(Event(*_place(epoch, step, steps), "change", request.values, time.time()))
            elif request is not None:
                self._pausing = request.kind == "pause"
                self._one_epoch = request.kind == "one_epoch"
            # Last: what was taken is noted by now.
            file.unlink(missing_ok=True)

    def _hold(self, epoch: int, step: int, steps: int) -> bool:
        """Waits until it is asked to go on or to stop; returns whether to stop."""
        place = _place(epoch, step, steps)
        self._one_epoch = False
        self._note(Event(*place, "pause", time=time.time()))
        self.reporter.update(force=True, status="paused", epoch=epoch, step=step)
        while self._pausing and not self.reporter.stopping:
            time.sleep(WAIT)
            self.reporter.update(force=True)
            if self.reporter.asked:
                self._take(epoch, step, steps)
        if self.reporter.stopping:
            return True
        self._note(Event(*place, "continue", time=time.time()))
        self.reporter.update(force=True, status="running")
        return self.reporter.stopping

    def _note(self, event: Event) -> None:
        """Keeps an event, unless what it asks for can't be."""
        try:
            settings_at(self.config, [*self.events, event], event.step)
        except ValueError:
            # Those who ask have checked it; this was written by another hand.
            return
        store.append_event(self.path, event)
        self.events.append(event)


def _place(epoch: int, step: int, steps: int) -> tuple[int, float]:
    """Steps since the training began, and passes over the images."""
    return epoch * steps + step, epoch + step / steps
