"""The Train page: the form, what it refuses, the button, and how a training is shown."""

import json
import os
import time
from dataclasses import replace
from urllib.error import URLError

import pytest
from streamlit.testing.v1 import AppTest

from aecore import jobs, store
from aecore.config import PENALTIES, Config, DataConfig, LossConfig, ModelConfig, TrainConfig, field_paths
from aecore.data import DataNotFoundError
from aecore.events import Event, Request
from aecore.grid import Grid
from aecore.jobs import process
from aecore.presets import PRESETS
from aecore.results import Holder, Progress
from aecore.store import names
from pages.shared import settings_form, training_view
from pages.shared.plain import plain
from tests.pages.conftest import TINY, open_page

PAGE = "pages/train/train/page.py"
CONFIGS = [
    *PRESETS.values(),
    TINY,
    Config(
        data=DataConfig("sprites", "zero_one", 0.2, 7),
        model=ModelConfig(
            "conv", 37, (), (3, 5, 9), 5, "gelu", "top_k", top_k=3, output_activation="sigmoid", init="he"
        ),
        loss=LossConfig("bce", 3.3e-4, 5.5e-4, 1e-5, 1e-6, 1e-5, 1.0, 2.5),
        train=TrainConfig(
            3, 17, 0.0123, "sgd", 0.5, schedule="cosine", seed=5, device="cpu", precision="float64"
        ),
    ),
    Config(
        model=ModelConfig(
            "dictionary",
            2000,
            (500,),
            code_activation="soft_threshold",
            threshold=0.7,
            output_activation="linear",
            unit_norm=False,
        ),
        train=TrainConfig(optimizer="adamw", weight_decay=0.3),
    ),
    Config(
        model=ModelConfig(variational=True, output_std=0.0),
        loss=LossConfig(beta=4.0, free_bits=0.1, warmup_epochs=2.0),
    ),
]


def form_alone():
    """A script: puts the wanted config into a form, draws every field, reads it back."""
    import streamlit as st

    from aecore.config import PENALTIES, Config, field_paths
    from pages.shared import settings_form

    if "x_filled" not in st.session_state:
        settings_form.fill("x", Config.from_dict(st.session_state["wanted"]))
    settings_form.draw_preset("x")
    settings_form.draw_penalties("x")
    drawn = [p for p in field_paths() if p.split(".")[1] not in PENALTIES]
    settings_form.draw_fields("x", drawn, columns=2)
    st.session_state["got"] = settings_form.read("x").to_dict()


@pytest.mark.parametrize("config", CONFIGS)
def test_form_gives_back_what_was_filled_in(config):
    app = AppTest.from_function(form_alone, default_timeout=60)
    app.session_state["wanted"] = config.to_dict()
    for _ in range(2):
        app.run()
        assert not app.exception
        assert Config.from_dict(app.session_state["got"]) == config


def test_every_field_can_be_set_and_its_doc_is_the_tooltip(empty_root):
    seen = set()
    variants = (
        {},
        {"model.family": "conv"},
        {"model.family": "dictionary", "model.output_activation": "linear"},
        {"model.code_activation": "soft_threshold"},
        {"model.init": "normal"},
        {"model.code_activation": "top_k"},
        {"train.optimizer": "sgd"},
        {"train.optimizer": "adamw"},
        {"train.optimizer": "muon"},
        {"train.corruption": "masking"},
        {"model.variational": True},
        {f"loss.{name}": 1e-4 for name in PENALTIES},
    )
    for values in variants:
        app = AppTest.from_function(form_alone, default_timeout=60)
        app.session_state["wanted"] = Config().with_values(values).to_dict()
        app.run()
        widgets = [
            *app.selectbox, *app.select_slider, *app.number_input, *app.text_input, *app.toggle,
            *app.segmented_control,
        ]  # fmt: skip
        for path in field_paths():
            for widget in widgets:
                if widget.key == settings_form.key("x", path):
                    seen.add(path)
                    doc = settings_form.in_words(settings_form.field_docs()[path])
                    assert path == "data.name" or widget.help == doc
    assert seen == set(field_paths())


