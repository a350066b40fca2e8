"""Charts of a training: what they hold."""

from dataclasses import replace

from aecore.figures.training import POINTS, TERM_COLORS, TERM_NAMES, error_curve, rows, term_curves, thinned
from aecore.losses import PENALTY_TERMS
from aecore.palette import L1_COLOR, L2_COLOR, PCA_COLOR
from aecore.results import EpochRecord
from tests.figures.charts import colors_by_name, layers_of, marked


def history(epochs, **terms):
    values = {"loss": 1.0, "reconstruction": 0.5, "squared_error": 20.0} | terms
    return [
        EpochRecord(e, {k: v / e for k, v in values.items()}, dict(values), 1e-3, 100.0, 1.0)
        for e in range(1, epochs + 1)
    ]


def values_of(chart):
    """The rows of a chart's layers, together."""
    return [row for layer in layers_of(chart) for row in layer["rows"]]


def test_rows_hold_every_epoch_part_and_term_once():
    table = rows(history(3, code_l1=0.1))
    assert len(table) == 3 * 2 * 3
    assert {row["term"] for row in table} == {"loss", "reconstruction", "code_l1"}
    assert {"epoch": 2, "part": "train", "term": "code_l1", "value": 0.05} in table


def test_error_curve_shows_squared_error_and_pca():
    chart = error_curve(history(2), epochs=5, pca=24.48)
    values = values_of(chart)
    assert {row["value"] for row in values if row.get("part") == "train"} == {20.0, 10.0}
    assert {"value": 24.48, "text": "PCA 24.5"} in values
    assert [layer["mark"]["color"] for kind in ("rule", "text") for layer in marked(chart, kind)] == [
        PCA_COLOR
    ] * 2
    assert not any("text" in row for row in values_of(error_curve(history(2), epochs=5)))


def test_without_a_penalty_loss_is_the_only_line():
    assert {row["term"] for row in values_of(term_curves(history(2), epochs=2))} == {"loss (sum)"}


def test_each_term_has_a_line_its_colour_and_its_name():
    chart = term_curves(history(2, code_l1=0.1, code_l2=0.2), epochs=2)
    assert colors_by_name(layers_of(chart)[0]) == {
        "loss (sum)": TERM_COLORS["loss"],
        "reconstruction": TERM_COLORS["reconstruction"],
        "L1": L1_COLOR,
        "L2": L2_COLOR,
    }
    assert set(PENALTY_TERMS) <= set(TERM_COLORS)
    assert set(TERM_COLORS) <= set(TERM_NAMES)


def test_zeros_have_no_place_on_a_logarithmic_axis():
    chart = term_curves(history(2, code_l1=0.0), epochs=2)
    assert all(row["value"] > 0 for row in values_of(chart))


def test_a_history_without_validation_has_train_alone():
    bare = [replace(record, validation={}) for record in history(2)]
    assert {row["part"] for row in values_of(error_curve(bare, epochs=2))} == {"train"}


def test_a_quantity_that_is_not_known_here_has_its_line_too():
    chart = term_curves(history(2, codebook_loss=0.1, entropy=0.2), epochs=2)
    colors = colors_by_name(layers_of(chart)[0])
    assert list(colors) == ["loss (sum)", "reconstruction", "codebook loss", "entropy"]
    assert len(set(colors.values())) == 4


def test_a_variational_models_terms_are_drawn_in_nats_and_add_up_to_minus_its_elbo():
    chart = term_curves(history(3, elbo=-105.0, reconstruction=84.0, kl=21.0), epochs=3)
    layer = layers_of(chart)[0]
    assert list(colors_by_name(layer)) == ["−ELBO", "reconstruction", "KL"]
    last = [row for row in values_of(chart) if row["part"] == "validation"]
    assert {row["term"]: row["value"] for row in last} == {
        "−ELBO": 105.0,
        "reconstruction": 84.0,
        "KL": 21.0,
    }
    assert layer["encoding"]["y"]["title"] == "nats an image"
    # The logarithm of a density has either sign.
    below = term_curves(history(3, elbo=40.0, reconstruction=-50.0, kl=10.0), epochs=3)
    assert {-40.0, -50.0, 10.0} < {row["value"] for row in values_of(below)}


def test_a_long_history_is_drawn_with_few_points_from_the_first_to_the_last():
    long = history(5000)
    for chart in (error_curve(long, epochs=5000), term_curves(long, epochs=5000)):
        epochs = [row["epoch"] for row in values_of(chart) if row["part"] == "train"]
        assert (epochs[0], epochs[-1]) == (1, 5000)
        assert len(epochs) == len(set(epochs)) == POINTS
    assert thinned(long[:POINTS]) == long[:POINTS]
