"""`aecore export`: what it refuses before anything is written, and what it tells of what it wrote."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from aecore.__main__ import main
from aecore.command_flags import Export
from aecore.commands import exporting
from aecore.export.explorer.grid import GridOptions, write_grid
from tests.conftest import ROOT
from tests.test_command_line import refusal

POST = "digits-post-12-s0-f3512007"
GRID = "grid-digits-depth"


@pytest.fixture(autouse=True)
def shipped(monkeypatch):
    monkeypatch.setenv("AECORE_CHECKPOINTS", str(ROOT / "checkpoints"))


@pytest.fixture
def quick(monkeypatch):
    """Exports that write at once, in the place of the table's."""

    def write(path: Path, target: Path, command: Export, report) -> str:
        report(0.5)
        (target / "a.txt" if target.is_dir() else target).write_text("four")
        return "a note"

    for name, kind in exporting.EXPORTS.items():
        monkeypatch.setitem(exporting.EXPORTS, name, replace(kind, write=write))


def test_every_export_is_a_flag_of_the_command():
    assert set(exporting.EXPORTS) <= set(Export.__dataclass_fields__)


def test_it_tells_what_was_written(quick, capsys, tmp_path):
    target = tmp_path / "new" / "folder"
    assert main(["export", POST, "--onnx", str(target), "--json"]) == 0
    (row,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (row["export"], row["to"]) == ("onnx", str(target))
    assert (row["bytes"], row["note"], row["files"]) == (4, "a note", {str(target / "a.txt"): 4})


def test_nothing_that_is_there_is_replaced_without_force(quick, capsys, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "a.txt").write_text("something longer")
    assert "holds files already" in refusal(capsys, "export", POST, "--onnx", str(tmp_path))
    assert (tmp_path / "a.txt").read_text() == "something longer"
    assert main(["export", POST, "--onnx", str(tmp_path), "--force"]) == 0
    assert (tmp_path / "a.txt").read_text() == "four"
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_what_can_not_be_written_is_refused_in_one_sentence(quick, capsys, tmp_path):
    assert "one or more of --html, --onnx" in refusal(capsys, "export", POST)
    assert f"name one of its members, {GRID}/0" in refusal(
        capsys, "export", GRID, "--onnx", str(tmp_path / "x")
    )
    (tmp_path / "file").write_text("")
    assert "needs a folder" in refusal(capsys, "export", POST, "--onnx", str(tmp_path / "file"))
    assert "there is no run" in refusal(capsys, "export", "nowhere", "--onnx", str(tmp_path / "x"))
    assert not (tmp_path / "x").exists()


def test_a_zip_that_was_written_is_taken_in(capsys, tmp_path):
    target, root = tmp_path / "run.zip", tmp_path / "root"
    assert main(["export", POST, "--zip", str(target)]) == 0
    assert list(tmp_path.iterdir()) == [target]
    capsys.readouterr()
    assert main(["import", str(target), "--out", str(root), "--json"]) == 0
    (row,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert row == {"run": str(root / POST), "left_out": []}
    assert main(["runs", "--out", str(root)]) == 0
    assert POST in capsys.readouterr().out
    assert "there is no" in refusal(capsys, "import", str(tmp_path / "nowhere"), "--out", str(root))


def test_points_are_for_a_run_and_images_and_sliders_for_a_grid(capsys, tmp_path):
    target = str(tmp_path / "x.html")
    assert "--images is for the page of a grid" in refusal(
        capsys, "export", POST, "--html", target, "--images", "4"
    )
    assert "from 1 to 100, not 0" in refusal(capsys, "export", GRID, "--html", target, "--images", "0")
    assert "--sliders is for the page of a grid" in refusal(
        capsys, "export", POST, "--html", target, "--sliders"
    )
    assert "--points is for the map of a run" in refusal(
        capsys, "export", GRID, "--html", target, "--points", "40"
    )
    assert not Path(target).exists()


def test_a_grids_page_holds_the_images_and_decoders_asked_for(capsys, tmp_path):
    flags = ("--images", "2", "--pictures", "half", "--sliders")
    assert main(["export", GRID, "--html", str(tmp_path / "a.html"), *flags]) == 0
    write_grid(ROOT / "checkpoints" / GRID, tmp_path / "b.html", GridOptions(2, "half", sliders=True))
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((POST, "--table", "t.csv"), f"{POST} is a run, and --table takes a grid"),
        ((GRID, "--history", "h.csv"), f"{GRID} is a grid, and --history takes a run"),
        ((POST, "--history", "h.xlsx"), "--history must end in .csv or .parquet, not .xlsx"),
        ((POST, "--codes", "codes"), "--codes must end in .csv or .parquet, not a file without ending"),
    ],
)
def test_a_table_is_refused_before_anything_is_written(capsys, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert words in refusal(capsys, "export", *arguments)
    assert not any(tmp_path.iterdir())


def test_the_tables_are_written_beside_each_other(capsys, tmp_path):
    files = [tmp_path / "new" / name for name in ("h.csv", "l.parquet", "c.CSV")]
    assert main(["export", POST, "--history", str(files[0]), "--layers", str(files[1]), "--json"]) == 0
    assert main(["export", f"{GRID}/1", "--codes", str(files[2]), "--json"]) == 0
    assert main(["export", GRID, "--table", str(tmp_path / "t.csv"), "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["export"] for row in rows] == ["history", "layers", "codes", "table"]
    assert [row["bytes"] for row in rows[:3]] == [file.stat().st_size for file in files]
    assert [row["note"] for row in rows[2:]] == ["360 test images", "24 of 24 members"]