def test_muon_can_be_chosen_and_has_a_weight_decay_but_no_momentum():
    app = AppTest.from_function(form_alone, default_timeout=60)
    app.session_state["wanted"] = Config().with_values({"train.optimizer": "muon"}).to_dict()
    app.run()
    (chosen,) = [
        widget
        for widget in (*app.selectbox, *app.segmented_control)
        if widget.key == settings_form.key("x", "train.optimizer")
    ]
    assert chosen.value == "muon"
    assert "Muon" in chosen.options
    numbers = {widget.key for widget in app.number_input}
    assert settings_form.key("x", "train.weight_decay") in numbers
    assert settings_form.key("x", "train.momentum") not in numbers


def test_a_preset_resets_every_field_and_keeps_the_data_set(empty_root):
    app = open_page(PAGE)
    app.selectbox("train_data_name").select("digits").run()
    app.number_input("train_train_seed").set_value(9).run()
    app.segmented_control("train_preset").select("hinton").run()
    assert app.select_slider("train_model_latent_size").value == 30
    assert app.text_input("train_model_hidden").value == "1000, 500, 250"
    assert app.number_input("train_train_seed").value == 0
    assert app.selectbox("train_data_name").value == "digits"
    assert any("parameters" in caption.value for caption in app.caption)


def test_the_depth_fills_the_list_of_hidden_layers_which_stays_editable(empty_root):
    app = open_page(PAGE)
    hidden, depth = app.text_input("train_model_hidden"), app.slider("train_depth")
    assert (hidden.value, depth.value, app.segmented_control("train_widths").value) == (
        "128, 64",
        2,
        "tapered",
    )
    depth.set_value(3).run()
    assert app.text_input("train_model_hidden").value == "128, 58, 26"
    app.segmented_control("train_widths").select("constant").run()
    assert app.text_input("train_model_hidden").value == "128, 128, 128"
    app.text_input("train_model_hidden").set_value("50, 40, 30, 20").run()
    assert app.slider("train_depth").value == 4
    assert app.text_input("train_model_hidden").value == "50, 40, 30, 20"
    app.slider("train_depth").set_value(0).run()
    assert app.text_input("train_model_hidden").value == ""
    app.slider("train_depth").set_value(1).run()
    assert app.text_input("train_model_hidden").value == "128"
    assert not app.exception


def test_a_dictionary_makes_the_output_linear(empty_root):
    app = open_page(PAGE)
    app.segmented_control("train_model_family").select("dictionary").run()
    assert app.selectbox("train_model_output_activation").value == "linear"
    assert not app.button("train_start").disabled


@pytest.mark.parametrize(
    ("widget", "key", "nonsense", "sentence"),
    [
        ("text_input", "train_model_hidden", "128, many", "takes whole numbers with commas"),
        ("text_input", "train_model_hidden", "0", "every width is from 1"),
        ("text_input", "train_model_hidden", "-5 . 3", "'-5'"),
        ("number_input", "train_train_epochs", 0, "“Epochs” must be from 1"),
        ("number_input", "train_train_epochs", None, "“Epochs” is empty"),
        ("number_input", "train_train_batch_size", -3, "“Batch size” must be from 1"),
        ("number_input", "train_train_learning_rate", 0.0, "“Learning rate” must be above 0"),
        ("number_input", "train_train_seed", 2**40, "“Seed” must be from 0"),
        ("number_input", "train_data_validation_fraction", 0.9, "“Validation fraction” must be from 0"),
        ("selectbox", "train_data_normalization", "zero_one", "“Output activation” tanh"),
        ("selectbox", "train_loss_reconstruction", "bce", "needs probabilities"),
    ],
)
def test_nonsense_is_refused_in_one_sentence_and_kept(empty_root, widget, key, nonsense, sentence):
    app = open_page(PAGE)
    app.selectbox("train_data_name").select("digits").run()
    assert not app.button("train_start").disabled
    before = getattr(app, widget)(key).value
    getattr(app, widget)(key).set_value(nonsense).run()
    assert not app.exception
    (error,) = app.error
    assert sentence in error.value
    assert app.button("train_start").disabled
    kept = getattr(app, widget)(key).value
    assert kept == nonsense
    getattr(app, widget)(key).set_value(before).run()
    assert not app.error
    assert not app.button("train_start").disabled


