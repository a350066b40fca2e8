"""Records: what is made or read is checked, what is written is read back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import pytest

from aecore.records import Record


@dataclass(frozen=True)
class Inner(Record):
    size: int
    note: str = ""


@dataclass(frozen=True)
class Outer(Record):
    rate: float
    kind: Literal["a", "b"] = "a"
    widths: tuple[int, ...] = ()
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    terms: Mapping[str, float] = field(default_factory=dict)
    anything: Mapping[str, Any] = field(default_factory=dict)
    flag: bool = False


@dataclass(frozen=True)
class Strict(Record):
    SECTION: ClassVar[str] = "strict."
    KNOWS_ALL_FIELDS: ClassVar[bool] = True
    size: int = 1


WHOLE = Outer(
    2, "b", (3, 4), Inner(5, "x"), (Inner(6), Inner(7)), {"loss": 1, "l1": 0.5}, {"k": [1, "a", None]}, True
)


def test_a_record_is_read_back_as_it_was_written():
    values = WHOLE.to_dict()
    assert values["inner"] == {"size": 5, "note": "x"}
    assert values["many"] == [{"size": 6, "note": ""}, {"size": 7, "note": ""}]
    assert Outer.from_dict(values) == WHOLE
    assert type(WHOLE.rate) is type(WHOLE.terms["loss"]) is float


def test_fields_left_out_take_their_default_and_unknown_ones_are_a_newer_versions():
    assert Outer.from_dict({"rate": 1.0, "invented": 3}) == Outer(1.0)
    with pytest.raises(ValueError, match=r"unknown field strict\.invented; allowed are size"):
        Strict.from_dict({"invented": 3})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"rate": "1"}, "rate must be a number, not '1'"),
        ({"rate": True}, "rate must be a number, not True"),
        ({"rate": float("nan")}, "rate must be a finite number, not nan"),
        ({"rate": 10**400}, "rate must be a finite number, not inf"),
        ({"kind": "c"}, "kind must be one of a, b, not 'c'"),
        ({"widths": [1, 2.5]}, "widths must be a list of whole numbers"),
        ({"inner": 3}, "inner must be a JSON object, not 3"),
        ({"inner": {}}, "inner.size is missing"),
        ({"inner": {"size": "5"}}, "inner.size must be a whole number, not '5'"),
        ({"many": [{"size": 1}, {"size": None}]}, "many.size must be a whole number, not None"),
        ({"many": {"size": 1}}, "many must be a list of objects"),
        ({"terms": {"loss": "1"}}, "terms must be a JSON object of numbers"),
        ({"terms": {"loss": float("inf")}}, "terms must be a finite number"),
        ({"flag": 1}, "flag must be true or false, not 1"),
        ({"rate": "x" * 10_000}, "rate must be a number, not 'xxx"),
    ],
)
def test_what_is_of_another_kind_is_refused_in_one_short_sentence(change, says):
    with pytest.raises(ValueError) as caught:
        Outer.from_dict(WHOLE.to_dict() | change)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("values", [None, 3, "x", [1], [["rate", 1]]])
def test_what_is_no_object_is_refused(values):
    with pytest.raises(ValueError, match="must be a JSON object"):
        Outer.from_dict(values)


def test_a_missing_field_is_named():
    with pytest.raises(ValueError, match="rate is missing"):
        Outer.from_dict({})
