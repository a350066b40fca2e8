"""Typed records: frozen dataclasses whose fields are checked when they are made, and JSON both ways.

Configs, results and whatever else stands in a file are such records, so that a field that is read has
been checked once, where it entered.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, ClassVar, Literal, Self, Union, get_args, get_origin, get_type_hints


@dataclass(frozen=True)
class Record:
    """Base of the records. ValueError in one sentence for a field of another type or a number not finite."""

    SECTION: ClassVar[str] = ""
    """What stands before a field's name in messages, such as `model.`."""
    KNOWS_ALL_FIELDS: ClassVar[bool] = False
    """Whether `from_dict` refuses fields that it does not know; a newer version's are left out otherwise."""

    def __post_init__(self) -> None:
        for name, kind in kinds(type(self)).items():
            value = getattr(self, name)
            if (plain := _plain(value, kind)) is not value:
                object.__setattr__(self, name, value := plain)
            if not _matches(value, kind):
                raise ValueError(f"{self.SECTION}{name} must be {_describe(kind)}, not {shown(value)}")
            if not _is_finite(value):
                raise ValueError(f"{self.SECTION}{name} must be a finite number, not {shown(value)}")
            if not _is_countable(value):
                raise ValueError(f"{self.SECTION}{name} must be at most 2^53 in size, not {shown(value)}")

    def to_dict(self) -> dict[str, Any]:
        """Nested plain values, ready for JSON."""
        return {name: _dump(getattr(self, name)) for name in kinds(type(self))}

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """Inverse of `to_dict`; fields left out take their default. Raises ValueError in one sentence."""
        if not isinstance(values, Mapping):
            name = cls.SECTION.rstrip(".") or cls.__name__.lower()
            raise ValueError(f"{name} must be a JSON object, not {shown(values)}")
        known = kinds(cls)
        if cls.KNOWS_ALL_FIELDS and (unknown := sorted(set(values) - set(known), key=str)):
            raise ValueError(f"unknown field {cls.SECTION}{unknown[0]}; allowed are {', '.join(known)}")
        required = (f.name for f in fields(cls) if f.init and not _has_default(f))
        if missing := [name for name in required if name not in values]:
            raise ValueError(f"{cls.SECTION}{missing[0]} is missing")
        given = {name: kind for name, kind in known.items() if name in values}
        return cls(**{name: _read(name, values[name], kind) for name, kind in given.items()})

    def check_range(self, name: str, low: float, high: float = math.inf) -> None:
        """ValueError for a field outside [low, high]; to be called when the record is made."""
        value = getattr(self, name)
        if not low <= value <= high:
            allowed = f"at least {low}" if high == math.inf else f"from {low} to {high}"
            raise ValueError(f"{self.SECTION}{name} must be {allowed}, not {value}")


def kinds(cls: type) -> dict[str, Any]:
    """The type of each field of a record, by name, in order."""
    return _kinds(cls)


@cache
def _kinds(cls: type) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {f.name: hints[f.name] for f in fields(cls) if f.init}


def _has_default(f: Field[Any]) -> bool:
    return f.default is not MISSING or f.default_factory is not MISSING


def _read(name: str, value: Any, kind: Any) -> Any:
    """A value as JSON has it, as a field of that kind takes it."""
    for record in (kind, *get_args(kind)):
        if isinstance(record, type) and issubclass(record, Record):
            try:
                if isinstance(value, Mapping) and get_origin(kind) is not tuple:
                    return record.from_dict(value)
                if isinstance(value, list) and get_origin(kind) is tuple:
                    return tuple(record.from_dict(v) for v in value)
            except ValueError as error:
                # A config's sections name themselves.
                raise error if record.SECTION else ValueError(f"{name}.{error}") from None
    return tuple(value) if isinstance(value, list) else value


def _dump(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {name: _dump(v) for name, v in value.items()}
    return [_dump(v) for v in value] if isinstance(value, (tuple, list)) else value


def _plain(value: Any, kind: Any) -> Any:
    """JSON and people write 0 for 0.0 (and some -0.0); one stored form keeps hashes stable."""
    if kind is float or float in get_args(kind):
        if type(value) in (int, float):
            return _float(value)
        if isinstance(value, Mapping):
            return {k: _float(v) if type(v) in (int, float) else v for k, v in value.items()}
    return value


def _float(value: float) -> float:
    try:
        return value + 0.0
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _matches(value: Any, kind: Any) -> bool:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return isinstance(value, str) and value in arguments
    if origin is tuple:
        return isinstance(value, tuple) and all(_matches(v, arguments[0]) for v in value)
    if origin in (Union, UnionType):
        return any(_matches(value, k) for k in arguments)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return isinstance(value, Mapping) and all(
            _matches(k, arguments[0]) and _matches(v, arguments[1]) for k, v in value.items()
        )
    if kind is Any:
        return True
    return type(value) is kind if kind in (int, float, bool, str, NoneType) else isinstance(value, kind)


def _is_finite(value: Any) -> bool:
    values = value.values() if isinstance(value, Mapping) else (value,)
    return all(math.isfinite(v) for v in values if isinstance(v, float))


def _is_countable(value: Any) -> bool:
    """Whether a float holds the whole number: with others no ratio of it can be taken."""
    return not isinstance(value, int) or abs(value) <= 2**53


def _describe(kind: Any) -> str:
    origin, arguments = get_origin(kind), [k for k in get_args(kind) if k is not NoneType]
    if origin is Literal:
        return "one of " + ", ".join(arguments)
    if origin in (Union, UnionType):
        return " or ".join(map(_describe, arguments))
    if origin is tuple:
        return "a list of whole numbers" if arguments[0] is int else "a list of objects"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return "a JSON object of numbers" if arguments[1] is float else "a JSON object"
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    return words.get(kind, "a JSON object" if is_dataclass(kind) else getattr(kind, "__name__", str(kind)))


def shown(value: Any) -> str:
    """A value in a message: what came from a file may be of any length."""
    try:
        text = repr(value)
    except RecursionError:
        text = "a value nested too deep"
    return text if len(text) <= 80 else f"{text[:77]}..."
