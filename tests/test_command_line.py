import io
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from aecore import jobs, store, trash
from aecore.__main__ import main
from aecore.command_flags import parse
from aecore.events import Request
from aecore.presets import PRESETS
from aecore.results import Progress
from aecore.store import names

TINY = ["--data.name", "digits", "--model.hidden", "8", "--model.latent-size", "3", "--threads", "1"]


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """A run root and a cache of this test alone."""
    for variable in ("AECORE_CHECKPOINTS", "AECORE_CACHE"):
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))


def lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def refusal(capsys, *arguments: str) -> str:
    """The one sentence on standard error of a command that must fail."""
    assert main(list(arguments)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("aecore: ")
    assert captured.err.count("\n") == 1
    assert "tyro" not in captured.err
    assert "╭" not in captured.err
    return captured.err.removeprefix("aecore: ").strip()


def test_train_evaluate_and_runs_tell_the_same_in_json(capsys, tmp_path):
    epochs = ["--train.epochs", "2", "--train.seed", "4", "--name", "mine"]
    assert main(["train", *TINY, *epochs, "--json"]) == 0
    first, second, last = lines(capsys.readouterr().out)
    for epoch, record in enumerate((first, second), 1):
        assert record["epoch"] == epoch
        assert {"train", "validation", "learning_rate", "images_per_second", "seconds"} <= set(record)
        assert record["train"]["loss"] > 0
    assert set(last["test"]) >= {"squared_error", "mse", "psnr"}
    assert last["seconds"] > 0
    run = last["run"]
    config = store.read_info(store.find_run(run)).config
    assert (config.train.seed, config.model.hidden, config.data.name) == (4, (8,), "digits")
    assert os.path.dirname(run) == os.environ["AECORE_CHECKPOINTS"]

    for name in (run, os.path.basename(run)):
        assert main(["evaluate", name, "--json"]) == 0
        (found,) = lines(capsys.readouterr().out)
        assert found["test"] == last["test"]
        assert found["pca"]["squared_error"] > 0

    assert main(["code", run, "--json"]) == 0
    (found,) = lines(capsys.readouterr().out)
    assert main(["code", run]) == 0
    assert capsys.readouterr().out == found["code"]
    assert "nn.Linear(in_features=8, out_features=3, bias=True)" in found["code"]

    assert main(["runs", "--json"]) == 0
    (row,) = lines(capsys.readouterr().out)
    assert (row["run"], row["name"], row["status"]) == (os.path.basename(run), "mine", "finished")
    assert row["squared_error"] == last["test"]["squared_error"]
    assert row["latent_size"] == 3

    # Nothing to resume in a run that has had its epochs.
    assert "has had all its 2 epochs" in refusal(capsys, "resume", run)


def test_people_get_sentences_and_tables(capsys):
    assert main(["train", *TINY, "--train.epochs", "1"]) == 0
    assert "squared error per image" in capsys.readouterr().out
    assert main(["runs"]) == 0
    line = capsys.readouterr().out
    assert "digits" in line
    assert "finished" in line
    assert main(["evaluate", store.list_runs()[0].key]) == 0
    assert "PCA with 3 components" in capsys.readouterr().out


def test_a_stopped_run_is_resumed_to_the_bits_of_never_stopping(capsys, monkeypatch):
    from aecore.jobs import worker

    epochs = ["--train.epochs", "2", "--json"]
    assert main(["train", *TINY, *epochs]) == 0
    whole = lines(capsys.readouterr().out)[-1]
    update = worker.Reporter.update
    # Ctrl-C in the middle of the second epoch.
    monkeypatch.setattr(
        worker.Reporter,
        "update",
        lambda self, **values: update(self, **values) or (values.get("epoch"), values.get("step")) == (1, 5),
    )
    assert main(["train", *TINY, *epochs]) == 130
    captured = capsys.readouterr()
    assert "python -m aecore resume" in captured.err
    path = captured.err.split("resume ")[1].split("`")[0]
    monkeypatch.setattr(worker.Reporter, "update", update)
    assert store.load_state(store.find_run(path))["position"].tolist() == [1, 5]
    # A stop request that is left over from before is not meant for the new process.
    store.request_stop(store.find_run(path))
    assert main(["resume", path, "--threads", "1", "--json"]) == 0
    *records, last = lines(capsys.readouterr().out)
    assert [r["epoch"] for r in records] == [2]
    assert last["test"] == whole["test"]
    one, two = (store.load_run(run["run"]).model.state_dict() for run in (whole, last))
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_branch_has_its_runs_settings_but_for_the_flags_and_is_replayed_to_the_same_bits(capsys):
    first = ["--train.epochs", "2", "--train.keep-weights", "all", "--loss.code-l1", "0.01", "--name", "mine"]
    assert main(["train", *TINY, *first, "--json"]) == 0
    run = lines(capsys.readouterr().out)[-1]["run"]
    changed = ["--train.epochs", "3", "--train.learning_rate", "5e-4"]
    # The run's name may stand after the flags.
    assert main(["branch", "--epoch", "1", *changed, "--threads", "1", "--json", run]) == 0
    *records, last = lines(capsys.readouterr().out)
    assert [r["epoch"] for r in records] == [2, 3]
    info = store.read_info(store.find_run(last["run"]))
    config = store.read_info(store.find_run(run)).config
    assert info.config == config.with_values({"train.epochs": 3, "train.learning_rate": 5e-4})
    assert (info.origin.run, info.origin.epoch) == (os.path.basename(run), 1)
    assert info.name == "mine, from epoch 1"

    assert main(["replay", last["run"], "--json"]) == 0
    comparison = lines(capsys.readouterr().out)[-1]
    assert comparison["of"] == last["run"]
    assert (comparison["same"], comparison["different"], comparison["largest_difference"]) == (True, [], 0.0)
    assert main(["replay", last["run"]]) == 0
    assert "the same weights to the bit" in capsys.readouterr().out

    # A run whose weights are others than its seed gives is told apart.
    weights = store.find_run(run) / names.WEIGHTS
    weights.write_bytes((store.find_run(last["run"]) / names.WEIGHTS).read_bytes())
    assert main(["replay", run, "--json"]) == 1
    comparison = lines(capsys.readouterr().out)[-1]
    assert not comparison["same"]
    assert comparison["largest_difference"] > 0


def test_a_run_at_work_is_changed_paused_and_continued():
    path = store.create_run(PRESETS["post"], "mine")
    own = {"pid": os.getpid(), "process_started": jobs.process_start(os.getpid()), "heartbeat": time.time()}
    store.write_progress(path, Progress("running", **own))
    assert main(["change", path.name, "train.learning-rate=5e-4", "loss.code_l1=0.001"]) == 0
    assert main(["pause", path.name]) == 0
    assert main(["continue", path.name, "--one-epoch"]) == 0
    assert main(["continue", path.name]) == 0
    assert [request for _, request in store.read_requests(path)] == [
        Request("change", {"train.learning_rate": 5e-4, "loss.code_l1": 0.001}),
        Request("pause"),
        Request("one_epoch"),
        Request("continue"),
    ]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["change", "mine", "train.learning_rate=1e-4"], "is not being trained now"),
        (["change", "mine", "train.learning_rate"], "it needs a value, FIELD=VALUE"),
        (["change", "mine", "train.learning_rate=much"], "a number is needed, not 'much'"),
        (["pause", "mine"], "is not being trained now"),
        (["continue", "nowhere"], "there is no run 'nowhere'"),
        (["replay", "mine"], "has not come to its end: resume it first"),
        (["branch", "mine", "--epoch", "3"], "has no weights of epoch 3: there are those of 0"),
        (["branch", "nowhere", "--epoch", "0"], "there is no run 'nowhere'"),
        (["branch", "mine"], "--epoch"),
        (["branch", "mine", "--epoch", "0", "--model.latent-size", "5"], "another model.latent_size changes"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else "",
)
def test_what_can_not_be_done_with_a_run_is_one_sentence(capsys, arguments, says):
    config = PRESETS["post"].with_values({"data.name": "digits"})
    path = store.create_run(config, "mine").rename(store.checkpoints_root() / "mine")
    assert says in refusal(capsys, *arguments)
    assert [run.path for run in store.list_runs()] == [path]
    assert not store.has_requests(path)


