"""Export and Import on the Runs page: files are made when they are asked for, and what comes in is shown."""

from __future__ import annotations

import shutil
import threading
import zipfile
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from aecore import store
from aecore.store import names
from pages.shared import background, exporting
from tests.conftest import ROOT
from tests.pages.conftest import open_page, wait_for_work

PAGE = "pages/train/runs/page.py"
RUN = ROOT / "checkpoints" / "digits-post-12-s0-f3512007"


def dialog(path: str) -> None:
    """What the dialog draws, as a script of its own."""
    from pathlib import Path

    from aecore import store
    from pages.shared import exporting

    folder = Path(path)
    exporting.draw(store.read_grid(folder) if store.is_grid(folder) else store.read_info(folder))


@pytest.fixture
def lines(tiny_root, tiny_key):
    """The dialog's lines for the tiny run; nothing is kept of what other tests have made."""
    background.works().clear()
    yield AppTest.from_function(dialog, kwargs={"path": str(tiny_root / tiny_key)}, default_timeout=60)
    background.works().clear()


def saves(app) -> set[str]:
    """The buttons that save what is made, by their keys."""
    return {button.proto.id.split("-")[-1] for button in app.get("download_button")}


def keys(app) -> set[str]:
    return {button.key for button in app.button}


def use(monkeypatch, make) -> None:
    """Makes the code's line do that instead."""
    monkeypatch.setitem(exporting.KINDS, "code", replace(exporting.KINDS["code"], make=make))


def test_the_dialog_stays_open_while_the_page_is_drawn_anew_until_it_is_closed(tiny_root, tiny_key):
    app = open_page(PAGE, runs_selected=tiny_key)
    assert "export_code" not in keys(app)
    app = app.button(key="runs_export").click().run()
    assert not app.exception
    assert {f"export_{name}" for name, kind in exporting.KINDS.items() if kind.runs} <= keys(app)
    assert "export_code" in keys(app.run())
    del app.session_state[exporting.OPEN]
    assert "export_code" not in keys(app.run())


def test_a_file_is_made_when_it_is_asked_for_and_then_saved(lines, tiny_key, monkeypatch):
    made: list[str] = []

    def make(path, report) -> bytes:
        made.append(path.name)
        report(0.5)
        return b"x" * 2_000

    use(monkeypatch, make)
    app = lines.run()
    assert not made
    app = wait_for_work(app.button(key="export_code").click().run())
    assert not app.exception
    assert made == [tiny_key]
    assert saves(app) == {"export_code_save"}
    assert [b.proto.label for b in app.get("download_button")] == ["Save, 2 kB"]
    app.run()
    assert made == [tiny_key]


def test_a_stop_ends_it_and_leaves_nothing(lines, monkeypatch, tmp_path):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    going = threading.Event()

    def write(path, folder, report) -> None:
        (folder / "a.bin").write_bytes(b"x")
        while True:
            report(0.5)
            going.set()

    use(monkeypatch, exporting._zip_of(write, "--code"))
    app = lines.run().button(key="export_code").click().run()
    assert going.wait(30)
    app.run()
    assert "export_code" not in keys(app)
    assert any((tmp_path / "temporary").iterdir())
    app = wait_for_work(app.button(key="export_code_stop").click().run())
    assert not app.exception
    assert "export_code" in keys(app)
    assert not saves(app)
    assert not app.warning
    assert not any((tmp_path / "temporary").iterdir())


def test_what_can_not_be_made_is_said_in_one_sentence(lines, monkeypatch):
    def make(path, report) -> bytes:
        raise RuntimeError("it needs *this*")

    use(monkeypatch, make)
    app = wait_for_work(lines.run().button(key="export_code").click().run())
    assert not app.exception
    assert "export_code" in keys(app)
    assert [warning.value for warning in app.warning] == ["Not made\\: it needs \\*this\\*."]
    assert not saves(app)


@pytest.mark.parametrize(
    ("name", "flags"), [("zip", "--zip FILE"), ("tables", "--codes FILE")], ids=["zip", "tables"]
)
def test_what_is_too_large_for_memory_is_the_command_lines(tiny_root, tiny_key, monkeypatch, name, flags):
    monkeypatch.setattr(exporting, "LARGEST", 1_000)
    told: list[float] = []
    sentence = f"at most 1 kB; the command line writes it, aecore export {tiny_key} {flags}$"
    with pytest.raises(ValueError, match=sentence):
        exporting.KINDS[name].make(tiny_root / tiny_key, told.append)
    # A zip is refused before anything is read.
    assert not told or name != "zip"


def test_a_grid_is_offered_what_takes_a_grid():
    background.works().clear()
    path = str(ROOT / "checkpoints" / "grid-digits-depth")
    app = AppTest.from_function(dialog, kwargs={"path": path}, default_timeout=60).run()
    assert not app.exception
    offered = {f"export_{name}" for name, kind in exporting.KINDS.items() if kind.grids}
    assert (
        {"export_tables", "export_tensorboard", "export_zip"}
        == offered
        == {button.key for button in app.button}
    )


def test_the_zip_holds_the_run(tiny_root, tiny_key, tmp_path):
    content = exporting.KINDS["zip"].make(tiny_root / tiny_key, lambda share: None)
    (tmp_path / "a.zip").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert f"{tiny_key}/{names.WEIGHTS}" in archive.namelist()


def test_a_run_that_comes_in_is_the_selected_one(tiny_root, tiny_key):
    app = open_page(PAGE, runs_selected=tiny_key)
    assert app.button(key="runs_import").disabled
    app = app.text_input(key="runs_import_path_0").input(str(RUN)).run()
    app = app.button(key="runs_import").click().run()
    assert not app.exception
    assert (tiny_root / RUN.name / names.WEIGHTS).exists()
    assert app.session_state["runs_selected"] == RUN.name
    assert [s.value for s in app.subheader] == [store.read_info(RUN).name]
    assert app.text_input(key="runs_import_path_1").value == ""


def test_what_could_not_be_used_is_refused_in_one_sentence(tiny_root, tiny_key, tmp_path):
    shutil.copytree(RUN, tmp_path / "run")
    (tmp_path / "run" / names.WEIGHTS).unlink()
    app = open_page(PAGE, runs_selected=tiny_key)
    app = app.text_input(key="runs_import_path_0").input(str(tmp_path / "run")).run()
    app = app.button(key="runs_import").click().run()
    assert not app.exception
    (error,) = app.error
    assert error.value.startswith("Not imported\\: ")
    assert "is missing" in error.value
    assert [path.name for path in tiny_root.iterdir()] == [tiny_key]
