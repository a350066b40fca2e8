"""The Runs page: the table, the folders that can't be read, and what can be done with a run."""

import json
import os
import re
import sys
import time
from dataclasses import replace

import psutil
import pytest
from streamlit.testing.v1 import AppTest

from aecore import jobs, store
from aecore.access import Visitor
from aecore.events import Event
from aecore.results import Origin, Progress
from aecore.store import names
from pages.shared import settings_form, visitors
from pages.shared.plain import plain
from tests.pages.conftest import TINY, open_page

PAGE = "pages/train/runs/page.py"


def open_on(key):
    """The page with that run's line selected."""
    return open_page(PAGE, runs_selected=key)


def test_the_table_holds_the_run_with_its_figures(tiny_root, tiny_key):
    app = open_on(tiny_key)
    assert not app.exception
    (line,) = app.dataframe[0].value.to_dict("records")
    result = json.loads((tiny_root / tiny_key / names.RESULT).read_text())
    assert line["Name"] == "tiny"
    assert (line["Data"], line["Units"], line["Status"]) == ("Digits (8x8)", 6, "finished")
    assert line["Squared error"] == pytest.approx(result["test"]["squared_error"])
    assert (
        line["Parameters"] == result["parameters"] == 64 * 32 + 32 + 32 * 6 + 6 + 6 * 32 + 32 + 32 * 64 + 64
    )
    # PCA with 6 components of digits, from scikit-learn directly.
    from sklearn.decomposition import PCA

    from aecore.data import load

    data = load("digits")
    train, test = (x.flatten(1).double().numpy() / 255 for x in (data.train_images, data.test_images))
    pca = PCA(6, svd_solver="full").fit(train)
    error = ((pca.inverse_transform(pca.transform(test)) - test) ** 2).sum(1).mean()
    assert line["PCA"] == pytest.approx(error, rel=1e-4)


def test_details_show_every_setting_that_does_something(tiny_root, tiny_key):
    app = open_on(tiny_key)
    settings = {row["Setting"]: row["Value"] for row in app.dataframe[1].value.to_dict("records")}
    assert settings["Hidden layers"] == "32"
    assert settings["Units in the code"] == "6"
    assert "Convolutions" not in settings
    assert any(plain(tiny_root / tiny_key) in caption.value for caption in app.caption)


def test_folders_that_can_not_be_read_are_listed_with_the_reason(broken_root):
    app = open_page(PAGE)
    assert not app.exception
    reasons = {row["Folder"]: row["Reason"] for row in app.dataframe[-1].value.to_dict("records")}
    assert set(reasons) == {"truncated", "wrong-type", "no-weights", "from-nowhere"}
    assert "damaged" in reasons["truncated"]
    assert "whole number" in reasons["wrong-type"]
    assert "missing" in reasons["no-weights"]
    assert "not a run folder" in reasons["from-nowhere"]


def test_rename_changes_the_name_and_refuses_an_empty_one(tiny_root, tiny_key):
    app = open_on(tiny_key)
    app.text_input(f"runs_name_{tiny_key}_tiny").set_value("  ")
    next(b for b in app.button if b.label == "Rename").click().run()
    assert any("can't be empty" in error.value for error in app.error)
    app.text_input(f"runs_name_{tiny_key}_tiny").set_value("x" * 300)
    next(b for b in app.button if b.label == "Rename").click().run()
    assert [e.value for e in app.error] == ["Not renamed: a name has at most 120 characters, not 300."]
    app.text_input(f"runs_name_{tiny_key}_tiny").set_value("my <b>best</b>")
    next(b for b in app.button if b.label == "Rename").click().run()
    assert not app.exception
    assert store.read_info(tiny_root / tiny_key).name == "my <b>best</b>"
    assert app.dataframe[0].value["Name"].tolist() == ["my <b>best</b>"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a start that no clock moves")
def test_a_run_at_work_can_not_be_deleted_when_the_clock_is_set(tiny_root, tiny_key, monkeypatch):
    own, now = os.getpid(), time.time()
    at_work = Progress("running", pid=own, process_started=jobs.process_start(own), submitted=now)
    store.write_progress(tiny_root / tiny_key, replace(at_work, heartbeat=now))
    told = psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: told(process) + 2)
    app = open_on(tiny_key)
    assert app.button("runs_delete").disabled
    assert not app.button("runs_stop").disabled


def test_delete_asks_first(tiny_root, tiny_key):
    app = open_on(tiny_key)
    app.button("runs_delete").click().run()
    assert (tiny_root / tiny_key).is_dir()
    app.button("runs_delete_yes").click().run()
    assert not app.exception
    assert not (tiny_root / tiny_key).exists()
    assert "no run yet" in app.info[0].value


def test_what_was_deleted_is_put_back_at_once_or_from_the_trash(tiny_root, tiny_key):
    files = {file.name: file.read_bytes() for file in (tiny_root / tiny_key).iterdir() if file.is_file()}

    def delete() -> AppTest:
        app = open_on(tiny_key)
        app.button("runs_delete").click().run()
        app.button("runs_delete_yes").click().run()
        assert not app.exception
        assert any(text.value == "Deleted “tiny”." for text in app.markdown)
        return app

    app = delete()
    app.button("runs_undo").click().run()
    assert not app.exception
    assert [toast.value for toast in app.toast] == ["“tiny” is back."]
    assert app.dataframe[0].value["Name"].tolist() == ["tiny"]
    assert not [button for button in app.button if button.key == "runs_undo"]
    app = delete()
    app.button("runs_undo_no").click().run()
    assert not [button for button in app.button if button.key == "runs_undo"]
    (folded,) = (box for box in app.expander if box.label.startswith("Trash"))
    assert re.fullmatch(r"Trash: 1 run, \d+ kB", folded.label)
    # Its name is taken by now.
    store.create_run(TINY, "another", tiny_root)
    app.run().button("runs_trash_back").click().run()
    assert not app.exception
    assert set(app.dataframe[0].value["Name"]) == {"tiny", "another"}
    back = tiny_root / f"{tiny_key}-2"
    assert {file.name: file.read_bytes() for file in back.iterdir() if file.is_file()} == files


