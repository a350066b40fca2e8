"""The Training page: epochs, health and layers of a run with records, and what is offered without them."""

import pytest

from aecore import store
from aecore.config import Config
from aecore.jobs.worker import work
from pages.shared import settings_form
from tests.pages.conftest import TINY, open_page

PAGE = "pages/understand/training/page.py"


def words(app):
    return " ".join(
        element.value for kind in ("markdown", "caption", "info", "error") for element in getattr(app, kind)
    )


def test_without_a_run_the_way_to_one_is_offered(empty_root):
    app = open_page(PAGE)
    assert not app.exception
    assert "There is no trained model yet" in app.info[0].value


def test_a_run_with_records_shows_its_epochs_its_health_and_its_layers(tiny_root, tiny_key):
    app = open_page(PAGE)
    assert not app.exception
    assert [part.value for part in app.subheader] == ["Epoch by epoch", "Health", "Layer by layer"]
    looks = store.read_looks(store.find_run(tiny_key))
    assert len(app.selectbox("training_layer").options) == len(looks.layers) == 4
    norms = looks.profile("gradient_norm", 3)
    assert f"is {norms[0] / norms[-1]:.3g} times the last layer's" in words(app)
    # Three epochs of 23 steps end while the error still falls.
    assert "Under-trained" in app.warning[0].value
    assert "Try: more epochs" in app.warning[0].value


def test_another_step_shows_its_own_epoch(tiny_root, tiny_key):
    app = open_page(PAGE, training_step=1, training_layer=2)
    looks = store.read_looks(store.find_run(tiny_key))
    norms = looks.profile("gradient_norm", 1)
    assert f"In epoch 1 the first layer's gradient norm is {norms[0] / norms[-1]:.3g} times" in words(app)
    assert "Layer 3 decoder, 32, at step 1 (epoch 1)" in words(app)


@pytest.mark.parametrize("quantity", ["dead", "saturated", "activation_mean"])
def test_every_kind_of_quantity_can_be_chosen(tiny_root, quantity):
    app = open_page(PAGE, training_quantity=quantity)
    assert not app.exception
    assert app.selectbox("training_quantity").value == quantity


def test_without_records_the_page_says_so_and_fills_trains_form(empty_root):
    config = TINY.with_values({"train.record": False, "train.epochs": 1})
    work(store.create_run(config, "silent", empty_root), threads=1)
    app = open_page(PAGE)
    assert not app.exception
    assert "No epochs and layers of silent were recorded" in app.info[0].value
    assert "switched off" in app.info[0].value
    next(b for b in app.button if b.key.startswith("training_again")).click().run()
    assert not app.exception
    filled: Config = app.session_state["train_filled"]
    assert filled == config.with_values({"train.record": True})
    assert app.session_state[settings_form.key("train", "train.record")] is True


def test_damaged_records_are_named_and_the_health_is_still_shown(tiny_root, tiny_key):
    from aecore.store import names

    (store.find_run(tiny_key) / names.LOOKS).write_bytes(b"no header\n")
    app = open_page(PAGE)
    assert not app.exception
    assert "damaged" in app.error[0].value
    assert "Health" in [part.value for part in app.subheader]


def test_gradients_and_rank_are_measured_when_asked_for(tiny_root, tiny_key):
    from aecore import data
    from aecore.analysis.gradients import signal_to_noise
    from aecore.analysis.quality import effective_rank

    app = open_page(PAGE)
    app.toggle(key="training_asked").set_value(True).run()
    assert not app.exception
    run, digits = store.load_run(tiny_key), data.load("digits")
    rank = effective_rank(run.encode(digits.test_images))
    assert f"{rank:.1f} of 6" in [metric.value for metric in app.metric]
    table = next(frame.value for frame in app.dataframe if "Signal-to-noise" in frame.value)
    assert table["Signal-to-noise"].tolist() == pytest.approx(list(signal_to_noise(run, digits).values()))
