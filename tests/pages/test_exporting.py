"""Export and Import on the Runs page: files are made when they are asked for, and what comes in is shown."""

from __future__ import annotations

import shutil
import zipfile

from streamlit.testing.v1 import AppTest

from aecore import store
from aecore.store import names
from pages.shared import exporting
from tests.conftest import ROOT
from tests.pages.conftest import open_page

PAGE = "pages/train/runs/page.py"
RUN = ROOT / "checkpoints" / "digits-post-12-s0-f3512007"


def dialog(path: str) -> None:
    """What the dialog draws, as a script of its own: AppTest closes a dialog with every run."""
    from pathlib import Path

    from aecore import store
    from pages.shared import exporting

    folder = Path(path)
    exporting.draw(store.read_grid(folder) if store.is_grid(folder) else store.read_info(folder))


def saves(app) -> set[str]:
    """The buttons that save what is made, by their keys."""
    return {button.proto.id.split("-")[-1] for button in app.get("download_button")}


def test_a_file_is_made_when_it_is_asked_for_and_then_saved(tiny_root, tiny_key, monkeypatch):
    made: list[str] = []

    def make(path, report) -> bytes:
        made.append(path.name)
        report(0.5)
        return b"x" * 2_000

    kinds = {name: exporting.Kind(k.title, k.what_for, k.file, make) for name, k in exporting.KINDS.items()}
    monkeypatch.setattr(exporting, "KINDS", kinds)
    app = open_page(PAGE, runs_selected=tiny_key).button(key="runs_export").click().run()
    assert not app.exception
    assert {f"export_{name}" for name in kinds} <= {button.key for button in app.button}
    app = AppTest.from_function(dialog, kwargs={"path": str(tiny_root / tiny_key)}, default_timeout=60).run()
    assert not made
    app = app.button(key="export_code").click().run()
    assert not app.exception
    assert made == [tiny_key]
    assert saves(app) == {"export_code_save"}
    app.run()
    assert made == [tiny_key]


def test_what_can_not_be_made_is_said_in_one_sentence(tiny_root, tiny_key, monkeypatch):
    def make(path, report) -> bytes:
        raise RuntimeError("it needs *this*")

    monkeypatch.setitem(exporting.KINDS, "code", exporting.Kind("Code", "", "{name}.py", make))
    app = AppTest.from_function(dialog, kwargs={"path": str(tiny_root / tiny_key)}, default_timeout=60).run()
    app = app.button(key="export_code").click().run()
    assert not app.exception
    assert "export_code" in {button.key for button in app.button}
    assert [error.value for error in app.error] == ["Not made\\: it needs \\*this\\*."]
    assert not saves(app)


def test_a_grid_is_offered_what_takes_a_grid():
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