def test_settings_outlive_a_page_switch(empty_root):
    app = open_page(PAGE)
    app.text_input("train_model_hidden").set_value("99, 33").run()
    app.switch_page("pages/home/page.py").run()
    app.switch_page(PAGE).run()
    assert app.text_input("train_model_hidden").value == "99, 33"


def test_train_submits_what_the_form_says(empty_root, monkeypatch):
    submitted = []
    monkeypatch.setattr(jobs, "submit", lambda config, name: submitted.append((config, name)))
    app = open_page(PAGE)
    app.selectbox("train_data_name").select("digits").run()
    app.pills("train_penalties").select("code_l1").run()
    app.select_slider("train_loss_code_l1").set_value(0.02).run()
    app.text_input("train_name").set_value("mine").run()
    app.button("train_start").click().run()
    wanted = Config().with_values({"data.name": "digits", "loss.code_l1": 0.02})
    assert submitted == [(wanted, "mine")]


def test_a_root_that_can_not_be_written_is_one_sentence(empty_root, monkeypatch):
    def refuse(config, name):
        raise PermissionError(13, "Permission denied", str(empty_root))

    monkeypatch.setattr(jobs, "submit", refuse)
    app = open_page(PAGE)
    app.selectbox("train_data_name").select("digits").run()
    app.button("train_start").click().run()
    assert not app.exception
    assert "Permission denied" in app.toast[0].value


def at_work(root, config=TINY, **progress):
    """A run that looks as if this process were training it."""
    path = store.create_run(config, "at work", root)
    seem_at_work(path, **progress)
    return path


def seem_at_work(path, **progress):
    """Makes the run or grid in a folder look as if this process were training it."""
    own = os.getpid()
    values = {"status": "running", "pid": own, "process_started": jobs.process_start(own)}
    values |= {"submitted": time.time(), "heartbeat": time.time(), "device": "cpu", "threads": 1}
    values |= {"epoch": 1, "step": 5, "steps": 20, "epochs": 3, "images_per_second": 1000.0}
    store.write_progress(path, Progress(**{**values, "seconds_left": 75.0, **progress}))


def test_a_running_job_is_shown_and_the_button_says_queue(empty_root):
    path = at_work(empty_root)
    app = open_page(PAGE)
    assert not app.exception
    assert app.button("train_start").label == "Queue"
    texts = " ".join(caption.value for caption in app.caption)
    assert "1,000 images a second on the CPU" in texts
    bars = [element.proto.text for element in app.get("progress")]
    assert any("Epoch 2 of 3" in text and "5 of 20" in text for text in bars)
    assert any("1:15 left" in text for text in bars)
    assert app.sidebar.button("sidebar_stop").label == "Stop"
    app.button("train_stop").click().run()
    assert store.stop_requested(path)
    assert app.button("train_stop").disabled


@pytest.fixture
def asked(monkeypatch):
    """What the page asks of a run, instead of asking it."""
    asked = []
    for name in ("change", "pause", "go_on", "train_one_epoch"):
        monkeypatch.setattr(jobs, name, lambda path, *more, name=name: asked.append((name, path, *more)))
    return asked


def change_field(app, field):
    (found,) = (widget for widget in app.number_input if f"_{field}_" in (widget.key or ""))
    return found


def test_a_running_job_can_be_paused_and_trained_epoch_by_epoch(empty_root, asked):
    path = at_work(empty_root)
    app = open_page(PAGE)
    app.button("train_pause").click().run()
    app.button("train_one_epoch").click().run()
    assert asked == [("pause", path), ("train_one_epoch", path)]
    assert not app.exception


