import json
import shutil

import pytest

from aecore import data as datasets
from aecore import jobs, store
from aecore.analysis import metrics
from aecore.analysis.probe import probe_index
from aecore.files import StoreError
from aecore.grid import Grid
from aecore.jobs import grid_worker
from aecore.results import Progress
from aecore.store import GridInfo, Unreadable, names
from tests.engines import InProcess
from tests.samples import tiny_config


def grid(**values) -> Grid:
    base = tiny_config(train__epochs=1, **values)
    return Grid(base, {"model.latent_size": [2, 3], "loss.code_l1": [0.0, 1e-3]})


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    path = store.create_grid(grid(), "mine", tmp_path_factory.mktemp("trained"))
    assert grid_worker.work(path, 1, engine=InProcess()) is not None
    return path


@pytest.fixture
def copy(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / trained.name)


def test_a_new_grid_is_a_folder_of_runs(tmp_path):
    path = store.create_grid(grid(), "  two\nlines ", tmp_path)
    assert path.name.startswith("grid-digits-mlp-8-")
    info = store.read_grid(path)
    assert isinstance(info, GridInfo)
    assert (info.name, info.key, info.result, info.progress) == ("two lines", path.name, None, Progress())
    assert info.grid == grid()
    assert info.config == grid().base
    assert info.members() == []
    for k, config in enumerate(info.grid.members):
        member = store.read_info(path / str(k))
        assert member.config == config
        assert member.key == info.member_key(k) == f"{path.name}/{k}"
    assert store.create_grid(grid(), "", tmp_path).name == f"{path.name}-2"
    assert [g.path.name for g in store.list_grids(tmp_path)] == [f"{path.name}-2", path.name]
    # A grid is no run, and hidden drafts are neither.
    assert store.list_runs(tmp_path) == []
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]
    assert store.list_grids(tmp_path / "missing") == []


def test_each_member_of_a_trained_grid_is_a_run_with_its_figures(trained):
    info = store.read_grid(trained)
    data = datasets.load("digits")
    assert [row.k for row in info.members()] == [0, 1, 2, 3]
    _, validation = data.split(info.config.data.validation_fraction, info.config.data.split_seed)
    for k, row in enumerate(info.members()):
        run = store.load_run(trained / str(k))
        assert run.config == info.grid.members[k]
        assert row.axes == info.grid.position_of(k)
        assert row.result == store.read_result(trained / str(k)) == run.result
        assert row.result.test == metrics.evaluate(run, data)
        assert row.validation == row.result.validation == run.history[-1].validation
        errors = metrics.errors_on(run, data.train_images[validation])
        assert row.validation["squared_error"] == pytest.approx(errors.mean().item(), rel=1e-5)
        expected = (errors.double().std() / len(errors) ** 0.5).item()
        assert row.result.validation_standard_error == pytest.approx(expected)
        assert row.result.parameters == sum(p.numel() for p in run.model.parameters())
        assert row.result.epochs == row.epochs == len(run.history) == 1
        assert row.result.code.units == run.latent_size
        pictures = store.read_pictures(trained / str(k))
        probe = data.test_images[probe_index(data)]
        assert pictures["code"].equal(run.encode(probe))
        assert pictures["reconstruction"].equal(
            (run.reconstruct(probe).clamp(0, 1) * 255).round().to(probe.dtype)
        )
    assert jobs.status(info) == "finished"
    assert jobs.status(store.read_info(trained / "0")) == "finished"


def test_a_kept_member_is_a_run_of_its_own(copy):
    path = store.keep_member(copy, 2)
    assert path.parent == copy.parent
    kept, member = store.load_run(path), store.load_run(copy / "2")
    assert kept.name == "mine: latent size 3, code l1 0"
    assert (kept.config, kept.history, kept.result) == (member.config, member.history, member.result)
    assert all(t.equal(member.model.state_dict()[n]) for n, t in kept.model.state_dict().items())
    assert [r.path for r in store.list_runs(copy.parent)] == [path]
    (copy / "1" / names.RESULT).unlink()
    (copy / "1" / names.WEIGHTS).unlink()
    with pytest.raises(StoreError, match="member 1 of mine has no weights yet"):
        store.keep_member(copy, 1)


def test_rename_and_delete(copy):
    store.rename_grid(copy, " other ")
    assert store.read_grid(copy).name == "other"
    with pytest.raises(ValueError, match="a grid's name can't be empty"):
        store.rename_grid(copy, " ")
    with pytest.raises(StoreError, match="not deleted"):
        store.delete_grid(copy / "0")
    with pytest.raises(StoreError, match="is a member of a grid: not deleted"):
        store.delete_run(copy / "0")
    store.delete_grid(copy)
    assert list(store.all_folders(copy.parent)) == []


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("grid.json", "{", "grid.json can't be read"),
        ("grid.json", "[]", "grid.json must hold a JSON object"),
        ("grid.json", '{"format": 99}', "grid.json has format 99, and this version reads 1; a newer"),
        ("grid.json", '{"format": 1}', "grid.json can't be used: a grid must be a JSON object"),
        ("grid.json", '{"format": 1, "base": {}, "axes": {"a.b": [1]}}', "there is no field 'a.b'"),
        ("grid.json", '{"format": 1, "base": {}, "axes": {"train.seed": [[]]}}', "train.seed must be"),
        ("grid.json", '{"format": 1, "base": {"loss": 1}, "axes": {}}', "loss must be a JSON object"),
        ("result.json", "{", "result.json can't be read"),
        ("result.json", "{}", "result.json can't be used: members is missing"),
        (
            "result.json",
            '{"members": [{"k": 9, "axes": {}}], "seconds": 1}',
            "names members that grid.json does not",
        ),
    ],
)
def test_a_damaged_grid_is_listed_with_the_reason_and_breaks_nothing_else(tmp_path, file, text, words):
    good = store.create_grid(grid(), "good", tmp_path)
    bad = store.create_grid(grid(), "bad", tmp_path)
    (bad / file).write_text(text)
    listed = store.list_grids(tmp_path)
    assert [g.path for g in listed] == [good, bad]
    assert isinstance(listed[1], Unreadable)
    assert words in listed[1].reason
    assert "\n" not in listed[1].reason
    with pytest.raises(StoreError, match=r"there is no grid\.json"):
        store.read_grid(good / "0")


def test_damaged_pictures_are_told_in_one_sentence(copy):
    (copy / "0" / names.PICTURES).write_bytes(b"x")
    with pytest.raises(StoreError, match=r"pictures\.safetensors is damaged"):
        store.read_pictures(copy / "0")
    (copy / "0" / names.PICTURES).unlink()
    assert store.read_pictures(copy / "0") is None


def test_stacks_are_read_back_whole_or_not_at_all(tmp_path):
    assert store.read_stacks(tmp_path) == []
    store.write_stacks(tmp_path, [[0, 2], [1]])
    assert store.read_stacks(tmp_path) == [[0, 2], [1]]
    (store.stack_path(tmp_path, 1) / names.MEMBERS).unlink()
    assert store.read_stacks(tmp_path) == []
    assert json.loads((store.stack_path(tmp_path, 0) / names.MEMBERS).read_text())["of"] == 2
