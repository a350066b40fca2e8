"""Health checks: each fires by its rule, and is an alarm only where the run fails by its outcome."""

from dataclasses import replace

import numpy as np
import pytest

from aecore.analysis import health
from aecore.config import Config
from aecore.data import load
from aecore.looks import Layer, LayerHistory, look_dtype
from aecore.results import EpochRecord
from aecore.training.single import Training
from benchmarks._alarm_runs import FRESH, TUNING
from tests.analysis.histories import FOLDER, cases, read

MEAN, PCA = 50.0, 20.0
LAYERS = (
    Layer("encoder.1", "linear", 8, "relu"),
    Layer("encoder.3", "linear", 8, "tanh"),
    Layer("encoder.5", "linear", 3, "linear"),
    Layer("decoder.0", "linear", 8, "relu"),
    Layer("decoder.2", "linear", 30, "tanh"),
)
GOOD, BAD = [40.0, 25.0, 20.0, 18.0, 17.5, 17.2, 17.0, 16.9], [50.0] * 8
NAMES = list(health.CHECKS)


def course(errors=GOOD, train=None, failed=None, config=None, **columns) -> health.Course:
    """A healthy course, with the errors and the looks' columns given in its place."""
    rows = np.zeros(60, look_dtype(len(LAYERS)))
    rows["epoch"], rows["total"] = np.arange(60) // 8 + 1, np.arange(1, 61) * 10
    healthy = {"gradient_norm": 0.1, "weight_norm": 5, "update_ratio": 5e-3, "activation_std": 0.5}
    for name, value in (healthy | {"dead": 0.1, "saturated": 0.05} | columns).items():
        rows[name] = value
    for name, kinds in (("dead", ("relu",)), ("saturated", ("tanh",))):
        rows[name][:, [layer.activation not in kinds for layer in LAYERS]] = np.nan
    history = [
        EpochRecord(i, {"squared_error": t}, {"squared_error": e}, 1e-3, 1.0, 1.0)
        for i, (e, t) in enumerate(zip(errors, train or errors, strict=True), 1)
    ]
    looks = LayerHistory(LAYERS, rows)
    return health.Course(config or Config(), history, looks, health.Baselines(MEAN, PCA), failed)


def column(*values):
    return np.array(values)


RULES = {
    "vanishing": {"gradient_norm": column(1e-9, 1e-7, 1e-5, 1e-3, 0.1)},
    "exploding": {"gradient_norm": column(1, 1, 1e5, 1, 1)},
    "dead": {"dead": 0.7},
    "saturated": {"saturated": 0.6},
    "initial_weights": {"activation_std": column(1.0, 0.1, 1.0, 0.1, 1.0)},
    "rate_high": {"update_ratio": 0.9},
    "rate_low": {"update_ratio": 1e-5},
}


def test_a_healthy_course_has_no_alarm_and_no_note():
    findings = health.check(course())
    assert [finding.name for finding in findings] == NAMES
    # A plain network has no posterior that could collapse.
    assert [f.name for f in findings if f.verdict == "unknown"] == ["collapse"]
    assert {f.verdict for f in findings if f.name != "collapse"} == {"fine"}
    assert health.outcome(course()) == health.Outcome(False, ())


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_an_alarm_where_the_run_fails_and_a_note_where_it_does_well(name):
    def verdicts(c):
        return {finding.name: finding.verdict for finding in health.check(c)}

    well, ill = verdicts(course(**RULES[name])), verdicts(course(BAD, **RULES[name]))
    assert well[name] == "note"
    assert [n for n, verdict in well.items() if verdict not in ("fine", "unknown")] == [name]
    assert ill[name] == "alarm"
    assert set(health.alarms(course(BAD, **RULES[name]))) == {name, "mean_image"}


@pytest.mark.parametrize("name", RULES)
def test_a_finding_names_its_numbers_its_rule_and_what_to_try(name):
    found = next(f for f in health.check(course(BAD, **RULES[name])) if f.name == name)
    assert found.numbers
    assert found.rule
    assert found.source
    assert found.advice


def test_a_gradient_that_is_not_finite_or_a_failed_run_is_exploding():
    assert "exploding" in health.alarms(course(BAD, gradient_norm=np.inf))
    assert "exploding" in health.alarms(course(failed=9))


def test_code_and_reconstruction_are_no_hidden_layers():
    dead = np.full(5, 0.1)
    dead[2] = 1.0
    assert "dead" not in health.alarms(course(BAD, dead=dead))
    saturated = np.array([0.05, 0.05, 0.05, 0.05, 1.0])
    assert "saturated" not in health.alarms(course(BAD, saturated=saturated))


def test_without_any_gradient_the_learning_rate_is_not_blamed():
    found = health.alarms(course(BAD, update_ratio=0.0, gradient_norm=0.0))
    assert "rate_low" not in found
    assert "rate_low" in health.alarms(course(BAD, update_ratio=0.0))