def test_a_preset_gives_the_start_and_flags_change_it(capsys, tmp_path):
    out = tmp_path / "elsewhere"
    arguments = [
        "train",
        "--data.name",
        "digits",
        "--train.epochs",
        "1",
        "--threads",
        "1",
        "--preset",
        "conv",
    ]
    assert (
        main([*arguments, "--out", str(out), "--model.latent_size", "5", "--model.hidden", "16", "--json"])
        == 0
    )
    capsys.readouterr()
    (info,) = store.list_runs(out)
    expected = PRESETS["conv"].with_values(
        {"data.name": "digits", "train.epochs": 1, "model.latent_size": 5, "model.hidden": (16,)}
    )
    assert info.config == expected
    assert main(["runs", "--out", str(out), "--json"]) == 0
    assert len(lines(capsys.readouterr().out)) == 1


COMMANDS = (
    *("train", "grid", "branch", "replay", "change", "pause", "continue", "resume"),
    *(
        "evaluate",
        "code",
        "export",
        "import",
        "runs",
        "delete",
        "trash",
        "datasets",
        "images",
        "encode",
        "app",
        "doctor",
    ),
)

REFUSED = [
    (["train", "--model.latent-size", "0"], "model.latent_size must be from 1 to 4096, not 0"),
    (["train", "--model.latent_size", "x"], "--model.latent-size: a whole number is needed, not 'x'"),
    (["train", "--train.learning-rate", "much"], "--train.learning-rate: a number is needed, not 'much'"),
    (["train", "--train.learning-rate", "nan"], "train.learning_rate must be a finite number, not nan"),
    (
        ["train", "--model.latentsize", "3"],
        "train has no flag --model.latentsize; did you mean --model.latent-size?",
    ),
    (["train", "--epochs=3"], "train has no flag --epochs; did you mean --train.epochs?"),
    (["grid", "--zzz", "3"], "grid has no flag --zzz; `python -m aecore grid --help` lists those it has"),
    (["trian"], "there is no command 'trian'; did you mean train?"),
    (["train", "--data.name", "imagenet"], "data.name must be one of digits, sprites, mnist"),
    (
        ["train", "--preset", "alexnet"],
        "there is no preset 'alexnet'; there are post, hinton, conv, dictionary",
    ),
    (["train", "--preset=alexnet"], "there is no preset 'alexnet'"),
    (["train", "--model.output-activation", "sigmoid"], "sigmoid gives values from 0 to 1"),
    (["train", "--train.weight-decay", "0.1"], "needs train.optimizer adamw or muon, not adam"),
    (["train", "--threads", "0", "--data.name", "digits"], "--threads must be at least 1, not 0"),
    (["resume", "nowhere"], "there is no run 'nowhere'"),
    (["evaluate", "nowhere"], "there is no run 'nowhere'"),
    (["resume"], "RUN"),
    (["fly"], f"there is no command 'fly'; there are {', '.join(COMMANDS)}"),
    (["datasets", "--download", "imagenet"], "imagenet"),
]


