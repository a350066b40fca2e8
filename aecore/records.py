"""Typed records: frozen dataclasses whose fields are checked when they are made, and JSON both ways.

Configs, results and whatever else stands in a file are such records, so that a field that is read has
been checked once, where it entered.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, ClassVar, Literal, Self, Union, get_args, get_origin, get_type_hints

Test = Callable[[Any], bool]


@dataclass(frozen=True)
class Record:
    """Base of the records. ValueError in one sentence for a field of another type or a number not finite."""

    SECTION: ClassVar[str] = ""
    """What stands before a field's name in messages, such as `model.`."""
    KNOWS_ALL_FIELDS: ClassVar[bool] = False
    """Whether `from_dict` refuses fields that it does not know; a newer version's are left out otherwise."""

    def __post_init__(self) -> None:
        this: type = type(self)
        for name, kind, is_usual, takes_floats, matches in _checks(this):
            value = getattr(self, name)
            if is_usual(value):
                continue
            if takes_floats and (plain := _plain(value)) is not value:
                object.__setattr__(self, name, value := plain)
            if not matches(value):
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
        this: type = cls
        known = _parts(this)
        if cls.KNOWS_ALL_FIELDS and (unknown := sorted(set(values) - set(known), key=str)):
            raise ValueError(f"unknown field {cls.SECTION}{unknown[0]}; allowed are {', '.join(known)}")
        if missing := [name for name in _required(this) if name not in values]:
            raise ValueError(f"{cls.SECTION}{missing[0]} is missing")
        given = {name: part for name, part in known.items() if name in values}
        return cls(**{name: _read(name, values[name], *part) for name, part in given.items()})

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


@cache
def _required(cls: type) -> tuple[str, ...]:
    return tuple(f.name for f in fields(cls) if f.init and not _has_default(f))


@cache
def _parts(cls: type) -> dict[str, tuple[type[Record] | None, bool]]:
    """By field: the record that its values are, or hold, and whether it takes a list of them."""
    found = {}
    for name, kind in kinds(cls).items():
        records = (k for k in (kind, *get_args(kind)) if isinstance(k, type) and issubclass(k, Record))
        found[name] = next(records, None), get_origin(kind) is tuple
    return found


def _read(name: str, value: Any, record: type[Record] | None, is_list: bool) -> Any:
    """A value as JSON has it, as its field takes it."""
    if record is not None:
        try:
            if isinstance(value, Mapping) and not is_list:
                return record.from_dict(value)
            if isinstance(value, list) and is_list:
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


def _plain(value: Any) -> Any:
    """JSON and people write 0 for 0.0 (and some -0.0); one stored form keeps hashes stable."""
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


@cache
def _checks(cls: type) -> tuple[tuple[str, Any, Test, bool, Test], ...]:
    """Of each field its name, its kind, what tells a value that needs no further look, whether the kind has
    floats in it, and what tells a value of the kind.

    Taken apart once a class: a folder of a thousand runs has some two hundred thousand values.
    """
    return tuple(
        (name, kind, _usual(kind), kind is float or float in get_args(kind), _matcher(kind))
        for name, kind in kinds(cls).items()
    )


def _usual(kind: Any) -> Test:
    """Tells most values that are good and stored as they are; the rest are looked at one by one."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        allowed = frozenset(arguments)
        return lambda value: type(value) is str and value in allowed
    if origin in (Union, UnionType):
        tests = tuple(map(_usual, arguments))
        return lambda value: any(is_usual(value) for is_usual in tests)
    if kind is float:
        return _is_usual_float
    if kind is int:
        return lambda value: type(value) is int and -(2**53) <= value <= 2**53
    if kind in (bool, str, NoneType) or is_dataclass(kind):
        return lambda value: type(value) is kind
    return lambda value: False


def _is_usual_float(value: Any) -> bool:
    if type(value) is not float:
        return False
    # Not -0.0, which is stored as 0.0.
    return 0.0 < value < math.inf or (value == 0.0 and math.copysign(1.0, value) > 0)


def _matcher(kind: Any) -> Test:
    """Tells whether a value is of a kind."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        allowed = frozenset(arguments)
        return lambda value: isinstance(value, str) and value in allowed
    if origin is tuple:
        of_each = _matcher(arguments[0])
        return lambda value: isinstance(value, tuple) and all(map(of_each, value))
    if origin in (Union, UnionType):
        matchers = tuple(map(_matcher, arguments))
        return lambda value: any(matches(value) for matches in matchers)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        of_keys, of_values = map(_matcher, arguments)
        return lambda value: (
            isinstance(value, Mapping) and all(map(of_keys, value)) and all(map(of_values, value.values()))
        )
    if kind is Any:
        return lambda value: True
    if kind in (int, float, bool, str, NoneType):
        return lambda value: type(value) is kind
    return lambda value: isinstance(value, kind)


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
