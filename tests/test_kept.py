"""What is kept on disk: read back as it was, never stale, never damaged, never more than its room."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

from aecore import kept
from aecore.kept import digest, kept_value
from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("AECORE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("AECORE_CACHE_MB", raising=False)
    return tmp_path / "cache" / "kept"


class Counted:
    """A computation that counts how often it is done."""

    def __init__(self, **arrays: np.ndarray) -> None:
        self.arrays, self.times = arrays, 0

    def __call__(self) -> dict[str, np.ndarray]:
        self.times += 1
        return self.arrays


def test_comes_back_as_it_was_and_is_computed_once():
    compute = Counted(
        codes=np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32),
        turned=np.arange(6.0).reshape(2, 3).T,
        numbers=np.array([1, 2, 3]),
        one=np.array(0.25),
        none=np.empty((0, 4), dtype=bool),
    )
    for _ in range(3):
        found = kept.kept("codes", digest("a run"), compute)
        assert found.keys() == compute.arrays.keys()
        for name, array in compute.arrays.items():
            assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
            np.testing.assert_array_equal(found[name], array)
    assert compute.times == 1


def test_another_origin_another_question_and_another_code_are_computed(monkeypatch):
    compute = Counted(x=np.zeros(1))
    kept.kept("codes", digest("a run"), compute)
    kept.kept("codes", digest("another run"), compute)
    kept.kept("units", digest("a run"), compute)
    monkeypatch.setattr(kept, "code_digest", lambda: "of a later version")
    kept.kept("codes", digest("a run"), compute)
    assert compute.times == 4


def test_digest_tells_values_shapes_types_and_places_apart():
    ones = np.ones(4, np.float32)
    parts = [
        ("ab", "c"), ("a", "bc"), ("abc",), ("1",), (1,), (1.0,), (True,),
        (ones,), (ones.reshape(2, 2),), (ones.view(np.int32),), (ones, ones), (ones.astype(np.float64),),
    ]  # fmt: skip
    assert len({digest(*some) for some in parts}) == len(parts)
    assert digest(np.arange(6).reshape(2, 3).T) == digest(np.arange(6).reshape(2, 3).T.copy())


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: whole[:-1],
        lambda whole: b"",
        lambda whole: whole[:10],
        lambda whole: whole[:-3] + bytes([whole[-3] ^ 1]) + whole[-2:],
        lambda whole: b"\xff" * len(whole),
    ],
    ids=["cut short", "empty", "a sum alone", "a flipped bit", "something else"],
)
def test_damaged_file_is_computed_again_and_mended(folder, damage):
    compute = Counted(x=np.arange(100.0))
    kept.kept("codes", digest("a run"), compute)
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    for _ in range(2):
        np.testing.assert_array_equal(kept.kept("codes", digest("a run"), compute)["x"], compute.arrays["x"])
    assert compute.times == 2
    assert file.read_bytes() == whole


def test_link_is_not_followed(folder, tmp_path):
    compute = Counted(x=np.arange(3.0))
    kept.kept("codes", digest("a run"), compute)
    (file,) = folder.iterdir()
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    kept.kept("codes", digest("a run"), compute)
    assert compute.times == 2
    assert not file.is_symlink()


def test_folder_that_can_not_be_written_costs_time_alone(monkeypatch, tmp_path):
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("AECORE_CACHE", str(tmp_path / "a file"))
    compute = Counted(x=np.arange(3.0))
    for _ in range(2):
        np.testing.assert_array_equal(kept.kept("codes", "a", compute)["x"], compute.arrays["x"])
    assert compute.times == 2


def test_room_is_bounded_and_what_was_longest_unused_goes(monkeypatch, folder):
    monkeypatch.setenv("AECORE_CACHE_MB", "1")
    compute = Counted(x=np.zeros(12_000))
    for number in range(20):
        kept.kept("codes", digest(number), compute)
        kept.kept("codes", digest(0), compute)
        time.sleep(0.002)  # Times of files are told apart by the system's clock alone.
        assert sum(file.stat().st_size for file in folder.iterdir()) <= 1_000_000
    before = compute.times
    kept.kept("codes", digest(0), compute)
    kept.kept("codes", digest(19), compute)
    assert compute.times == before == 20
    kept.kept("codes", digest(1), compute)
    assert compute.times == 21


def test_what_is_too_large_for_its_share_is_not_kept(monkeypatch, folder):
    monkeypatch.setenv("AECORE_CACHE_MB", "1")
    compute = Counted(x=np.zeros(20_000))
    for _ in range(2):
        kept.kept("codes", "a", compute)
    assert compute.times == 2
    assert not folder.exists()


WRITER = """
import sys
import numpy as np
from aecore.kept import digest, kept
for number in range(150):
    which = number % 6
    found = kept("codes", digest(which), lambda: {"x": np.full(8000, which)})
    assert (found["x"] == which).all() and len(found["x"]) == 8000
"""


def test_two_processes_may_write_and_make_room_at_once(monkeypatch, folder):
    # Room for four of the six, so that each keeps removing what the other reads.
    monkeypatch.setenv("AECORE_CACHE_MB", "0.52")
    command = [sys.executable, "-c", WRITER]
    both = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        assert process.communicate(timeout=120)[1] == ""
        assert process.returncode == 0
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 520_000
    assert not [file.name for file in folder.iterdir() if file.name.startswith(".")]


@dataclass(frozen=True)
class Inner:
    numbers: tuple[float, ...]
    words: list[str | None]


@dataclass(frozen=True)
class Outer:
    codes: torch.Tensor
    one: np.float32
    inner: dict[str, Inner]
    places: dict[int, bool]
    derived: int = field(default=0, init=False)


def test_value_comes_back_as_it_was(folder):
    value = Outer(
        codes=torch.arange(6.0).reshape(2, 3).T,
        one=np.float32(0.1),
        inner={"a": Inner((0.1, float("inf"), 1e-300), ["ä", None, ""]), "": Inner((), [])},
        places={3: True, -1: False},
    )
    made = kept_value("outer", "a", lambda: value, Outer, Inner)
    found = kept_value("outer", "a", pytest.fail, Outer, Inner)
    assert made is value
    assert found.codes.equal(value.codes)
    assert (found.one, type(found.one)) == (value.one, np.float32)
    assert (found.inner, found.places) == (value.inner, value.places)
    found.codes[0, 0] = 7
    assert kept_value("outer", "a", pytest.fail, Outer, Inner).codes.equal(value.codes)


def test_what_is_no_plain_value_is_refused(folder):
    for value in (object(), Inner((), []), {"a": {1, 2}}):
        with pytest.raises(TypeError, match="can't be kept"):
            kept_value("other", "a", lambda value=value: value)
    assert not folder.exists()