def test_a_paused_job_is_called_so_everywhere_and_goes_on(empty_root, asked):
    path = at_work(empty_root, status="paused", epoch=1, step=0)
    app = open_page(PAGE)
    assert not app.exception
    assert any("Paused after epoch 1; it keeps the CPU" in caption.value for caption in app.caption)
    assert any("Paused" in text.value and "at work" in text.value for text in app.sidebar.markdown)
    bars = [element.proto.text for element in app.get("progress")]
    assert "epoch 2 of 3 · paused" in bars
    assert not app.button("train_stop").disabled
    app.button("train_continue").click().run()
    app.sidebar.button("sidebar_continue").click().run()
    assert asked == [("go_on", path)] * 2
    app = open_page("pages/train/runs/page.py", runs_selected=path.name)
    assert app.dataframe[0].value["Status"].tolist() == ["paused, 1 of 3 epochs"]
    app.button("runs_continue").click().run()
    assert asked[2:] == [("go_on", path)]


def test_what_is_applied_is_what_differs_from_what_is_in_force(empty_root, asked):
    path = at_work(empty_root, TINY.with_values({"loss.weight_l2": 1e-5}))
    store.append_event(path, Event(3, 0.15, "change", {"train.learning_rate": 5e-4}))
    # One that lies ahead of the step reached: the steps are done for the second time.
    store.append_event(path, Event(500, 25.0, "change", {"train.learning_rate": 9e-4}))
    app = open_page(PAGE)
    rate = change_field(app, "train.learning_rate")
    assert rate.value == 5e-4
    assert change_field(app, "loss.weight_l2").value == 1e-5
    rate.set_value(2e-4)
    change_field(app, "loss.code_l1").set_value(0.01)
    app.button("train_apply").click().run()
    assert asked == [("change", path, {"train.learning_rate": 2e-4, "loss.code_l1": 0.01})]
    assert not app.exception
    assert not app.error


def test_a_change_takes_effect_in_the_folder_and_is_told(empty_root):
    path = at_work(empty_root)
    app = open_page(PAGE)
    change_field(app, "train.learning_rate").set_value(2e-4)
    app.button("train_apply").click().run()
    ((_, request),) = store.read_requests(path)
    assert request == Request("change", {"train.learning_rate": 2e-4})
    assert any("Asked for, from the next step on: learning rate 0.0002" in c.value for c in app.caption)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("train.learning_rate", 0.0, "“Learning rate” must be above 0, not 0.0"),
        ("loss.code_l1", -1.0, "“Strength of L1” must be at least 0, not -1.0"),
        ("loss.code_l1", 0.0, "These values are in force already."),
    ],
)
def test_a_change_that_can_not_be_is_one_sentence_and_asks_for_nothing(empty_root, field, value, says):
    path = at_work(empty_root)
    app = open_page(PAGE)
    change_field(app, field).set_value(value)
    app.button("train_apply").click().run()
    assert not app.exception
    assert [error.value for error in app.error] == [says]
    assert not store.has_requests(path)


def test_changes_are_marked_on_the_curves_of_a_run_that_is_done(tiny_root, tiny_key):
    path = store.find_run(tiny_key)
    store.append_event(path, Event(30, 1.25, "change", {"train.learning_rate": 5e-4}))
    app = open_page(PAGE)
    assert not app.exception
    assert any("from epoch 1.25 learning rate 0.0005" in caption.value for caption in app.caption)
    specs = [element.proto.spec for element in app.get("vega_lite_chart")]
    assert sum("learning rate 0.0005" in spec for spec in specs) == 2


def test_damaged_events_are_a_sentence_and_the_curves_are_still_there(tiny_root, tiny_key):
    (store.find_run(tiny_key) / names.EVENTS).write_text("{}\n")
    app = open_page(PAGE)
    assert not app.exception
    assert "line 1 of events.jsonl" in plain_text(app.error[0].value)
    assert len(app.get("vega_lite_chart")) == 2


def plain_text(markdown):
    return markdown.replace("\\", "")


