import json
import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from aecore import files, store
from aecore.data import scaling
from aecore.files import StoreError
from aecore.models import build
from aecore.results import EpochRecord, Progress, Result, Score
from aecore.store import RunInfo, Unreadable, folders, names
from aecore.training.single import Training
from tests.samples import tiny_config, tiny_data

DATA = tiny_data()
CONFIG = tiny_config()
RESULT = Result(Score(1.5, 0.05), epochs=3, seconds=1.0, parameters=9)
RECORD = EpochRecord(1, {"loss": 0.5, "squared_error": 2.0}, {}, 1e-3, 100.0, 0.1)


def make_run(root: Path, name: str = "good", config=CONFIG, finished: bool = True) -> Path:
    path = store.create_run(config, name, root)
    weights = build(config.model, DATA.shape, 0).state_dict()
    store.save_weights(path, weights, DATA.shape, scaling("minus_one_one", DATA))
    store.append_history(path, RECORD)
    if finished:
        store.write_result(path, RESULT)
    return path


def listed(root: Path) -> dict[str, RunInfo | Unreadable]:
    return {run.key: run for run in store.list_runs(root)}


def test_a_run_written_is_the_run_read(tmp_path):
    training = Training(CONFIG, DATA)
    list(training)
    path = store.create_run(CONFIG, " A  name\nof two lines ", tmp_path)
    store.save_weights(path, training.model.state_dict(), DATA.shape, training.images.scaling)
    store.save_state(path, training.state())
    store.append_history(path, RECORD)
    store.write_result(path, RESULT)
    assert set(os.listdir(path)) == {
        "config.json",
        "weights.safetensors",
        "optimizer.safetensors",
        "history.jsonl",
        "result.json",
    }
    info = store.read_info(path)
    assert (info.config, info.name, info.result) == (CONFIG, "A name of two lines", RESULT)
    assert info.key == path.name
    assert info.has_weights
    run = store.load_run(path)
    assert (run.config, run.shape, run.scaling) == (CONFIG, DATA.shape, training.images.scaling)
    assert run.history == [RECORD]
    assert run.result == RESULT
    assert not run.model.training
    for name, tensor in training.model.state_dict().items():
        assert torch.equal(run.model.state_dict()[name], tensor)
    state = store.load_state(path)
    assert state.keys() == training.state().keys()
    for name, tensor in training.state().items():
        assert torch.equal(state[name], tensor)
        assert state[name].dtype == tensor.dtype


