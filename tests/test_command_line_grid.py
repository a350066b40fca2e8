import json
import sys

import pytest

from aecore import store
from aecore.__main__ import main
from aecore.commands import training
from aecore.jobs import grid_worker, process
from tests.engines import InProcess

TINY = ["--data.name", "digits", "--model.hidden", "8", "--train.epochs", "1", "--threads", "1"]


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """A run root and a cache of this test alone; stacks train in this process, which is quicker."""
    for variable in ("AECORE_CHECKPOINTS", "AECORE_CACHE"):
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))


@pytest.fixture
def in_process(monkeypatch):
    monkeypatch.setattr(grid_worker, "LocalEngine", InProcess)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "a grid needs axes"),
        (("--axis", "model.size=1,2"), "there is no field 'model.size' to make an axis of"),
        (("--axis", "model.latent_size=4,0"), "model.latent_size must be from 1 to 4096, not 0"),
        (
            ("--axis", "train.seed=" + ",".join(map(str, range(10_000)))),
            "the grid has 10,000 members; at most",
        ),
        (("--axis", "loss.code_l1=-1"), "loss.code_l1 must be at least 0, not -1.0"),
        (("--axis", "penalty=code_l1", "--axis", "strength=-1"), "strength must be a number of at least 0"),
        (
            ("--model.code-activation", "top_k", "--model.top-k", "8", "--axis", "model.latent_size=16,4"),
            "model.top_k is 8, but the code has only 4 units",
        ),
        (("--axis", "model.latent_size=2", "--axis", "model.latent-size=3"), "is given twice"),
        (("--axis", "model.latent_size"), "an axis is written NAME=VALUE,VALUE,..."),
        (("--axis", "model.latent_size=two"), "must be whole numbers, not 'two'"),
        (("--axis", "data.name=mnist,digits"), "data.name can't be an axis"),
    ],
)
def test_nonsense_is_refused_in_one_sentence_before_a_folder_is_made(capsys, tmp_path, arguments, words):
    assert main(["grid", *TINY, *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("aecore: ")
    assert words in captured.err
    assert captured.err.count("\n") == 1
    assert not list((tmp_path / "aecore_checkpoints").glob("*"))


def test_a_missing_ray_is_told_before_a_folder_is_made(capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main(["grid", *TINY, "--axis", "train.seed=0,1", "--engine", "ray"]) == 2
    assert "requirements-ray.txt" in capsys.readouterr().err
    assert not list((tmp_path / "aecore_checkpoints").glob("*"))


def test_resume_takes_an_engine_for_a_grid_and_for_nothing_else(capsys, in_process, monkeypatch):
    assert main(["grid", *TINY, "--axis", "train.seed=0,1", "--json"]) == 0
    grid = json.loads(capsys.readouterr().out.splitlines()[-1])["grid"]
    assert main(["resume", f"{grid}/0", "--engine", "ray"]) == 2
    assert "--engine ray is for grids" in capsys.readouterr().err
    got = []
    monkeypatch.setattr(training, "_engine", lambda *words: words)
    monkeypatch.setattr(
        training, "_work_grid", lambda path, threads, as_json, engine: got.append(engine) or 0
    )
    assert main(["resume", grid, "--engine", "ray", "--ray-address", "head:6379"]) == 0
    assert got == [("ray", "head:6379")]


def test_grid_in_json_then_evaluate_a_member_by_its_name(capsys, in_process):
    axes = ["--axis", "model.latent_size=2,4", "--axis", "loss.code_l1=0,1e-3"]
    assert main(["grid", *TINY, *axes, "--name", "mine", "--json"]) == 0
    *records, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert sorted((r["k"], r["epoch"]) for r in records) == [(k, 1) for k in range(4)]
    assert set(last) == {"grid", "members", "seconds"}
    assert [m["k"] for m in last["members"]] == [0, 1, 2, 3]
    assert last["members"][3]["axes"] == {"model.latent_size": 4, "loss.code_l1": 1e-3}
    assert last["seconds"] > 0
    info = store.list_grids()[0]
    assert str(info.path) == last["grid"]
    assert main(["evaluate", info.member_key(2), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["test"] == last["members"][2]["test"]
    assert main(["evaluate", f"{info.key}/9"]) == 2
    assert "there is no run" in capsys.readouterr().err
    run = store.create_run(info.grid.members[0], "alone")
    (info.path.parent / "other").mkdir()
    assert main(["runs", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row.get("grid") or row["run"] for row in rows] == [run.name, info.key, "other"]
    assert {name: rows[1][name] for name in ("name", "status", "data", "members", "members_done")} == {
        "name": "mine",
        "status": "finished",
        "data": "digits",
        "members": 4,
        "members_done": 4,
    }
    assert main(["resume", info.key]) == 2
    assert "mine has had all its epochs" in capsys.readouterr().err


def test_a_grid_in_words_stopped_and_resumed(capsys, in_process, monkeypatch):
    update = process.Reporter.update
    monkeypatch.setattr(
        process.Reporter,
        "update",
        lambda self, force=False, **v: update(self, force, **v) or "epoch" in v,
    )
    assert main(["grid", *TINY, "--axis", "train.learning_rate=1e-3,1e30", "--train.optimizer", "sgd"]) == 130
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "stopped; `python -m aecore resume" in captured.err
    assert main(["runs"]) == 0
    assert capsys.readouterr().out.rstrip().endswith("stopped  digits  mlp-8  0 of 2 members")
    monkeypatch.setattr(process.Reporter, "update", update)
    key = store.list_grids()[0].key
    assert main(["resume", key]) == 0
    good, bad = capsys.readouterr().out.splitlines()
    assert f"{key}/0: learning rate 0.001: squared error per image" in good
    assert "learning rate 1e+30: its loss was no longer finite in epoch 1" in bad
    assert not store.stop_requested(store.list_grids()[0].path)
