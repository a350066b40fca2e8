"""The charts of features: what they draw of which figure."""

import numpy as np

from aecore.figures import features
from tests.figures.charts import colors_by_name, layers_of, marked


def test_a_bar_stands_for_each_measure_of_each_kind_in_the_kinds_colour():
    values = {"5-NN": {"code": 0.9, "pixels": 0.95, "code, masking 0.5": 0.8}, "Rand": {"code": -0.01}}
    chart = features.bars(values)
    (bars,) = marked(chart, "bar")
    found = {(row["measure"], row["kind"]): row["value"] for row in bars["rows"]}
    assert found == {(m, kind): value for m, kinds in values.items() for kind, value in kinds.items()}
    assert colors_by_name(bars) == {
        "code": features.COLORS["code"],
        "pixels": features.COLORS["pixels"],
        "code, masking 0.5": features.OTHER_CODE,
    }
    assert {row["text"] for row in bars["rows"]} >= {"0.900", "-0.010"}


def test_the_matrix_has_a_cell_for_each_pair_of_classes_shaded_by_its_row():
    counts = np.array([[8, 2, 0], [0, 5, 5], [0, 0, 0]])
    chart = features.matrix(counts, ("a", "b", "none"))
    cells, texts = layers_of(chart)
    assert cells["mark"]["type"] == "rect"
    found = {(row["true"], row["given"]): (row["images"], row["share"]) for row in cells["rows"]}
    assert len(found) == 9
    assert found["a", "b"] == (2, 0.2)
    assert found["b", "none"] == (5, 0.5)
    assert found["none", "none"] == (0, 0.0)
    assert {(row["row"], row["column"]) for row in cells["rows"]} == set(np.ndindex(3, 3))
    assert texts["mark"]["type"] == "text"
    (cell,) = chart.to_dict()["params"]
    assert cell["select"]["fields"] == ["row", "column"]


def test_many_classes_leave_no_room_for_counts():
    many = features.COUNTED + 1
    (cells,) = layers_of(features.matrix(np.eye(many, dtype=int), [str(c) for c in range(many)]))
    assert len(cells["rows"]) == many**2