def test_the_trash_is_emptied_for_good_once_that_is_confirmed(tiny_root, tiny_key):
    store.delete_run(tiny_root / tiny_key)
    app = open_page(PAGE)
    app.button("runs_trash_empty").click().run()
    app.button("runs_trash_no").click().run()
    assert store.trashed(tiny_root)
    app.button("runs_trash_empty").click().run()
    app.button("runs_trash_yes").click().run()
    assert not app.exception
    assert store.trashed(tiny_root) == []
    assert not app.expander


def test_of_many_visitors_none_is_offered_what_is_in_anothers_trash(tiny_root, tiny_key, monkeypatch):
    store.delete_run(tiny_root / tiny_key)
    monkeypatch.setenv("AECORE_MODE", "class")
    monkeypatch.setattr(visitors, "current", lambda: Visitor("browser of somebody"))
    app = open_page(PAGE)
    assert not app.exception
    assert all(app.button(f"runs_trash_{key}").disabled for key in ("back", "remove", "empty"))
    assert any("belongs to the people who run this server" in caption.value for caption in app.caption)
    assert store.trashed(tiny_root)


def test_deletion_can_be_called_off(tiny_root, tiny_key):
    app = open_on(tiny_key)
    app.button("runs_delete").click().run()
    app.button("runs_delete_no").click().run()
    assert (tiny_root / tiny_key).is_dir()


def test_settings_go_into_train(tiny_root, tiny_key):
    app = open_on(tiny_key)
    app.button("runs_duplicate").click().run()
    # AppTest stays on the page of its last `switch_page`; the form's values are in the session already.
    app.switch_page("pages/train/train/page.py").run()
    assert not app.exception
    assert app.selectbox("train_data_name").value == "digits"
    assert app.text_input("train_model_hidden").value == "32"
    assert app.select_slider("train_model_latent_size").value == 6
    assert app.number_input("train_train_batch_size").value == TINY.train.batch_size
    assert app.session_state[settings_form.key("train", "train.epochs")] == TINY.train.epochs


def test_look_makes_it_the_chosen_run(tiny_root, tiny_key):
    app = open_on(tiny_key)
    app.button("runs_look").click().run()
    assert app.session_state["run"] == tiny_key


def test_a_stopped_run_can_be_resumed_and_one_without_weights_not_looked_at(tiny_root, tiny_key, monkeypatch):
    path = store.create_run(TINY, "stopped early", tiny_root)
    store.write_progress(path, Progress("stopped", heartbeat=1.0))
    resumed = []
    monkeypatch.setattr(jobs, "start", resumed.append)
    app = open_on(path.name)
    assert app.dataframe[0].value["Status"].tolist() == ["stopped, 0 of 3 epochs", "finished"]
    assert app.button("runs_look").disabled
    app.button("runs_resume").click().run()
    assert resumed == [path]


def test_a_damaged_history_is_said_and_breaks_nothing(tiny_root, tiny_key):
    (tiny_root / tiny_key / names.HISTORY).write_bytes(b"\xff\xfe\x00")
    app = open_on(tiny_key)
    assert not app.exception
    assert any("history" in error.value for error in app.error)


def test_a_changed_branch_shows_where_it_began_and_what_was_changed(tiny_root, tiny_key):
    path = tiny_root / tiny_key
    store.write_origin(path, Origin("gone", "an *old* run", "0" * 8, 2))
    store.append_event(path, Event(60, 2.6, "change", {"train.learning_rate": 5e-4, "loss.code_l1": 0.01}))
    app = open_on(tiny_key)
    assert not app.exception
    settings = {row["Setting"]: row["Value"] for row in app.dataframe[1].value.to_dict("records")}
    assert settings["Began with"] == "an *old* run, epoch 2"
    assert settings["Learning rate"] == "0.001, then 0.0005 from epoch 2.6"
    assert settings["Strength of L1"] == "0, then 0.01 from epoch 2.6"
    assert any("Began with the weights of an \\*old\\* run, epoch 2" in c.value for c in app.caption)


def test_every_kept_epoch_can_be_branched_from(tiny_root, tiny_key):
    app = open_on(tiny_key)
    (epochs,) = (box for box in app.selectbox if (box.key or "").startswith("runs_branch_epoch"))
    assert epochs.options == ["0, its initial weights", "3"]
    epochs.set_value(0).run()
    app.button("runs_branch").click().run()
    assert not app.exception
    assert app.session_state["train_branch"] == (tiny_key, 0)
    assert app.session_state["train_filled"] == TINY
    # Other settings that are put into the form begin with new weights again.
    app = open_page(PAGE, runs_selected=tiny_key, train_branch=settings_form.Branch(tiny_key, 0))
    app.button("runs_duplicate").click().run()
    assert app.session_state["train_branch"] is None