def test_over_fitting_is_validation_up_and_training_down():
    errors = [40.0, 20.0, 18.0, 19.0, 22.0]
    assert health.alarms(course(errors, [40.0, 20.0, 15.0, 10.0, 8.0])) == ["overfitting"]
    by_heart = course([40.0, 20.0, 18.0, 18.0, 18.5, 18.7], [40.0, 20.0, 9.0, 6.0, 4.0, 3.0])
    assert health.alarms(by_heart) == ["overfitting"]
    # Both up: it went wrong, but not by learning its images by heart.
    assert "overfitting" not in health.alarms(course(errors, [40.0, 20.0, 18.0, 19.0, 22.0]))


def test_a_run_cut_short_is_under_trained():
    assert health.alarms(course([60.0, 40.0, 30.0])) == ["undertrained"]
    early = course([60.0, 52.0, 49.0, 48.0])
    early.looks.rows["total"] //= 10
    assert health.alarms(early) == ["undertrained", "mean_image"]
    # What falls from the sky is not near its goal.
    assert "undertrained" not in health.alarms(course([6e9, 4e9, 3e9]))


def test_a_hidden_layer_no_wider_than_the_code_is_an_alarm_above_pcas_error():
    narrow = Config().with_values({"model.hidden": (128, 12)})
    above = [60.0, 30.0, 26.0, 25.9, 25.8, 25.7, 25.6, 25.5]
    assert health.alarms(course(above, config=narrow)) == ["bottleneck"]
    assert health.alarms(course(config=narrow)) == []
    assert health.alarms(course(above)) == []
    sparse = narrow.with_values({"loss.code_l1": 1e-3})
    assert health.alarms(course(above, config=sparse)) == []


def collapse(active: float, errors=GOOD, units: int = 8) -> str:
    """What the check says of a variational run whose last epoch left so many units active."""
    config = Config().with_values({"model.variational": True, "model.latent_size": units})
    healthy = course(errors, config=config)
    figures = {"squared_error": errors[-1], "active_units": active, "kl": 3.0 * active}
    history = [*healthy.history[:-1], replace(healthy.history[-1], validation=figures)]
    return {f.name: f.verdict for f in health.check(replace(healthy, history=history))}["collapse"]


def test_collapse_is_a_note_where_most_units_are_silent_and_an_alarm_where_all_are_or_the_run_fails():
    assert [collapse(n) for n in (8, 4, 3, 1, 0)] == ["fine", "fine", "note", "note", "alarm"]
    assert collapse(3, BAD) == "alarm"
    assert collapse(8, BAD) == "fine"


@pytest.mark.parametrize(("beta", "collapses"), [(1.0, False), (500.0, True)])
def test_a_run_made_to_collapse_is_found_and_a_healthy_one_is_not(beta, collapses):
    data = load("digits")
    values = {"data.name": "digits", "model.variational": True, "model.latent_size": 4, "loss.beta": beta}
    values |= {"train.epochs": 15, "train.batch_size": 64, "train.learning_rate": 3e-3, "train.record": False}
    config = Config().with_values(values)
    records = list(Training(config, data))
    found = health.Course(config, records, None, health.baselines(data, 4))
    assert ("collapse" in health.alarms(found)) is collapses
    if collapses:
        assert records[-1].validation["kl"] < 0.1
    else:
        assert health.alarms(found) == []
        assert records[-1].validation["active_units"] == 4


def test_without_looks_and_epochs_the_checks_say_that_they_do_not_know():
    empty = health.Course(Config(), [], None, health.Baselines(MEAN, PCA))
    assert {finding.verdict for finding in health.check(empty)} == {"unknown"}


def test_the_mean_image_scores_what_its_formula_says():
    data = load("digits")
    found = health.baselines(data, 12)
    train, test = data.train_images.double() / 255, data.test_images.double() / 255
    expected = ((test - train.mean(0)) ** 2).sum((1, 2, 3)).mean().item()
    assert found.mean_image == pytest.approx(expected, rel=1e-5)
    assert 0 < found.pca < found.mean_image


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.json")), ids=lambda file: file.stem)
def test_a_stored_runs_fault_is_found_and_a_healthy_one_is_not_convicted(file):
    found, kind = health.alarms(read(file)), file.stem.split(".")[0]
    if kind == "healthy":
        assert found == []
    else:
        assert kind in found


def test_there_are_stored_runs_of_each_fault():
    assert {file.stem for file in FOLDER.glob("*.json")} == set(cases())
    assert set(TUNING) == set(FRESH)
    assert set(TUNING) - {"healthy"} <= set(health.CHECKS)


def test_the_fresh_runs_are_others_than_those_the_limits_were_set_on():
    tuned, fresh = (
        {case.config.hash for cases in runs.values() for case in cases} for runs in (TUNING, FRESH)
    )
    assert not tuned & fresh
    assert sum(len(cases) for kind, cases in FRESH.items() if kind != "healthy") >= 40
    assert len(FRESH["healthy"]) >= 20
    assert all(len(FRESH[kind]) == 10 for kind in FRESH if kind != "healthy")
