"""What the board, the charts and the table of a grid are sent, against the functions that the page calls."""

import base64
from dataclasses import replace

import numpy as np
import pytest

from aecore import store
from aecore.analysis import grid_charts, grid_words, selection
from aecore.analysis.selection import Candidate
from aecore.config import Config
from aecore.grid import Grid
from aecore.results import Row
from aecore.web.board.payload import halved, payload
from aecore.web.charts.payload import bars_data, curve_data, front_data, heat_data
from aecore.web.members.payload import table_data
from tests.conftest import ROOT

SHIPPED = ROOT / "checkpoints"
DEPTH = SHIPPED / "grid-digits-depth"
BETAS = SHIPPED / "grid-mnist-vae-betas"

AXES = Grid(
    Config(),
    {"model.latent_size": (2, 4, 8, 64), "loss.code_l1": (0.0, 1e-3, 1e-1), "train.seed": (0, 1)},
)
LISTED = Grid(Config(), listed=[{}, {"model.latent_size": 4}, {"model.latent_size": 4, "loss.code_l2": 0.1}])


def candidates(grid, known):
    """Members whose errors fall with their number; those not in `known` have none."""
    return [
        Candidate(k, c, 20 - k / 3, 0.1, 21 - k / 3 if k % 5 else None, 30.0, 2.0 + k % 4, 100 + k)
        for k, c in enumerate(grid.members)
        if k in known
    ]


@pytest.mark.parametrize("grid", [AXES, LISTED], ids=["axes", "listed"])
def test_the_browser_has_the_curve_through_every_place(grid):
    count = len(grid.members)
    members = candidates(grid, set(range(count)) - {1, count - 1})
    data, groups = curve_data(grid, members), selection.groups(members)
    assert [field["name"] for field in data["fields"]] == grid_charts.numeric_fields(grid)
    for field in data["fields"]:
        for k, config in enumerate(grid.members):
            expected = grid_charts.curve_through(groups, config, field["name"])
            sent = field["curves"][field["curveOf"][k]]
            assert sent["words"] == grid_words.curve_words(expected)
            assert field["x"][k] == config.get(field["name"])
            if len(expected.values) > 1:
                assert [(p["x"], p["error"], p["best"]) for p in sent["points"]] == [
                    (p.x, p.error, p.best) for p in expected.points
                ]
                assert (sent["log"], sent["elbow"], sent["onTest"]) == (
                    expected.log, expected.elbow, expected.on_test,
                )  # fmt: skip
            else:
                assert sent["points"] == []
                assert "there is no curve along it" in sent["words"]


def test_a_logarithmic_curve_leaves_zero_out_and_spans_its_seeds():
    members = candidates(AXES, range(24))
    curve = grid_charts.curve_through(selection.groups(members), AXES.members[0], "loss.code_l1")
    assert curve.log
    assert [point.x for point in curve.points] == [1e-3, 1e-1]
    assert curve.seeds == 2
    assert all(p.low < p.error < p.high and p.error == (p.low + p.high) / 2 for p in curve.points)


def test_heat_front_and_bars_hold_every_judged_member():
    members = candidates(AXES, range(20))
    heat, front, bars = (f(AXES, members) for f in (heat_data, front_data, bars_data))
    assert heat["errors"] == [20 - k / 3 for k in range(20)] + [None] * 4
    assert heat["index"] == list(AXES.index)
    assert heat["axes"][0] == {"name": "Units in the code", "values": ["2", "4", "8", "64"]}
    assert {m["k"]: m["front"] for m in front["marks"]} == {
        c.k: best for c, best in grid_charts.front(members)
    }
    assert front["words"].startswith(f"In colour: {sum(m['front'] for m in front['marks'])} of 20 models.")
    assert [row["name"] for row in bars["shares"] if row["telling"]] == ["Units in the code"]
    assert bars["words"] == grid_words.importance_words(selection.importance(AXES, members))
    assert front_data(AXES, [])["words"] == grid_words.NO_FRONT


def test_the_table_holds_the_figures_of_the_results():
    info = store.read_grid(BETAS)
    rows = info.rows()
    table = table_data(info.grid, rows)
    columns = {column["name"]: i for i, column in enumerate(table["columns"])}
    assert "strength" not in columns  # none of them has a penalty
    assert "seconds" in columns
    for row, sent in zip(rows, table["rows"], strict=True):
        test, code = row.result.test, row.result.code
        cells = {name: sent["cells"][i] for name, i in columns.items()}
        assert (sent["k"], sent["note"]) == (row.k, "")
        assert cells["units"] == info.grid.members[row.k].model.latent_size
        assert cells["Weight of the KL term (beta)"] == f"{info.grid.members[row.k].loss.beta:g}"
        assert (cells["test error"], cells["PCA's"]) == (test.squared_error, test.pca_squared_error)
        assert cells["validation error"] == row.result.validation["squared_error"]
        assert (cells["ELBO, nats"], cells["KL, nats"]) == (test.elbo, test.kl)
        assert (cells["active units"], cells["exact zeros"]) == (code.active_alive_units, code.exact_zeros)
        assert (cells["parameters"], cells["seconds"]) == (row.result.parameters, row.result.seconds)


def test_the_table_says_what_has_no_figures_yet():
    rows = [Row(0, {}, failed=3), Row(1, {}, epochs=1, validation={"squared_error": 9.0}), Row(2, {})]
    table = table_data(LISTED, rows)
    assert [row["note"] for row in table["rows"]] == [
        "diverged in epoch 3", "1 epoch so far", "0 epochs so far",
    ]  # fmt: skip
    rows[1] = replace(rows[1], beaten=1)
    assert table_data(LISTED, rows)["rows"][1]["note"] == "stopped after epoch 1: clearly beaten"
    names = [column["name"] for column in table["columns"]]
    assert names == ["units", "penalty", "strength", "seed", "validation error"]
    assert [row["cells"] for row in table["rows"]] == [
        [12, "none", None, 0, None], [4, "none", None, 0, 9.0], [4, "L2", 0.1, 0, None],
    ]  # fmt: skip


def test_fewer_and_smaller_pictures_are_sent_when_asked_for():
    info = store.read_grid(DEPTH)
    pictures, probe = store.read_all_pictures(info), store.read_probe(info.path)
    data = payload(info, info.rows(), pictures, probe, 1, most=3, half=True)
    assert (data["count"], data["shape"]) == (3, [1, 4, 4])
    sent = np.frombuffer(base64.b64decode(data["pictures"]), np.uint8).reshape(24, 3, 1, 4, 4)
    blocks = pictures.images[:, :3].astype(float).reshape(24, 3, 1, 4, 2, 4, 2).mean((4, 6))
    assert np.abs(sent - blocks).max() <= 0.5
    # What is said of a member does not depend on the size of its pictures.
    assert data["members"][0]["pca"]["parameters"] == 13 * 64


def test_halving_keeps_an_odd_end():
    image = np.arange(15, dtype=np.uint8).reshape(1, 3, 5)
    # 0 1 2 3 4 / 5 6 7 8 9 / 10 11 12 13 14
    assert halved(image).tolist() == [[[3, 5, 7], [11, 13, 14]]]
    assert halved(np.full((3, 7, 7), 255, np.uint8)).tolist() == np.full((3, 4, 4), 255).tolist()
