"""Charts of a training's layers: they hold the looks' numbers, and Altair takes them."""

from itertools import pairwise

import numpy as np
import pytest

from aecore.figures import layer_history as figures
from aecore.looks import QUANTITIES, SMALLEST, LayerHistory
from aecore.training.single import Training
from tests.samples import tiny_config, tiny_data


@pytest.fixture(scope="module")
def looks() -> LayerHistory:
    training = Training(tiny_config(model__hidden=(8, 6)), tiny_data())
    rows = np.concatenate([training.take_looks()[0] for _ in training.epochs()])
    return LayerHistory(training.layers, rows)


def values(chart) -> list[dict]:
    return chart.to_dict()["data"]["values"]


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_the_heat_map_holds_each_layers_value_at_each_step(looks, quantity):
    chart = figures.heat_map(looks, quantity)
    expected = looks.values(quantity)
    rows = values(chart)
    assert len(rows) == np.isfinite(expected).sum()
    for row in rows:
        assert row["value"] == expected[row["look"], row["layer"]]
        assert row["step"] == looks.rows["total"][row["look"]]
    scale = chart.to_dict()["encoding"]["color"]["scale"]
    assert (scale.get("type") == "log") == QUANTITIES[quantity].log


def test_a_long_history_is_thinned_and_keeps_its_ends(looks):
    rows = np.concatenate([looks.rows] * 40)
    rows["total"] = np.arange(1, len(rows) + 1)
    steps = {row["step"] for row in values(figures.heat_map(LayerHistory(looks.layers, rows), "weight_norm"))}
    assert len(steps) == figures.COLUMNS
    assert {1, len(rows)} <= steps


def test_zeros_and_what_is_not_finite_have_a_place_on_a_logarithmic_scale(looks):
    rows = looks.rows[:2].copy()
    rows["gradient_norm"][0, 0], rows["gradient_norm"][1, 1] = 0, np.inf
    found = values(figures.heat_map(LayerHistory(looks.layers, rows), "gradient_norm"))
    assert min(row["shade"] for row in found) == SMALLEST
    assert all(np.isfinite(row["value"]) for row in found)


def test_the_profile_has_one_line_an_epoch_and_its_ratio(looks):
    rows = values(figures.profile(looks, "gradient_norm", [1, 3]))
    assert len(rows) == 2 * len(looks.layers)
    third = [row["value"] for row in rows if row["epoch"] == 3]
    assert third == pytest.approx(looks.profile("gradient_norm", 3).tolist())
    assert figures.first_to_last(looks, 3) == pytest.approx(third[0] / third[-1])
    assert [row["label"] for row in rows[:3]] == figures.layer_labels(looks)[:3]
    assert figures.layer_labels(looks)[0] == "1 encoder, 8"


@pytest.mark.parametrize("of", ["gradients", "activations"])
def test_a_histogram_holds_all_of_a_layers_values_and_zeros_apart(looks, of):
    rows = values(figures.histogram(looks, of, 4, 0))
    assert sum(row["share"] for row in rows) == pytest.approx(1, abs=0.01)
    assert rows[0]["what"] == "exactly zero"
    assert rows[0]["share"] == looks.values(of)[4, 0, 0]
    assert all(a["high"] <= b["low"] for a, b in pairwise(rows))
