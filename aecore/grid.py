"""A grid: a base config with axes, the members they make, and which of them train as one stack.

Members are configs; each position on the axes names one, and positions that come to the same config
share a member. Imports no torch, so that a form can count members before anything starts.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_origin

from aecore.config import PENALTIES, Config, field_paths, short_hash
from aecore.naming import data_title, network_title

MAX_MEMBERS = 1024

PENALTY, STRENGTH = "penalty", "strength"
"""Two axes that are no fields: which penalty, and how strong; every other penalty is then off."""

FIXED = ("data.name", "data.validation_fraction", "data.split_seed", "train.device")
"""Fields that all members share: they are compared on the same images."""

_PENALTIES = ("none", *PENALTIES)
_PENALTY_FIELDS = {f"loss.{name}" for name in PENALTIES}


@dataclass(frozen=True)
class Grid:
    """A base config and either axes, whose product is trained, or a list of members.

    ValueError in one sentence for an axis that is no field, a value its config refuses, an empty axis,
    or more than `MAX_MEMBERS` members.
    """

    base: Config
    axes: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """Values of each axis: a dotted field such as `model.latent_size`, `penalty` or `strength`."""
    listed: Sequence[Mapping[str, Any]] = ()
    """Members one by one, each by the fields in which it differs from the base; instead of axes."""
    halving: bool = False
    """Members that are clearly beaten stop early (`aecore.halving`); each then trains by itself."""

    def __post_init__(self) -> None:
        axes = {name: _values(name, values) for name, values in self.axes.items()}
        listed = tuple({name: _plain(v) for name, v in row.items()} for row in self.listed)
        object.__setattr__(self, "axes", axes)
        object.__setattr__(self, "listed", listed)
        if bool(axes) == bool(listed):
            raise ValueError("a grid needs axes or a list of members, one of the two")
        self._check_axes()
        configs = [self.config_at(position) for position in self.positions]
        members: dict[Config, int] = {}
        for config in configs:
            members.setdefault(config, len(members))
        object.__setattr__(self, "members", tuple(members))
        object.__setattr__(self, "index", tuple(members[config] for config in configs))
        if self.halving:
            self._check_halving()

    members: tuple[Config, ...] = field(init=False, compare=False)
    """The different configs, in the order in which the positions meet them; k counts them."""
    index: tuple[int, ...] = field(init=False, compare=False)
    """k of each position."""

    @property
    def positions(self) -> list[dict[str, Any]]:
        """Every position: the product of the axes, the last axis fastest, or the list."""
        if self.listed:
            return [dict(row) for row in self.listed]
        return [
            dict(zip(self.axes, values, strict=True)) for values in itertools.product(*self.axes.values())
        ]

    def position_of(self, k: int) -> dict[str, Any]:
        """The first position that names member k."""
        return self.positions[self.index.index(k)]

    def config_at(self, position: Mapping[str, Any]) -> Config:
        """The config at a position."""
        values = {name: value for name, value in position.items() if name not in (PENALTY, STRENGTH)}
        if len(values) < len(position):
            values |= self._penalty_values(position)
        return self.base.with_values(values)

    def to_dict(self) -> dict[str, Any]:
        """Nested plain values, ready for JSON."""
        rest: dict[str, Any] = {"listed": self.listed} if self.listed else {"axes": self.axes}
        if self.halving:
            rest["halving"] = True
        return json.loads(json.dumps({"base": self.base.to_dict(), **rest}))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Grid:
        """Inverse of `to_dict`. Raises ValueError in one sentence."""
        if not isinstance(values, Mapping) or "base" not in values:
            raise ValueError("a grid must be a JSON object with a base config")
        base = Config.from_dict(values["base"])
        axes, listed = values.get("axes", {}), values.get("listed", [])
        if not isinstance(axes, Mapping) or not all(isinstance(v, list) for v in axes.values()):
            raise ValueError("a grid's axes must be a JSON object of lists")
        if not isinstance(listed, list) or not all(isinstance(row, Mapping) for row in listed):
            raise ValueError("a grid's list of members must be a JSON list of objects")
        halving = values.get("halving", False)
        if not isinstance(halving, bool):
            raise ValueError("a grid's halving must be true or false")
        return cls(base, axes, listed, halving)

    @property
    def hash(self) -> str:
        """Eight hexadecimal digits that depend on base, axes and list; see `Config.hash`."""
        halving = {"halving": True} if self.halving else {}
        return short_hash(
            {"base": self.base.differences(), "axes": self.axes, "listed": self.listed, **halving}
        )

    def _penalty_values(self, position: Mapping[str, Any]) -> dict[str, float]:
        used = self.base.loss.penalties
        name = position.get(PENALTY) or (next(iter(used)) if len(used) == 1 else None)
        if name is None:
            raise ValueError(
                "the axis strength needs an axis penalty beside it, or one penalty in the base config"
            )
        off = {f"loss.{other}": 0.0 for other in PENALTIES}
        if name == "none":
            return off
        return off | {f"loss.{name}": position.get(STRENGTH, used.get(name, 0.0))}

    def _check_halving(self) -> None:
        if len({config.train.epochs for config in self.members}) > 1:
            raise ValueError(
                "stopping members early compares them after equal epochs: train.epochs can't be an axis then"
            )
        if not self.base.data.validation_fraction:
            raise ValueError(
                "stopping members early needs validation images: data.validation_fraction must be above 0"
            )

    def _check_axes(self) -> None:
        names = list(self.axes or dict.fromkeys(name for row in self.listed for name in row))
        if set(names) & {PENALTY, STRENGTH} and (double := _PENALTY_FIELDS & set(names)):
            raise ValueError(
                f"penalty and strength set {min(double)} already: it can't be an axis beside them"
            )
        for name in names:
            if name in FIXED:
                raise ValueError(f"{name} can't be an axis: the members of a grid share it")
            if name not in field_paths() and name not in (PENALTY, STRENGTH):
                raise ValueError(
                    f"there is no field {name!r} to make an axis of; there are penalty, strength, "
                    + ", ".join(path for path in field_paths() if path not in FIXED)
                )
        count = math.prod(len(values) for values in self.axes.values()) if self.axes else len(self.listed)
        if count > MAX_MEMBERS:
            raise ValueError(f"the grid has {count:,} members; at most {MAX_MEMBERS:,} are allowed")
        for name, values in self.axes.items():
            if not values:
                raise ValueError(f"the axis {name} has no values")
            if any(value in values[:i] for i, value in enumerate(values)):
                raise ValueError(f"the axis {name} names a value twice")
        for value in self._given(PENALTY):
            if value not in _PENALTIES:
                raise ValueError(f"penalty must be one of {', '.join(_PENALTIES)}, not {value!r}")
        for value in self._given(STRENGTH):
            if type(value) not in (int, float) or not 0 <= value < math.inf:
                raise ValueError(f"strength must be a number of at least 0, not {value!r}")

    def _given(self, name: str) -> Sequence[Any]:
        """The values of an axis, or of that name in the list of members."""
        return self.axes.get(name, [row[name] for row in self.listed if name in row])


def parse_axis(text: str) -> tuple[str, tuple[Any, ...]]:
    """`model.latent_size=2,4,8` to its name and values, typed as the field is.

    Lists of widths are written with dashes, `model.hidden=128-64,256-128`.
    """
    name, equals, values = text.partition("=")
    name = name.strip().replace("-", "_")
    if not equals or not values.strip():
        raise ValueError(f"an axis is written NAME=VALUE,VALUE,..., not {text!r}")
    kind = {PENALTY: str, STRENGTH: float}.get(name) or field_paths().get(name)
    if kind is None:
        # Let the grid itself say which fields there are.
        return name, tuple(values.split(","))
    return name, tuple(_parse(value.strip(), kind, name) for value in values.split(","))


def axis_text(name: str, value: Any) -> str:
    """A value as a person reads it on an axis: `12`, `128-64`, `L1`, `0.001`."""
    if name == PENALTY:
        return PENALTIES[value].name if value in PENALTIES else "none"
    if isinstance(value, (tuple, list)):
        return "-".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def axis_title(name: str) -> str:
    """`model.latent_size` to `latent size`."""
    return name.split(".")[-1].replace("_", " ")


def grid_title(grid: Grid) -> str:
    """What a grid is called until somebody names it: `post · MNIST · latent size x strength`."""
    axes = " x ".join(map(axis_title, grid.axes)) or f"{len(grid.members)} members"
    return f"{network_title(grid.base.model)} · {data_title(grid.base.data.name)} · {axes}"


def _values(name: str, values: Any) -> tuple[Any, ...]:
    if isinstance(values, (str, Mapping)) or not isinstance(values, Iterable):
        raise ValueError(f"the values of the axis {name} must be a list, not {values!r}")
    return tuple(_plain(v) for v in values)


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _parse(text: str, kind: Any, name: str) -> Any:
    try:
        if get_origin(kind) is tuple:
            return tuple(int(part) for part in text.split("-") if part)
        if kind is bool:
            return {"true": True, "false": False}[text.lower()]
        if kind in (int, float):
            return kind(text)
    except (KeyError, ValueError):
        wanted = {int: "whole numbers", float: "numbers", bool: "true or false"}
        raise ValueError(
            f"the values of {name} must be {wanted.get(kind, 'widths such as 128-64')}, not {text!r}"
        ) from None
    if get_origin(kind) is Literal and text not in get_args(kind):
        raise ValueError(f"{name} must be one of {', '.join(get_args(kind))}, not {text!r}")
    return text
