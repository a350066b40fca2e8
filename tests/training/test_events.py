"""A training that is changed while it runs: from the same seed and the same events come the same bits."""

import pytest
import torch

from aecore.events import Event, settings_at
from aecore.training.grids import open_training
from aecore.training.optimizers import learning_rate
from aecore.training.single import NonFiniteLossError, Training
from tests.samples import tiny_config, tiny_data
from tests.training.test_single import DATA, STEPS, same, timeless, weights

CONFIG = tiny_config(train__epochs=4, loss__code_l2=0.01)
CHANGES = {
    3: {"train.learning_rate": 3e-3},
    STEPS + 1: {"loss.code_l1": 0.05, "loss.code_l2": 0.0},
    2 * STEPS: {"train.learning_rate": 2e-4, "loss.weight_l1": 1e-4},
    3 * STEPS - 1: {"loss.code_l1": 0.2},
}
"""By step; two at odd places, one at an epoch's first step, one at an epoch's last."""

KINDS = {
    "adam": {},
    "adamw, cosine": {"train__optimizer": "adamw", "train__weight_decay": 0.1, "train__schedule": "cosine"},
    "sgd, one cycle": {"train__optimizer": "sgd", "train__schedule": "one_cycle"},
    "warm-up": {"loss__warmup_delay": 0.4, "loss__warmup_epochs": 2.5},
    "bfloat16": {"train__precision": "bfloat16"},
}


def noted(changes):
    return [Event(step, step / STEPS, "change", values) for step, values in changes.items()]


def steered(config, changes, stop_at=None, state=None, events=None):
    """A training whose events come while it trains, as a person's do; stopped after `stop_at` steps."""
    events = [] if events is None else events

    def on_step(at):
        done = at.epoch * STEPS + at.step
        if done in changes and not any(event.step == done for event in events):
            events.append(Event(done, done / STEPS, "change", changes[done]))
        return done == stop_at

    training = Training(config, DATA, on_step, state, events)
    return training, list(training), events


@pytest.mark.parametrize("name", KINDS)
def test_replay_interruption_and_resume_give_the_same_bits(name):
    config = CONFIG.with_values({k.replace("__", "."): v for k, v in KINDS[name].items()})
    live, records, events = steered(config, CHANGES)
    assert [event.step for event in events] == list(CHANGES)
    unchanged = Training(config, DATA)
    list(unchanged)
    assert not same(weights(unchanged), weights(live))

    replayed = Training(config, DATA, events=events)
    assert timeless(list(replayed)) == timeless(records)
    assert same(weights(replayed), weights(live))

    for stop_at in (2, 3, 4, STEPS + 1, 2 * STEPS - 1, 2 * STEPS, 3 * STEPS - 1, 3 * STEPS):
        halted, parts, known = steered(config, CHANGES, stop_at)
        resumed, more, known = steered(config, CHANGES, state=halted.state(), events=known)
        assert same(weights(resumed), weights(live)), stop_at
        assert timeless(parts + more) == timeless(records), stop_at
        assert known == events


def test_a_kill_loses_steps_and_no_change():
    """What was noted for later steps than the saved state's is done again at its step."""
    live, records, events = steered(CONFIG, CHANGES)
    first, before, _ = steered(CONFIG, CHANGES, stop_at=STEPS)
    # Killed after the second event was noted and before it took effect, and much later.
    for known in (events[:2], events):
        resumed, after, _ = steered(CONFIG, CHANGES, state=first.state(), events=list(known))
        assert same(weights(resumed), weights(live))
        assert timeless(before + after) == timeless(records)


def test_a_changed_rate_is_a_new_peak_of_the_schedule():
    config = tiny_config(train__schedule="one_cycle", train__optimizer="sgd", train__momentum=0.0)
    events = [Event(STEPS, 1.0, "change", {"train.learning_rate": 4e-3})]
    training = Training(config, DATA, events=events)
    records = list(training)
    total = training.steps_total
    rates = [learning_rate(config.train, (epoch + 1) * STEPS - 1, total) for epoch in range(3)]
    expected = [rates[0], 4 * rates[1], 4 * rates[2]]
    assert [record.learning_rate for record in records] == pytest.approx(expected)