def test_a_branch_starts_from_the_weights_it_names(tiny_root, tiny_key, monkeypatch):
    started = []
    monkeypatch.setattr(jobs.control, "start", started.append)
    app = open_page("pages/train/runs/page.py", runs_selected=tiny_key)
    app.button("runs_branch").click().run()
    app.switch_page(PAGE).run()
    assert not app.exception
    line = next(text.value for text in app.markdown if "Begins with the weights of" in text.value)
    assert "**tiny**, epoch 3" in line
    assert "moments go on as they were" in line
    assert app.number_input("train_train_epochs").value == 8
    app.number_input("train_train_learning_rate").set_value(5e-4).run()
    app.button("train_start").click().run()
    assert not app.exception
    (path,) = started
    info = store.read_info(path)
    assert (info.origin.run, info.origin.epoch, info.origin.moments) == (tiny_key, 3, True)
    assert info.config == TINY.with_values({"train.epochs": 8, "train.learning_rate": 5e-4})
    assert info.name == "tiny, from epoch 3"


def test_a_branch_of_other_sizes_is_one_sentence_until_new_weights_are_taken(tiny_root, tiny_key):
    app = open_page(PAGE, train_branch=settings_form.Branch(tiny_key, 0), **filled_form(TINY))
    assert not app.error
    assert any("its initial weights" in text.value for text in app.markdown)
    app.text_input("train_model_hidden").set_value("16").run()
    assert "which another “Hidden layers” changes" in app.error[0].value
    assert app.button("train_start").disabled
    app.button("train_leave_branch").click().run()
    assert not app.error
    assert not app.button("train_start").disabled


def test_a_branch_of_a_run_that_is_gone_says_so(tiny_root, tiny_key):
    app = open_page(PAGE, train_branch=settings_form.Branch("gone", 1), **filled_form(TINY))
    assert not app.exception
    assert "there is no run 'gone'" in plain_text(app.error[0].value)
    assert app.button("train_start").disabled


def filled_form(config):
    """The session of a Train page whose form holds a config without penalties."""
    session = {"train_filled": config, "train_penalties": [], "train_preset": "post"}
    for path in field_paths():
        value = config.get(path)
        text = ", ".join(map(str, value)) if isinstance(value, tuple) else value
        session[settings_form.key("train", path)] = text
    return session


def test_the_same_settings_are_not_queued_twice(empty_root, monkeypatch):
    at_work(empty_root, TINY)
    submitted = []
    monkeypatch.setattr(jobs, "submit", lambda *a: submitted.append(a))
    app = open_page(PAGE, **filled_form(TINY))
    app.button("train_start").click().run()
    assert submitted == []
    assert "the same settings" in app.toast[0].value
    app.number_input("train_train_seed").set_value(1).run()
    app.button("train_start").click().run()
    assert [args[0] for args in submitted] == [TINY.with_values({"train.seed": 1})]


def test_a_run_starts_beside_a_grid_of_the_same_base(empty_root, monkeypatch):
    grid = Grid(TINY, {"model.latent_size": (2, 4)})
    seem_at_work(store.create_grid(grid, "grid at work", empty_root), members_done=0, fraction=0.1)
    (info,) = jobs.active()
    assert isinstance(info, store.GridInfo)
    assert info.config == TINY
    submitted = []
    monkeypatch.setattr(jobs, "submit", lambda *a: submitted.append(a))
    app = open_page(PAGE, **filled_form(TINY))
    app.button("train_start").click().run()
    assert [args[0] for args in submitted] == [TINY]
    assert not app.toast


@pytest.mark.parametrize(
    ("progress", "sentence"),
    [
        ({"status": "stopped", "epoch": 1, "step": 0}, "Stopped after epoch 1 of 3"),
        ({"status": "stopped", "epoch": 1, "step": 4}, "Stopped in epoch 2 of 3"),
        ({"status": "failed", "message": "The loss was no longer finite in epoch 2."}, "no longer finite"),
        ({"status": "running", "pid": 2**22 + 1}, "Interrupted"),
        ({"status": "running", "process_started": 1.0}, "Interrupted"),
    ],
)
def test_a_run_that_ended_early_says_how_and_can_be_resumed(empty_root, monkeypatch, progress, sentence):
    path = at_work(empty_root, **progress)
    resumed = []
    monkeypatch.setattr(jobs, "start", resumed.append)
    app = open_page(PAGE)
    assert not app.exception
    said = [box.value for box in (*app.info, *app.warning, *app.error)]
    assert any(sentence in text for text in said), said
    assert app.button("train_start").label == "Train"
    app.button("train_resume").click().run()
    assert resumed == [path]


