"""What the benchmarks make of their measurements: medians, ratios, what has fallen. Nothing is timed."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from benchmarks import _machine, _suite, quality
from benchmarks.__main__ import main, names
from benchmarks._suite import SUITE, Entry, Table, compare
from benchmarks.quality import Target, Trial

LOOP = Entry("loop", by=("way",), gains=("times as fast",), costs=("times as long",))


def turn(seconds: float, fast: float, long: float) -> list[dict[str, object]]:
    return [
        {"way": "theirs", "seconds": 4.0, "times as fast": 1.0, "times as long": 1.0},
        {"way": "ours", "seconds": seconds, "times as fast": fast, "times as long": long},
    ]


@pytest.mark.parametrize(("now", "fails"), [(0.84, True), (0.86, False), (1.2, False)])
def test_a_ratio_that_fell_by_more_than_the_allowed_part_is_named(now, fails):
    fallen = compare({"ours": 5.0, "gone": 3.0}, {"ours": 5.0 * now, "new": 0.1})
    assert [line.startswith("ours: ") for line in fallen] == [True] * fails


def test_of_turns_the_median_counts_and_a_cost_counts_the_other_way_round():
    table = Table(LOOP, [turn(2.0, 2.0, 1.2), turn(1.0, 4.0, 1.0), turn(1.6, 2.5, 1.25)])
    assert table.rows()[1] == {"way": "ours", "seconds": 1.6, "times as fast": 2.5, "times as long": 1.2}
    assert table.shown()[1]["seconds"] == "1.6 (1 to 2)"
    assert table.ratios() == {
        "loop | ours | times as fast": 2.5,
        "loop | ours | times as long": pytest.approx(1 / 1.2),
    }


def test_rows_are_told_apart_by_all_of_the_named_columns():
    rows = [{"way": "ours", "threads": n, "times as fast": 2.0 + n} for n in (1, 2)]
    found = Table(Entry("loop", by=("way", "threads"), gains=("times as fast",)), [rows]).ratios()
    assert list(found.values()) == [3.0, 4.0]


@pytest.fixture
def measured(monkeypatch):
    """Sets what the next measurement tells."""

    def tell(*turns: Sequence[dict[str, object]]) -> None:
        tables = [Table(LOOP, turns)]
        monkeypatch.setattr(_suite, "measure", lambda minutes, only: (tables, []))

    monkeypatch.setattr(_machine, "roofline", lambda: _machine.Roofline(1.0, 2.0, 3.0))
    return tell


def test_what_was_kept_is_what_the_next_run_is_compared_with(measured, tmp_path, capsys):
    measured(turn(1.0, 5.0, 1.0))
    assert _suite.bench(folder=tmp_path) == 0
    kept = json.loads((tmp_path / f"{_machine.kind()}.json").read_text())
    assert kept["ratios"] == {"loop | ours | times as fast": 5.0}
    assert kept["roofline"] == {"float32": 1.0, "bfloat16": 2.0, "copy": 3.0}
    assert "| ours" in (tmp_path / f"{_machine.kind()}.md").read_text()
    assert _suite.check(folder=tmp_path) == 0
    measured(turn(1.0, 4.3, 1.0))
    assert _suite.check(folder=tmp_path) == 0
    measured(turn(1.0, 4.2, 1.0))
    assert _suite.check(folder=tmp_path) == 1
    assert "loop | ours | times as fast: 4.2, 16% below 5" in capsys.readouterr().out


def test_each_benchmark_has_its_turns_and_only_ratios_are_made_to_be_compared(
    measured, monkeypatch, tmp_path
):
    asked = []
    measure = _suite.measure
    monkeypatch.setattr(
        _suite, "_turn", lambda name, seconds: (asked.append(name) or turn(1.0, 5.0, 1.0), "")
    )
    once = Entry("once", by=("way",), turns=1)
    monkeypatch.setattr(_suite, "SUITE", (LOOP, once))
    tables, troubles = measure()
    assert asked == ["loop", "once", "loop", "loop"]
    assert ([len(table.turns) for table in tables], troubles) == ([3, 1], [])
    measured(turn(1.0, 5.0, 1.0))
    _suite.bench(folder=tmp_path)
    monkeypatch.setattr(_suite, "measure", measure)
    asked.clear()
    assert _suite.check(folder=tmp_path) == 0
    assert asked == ["loop"] * 3
    tables, troubles = measure(minutes=0)
    assert (tables, len(troubles)) == ([], 2)


def test_another_kind_of_machine_has_nothing_to_compare_with(measured, monkeypatch, tmp_path, capsys):
    measured(turn(1.0, 5.0, 1.0))
    _suite.bench(folder=tmp_path)
    capsys.readouterr()
    monkeypatch.setattr(_machine, "kind", lambda: "another-8-cores")
    measured(turn(1.0, 0.1, 1.0))
    assert _suite.check(folder=tmp_path) == 0
    told = capsys.readouterr().out
    assert told == "There is nothing to compare with: no figures of a machine of the kind another-8-cores.\n"


def test_the_suite_names_benchmarks_and_leaves_a_users_runs_alone(monkeypatch):
    assert {entry.name for entry in SUITE} <= set(names())
    monkeypatch.setenv("AECORE_CHECKPOINTS", "/elsewhere")
    assert "AECORE_CHECKPOINTS" not in _suite._environment()


def test_an_option_that_a_benchmark_does_not_know_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["training", "--keep", "trials.jsonl"])
    assert "training takes no --keep" in capsys.readouterr().err


def trial(*errors: float, limit: float = 60.0) -> Trial:
    """Epochs of ten seconds after five of starting."""
    first: dict[str, float | None] = {"at": 5.0, "cpu": 4.0, "error": None}
    epochs = [{"at": 15.0 + 10 * i, "cpu": 12.0 + 8 * i, "error": e} for i, e in enumerate(errors)]
    return Trial([first, *epochs], limit)


def test_a_quality_is_reached_by_the_first_epoch_that_is_as_good():
    found = trial(20.0, 13.0, 12.0).reached(13.0)
    assert found is not None
    assert (found.from_start, found.from_first_step, found.cpu, found.epochs) == (25.0, 20.0, 20.0, 2)
    assert trial(20.0, 13.1).reached(13.0) is None
    assert Trial([], 60.0).reached(13.0) is None


def test_a_row_says_how_much_longer_the_other_took_or_that_it_got_there_never():
    target = Target("post", 13.0)
    ours = [trial(12.0), trial(20.0, 12.0), trial(12.5)]
    slower = quality._row(target, "plain loop", [trial(20.0, 20.0, 12.9)] * 3, ours)
    assert (slower["reached"], slower["from start s"], slower["times ours"]) == ("3 of 3", 35.0, "2.33")
    never = quality._row(target, "Lightning", [trial(20.0, 14.0)], ours)
    assert (never["reached"], never["times ours"], never["best error"]) == ("0 of 1 in 60 s", "> 4.0", 14.0)


def test_a_kept_training_is_not_made_again(monkeypatch, tmp_path):
    made = []
    monkeypatch.setattr(quality, "_train", lambda way, *_: made.append(way) or trial(12.0))
    config = quality._published("post", seed=0)
    for keep, expected in ((tmp_path / "kept", 1), (tmp_path / "kept", 1), (None, 2)):
        found = quality.Trials(keep, None).make("plain loop", config, 13.0, 60.0)
        assert found is not None
        assert found.reached(13.0)
        assert len(made) == expected
    assert quality.Trials(None, minutes=-1).make("plain loop", config, 13.0, 60.0) is None