def test_an_update_uses_the_rate_and_the_strength_in_force():
    config = tiny_config(train__optimizer="sgd", train__momentum=0.0, train__learning_rate=0.1)
    events = [Event(1, 1 / STEPS, "change", {"train.learning_rate": 0.02, "loss.code_l1": 0.3})]
    done = []

    def on_step(at):
        done.append({name: p.detach().clone() for name, p in training.parameters.items()})
        return len(done) == 2

    training = Training(config, DATA, on_step, events=events)
    list(training)
    before, after = done
    leaves = {name: t.clone().requires_grad_() for name, t in before.items()}
    x = DATA.train_images[training.images.epoch_index(0, 0)[16:32]].float() / 127.5 - 1
    output = torch.func.functional_call(training.model, leaves, (x,))
    loss = (output.reconstruction - x).square().mean() + 0.3 * output.code.abs().sum(1).mean()
    gradients = torch.autograd.grad(loss, list(leaves.values()))
    for (name, leaf), gradient in zip(leaves.items(), gradients, strict=True):
        torch.testing.assert_close(after[name], leaf.detach() - 0.02 * gradient, msg=name)


def test_a_term_that_was_in_use_for_a_part_of_an_epoch_is_its_mean_over_all_of_it():
    events = [Event(1, 1 / STEPS, "change", {"loss.code_l1": 0.3, "loss.code_l2": 0.0})]
    first, second, *_ = Training(CONFIG, DATA, events=events)
    assert {"code_l1", "code_l2"} <= set(first.train)
    total = first.train["reconstruction"] + first.train["code_l1"] + first.train["code_l2"]
    assert first.train["loss"] == pytest.approx(total, rel=1e-5)
    assert "code_l2" not in first.validation
    assert "code_l2" not in second.train
    assert second.train["code_l1"] > 0


def test_an_epoch_is_judged_by_what_was_in_force_at_its_last_step():
    events = [Event(STEPS, 1.0, "change", {"loss.code_l1": 0.3})]
    first, second, *_ = Training(CONFIG, DATA, events=events)
    assert "code_l1" not in first.validation
    assert "code_l1" in second.validation
    halted, (again,), _ = steered(CONFIG, {}, stop_at=STEPS, events=list(events))
    assert timeless([again]) == timeless([first])
    # A finished epoch's figures are the same when they are taken after a resume.
    resumed = Training(CONFIG, DATA, state=halted.state(), events=events)
    assert resumed.evaluate_validation()[0] == first.validation


def test_a_divergence_names_the_rate_in_force():
    config = tiny_config(train__optimizer="sgd", model__output_activation="linear")
    events = [Event(STEPS + 1, 1.2, "change", {"train.learning_rate": 1e6})]
    with pytest.raises(NonFiniteLossError, match=r"epoch 2 \(learning rate 1e\+06\)"):
        list(Training(config, DATA, events=events))


def test_a_pause_is_no_time_of_the_training(monkeypatch):
    """Each look at the clock is a second later; a step's listener waits a thousand."""
    now = [0.0]

    def clock():
        now[0] += 1
        return now[0]

    def on_step(at):
        now[0] += 1000

    monkeypatch.setattr("aecore.training.loop.time.perf_counter", clock)
    (record, *_) = Training(CONFIG, DATA, on_step)
    assert STEPS <= record.seconds < 1000


def test_members_that_train_together_follow_no_events():
    configs = [tiny_config(train__seed=seed) for seed in (0, 1)]
    with pytest.raises(ValueError, match="can't be changed while they train"):
        open_training(configs, tiny_data(), events=noted(CHANGES))


def test_what_is_in_force_on_a_page_is_what_the_training_took():
    seen = []

    def on_step(at):
        done = at.epoch * STEPS + at.step
        seen.append(training.settings[0] == settings_at(CONFIG, events, done - 1))

    events = noted(CHANGES)
    training = Training(CONFIG, DATA, on_step, events=events)
    list(training)
    assert len(seen) == 4 * STEPS
    assert all(seen)