def test_missing_data_is_said_with_the_folder_and_can_be_downloaded(empty_root, monkeypatch, tmp_path):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "data"))
    app = open_page(PAGE)
    assert app.button("train_start").disabled
    assert plain(tmp_path / "data" / "MNIST" / "raw") in app.info[0].value
    assert "12 MB" in app.button("train_download").label

    def offline(name, progress):
        progress(1_000_000, 11_600_000)
        raise DataNotFoundError("MNIST could not be downloaded (no route to host).")

    monkeypatch.setattr("aecore.data.download", offline)
    app.button("train_download").click().run()
    assert not app.exception
    assert any("could not be downloaded" in error.value for error in app.error)
    app.selectbox("train_data_name").select("digits").run()
    assert not app.button("train_start").disabled


def test_a_finished_run_is_compared_with_pca_and_leads_to_its_reconstructions(tiny_root, tiny_key):
    app = open_page(PAGE)
    assert not app.exception
    assert "PCA with 6 components" in app.success[0].value
    error = json.loads((tiny_root / tiny_key / names.RESULT).read_text())["test"]["squared_error"]
    assert f"{error:.2f}" in app.success[0].value
    app.button("train_look").click().run()
    assert app.session_state["run"] == tiny_key


def test_training_through_the_page_ends_finished(empty_root, monkeypatch, tmp_path):
    # A temporary folder of its own, and with it a device lock: no other training is waited for.
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    app = open_page(PAGE)
    app.selectbox("train_data_name").select("digits").run()
    app.number_input("train_train_epochs").set_value(2).run()
    app.button("train_start").click().run()
    (info,) = store.list_runs()
    deadline = time.monotonic() + 120
    while jobs.status(store.read_info(info.path)) != "finished" and time.monotonic() < deadline:
        time.sleep(0.2)
    app.run()
    assert not app.exception
    assert app.success[0].value.startswith("Finished")
    assert app.button("train_start").label == "Train"
    assert any("trained before" in caption.value for caption in app.caption)
    assert os.path.isdir(tmp_path)


def test_words_of_a_config_are_those_on_screen():
    with pytest.raises(ValueError) as error:
        replace(Config(), data=DataConfig(normalization="zero_one"))
    text = settings_form.in_words(str(error.value))
    assert "model." not in text
    assert "data." not in text
    assert "“Normalization” is [0, 1]" in text


def test_a_look_without_news_makes_nothing_anew(tiny_root, tiny_key, monkeypatch):
    path = tiny_root / tiny_key
    seem_at_work(path, epochs=TINY.train.epochs)
    app = open_page(PAGE)
    shown = [chart.proto.spec for chart in app.get("vega_lite_chart")]
    assert len(shown) == 2

    def made_anew(*args, **kwargs):
        raise AssertionError("made anew without news")

    for name in ("store.read_history_from", "store.load_run", "figures.training.error_curve"):
        monkeypatch.setattr(f"aecore.{name}", made_anew)
    seem_at_work(path, epochs=TINY.train.epochs, step=6)
    app.run()
    assert not app.exception
    assert [chart.proto.spec for chart in app.get("vega_lite_chart")] == shown


def test_an_epoch_that_is_new_is_drawn(tiny_root, tiny_key):
    path = tiny_root / tiny_key
    seem_at_work(path, epochs=TINY.train.epochs)
    app = open_page(PAGE)
    before = [chart.proto.spec for chart in app.get("vega_lite_chart")]
    last = store.read_history(path)[-1]
    store.append_history(path, replace(last, epoch=last.epoch + 1))
    app.run()
    assert any(f"after epoch {last.epoch + 1}," in html.proto.body for html in app.get("html"))
    assert [chart.proto.spec for chart in app.get("vega_lite_chart")] != before


