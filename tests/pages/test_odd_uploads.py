"""Odd, damaged and hostile images brought to the page, one after the other in one session that lives on."""

import os
import stat
from pathlib import Path

import pytest

from aecore.own import sets
from pages.use.own_images.preview import PHOTOGRAPHS
from pages.use.own_images.source import KINDS, PICTURES
from tests.own.odd import NAMES, REFUSED, SKIPPED, all_cases, as_zip, good
from tests.pages.conftest import open_page

PAGE = "pages/use/own_images/page.py"
SHEET = "data:image/png;base64,"
CASES = all_cases()
CASES += [
    (f"unreadable, called {name[:20]!r}", SKIPPED, as_zip(good() | {f"a/{name}": b"no"})) for name in NAMES
]
CASES += [
    (
        f"archive called {name!r}",
        REFUSED,
        lambda root, name=name: _written(root / f"{name}.zip", b"no archive"),
    )
    for name in (
        "<img src=x onerror=alert(1)>",
        "![x](http:y)",
        "[link](http:x)",
        "$x$ :red[y]",
        "a\nb",
        "`c`",
    )
]


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def uploads(path: Path) -> list[tuple[str, bytes, str]]:
    """What a person could drop onto the page of what lies at a path; nothing where it takes a path."""
    if path.parent.name == "images":
        return []  # A table that names the files beside it.
    files = (
        [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_symlink() or not p.is_dir())
    )
    kinds = KINDS if path.is_file() else PICTURES
    if not all(stat.S_ISREG(p.lstat().st_mode) and p.suffix.lower().lstrip(".") in kinds for p in files):
        return []
    # A browser's names are Unicode.
    return [(os.fsencode(p.name).decode(errors="replace"), p.read_bytes(), "") for p in files]


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """The page, opened once, without runs and without data."""
    folder = tmp_path_factory.mktemp("odd")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AECORE_DATA", str(folder / "data"))
        patch.setenv("AECORE_CHECKPOINTS", str(folder / "checkpoints"))
        (folder / "checkpoints").mkdir()
        yield open_page(PAGE)


@pytest.mark.parametrize(("becomes", "make"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_it_is_shown_or_refused_in_one_sentence(becomes, make, app, tmp_path):
    path = make(tmp_path)
    dropped = uploads(path)
    app.file_uploader(key="own_files").set_value(dropped or None)
    app.text_input(key="own_path").set_value("" if dropped else str(path)).run()
    assert not app.exception, app.exception[0].message
    # Where nothing is there to be read, the page goes on showing what it would make of photographs.
    sheets = [
        element.value
        for element in app.html
        if SHEET in element.value and not any(what in element.value for what in PHOTOGRAPHS.values())
    ]
    if app.error:
        (error,) = app.error
        assert becomes == REFUSED
        assert not sheets
        assert not app.warning
        assert error.value.endswith(".")
        assert len(error.value) > 20
        assert "\n" not in error.value
    else:
        assert becomes != REFUSED
        assert len(sheets) == 1
        assert len(app.warning) == (becomes == SKIPPED)
    shown = [e.value for e in (*app.markdown, *app.caption, *app.error, *app.warning, *app.info)]
    for text in shown:
        assert "](http" not in text.replace("\\]", ""), text
        assert "<script" not in text.replace("\\<", "")
        assert "<img" not in text.replace("\\<", "")
    for text in (element.value for element in app.html):
        assert "<script" not in text
        assert "onerror=alert" not in text.replace("&", "")


def test_most_are_dropped_and_the_rest_is_named_by_its_path(tmp_path):
    dropped = []
    for i, (name, _, make) in enumerate(CASES):
        (tmp_path / str(i)).mkdir()
        if name != "zip, bomb":  # much to make
            dropped.append(bool(uploads(make(tmp_path / str(i)))))
    assert sum(dropped) >= 200
    assert not all(dropped)


def test_nothing_of_what_was_dropped_is_kept(app):
    app.file_uploader(key="own_files").set_value(None)
    app.text_input(key="own_path").set_value("").run()
    assert not app.exception
    assert not app.error
    assert not list(sets.own_root().glob("*"))