def test_weights_in_half_precision_load(tmp_path):
    config = tiny_config(model__code_activation="soft_threshold", model__hidden=(100,))
    weights = build(config.model, DATA.shape, 0).state_dict()
    whole, half = (store.create_run(config, "", tmp_path) for _ in range(2))
    scale = scaling("minus_one_one", DATA)
    store.save_weights(whole, weights, DATA.shape, scale)
    halves = {name: t.half() if t.is_floating_point() else t for name, t in weights.items()}
    store.save_weights(half, halves, DATA.shape, scale)
    assert (half / names.WEIGHTS).stat().st_size < 0.6 * (whole / names.WEIGHTS).stat().st_size
    run = store.load_run(half)
    assert {t.dtype for t in run.model.parameters()} == {torch.float32}
    x = DATA.test_images
    torch.testing.assert_close(run.encode(x), store.load_run(whole).encode(x), atol=5e-3, rtol=5e-2)


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = make_run(tmp_path)
    before = {name: (path / name).read_bytes() for name in os.listdir(path)}

    def fail(descriptor: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(files.os, "fsync", fail)
    other = build(CONFIG.model, DATA.shape, 1).state_dict()
    for write in (
        lambda: store.write_result(path, replace(RESULT, epochs=9)),
        lambda: store.save_weights(path, other, DATA.shape, scaling("minus_one_one", DATA)),
        lambda: store.rename_run(path, "other"),
        lambda: store.truncate_history(path, 0),
    ):
        with pytest.raises(OSError, match="no space"):
            write()
    assert {name: (path / name).read_bytes() for name in os.listdir(path)} == before


def spoil(name: str, content: bytes):
    def act(path: Path) -> None:
        (path / name).write_bytes(content)

    return act


def truncate(name: str, keep: float):
    def act(path: Path) -> None:
        content = (path / name).read_bytes()
        (path / name).write_bytes(content[: int(len(content) * keep)])

    return act


def set_config(**changes):
    def act(path: Path) -> None:
        values = json.loads((path / names.CONFIG).read_text())
        for dotted, value in changes.items():
            at, *keys = [values, *dotted.split("__")]
            for key in keys[:-1]:
                at = at[key]
            at[keys[-1]] = value
        (path / names.CONFIG).write_text(json.dumps(values))

    return act


def drop(name: str):
    return lambda path: (path / name).unlink()


DAMAGE = {
    "half the weights": (truncate("weights.safetensors", 0.5), "weights.safetensors is damaged"),
    "all but the last weight": (truncate("weights.safetensors", 0.999), "weights.safetensors is damaged"),
    "empty weights": (truncate("weights.safetensors", 0), "weights.safetensors is damaged"),
    "weights that are text": (spoil("weights.safetensors", b"hello " * 50), "weights.safetensors is damaged"),
    "no weights": (drop("weights.safetensors"), "weights.safetensors is missing"),
    "no config": (drop("config.json"), "there is no config.json, so this is not a run folder"),
    "empty config": (spoil("config.json", b""), "config.json can't be read"),
    "config of other bytes": (spoil("config.json", b"\xff\xfe\x00{}"), "config.json can't be read"),
    "half a config": (truncate("config.json", 0.5), "config.json can't be read"),
    "config that is a list": (spoil("config.json", b"[1]"), "config.json must hold a JSON object"),
    "deep config": (spoil("config.json", b"[" * 200_000), "config.json can't be read"),
    "config of wrong type": (
        set_config(config__model__latent_size="12"),
        "model.latent_size must be a whole",
    ),
    "config out of range": (set_config(config__train__epochs=0), "train.epochs must be from 1"),
    "config of unknown field": (set_config(config__model__depth=3), "unknown field model.depth"),
    "config of no config": (set_config(config=None), "config must be a JSON object"),
    "older format": (
        set_config(format=0),
        "has format 0, and this version reads 1; another version wrote it: train its settings again",
    ),
    "newer format": (
        set_config(format=2),
        "has format 2, and this version reads 1; a newer version wrote it: update the app to read it",
    ),
    "no format": (set_config(format=None), "format None"),
    "broken date": (set_config(created="yesterday"), "config.json can't be used"),
    "result of other bytes": (spoil("result.json", b"\xff\xff"), "result.json can't be read"),
    "result that is a number": (spoil("result.json", b"3"), "result.json must hold a JSON object"),
    "result without figures": (spoil("result.json", b"{}"), "result.json can't be used: test is missing"),
    "result of wrong type": (
        spoil(
            "result.json",
            b'{"test": {"squared_error": "3", "mse": 1}, "epochs": 1, "seconds": 1, "parameters": 1}',
        ),
        "result.json can't be used: test.squared_error must be a number, not '3'",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_folder_is_listed_with_its_reason_and_breaks_nothing(tmp_path, damage):
    good = make_run(tmp_path)
    bad = make_run(tmp_path, "bad")
    act, reason = DAMAGE[damage]
    act(bad)
    runs = listed(tmp_path)
    assert isinstance(runs[good.name], RunInfo)
    assert isinstance(runs[bad.name], Unreadable)
    assert reason in runs[bad.name].reason
    assert list(runs)[-1] == bad.name
    with pytest.raises(StoreError, match=reason.replace("(", r"\(")) as caught:
        store.load_run(bad)
    assert str(caught.value) == runs[bad.name].reason
    assert store.load_run(good).encode(DATA.test_images).shape == (20, 3)


@pytest.mark.parametrize("content", [b"", b"\xff", b"3", b"[]", b'{"status": "running"', b"[" * 200_000])
def test_no_run_is_lost_with_the_trainers_last_words(tmp_path, content):
    path = make_run(tmp_path)
    (path / names.PROGRESS).write_bytes(content)
    info = listed(tmp_path)[path.name]
    assert isinstance(info, RunInfo)
    assert info.progress == Progress()
    assert store.load_run(path).name == "good"


def line(**changes) -> bytes:
    """A third epoch's line with other values."""
    return json.dumps(RECORD.to_dict() | {"epoch": 3} | changes).encode() + b"\n"


@pytest.mark.parametrize(
    ("ending", "kept"),
    [
        (b'{"epoch": 2, "tr', 2),
        (b"3\n", 2),
        (line(epoch="2"), 2),
        (line(train={}), 2),
        (line(validation={"loss": 1.0}), 2),
        (line(train={"squared_error": math.nan}), 2),
        (b'{"epoch": 2}\n', 2),
        (line(depth=3), 3),
        (b"[" * 200_000, 2),
    ],
)
def test_history_ends_before_a_line_that_is_no_record(tmp_path, ending, kept):
    path = make_run(tmp_path)
    store.append_history(path, replace(RECORD, epoch=2))
    with (path / names.HISTORY).open("ab") as file:
        file.write(ending)
    assert [record.epoch for record in store.read_history(path)] == [1, 2, 3][:kept]
    store.truncate_history(path, 1)
    assert store.read_history(path) == [RECORD]
    assert (path / names.HISTORY).read_bytes().count(b"\n") == 1


def test_history_is_read_on_from_where_the_last_look_ended(tmp_path):
    path = make_run(tmp_path)
    records, end = store.read_history_from(path, 0)
    assert (records, end) == ([RECORD], store.history_size(path))
    assert store.read_history_from(path, end) == ([], end)
    store.append_history(path, replace(RECORD, epoch=2))
    with (path / names.HISTORY).open("ab") as file:
        file.write(line()[:20])
    later, end = store.read_history_from(path, end)
    assert [record.epoch for record in later] == [2]
    assert end == store.history_size(path) - 20


def test_history_of_other_bytes_is_one_sentence(tmp_path):
    path = make_run(tmp_path)
    (path / names.HISTORY).write_bytes(b"\xff\xfe")
    with pytest.raises(StoreError, match=r"history.jsonl can't be read"):
        store.load_run(path)
    assert isinstance(listed(tmp_path)[path.name], RunInfo)
    (path / names.HISTORY).unlink()
    assert store.load_run(path).history == []


def test_folders_from_nowhere_are_listed_and_files_and_hidden_folders_are_not(tmp_path):
    make_run(tmp_path)
    (tmp_path / "holiday photos").mkdir()
    (tmp_path / "holiday photos" / "a.jpg").write_bytes(b"x")
    (tmp_path / ".draft").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    runs = store.list_runs(tmp_path)
    assert [type(r) for r in runs] == [RunInfo, Unreadable]
    assert runs[1].key == "holiday photos"
    assert store.list_runs(tmp_path / "missing") == []


def test_a_folder_that_may_not_be_entered_is_listed(tmp_path, monkeypatch):
    good, closed = make_run(tmp_path), make_run(tmp_path, "closed")
    read = folders.read_header

    def refuse(path: Path, file: str):
        if path == closed:
            raise PermissionError(13, "Permission denied")
        return read(path, file)

    monkeypatch.setattr(folders, "read_header", refuse)
    found = listed(tmp_path)
    assert "Permission denied" in found[closed.name].reason
    assert isinstance(found[good.name], RunInfo)


@pytest.mark.parametrize(
    "other",
    [
        {"model__latent_size": 4},
        {"model__hidden": (8, 8)},
        {"model__family": "conv"},
        {"model__code_activation": "soft_threshold"},
    ],
)
def test_weights_of_another_shape_are_refused_in_one_sentence(tmp_path, other):
    path, foreign = make_run(tmp_path), make_run(tmp_path, config=tiny_config(**other))
    (path / names.WEIGHTS).write_bytes((foreign / names.WEIGHTS).read_bytes())
    with pytest.raises(StoreError, match="the weights do not fit the config") as caught:
        store.load_run(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {"shape": "[1, 6, 5]"},
        {"shape": "[1, 6, 5]", "scaling": "3"},
        {"shape": "[1, 6, 5]", "scaling": '{"mean": [0.5], "std": [0]}'},
        {"shape": "3", "scaling": '{"mean": [0.5], "std": [0.5]}'},
        {"shape": '["a", 6, 5]', "scaling": '{"mean": [0.5], "std": [0.5]}'},
        {"shape": "[1, 1000000, 1000000]", "scaling": '{"mean": [0.5], "std": [0.5]}'},
        {"shape": "[3, 6, 5]", "scaling": '{"mean": [0.5], "std": [0.5]}'},
    ],
)
def test_weights_with_foreign_metadata_are_refused_in_one_sentence(tmp_path, metadata):
    path = make_run(tmp_path)
    files.write_tensors(path / names.WEIGHTS, build(CONFIG.model, DATA.shape, 0).state_dict(), metadata)
    with pytest.raises(StoreError, match="the weights do not fit the config") as caught:
        store.load_run(path)
    assert "\n" not in str(caught.value)


def test_metadata_that_is_no_json_is_listed(tmp_path):
    path = make_run(tmp_path)
    files.write_tensors(path / names.WEIGHTS, {"a": torch.zeros(1)}, {"shape": "(1, 2"})
    assert "weights.safetensors is damaged" in listed(tmp_path)[path.name].reason


def test_a_run_before_its_first_epoch_is_listed_and_can_not_be_loaded(tmp_path):
    path = store.create_run(CONFIG, "young", tmp_path)
    info = listed(tmp_path)[path.name]
    assert isinstance(info, RunInfo)
    assert not info.has_weights
    assert info.result is None
    assert store.load_state(path) is None
    with pytest.raises(StoreError, match="young has no weights yet: its first epoch is not finished"):
        store.load_run(path)


def test_a_state_that_is_damaged_or_was_not_shipped_is_one_sentence(tmp_path):
    path = make_run(tmp_path)
    with pytest.raises(StoreError, match=r"optimizer.safetensors is missing, so .* can't be trained further"):
        store.load_state(path)
    (path / names.OPTIMIZER).write_bytes(b"short")
    with pytest.raises(StoreError, match=r"optimizer.safetensors is damaged"):
        store.load_state(path)


@pytest.mark.parametrize(
    "name", ["Zahlen / Ziffern", "../../etc", "<b>fett</b>", "日本語 🙂", "x" * 500, '"', "a\tb\nc"]
)
def test_any_name_can_be_given_and_stays_out_of_paths(tmp_path, name):
    path = store.create_run(CONFIG, name, tmp_path)
    assert path.parent == tmp_path
    shown = " ".join(name.split())[:120]
    assert store.read_info(path).name == shown
    store.rename_run(path, "plain")
    assert store.read_info(path).name == "plain"
    store.rename_run(path, f"  {name} ")
    info = store.read_info(path)
    assert info.name == shown
    assert (info.path, info.config) == (path, CONFIG)


def test_a_run_without_a_name_is_called_by_what_it_is_and_renaming_to_nothing_is_refused(tmp_path):
    path = store.create_run(CONFIG, "  ", tmp_path)
    assert "Digits" in store.read_info(path).name
    with pytest.raises(ValueError, match="a run's name can't be empty"):
        store.rename_run(path, " \n ")
    created = store.read_info(path).created
    store.rename_run(path, "new")
    assert store.read_info(path).created == created


def test_delete_removes_a_run_and_refuses_what_may_be_none(tmp_path):
    path, other = make_run(tmp_path), make_run(tmp_path)
    store.delete_run(path)
    assert list(store.all_folders(tmp_path)) == [other]
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.jpg").write_bytes(b"x")
    for wrong in (photos, tmp_path, tmp_path / "missing"):
        with pytest.raises(StoreError, match="not deleted, since it may not be a run"):
            store.delete_run(wrong)
    assert (photos / "a.jpg").exists()
    # Unreadable is not the same as not a run.
    (other / names.CONFIG).write_text("{")
    store.delete_run(other)
    assert list(store.all_folders(tmp_path)) == [photos]


def test_creators_of_the_same_config_get_folders_of_their_own(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda i: store.create_run(CONFIG, str(i), tmp_path), range(16)))
    assert len(set(paths)) == 16
    assert sorted(os.listdir(tmp_path)) == sorted(p.name for p in paths)
    assert sorted(store.read_info(p).name for p in paths) == sorted(str(i) for i in range(16))
    assert all(p.name.startswith("digits-mlp-8-3-s0-") for p in paths)


def test_runs_are_listed_newest_first(tmp_path, monkeypatch):
    times = iter((300.0, 100.0, 200.0))
    with monkeypatch.context() as patch:
        patch.setattr(folders.time, "time", lambda: next(times))
        paths = [store.create_run(CONFIG, name, tmp_path) for name in ("newest", "oldest", "middle")]
    assert len(paths) == 3
    assert [r.name for r in store.list_runs(tmp_path)] == ["newest", "middle", "oldest"]


def test_a_run_is_found_by_path_and_by_name_under_the_root(tmp_path, monkeypatch):
    path = make_run(tmp_path)
    monkeypatch.setenv("AECORE_CHECKPOINTS", str(tmp_path))
    assert store.checkpoints_root() == tmp_path
    for run in (path, str(path), path.name):
        assert store.find_run(run) == path
        assert store.load_run(run).path == path
    with pytest.raises(StoreError, match="there is no run 'other'"):
        store.find_run("other")


def test_the_stop_request_is_a_file_that_any_process_sees(tmp_path):
    path = make_run(tmp_path)
    assert not store.stop_requested(path)
    store.request_stop(path)
    store.request_stop(path)
    assert store.stop_requested(path)
    store.clear_requests(path)
    store.clear_requests(path)
    assert not store.stop_requested(path)


def test_listing_and_job_states_import_no_torch(tmp_path):
    make_run(tmp_path)
    code = (
        "import sys; from pathlib import Path; from aecore import jobs, store\n"
        f"runs = store.list_runs(Path({str(tmp_path)!r}))\n"
        "print(len(runs), jobs.status(runs[0]), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "finished", "False"]


def test_a_link_to_another_folder_is_neither_listed_nor_renamed_nor_deleted(tmp_path):
    elsewhere = make_run(tmp_path / "elsewhere", "theirs")
    root = tmp_path / "root"
    root.mkdir()
    link = root / "link"
    link.symlink_to(elsewhere)
    before = {name: (elsewhere / name).read_bytes() for name in os.listdir(elsewhere)}
    assert "link to another folder" in listed(root)["link"].reason
    with pytest.raises(StoreError, match="link to another folder"):
        store.rename_run(link, "mine now")
    with pytest.raises(StoreError, match="link to another folder: not deleted"):
        store.delete_run(link)
    with pytest.raises(StoreError, match="link to another folder"):
        store.load_run(link)
    assert os.listdir(root) == ["link"]
    assert {name: (elsewhere / name).read_bytes() for name in os.listdir(elsewhere)} == before


def test_files_that_are_links_are_neither_read_nor_written_through(tmp_path, monkeypatch):
    path, secret = make_run(tmp_path / "runs"), tmp_path / "secret"
    secret.write_text((path / names.RESULT).read_text())
    for name in (names.RESULT, names.HISTORY, names.LOG):
        (path / name).unlink(missing_ok=True)
        (path / name).symlink_to(secret)
    with pytest.raises(StoreError, match=r"result.json can't be read: it is a link, which is not followed"):
        store.read_result(path)
    with pytest.raises(StoreError, match=r"history.jsonl can't be read: it is a link"):
        store.read_history(path)
    with pytest.raises(OSError):
        store.append_history(path, RECORD)
    with pytest.raises(OSError):
        store.open_log(path)
    draft = path / "draft"
    draft.symlink_to(secret)
    monkeypatch.setattr(files, "draft_of", lambda path: draft)
    store.write_progress(path, Progress())
    assert store.read_progress(path) == Progress()
    assert json.loads(secret.read_text()) == RESULT.to_dict()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="This system has no named pipes.")
@pytest.mark.parametrize("name", [names.CONFIG, names.RESULT, names.WEIGHTS])
def test_a_pipe_in_the_place_of_a_file_is_told_at_once(tmp_path, name):
    path = make_run(tmp_path)
    (path / name).unlink()
    os.mkfifo(path / name)
    assert listed(tmp_path)[path.name].reason == f"{name} can't be read: it is no regular file"


def test_a_file_beyond_its_limit_is_not_read(tmp_path):
    path = make_run(tmp_path)
    for name, largest in ((names.RESULT, files.LARGEST_JSON), (names.WEIGHTS, files.LARGEST_TENSORS)):
        kept = (path / name).read_bytes()
        with (path / name).open("wb") as file:
            file.truncate(largest + 1)
        assert f"{name} can't be read: it has {largest + 1:,} bytes" in listed(tmp_path)[path.name].reason
        (path / name).write_bytes(kept)


def test_weights_are_compared_before_a_network_is_made(tmp_path, monkeypatch):
    path = make_run(tmp_path)
    set_config(config__model__hidden=[16384, 16384, 16384])(path)
    made = []
    monkeypatch.setattr(torch.nn.init, "kaiming_uniform_", lambda t, **_: made.append(t.device.type))
    with pytest.raises(StoreError, match="the weights do not fit the config: "):
        store.load_run(path)
    assert set(made) == {"meta"}


def test_weights_that_are_not_finite_are_refused(tmp_path):
    path = make_run(tmp_path)
    weights = build(CONFIG.model, DATA.shape, 0).state_dict()
    weights["encoder.1.bias"][0] = math.inf
    store.save_weights(path, weights, DATA.shape, scaling("minus_one_one", DATA))
    with pytest.raises(StoreError, match=r"encoder.1.bias holds values that are not finite"):
        store.load_run(path)


def test_a_bare_name_is_looked_up_in_the_run_root_alone(tmp_path, monkeypatch):
    root, here = tmp_path / "runs", tmp_path / "here"
    path = make_run(root)
    (here / path.name).mkdir(parents=True)
    (here / "pages").mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("AECORE_CHECKPOINTS", str(root))
    assert store.find_run(path.name) == path
    with pytest.raises(StoreError, match="there is no run 'pages'"):
        store.find_run("pages")
    assert store.find_run("./pages") == Path("pages")
    assert store.find_run(f"../runs/{path.name}").resolve() == path.resolve()


def test_whatever_one_folder_raises_becomes_its_reason(tmp_path, monkeypatch):
    good, bad = make_run(tmp_path), make_run(tmp_path, "bad")
    read = folders.read_header

    def fail(path: Path, file: str):
        if path == bad:
            raise ZeroDivisionError("never thought of")
        return read(path, file)

    monkeypatch.setattr(folders, "read_header", fail)
    found = listed(tmp_path)
    assert found[bad.name].reason == "it can't be read (ZeroDivisionError)"
    assert isinstance(found[good.name], RunInfo)


def test_a_name_of_half_characters_can_be_given_and_read_again(tmp_path):
    path = store.create_run(CONFIG, "half \ud800", tmp_path)
    assert store.read_info(path).name == "half ?"


def test_a_run_is_loaded_without_the_compiler(tmp_path):
    """Initial values of weights that have no memory would import it: seconds, and 160 MB of a server."""
    dictionary = {"model__family": "dictionary", "model__output_activation": "linear"}
    orthogonal = {"model__init": "orthogonal"}
    paths = [make_run(tmp_path, config=tiny_config(**values)) for values in (dictionary, orthogonal)]
    code = "import sys; from aecore import store\nfor path in sys.argv[1:]: store.load_run(path)\n"
    command = [sys.executable, "-c", f"{code}print({{'sympy', 'torch._dynamo'}} & set(sys.modules))"]
    done = subprocess.run([*command, *map(str, paths)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