def test_a_history_that_was_cut_and_written_again_is_followed(tiny_root, tiny_key):
    path = tiny_root / tiny_key
    followed = training_view.history_of(store.read_info(path))
    assert [record.epoch for record in followed] == [1, 2, 3]
    store.truncate_history(path, 1)
    for epoch in (2, 3, 4, 5):
        store.append_history(path, replace(followed[0], epoch=epoch, seconds=epoch / 7))
    records = training_view.history_of(store.read_info(path))
    assert records == store.read_history(path)
    assert [record.epoch for record in records] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("text", ["-3", "128, -64", "128 - - 64", "12.5"])
def test_a_sign_is_no_separator_of_widths(empty_root, text):
    app = open_page(PAGE)
    app.text_input("train_model_hidden").set_value(text).run()
    assert app.button("train_start").disabled
    assert any("takes whole numbers with commas between" in error.value for error in app.error)


@pytest.mark.parametrize("text", ["128, 64", "128-64", "128 - 64", "128 64", " 128;64, "])
def test_widths_are_parted_by_commas_spaces_and_hyphens(empty_root, text):
    app = open_page(PAGE)
    app.text_input("train_model_hidden").set_value(text).run()
    assert not app.error
    assert app.session_state["train_model_hidden"] == text
    assert not app.button("train_start").disabled


def test_a_waiting_run_says_for_what_and_is_stopped_from_the_sidebar(empty_root):
    first = at_work(empty_root)
    paths = [store.create_run(TINY, name, empty_root) for name in ("second", "third")]
    for place, path in enumerate(paths):
        seem_at_work(path, status="queued", submitted=time.time() + place + 1, epoch=0, step=0)
    app = open_page(PAGE)
    said = [caption.value for caption in app.sidebar.caption]
    assert any(text.endswith("second · 1st of 2 in line for the CPU, behind at work") for text in said), said
    assert any(text.endswith("third · 2nd of 2 in line for the CPU, behind second") for text in said), said
    app.sidebar.button(f"sidebar_stop_{paths[1].name}").click().run()
    assert [store.stop_requested(path) for path in (first, *paths)] == [False, False, True]


def test_a_run_waits_for_a_training_elsewhere_only_when_it_has_said_so(empty_root):
    path = at_work(empty_root, status="queued", epoch=0, step=0)
    bars = [element.proto.text for element in open_page(PAGE).get("progress")]
    assert set(bars) == {"starting"}
    seem_at_work(path, status="queued", message=process.ELSEWHERE)
    bars = [element.proto.text for element in open_page(PAGE).get("progress")]
    assert set(bars) == {f"waits: {process.ELSEWHERE}"}
    holder = Holder("another's *run*", "/home/ada/runs", time.time(), os.getpid(), 0.0)
    seem_at_work(path, status="queued", message="", waits_for=holder)
    bars = [element.proto.text for element in open_page(PAGE).get("progress")]
    assert set(bars) == {f"waits for the device: {plain(holder.text)}"}
    assert r"another's \*run\* has been training since" in bars[0]


def test_a_run_that_never_began_and_one_that_diverged_say_what_there_is(empty_root):
    path = at_work(empty_root, status="stopped", epoch=0, step=0)
    app = open_page(PAGE)
    assert "there is no model" in app.info[0].value
    seem_at_work(path, status="failed", message="The loss was no longer finite in epoch 1.")
    store.write_failed(path, 1)
    app = open_page(PAGE, link={"run": path.name})
    assert any("no model to look at" in warning.value for warning in app.sidebar.warning)
    assert "train_resume" not in [button.key for button in app.button]
    app.button("train_slower").click().run()
    assert not app.exception
    assert app.number_input("train_train_learning_rate").value == TINY.train.learning_rate / 10


def test_what_was_trained_is_offered_while_another_run_is_chosen(tiny_root, tiny_key):
    path = store.create_run(TINY, "newer", tiny_root)
    store.copy_run_files(tiny_root / tiny_key, path)
    seem_at_work(path, epochs=TINY.train.epochs)
    app = open_page(PAGE, link={"run": tiny_key})
    assert app.session_state["run"] == tiny_key
    assert "sidebar_take" not in [button.key for button in app.sidebar.button]
    seem_at_work(path, status="finished", epochs=TINY.train.epochs)
    app.run()
    assert app.session_state["run"] == tiny_key
    assert any("newer" in text.value for text in app.sidebar.markdown)
    app.sidebar.button("sidebar_take").click().run()
    assert app.session_state["run"] == path.name
    assert app.query_params["run"] == path.name
    assert "sidebar_take" not in [button.key for button in app.sidebar.button]