@pytest.mark.parametrize(
    ("arguments", "says"), REFUSED, ids=lambda v: " ".join(v) if isinstance(v, list) else ""
)
def test_what_can_not_be_is_one_sentence_and_leaves_nothing_behind(capsys, arguments, says):
    assert says in refusal(capsys, *arguments)
    assert store.list_runs() == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "--train.epochs", "x"], "--train.epochs: a whole number is needed, not 'x'"),
        (["train", "left.zip"], "Unrecognized options: left.zip"),
        (
            ["evaluate"],
            "Missing from python -m aecore evaluate: RUN Folder of the run, or its name among the runs. "
            "(required)",
        ),
        (
            ["train", "--model.family", "transformer"],
            "invalid choice 'transformer' for argument '--model.family'. Expected one of ('mlp', 'conv', "
            "'dictionary')",
        ),
    ],
)
@pytest.mark.parametrize(("encoding", "colours"), [("utf-8", False), ("utf-8", True), ("ascii", False)])
def test_the_whole_message_is_taken_out_of_tyros_box(monkeypatch, arguments, sentence, encoding, colours):
    output = io.TextIOWrapper(io.BytesIO(), encoding)
    output.isatty = lambda: colours
    monkeypatch.setattr(sys, "stdout", output)
    monkeypatch.setenv("TERM", "xterm")
    with pytest.raises(ValueError, match="says more") as refused:
        parse(arguments)
    assert str(refused.value) == f"{sentence}; `python -m aecore --help` says more"


def test_data_that_are_not_there_are_named_before_a_folder_is_made(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path))
    assert "USPS is not on this machine" in refusal(capsys, "train", "--data.name", "usps")
    assert store.list_runs() == []


def test_folders_that_can_not_be_read_are_listed_with_the_reason(capsys):
    path = store.create_run(PRESETS["post"])
    (path / names.CONFIG).write_text("{")
    assert main(["runs", "--json"]) == 0
    (row,) = lines(capsys.readouterr().out)
    assert row["status"] == "unreadable"
    assert "config.json can't be read" in row["reason"]
    assert "config.json can't be read" in refusal(capsys, "evaluate", str(path))


def test_datasets_says_what_is_ready_and_where_files_belong(capsys):
    assert main(["datasets", "--json"]) == 0
    rows = {row["name"]: row for row in lines(capsys.readouterr().out)}
    assert rows["digits"]["ready"]
    assert rows["sprites"]["shape"] == [1, 28, 28]
    assert {"mnist", "fashion_mnist", "kmnist", "usps", "svhn", "cifar10"} <= set(rows)
    assert os.environ["AECORE_DATA"] in rows["mnist"]["folder"]
    assert main(["datasets"]) == 0
    assert "MNIST" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["resume", "-h"]])
def test_help_is_readable(capsys, arguments):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert not end.value.code
    text = capsys.readouterr().out
    assert text.startswith("usage: python -m aecore")
    first = text.splitlines()[0]
    assert "|" not in first
    if arguments == ["train", "--help"]:
        # Every field of the config is a flag with its documentation and default.
        from aecore.config import field_paths

        for path in field_paths():
            assert f"--{path.replace('_', '-')}" in text
        assert "How many numbers the network squeezes an image into" in text
        assert "{None}" not in text
    elif "resume" not in arguments:
        for command in COMMANDS:
            assert command in text


