"""What is changed while a training runs: what a person asks for, and the events that a run keeps of it.

The config stays what the run was started with. What is in force at a step is a function of the config and
the events up to it (`settings_at`), which the training, its resumption and the pages share: so a run can be
trained again from its seed and its events to the same bits. Imports no torch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from aecore.config import PENALTIES, Config
from aecore.records import Record

RATE = "train.learning_rate"

CHANGEABLE = (RATE, *(f"loss.{name}" for name in PENALTIES))
"""Dotted fields that can be changed while a training runs."""


@dataclass(frozen=True)
class Request(Record):
    """What somebody asks of a training at work."""

    kind: Literal["change", "pause", "continue", "one_epoch"]
    """one_epoch: goes on to the end of the epoch, and pauses there."""
    values: Mapping[str, float] = field(default_factory=dict)
    """New values of fields in `CHANGEABLE`, for a change."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_changeable(self.values)


@dataclass(frozen=True)
class Event(Record):
    """One line of a run's events: noted in its folder before it takes effect."""

    step: int
    """Steps since the training began: the first step that it is in force for, counted from 0."""
    epoch: float
    """The same in passes over the images: 2.5 is in the middle of the third epoch."""
    kind: Literal["change", "pause", "continue"]
    values: Mapping[str, float] = field(default_factory=dict)
    """New values of dotted fields, for a change."""
    time: float = 0.0
    """When it was noted, in seconds since 1970."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_range("step", 0)
        self.check_range("epoch", 0)
        _require_changeable(self.values)


def _require_changeable(fields: Mapping[str, float]) -> None:
    """ValueError in one sentence for a field that can't be changed while a training runs."""
    for name in fields:
        if name not in CHANGEABLE:
            allowed = ", ".join(CHANGEABLE)
            raise ValueError(f"{name} can't be changed while a run trains; what can is {allowed}")


def course(events: Sequence[Event]) -> list[Event]:
    """The changes that a training follows, in the order of their steps; `events` are in that of their noting.

    A resumed training does the steps since its last save once more, and its changes with them. Where it is
    changed anew meanwhile, it leaves the old course: what was noted for later steps is void.
    """
    followed: list[Event] = []
    for event in events:
        if event.kind == "change":
            followed = [*(earlier for earlier in followed if earlier.step <= event.step), event]
    return followed


def settings_at(config: Config, events: Sequence[Event], step: float = math.inf) -> Config:
    """The config with what is in force at a step (from 0, of the whole training), at its end unless stated.

    Under a schedule the learning rate is the height that its course is scaled to: a changed one is a new peak
    of one_cycle or a new start of cosine, and the rate at the step is that times what the schedule has there.
    """
    values: dict[str, float] = {}
    for event in course(events):
        if event.step <= step:
            values |= event.values
    return config.with_values(values) if values else config


def change_text(values: Mapping[str, float]) -> str:
    """`learning rate 0.0005, L1 0.001`; a penalty of strength 0 is `no L1`."""
    parts = []
    for name, value in values.items():
        if name == RATE:
            parts.append(f"learning rate {value:g}")
        else:
            penalty = PENALTIES[name.removeprefix("loss.")].name
            parts.append(f"{penalty} {value:g}" if value else f"no {penalty}")
    return ", ".join(parts)