def test_a_failed_download_leaves_no_stop_button_and_says_the_folder_once(empty_root, monkeypatch, tmp_path):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "data"))

    def refuse(*args, **kwargs):
        raise URLError(OSError(101, "Network is unreachable"))

    monkeypatch.setattr("aecore.data.fetch.urlopen", refuse)
    app = open_page(PAGE)
    app.button("train_download").click().run()
    assert "train_download_stop" not in [button.key for button in app.button]
    said = [box.value for box in (*app.info, *app.error)]
    assert sum(plain(tmp_path / "data") in text for text in said) == 1
    assert any("(Network is unreachable)" in text for text in said)


def test_pca_beside_validation_curves_is_scored_on_the_validation_images(tiny_root, tiny_key):
    import numpy as np

    from aecore import data

    config = store.read_info(tiny_root / tiny_key).config
    digits = data.load("digits")
    train = digits.train_images.double().flatten(1).numpy() / 255
    held_out = digits.split(config.data.validation_fraction, config.data.split_seed)[1]
    mean = train.mean(0)
    axes = np.linalg.svd(train - mean, full_matrices=False)[2][: config.model.latent_size]
    x = train[held_out]
    rebuilt = (x - mean) @ axes.T @ axes + mean
    plain, clipped = (np.square(r - x).sum(1).mean() for r in (rebuilt, rebuilt.clip(0, 1)))
    found = training_view.pca_beside_curves(store.read_info(tiny_root / tiny_key))
    assert found == pytest.approx((plain, clipped), rel=1e-5)
    words = training_view.pca_words(store.read_info(tiny_root / tiny_key), *found)
    assert words == (
        f"Grey: PCA with 6 components on the validation images, {plain:.2f}. PCA's values may leave [0, 1], "
        f"as this network's outputs cannot; clipped to it, its squared error is {clipped:.2f}."
    )


def curves_alone():
    from pathlib import Path

    import streamlit as st

    from aecore.config import Config
    from aecore.results import EpochRecord, Progress
    from aecore.store import RunInfo
    from pages.shared import training_view

    config = Config.from_dict(st.session_state["config"])
    means = {"loss": 0.1, "reconstruction": 0.1, "squared_error": 5.0}
    record = EpochRecord(
        epoch=1, train=means, validation=means, learning_rate=1e-3, images_per_second=1.0, seconds=1.0
    )
    info = RunInfo(Path("x"), "x", config, 0.0, Progress(), None, has_weights=False)
    training_view.draw_curves(info, [record])


@pytest.mark.parametrize("shift", [0.0, 0.25])
def test_curves_of_shifted_images_say_so(empty_root, shift):
    app = AppTest.from_function(curves_alone, default_timeout=60)
    app.session_state["config"] = TINY.with_values({"train.shift": shift}).to_dict()
    app.run()
    assert not app.exception
    texts = " ".join(caption.value for caption in app.caption)
    assert "Solid: validation images" in texts
    assert ("shifted by up to a pixel with probability 0.25" in texts) == bool(shift)


def test_variational_hides_the_codes_activation_and_a_dictionary_hides_variational(empty_root):
    app = open_page(PAGE)
    app.selectbox("train_model_code_activation").select("relu").run()
    assert not [widget for widget in app.number_input if widget.key == "train_loss_beta"]
    app.toggle("train_model_variational").set_value(True).run()
    assert not app.exception
    assert app.number_input("train_loss_beta").value == 1
    assert not [widget for widget in app.selectbox if widget.key == "train_model_code_activation"]
    # What is hidden keeps its default, so that nothing is refused.
    assert not app.error
    app.selectbox("train_loss_reconstruction").select("mae").run()
    assert "Variational” needs “Reconstruction loss" in app.error[0].value
    app.segmented_control("train_model_family").select("dictionary").run()
    assert not [widget for widget in app.toggle if widget.key == "train_model_variational"]
    assert not app.error