def test_the_command_runs_as_a_module_and_listing_is_quick():
    command = [sys.executable, "-X", "importtime", "-m", "aecore", "runs"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert " torch" not in done.stderr


def test_a_variational_run_tells_its_bound_and_its_likelihood(capsys):
    small = ["--data.name", "digits", "--model.hidden", "16", "--train.epochs", "2", "--threads", "1"]
    assert main(["train", "--preset", "vae", *small, "--json"]) == 0
    *records, last = lines(capsys.readouterr().out)
    for part in ("train", "validation"):
        assert {"elbo", "reconstruction", "kl", "squared_error"} <= records[-1][part].keys()
    test = last["test"]
    assert test["elbo"] == pytest.approx(-(test["reconstruction"] + test["kl"]))
    assert main(["evaluate", last["run"], "--json"]) == 0
    (found,) = lines(capsys.readouterr().out)
    assert found["test"] == test
    assert found["log_likelihood"]["value"] > test["elbo"]
    assert found["log_likelihood"]["draws"] == 200
    assert main(["evaluate", last["run"]]) == 0
    said = capsys.readouterr().out
    assert f"ELBO {test['elbo']:.2f} nats" in said
    assert "nats by importance sampling with 200 draws" in said


def test_a_run_goes_to_the_trash_and_comes_back_or_is_gone(capsys, tmp_path):
    path = store.create_run(PRESETS["post"], "mine", tmp_path)
    at = ["--out", str(tmp_path)]
    assert main(["delete", path.name, *at]) == 0
    assert f"trash --restore {path.name} --out {tmp_path}` puts it back" in capsys.readouterr().out
    assert "there is no run" in refusal(capsys, "delete", path.name, *at)
    assert main(["trash", *at, "--json"]) == 0
    (row,) = lines(capsys.readouterr().out)
    assert (row["run"], row["name"]) == (path.name, "mine")
    assert row["bytes"] == sum(file.stat().st_size for file in (tmp_path / trash.FOLDER).rglob("*.json"))
    assert main(["trash", *at]) == 0
    assert capsys.readouterr().out.endswith("1 in all, 0.0 MB\n")
    assert main(["trash", "--restore", "mine", *at]) == 0
    assert capsys.readouterr().out == f"{path.name} is back\n"
    assert store.read_info(path).name == "mine"
    assert "can't be used together" in refusal(capsys, "trash", "--restore", "mine", "--empty", *at)
    assert "the trash holds nothing named 'mine'" in refusal(capsys, "trash", "--restore", "mine", *at)
    # What lies elsewhere would lie in a trash that nobody looks into.
    assert "does not lie in" in refusal(capsys, "delete", str(path))
    assert path.is_dir()
    main(["delete", path.name, *at])
    capsys.readouterr()
    assert main(["trash", "--empty", *at]) == 0
    assert capsys.readouterr().out == "1 deleted for good, 0.0 MB\n"
    assert os.listdir(tmp_path / trash.FOLDER) == []


def test_a_set_goes_to_the_same_trash_and_comes_back_or_is_gone(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("AECORE_CHECKPOINTS", str(tmp_path / "checkpoints"))
    np.save(tmp_path / "mine.npy", np.arange(4 * 64, dtype=np.uint8).reshape(4, 8, 8))
    assert main(["images", str(tmp_path / "mine.npy")]) == 0
    name = capsys.readouterr().out.strip()
    run = store.create_run(PRESETS["post"].with_values({"data.name": name}), "of mine")
    assert main(["datasets", "--delete", name]) == 0
    assert f"trash --restore {name}` puts it back" in capsys.readouterr().out
    assert f"the images {name} are in the trash" in refusal(capsys, "resume", run.name)
    main(["delete", run.name])
    capsys.readouterr()
    assert main(["trash", "--json"]) == 0
    first, second = lines(capsys.readouterr().out)
    assert (first["run"], second["set"], second["name"]) == (run.name, name, "mine")
    # About one run root it is about nothing else.
    assert main(["trash", "--out", str(tmp_path / "checkpoints"), "--json"]) == 0
    assert lines(capsys.readouterr().out) == [first]
    assert main(["trash", "--restore", name]) == 0
    assert capsys.readouterr().out == f"{name} is back\n"
    assert main(["datasets", "--delete", name, "--json"]) == 0
    assert lines(capsys.readouterr().out)[0]["set"] == name
    assert main(["trash", "--empty"]) == 0
    assert capsys.readouterr().out.startswith("2 deleted for good")
    assert list((tmp_path / "data" / "own" / trash.FOLDER).iterdir()) == []
