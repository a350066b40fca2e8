"""Events of a training: what is in force at a step, and what a change may be."""

import pytest

from aecore.config import PENALTIES
from aecore.events import CHANGEABLE, Event, Request, change_text, course, settings_at
from tests.samples import tiny_config

CONFIG = tiny_config(train__learning_rate=1e-3, loss__code_l1=0.01)


def change(step, **values):
    return Event(step, step / 10, "change", {name.replace("__", "."): v for name, v in values.items()})


def rate(events, step):
    return settings_at(CONFIG, events, step).train.learning_rate


def test_a_change_is_in_force_from_its_step_on_and_leaves_the_other_settings():
    events = [change(5, train__learning_rate=1e-4), change(9, loss__code_l1=0.0, loss__code_l2=0.2)]
    assert settings_at(CONFIG, [], 7) == settings_at(CONFIG, events, 4) == CONFIG
    assert settings_at(CONFIG, events, 5) == CONFIG.with_values({"train.learning_rate": 1e-4})
    assert settings_at(CONFIG, events, 8) == settings_at(CONFIG, events, 5)
    assert settings_at(CONFIG, events, 9).loss.penalties == {"code_l2": 0.2}
    assert settings_at(CONFIG, events, 9).train.learning_rate == 1e-4
    assert settings_at(CONFIG, events) == settings_at(CONFIG, events, 10**9)


def test_of_two_changes_at_one_step_the_later_counts():
    events = [change(5, train__learning_rate=1e-4), change(5, train__learning_rate=2e-4)]
    assert rate(events, 5) == 2e-4


def test_a_pause_changes_nothing():
    events = [change(5, train__learning_rate=1e-4), Event(3, 0.3, "pause"), Event(3, 0.3, "continue")]
    assert course(events) == events[:1]


def test_a_change_made_while_steps_are_redone_leaves_the_old_course():
    old = [change(s, train__learning_rate=r) for s, r in ((5, 2e-4), (20, 3e-4), (30, 4e-4))]
    events = [*old, change(10, loss__code_l1=0.5)]
    assert course(events) == [old[0], events[-1]]
    assert rate(events, 40) == 2e-4
    later = [*events, change(25, train__learning_rate=5e-4)]
    assert rate(later, 24) == 2e-4
    assert rate(later, 40) == 5e-4


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"train.learning_rate": 0.0}, "train.learning_rate must be above 0"),
        ({"loss.code_l1": -1.0}, "loss.code_l1 must be at least 0"),
    ],
)
def test_values_that_can_not_be_are_one_sentence(values, says):
    with pytest.raises(ValueError, match=says):
        settings_at(CONFIG, [Event(1, 0.1, "change", values)])


def test_what_else_is_a_setting_can_not_be_changed():
    with pytest.raises(ValueError, match=r"train\.batch_size can't be changed while a run trains; what can"):
        Event(1, 0.1, "change", {"train.batch_size": 7.0})
    assert {name.removeprefix("loss.") for name in CHANGEABLE[1:]} == set(PENALTIES)


def test_records_come_back_from_json():
    event, request = change(7, train__learning_rate=1.1e-4), Request("one_epoch")
    assert Event.from_dict(event.to_dict()) == event
    assert Request.from_dict(request.to_dict()) == request
    with pytest.raises(ValueError, match="kind must be one of change, pause, continue"):
        Event.from_dict({**event.to_dict(), "kind": "fly"})


def test_a_change_in_words():
    values = {"train.learning_rate": 5e-4, "loss.code_l1": 0.001}
    assert change_text(values) == "learning rate 0.0005, L1 0.001"
    assert change_text({"loss.code_l2": 0.0}) == "no L2"
