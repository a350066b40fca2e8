"""Charts of a training: what they hold."""

from dataclasses import replace

from aecore.events import Event
from aecore.figures.theme import ink
from aecore.figures.training import (
    POINTS,
    TERM_COLORS,
    TERM_NAMES,
    Mark,
    error_curve,
    marks,
    rows,
    term_curves,
    thinned,
)
from aecore.losses import PENALTY_TERMS
from aecore.palette import EVENT_COLOR, L1_COLOR, L2_COLOR, PCA_COLOR
from aecore.results import EpochRecord, Origin
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
    (rule,), (text,) = marked(chart, "rule"), marked(chart, "text")
    assert rule["mark"]["color"] == PCA_COLOR
    assert text["mark"]["color"] == ink(PCA_COLOR).to_dict()
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


EVENTS = [
    Event(25, 2.5, "change", {"train.learning_rate": 5e-4}),
    Event(40, 4.0, "pause"),
    Event(40, 4.0, "change", {"loss.code_l1": 0.01}),
]


def test_marks_are_the_changes_and_where_a_branch_begins():
    assert marks(EVENTS) == [Mark(2.5, "learning rate 0.0005"), Mark(4.0, "L1 0.01")]
    origin = Origin("first", "first", "0" * 8, 2)
    assert marks([], origin) == [Mark(2.0, "branch from epoch 2")]
    # A change made while steps were redone has left what was noted for later ones.
    assert marks([*EVENTS, Event(30, 3.0, "change", {"loss.code_l2": 0.0})]) == [
        Mark(2.5, "learning rate 0.0005"),
        Mark(3.0, "no L2"),
    ]


def test_marks_stand_upright_on_both_charts():
    shown = marks(EVENTS)
    for chart in (error_curve(history(6), 6, pca=2.0, marks=shown), term_curves(history(6), 6, marks=shown)):
        (rule,) = [layer for layer in marked(chart, "rule") if layer["mark"]["color"] == EVENT_COLOR]
        assert rule["encoding"]["x"]["field"] == "place"
        assert rule["encoding"]["x"]["scale"]["domain"] == [1, 6]
        assert [row["place"] for row in rule["rows"]] == [2.5, 4.0]
        assert [row["change"] for row in rule["rows"]] == ["learning rate 0.0005", "L1 0.01"]
    chart = error_curve(history(6), 6, pca=2.0, marks=shown)
    (text,) = [layer for layer in marked(chart, "text") if layer["mark"]["color"] == EVENT_COLOR]
    assert [row["shown"] for row in text["rows"]] == ["learning rate 0.0005", "L1 0.01"]
    # A chart that has to fit into a place would otherwise make room for a text by giving up its frame.
    assert text["mark"]["clip"]
    assert not any("change" in row for row in values_of(error_curve(history(6), 6, pca=2.0)))


def test_marks_that_stand_close_keep_their_rules_and_the_first_its_text():
    shown = [Mark(0.1, "early"), Mark(0.5, "later"), Mark(50.0, "a"), Mark(50.5, "b"), Mark(60.0, "c")]
    (rule,) = marked(error_curve(history(100), 100, marks=shown), "rule")
    assert [(row["place"], row["shown"]) for row in rule["rows"]] == [
        (1.0, "early"),
        (1.0, ""),
        (50.0, "a"),
        (50.5, ""),
        (60.0, "c"),
    ]
    assert [row["epoch"] for row in rule["rows"]][:2] == [0.1, 0.5]
