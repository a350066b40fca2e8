"""Whatever is given as images becomes a set or one sentence."""

import csv

import numpy as np
import pytest

from aecore import data
from aecore.own import sets
from aecore.own.build import Options, build, plan
from aecore.own.limits import SourceError
from aecore.own.opening import open_source
from tests.own.odd import READ, REFUSED, SKIPPED, all_cases

CASES = all_cases()


@pytest.fixture(autouse=True)
def own_data(tmp_path, monkeypatch):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "data"))


def test_there_are_enough_of_them():
    assert len(CASES) >= 200
    assert len({name for name, _, _ in CASES}) == len(CASES)


@pytest.mark.parametrize(("becomes", "make"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_it_becomes_a_set_or_one_sentence(becomes, make, tmp_path):
    (tmp_path / "source").mkdir()
    path, sentence = make(tmp_path / "source"), ""
    try:
        found = plan(open_source(path), Options())
        assert found.sheet
        assert all(image.shape == (found.channels, *found.size) for _, image in found.sheet)
        own = build(found)
    except SourceError as error:
        sentence = str(error)
    if sentence:
        assert becomes == REFUSED
        assert len(sentence) > 20
        assert "\n" not in sentence
        assert not [p for p in (tmp_path / "data").rglob("*") if p.is_file()]
        return
    assert becomes == (SKIPPED if own.skipped else READ)
    read = data.load(own.name)
    assert len(read.train_images) + len(read.test_images) == own.found - own.skipped
    assert read.shape == own.shape == read.test_images[0].shape
    assert len(sets.image_names(own)) == own.found - own.skipped
    skipped = list(csv.reader(sets.skipped_table(own).decode().splitlines()))[1:]
    assert len(skipped) == own.skipped
    assert all(name and reason for name, reason in skipped) or "empty name" in str(path)
    # Nothing is kept beyond the set, and nothing of the source was written anywhere else.
    assert [p.name for p in sets.own_root().iterdir()] == [own.name]
    assert not np.isnan(read.train_images.float().numpy()).any()
