"""What `import aecore` offers: names that load when they are used."""

import pytest

import aecore
from aecore import store


@pytest.mark.parametrize("name", aecore.__all__)
def test_every_name_is_there(name):
    assert getattr(aecore, name) is not None
    assert name in dir(aecore)


def test_another_name_is_not():
    with pytest.raises(AttributeError, match="no attribute 'train_all'"):
        aecore.train_all  # noqa: B018


def test_a_run_is_trained_into_a_folder_and_loaded(tmp_path):
    config = aecore.PRESETS["post"].with_values(
        {"data.name": "digits", "model.hidden": (8,), "train.epochs": 2, "train.device": "cpu"}
    )
    told = []
    run = aecore.train_run(config, "mine", tmp_path, threads=1, on_record=told.append)
    assert (run.name, run.config, run.history) == ("mine", config, told)
    assert run.path.parent == tmp_path
    assert run.result == store.read_result(run.path)
    assert run.result.test == aecore.evaluate(run, aecore.load_data("digits"))


def test_a_run_that_was_stopped_says_how_it_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr("aecore.jobs.worker.work", lambda *arguments: None)
    with pytest.raises(RuntimeError, match="was stopped; `python -m aecore resume` goes on"):
        aecore.train_run(aecore.Config(), root=tmp_path)
