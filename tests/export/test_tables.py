"""Tables for other programs: what is in them is what was recorded, and reading gives it back."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest

from aecore import data as datasets
from aecore import store
from aecore.analysis.encoding import Encoded
from aecore.analysis.metrics import errors_on
from aecore.export import tables
from aecore.looks import QUANTITIES
from aecore.results import EpochRecord
from aecore.store import names
from tests.conftest import ROOT

RUN = ROOT / "checkpoints" / "digits-post-12-s0-f3512007"
GRID = ROOT / "checkpoints" / "grid-digits-loss"


def read(content: bytes, suffix: str) -> pd.DataFrame:
    if suffix == ".csv":
        return pd.read_csv(io.BytesIO(content))
    return pd.read_parquet(io.BytesIO(content))


@pytest.mark.parametrize("suffix", tables.TABLES)
def test_a_history_is_what_stands_in_the_file(suffix):
    found = read(tables.table_file(tables.history_table(store.read_history(RUN)), suffix), suffix)
    lines = [json.loads(line) for line in (RUN / names.HISTORY).read_text().splitlines()]
    assert len(found) == len(lines) == 60
    for row, line in zip(found.to_dict("records"), lines, strict=True):
        for part in ("train", "validation"):
            assert {n: row.pop(f"{part}.{n}") for n in line[part]} == line.pop(part)
        assert row == line


def test_a_term_that_began_later_is_empty_before():
    records = [
        EpochRecord(e, {"loss": 1.0, "squared_error": 2.0, **more}, {}, 1e-3, 5.0, 1.0)
        for e, more in ((1, {}), (2, {"code_l1": 0.5}))
    ]
    found = tables.history_table(records)
    assert list(found)[:4] == ["epoch", "train.loss", "train.squared_error", "train.code_l1"]
    assert found["train.code_l1"].isna().tolist() == [True, False]
    assert tables.history_table([]).empty


@pytest.mark.parametrize("suffix", tables.TABLES)
def test_layers_are_a_row_for_each_look_at_each(suffix):
    looks = store.read_looks(RUN)
    found = read(tables.table_file(tables.layer_table(looks), suffix), suffix)
    assert len(found) == len(looks) * len(looks.layers)
    for i, layer in enumerate(looks.layers):
        own = found[found["layer"] == layer.name]
        assert (own["units"] == layer.units).all()
        assert own["total"].tolist() == looks.rows["total"].tolist()
        for quantity in QUANTITIES:
            np.testing.assert_array_equal(own[quantity].astype(np.float32), looks.rows[quantity][:, i])


@pytest.mark.parametrize("suffix", tables.TABLES)
def test_a_grid_is_a_row_a_member_with_settings_and_figures(suffix):
    info = store.read_grid(GRID)
    found = read(tables.table_file(tables.member_table(info), suffix), suffix)
    assert list(found)[:3] == ["k", *info.grid.axes]
    for row, member in zip(found.to_dict("records"), info.members(), strict=True):
        config = info.grid.members[member.k]
        assert row["test.squared_error"] == member.result.test.squared_error
        assert row["code.dead_units"] == member.result.code.dead_units
        assert row["loss.reconstruction"] == config.loss.reconstruction
        assert row["train.learning_rate"] == config.train.learning_rate
        assert json.loads(row["model.hidden"]) == list(config.model.hidden)


def test_a_member_that_failed_is_a_row_with_its_epoch():
    found = tables._table([{"k": 0, "failed": 3}, {"k": 1, "widths": (3, 4)}], ["k", "failed", "widths"])
    assert found["failed"].tolist() == [3, pd.NA]
    assert tables.table_file(found, ".csv").decode().split() == [
        "k,failed,widths",
        "0,3,",
        '1,,"[3,',
        '4]"',
    ]
    assert len(read(tables.table_file(found, ".parquet"), ".parquet")) == 2


@pytest.mark.parametrize("suffix", tables.TABLES)
def test_codes_are_those_of_the_run(suffix):
    run, data = store.load_run(RUN), datasets.load("digits")
    shares: list[float] = []
    found = read(tables.table_file(tables.code_table(run, data, on_progress=shares.append), suffix), suffix)
    units = found[[f"unit_{i}" for i in range(12)]].to_numpy(np.float32)
    np.testing.assert_array_equal(units, run.encode(data.test_images).numpy())
    np.testing.assert_allclose(found["squared_error"], errors_on(run, data.test_images), rtol=1e-6)
    assert found["class"].astype(str).tolist() == [data.class_names[i] for i in data.test_labels]
    assert shares[-1] == 1
    assert len(tables.code_table(run, data, "train")) == len(data.train_images)


def test_generated_images_have_their_factors():
    data = datasets.load("sprites")
    run = store.load_run(RUN)
    with pytest.raises(ValueError, match="must have the shape"):
        tables.code_table(run, data)


DANGEROUS = ["=1+2", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1"]
PLAIN = ["a=b", "7", "-3", "+1e5", "-inf", "", "ü", "'quoted", 'a "b", c', "two\nlines"]


def test_what_a_spreadsheet_would_compute_stays_text():
    names = DANGEROUS + PLAIN
    encoded = Encoded(names, names, np.zeros((16, 1, 1, 1), np.uint8), -np.ones((16, 1)), np.ones(16), [])
    content = tables.encoded_file(encoded, ".csv").decode()
    found = pd.read_csv(io.StringIO(content, newline=""), dtype=str, keep_default_na=False)
    assert found["name"].tolist() == [f"'{text}" for text in DANGEROUS] + PLAIN
    assert found["class"].tolist() == found["name"].tolist()
    assert found["unit_0"].tolist() == ["-1.0"] * 16  # a number is no text
    parquet = read(tables.encoded_file(encoded, ".parquet"), ".parquet")
    assert parquet["name"].tolist() == names


def test_names_of_columns_come_from_files_too():
    record = EpochRecord(1, {"loss": 1.0, "squared_error": 2.0}, {}, 1e-3, 5.0, 1.0)
    table = tables.history_table([record]).rename(columns={"train.loss": "=evil"})
    assert tables.table_file(table, ".csv").decode().startswith("epoch,'=evil,")


@pytest.mark.parametrize("suffix", tables.TABLES)
def test_a_name_that_is_no_unicode_has_its_bytes_spelled_out(suffix):
    table = pd.DataFrame({"name": pd.Series([b"\xff.png".decode("utf-8", "surrogateescape")], dtype=object)})
    assert read(tables.table_file(table, suffix), suffix)["name"].tolist() == ["\\udcff.png"]


def test_another_ending_is_refused(tmp_path):
    table = tables.history_table(store.read_history(RUN))
    with pytest.raises(ValueError, match=r"written as \.csv, \.parquet, not as \.xlsx"):
        tables.write_table(table, tmp_path / "h.xlsx")
    with pytest.raises(ValueError, match="not as a file without ending"):
        tables.write_table(table, tmp_path / "h")
    assert not list(tmp_path.iterdir())
    tables.write_table(table, tmp_path / "h.CSV")
    assert len(pd.read_csv(tmp_path / "h.CSV")) == 60


def test_all_tables_of_a_run_or_a_grid(tmp_path, monkeypatch):
    for folder in ("run", "grid", "without"):
        (tmp_path / folder).mkdir()
    tables.write_all(RUN, tmp_path / "run")
    sizes = {file.name: len(pd.read_csv(file)) for file in (tmp_path / "run").iterdir()}
    assert sizes == {"history.csv": 60, "layers.csv": 151 * 6, "codes.csv": 360}
    tables.write_all(GRID, tmp_path / "grid")
    assert len(pd.read_csv(tmp_path / "grid" / "members.csv")) == 9

    def gone(name):
        raise datasets.DataNotFoundError("the images are not here")

    monkeypatch.setattr(datasets, "load", gone)
    tables.write_all(RUN, tmp_path / "without")
    assert {file.name for file in (tmp_path / "without").iterdir()} == {"history.csv", "layers.csv"}
