"""Folders and links from strangers: every page says what is wrong in a sentence and goes on with the rest."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from safetensors.numpy import load_file, save_file

from aecore import store
from aecore.store import names
from tests.pages.conftest import open_page
from tests.pages.test_every_page import PAGES

DEEP = "[" * 100_000


def rewrite(file: str, change: Callable[[dict], Any]) -> Callable[[Path], None]:
    """A change of a JSON file's values, unchecked; what is returned, if anything, takes their place."""

    def act(path: Path) -> None:
        values = json.loads((path / file).read_text())
        (path / file).write_text(json.dumps(change(values) or values))

    return act


def write(file: str, content: str) -> Callable[[Path], None]:
    return lambda path: (path / file).write_text(content)


def fill_weights(value: float) -> Callable[[Path], None]:
    def act(path: Path) -> None:
        tensors = {name: np.full_like(t, value) for name, t in load_file(path / names.WEIGHTS).items()}
        save_file(tensors, path / names.WEIGHTS, metadata(path))

    return act


def metadata(path: Path) -> dict[str, str]:
    content = (path / names.WEIGHTS).read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return header["__metadata__"]


def set_metadata(**values: str) -> Callable[[Path], None]:
    def act(path: Path) -> None:
        save_file(load_file(path / names.WEIGHTS), path / names.WEIGHTS, metadata(path) | values)

    return act


def replace_by(file: str, make: Callable[[Path], None]) -> Callable[[Path], None]:
    def act(path: Path) -> None:
        (path / file).unlink(missing_ok=True)
        make(path / file)

    return act


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2 << 30)


def set_config(section: str, **values: Any) -> Callable[[Path], None]:
    return rewrite(names.CONFIG, lambda v: v["config"][section].update(values))


NASTY: dict[str, Callable[[Path], Any]] = {
    "a date beyond floats": lambda path: (path / names.CONFIG).write_text(
        re.sub(r'"created": [0-9.]+', '"created": 1e400', (path / names.CONFIG).read_text())
    ),
    "a date of 5,000 digits": lambda path: (path / names.CONFIG).write_text(
        re.sub(r'"created": [0-9.]+', '"created": ' + "9" * 5000, (path / names.CONFIG).read_text())
    ),
    "a format of 4,000 digits": rewrite(names.CONFIG, lambda v: v | {"format": 10**4000}),
    "progress of 4,000 digits": write(names.PROGRESS, json.dumps({"status": "stopped", "epoch": 10**4000})),
    "progress below zero": write(names.PROGRESS, json.dumps({"status": "stopped", "epoch": -3})),
    "deep metadata": set_metadata(shape=DEEP),
    "metadata of 5,000 digits": set_metadata(shape="9" * 5000),
    "metadata of another size": set_metadata(shape="[3, 8, 8]"),
    "scaling of three channels": set_metadata(scaling='{"mean": [0, 0, 0], "std": [1, 1, 1]}'),
    "a deep result": write(names.RESULT, DEEP),
    "half a character in the name": rewrite(names.CONFIG, lambda v: v | {"name": "half \ud800"}),
    "half a character in the progress": write(names.PROGRESS, '{"status": "failed", "message": "\\ud800"}'),
    "a result without epochs": rewrite(names.RESULT, lambda v: {k: v[k] for k in v if k != "epochs"}),
    "a result without validation": rewrite(names.RESULT, lambda v: v | {"validation": {}, "code": None}),
    "a history without validation": lambda path: (path / names.HISTORY).write_text(
        "".join(
            json.dumps({k: v for k, v in json.loads(line).items() if k != "validation"}) + "\n"
            for line in (path / names.HISTORY).read_text().splitlines()
        )
    ),
    "a history of zeros": lambda path: (path / names.HISTORY).write_text(
        "".join(
            json.dumps(json.loads(line) | {"train": {"squared_error": 0.0}, "validation": {}}) + "\n"
            for line in (path / names.HISTORY).read_text().splitlines()
        )
    ),
    "a history of other bytes": lambda path: (path / names.HISTORY).write_bytes(b"\xff\xfe"),
    "another data set": set_config("data", name="sprites"),
    "weights that are not finite": fill_weights(np.nan),
    "weights that are huge": fill_weights(1e30),
    "weights of zero": fill_weights(0.0),
    "a pipe as result": replace_by(names.RESULT, os.mkfifo),
    "a pipe as weights": replace_by(names.WEIGHTS, os.mkfifo),
    "a pipe as history": replace_by(names.HISTORY, os.mkfifo),
    "a pipe as progress": replace_by(names.PROGRESS, os.mkfifo),
    "a device as config": replace_by(names.CONFIG, lambda path: path.symlink_to("/dev/zero")),
    "a device as history": replace_by(names.HISTORY, lambda path: path.symlink_to("/dev/zero")),
    "a sparse result": replace_by(names.RESULT, sparse),
    "a sparse history": replace_by(names.HISTORY, sparse),
    "huge layers in a small folder": set_config("model", hidden=[16384, 16384, 16384]),
    "a name that is no UTF-8": lambda path: os.rename(path, os.fsencode(path.parent) + b"/bad-\xff"),
    "a link to another folder": lambda path: (
        path.rename(path.parent.parent / "elsewhere"),
        path.symlink_to(path.parent.parent / "elsewhere"),
    ),
}
"""What a stranger's folder may hold, as changes of a trained run."""

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="This system has no named pipes.")


@pytest.fixture(autouse=True)
def _forget():
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.mark.parametrize("nasty", NASTY)
def test_every_page_outlives_a_strangers_run(nasty, tiny_root, tiny_key):
    # The stranger's is the newest, so it is what the pages open on where it can be chosen at all.
    shutil.copytree(tiny_root / tiny_key, tiny_root / "stranger")
    rewrite(names.CONFIG, lambda v: v.update(created=v["created"] + 60))(tiny_root / "stranger")
    NASTY[nasty](tiny_root / "stranger")
    assert tiny_key in [info.key for info in store.list_runs() if isinstance(info, store.RunInfo)]
    app = open_page(PAGES[0])
    for path in PAGES:
        app = app.switch_page(path).run()
        assert not app.exception, f"{path}: {app.exception[0].message} {app.exception[0].stack_trace}"
        assert len(app.main) > 0
        for message in (*app.error, *app.warning):
            assert "\n" not in message.value


GRID_NASTY: dict[str, Callable[[Path], Any]] = {
    "a deep stack list": lambda path: write(names.MEMBERS, DEEP)(store.stack_path(path, 0)),
    "a stack list of foreign members": lambda path: write(
        names.MEMBERS, '{"members": [-1, 7777777], "of": 1}'
    )(store.stack_path(path, 0)),
    "a probe of another size": replace_by(
        names.PROBE,
        lambda path: save_file({"images": np.zeros((4, 3), np.uint8), "labels": np.zeros(4, np.int64)}, path),
    ),
    "a probe that fits no picture": replace_by(
        names.PROBE,
        lambda path: save_file(
            {"images": np.zeros((4, 1, 5, 5), np.uint8), "labels": np.zeros(4, np.int64)}, path
        ),
    ),
    "a pipe as probe": replace_by(names.PROBE, os.mkfifo),
    "a result without epochs": rewrite(
        names.RESULT, lambda v: v["members"][0].update(epochs=None, validation=None)
    ),
    "a result without validation": rewrite(
        names.RESULT, lambda v: [member.update(validation={}) for member in v["members"]] and v
    ),
    "figures of nothing": write(names.FIGURES, '{"members": []}'),
    "deep figures": write(names.FIGURES, DEEP),
    "a pipe as a member's pictures": lambda path: replace_by(names.PICTURES, os.mkfifo)(path / "0"),
    "pictures of another kind": lambda path: save_file(
        {"reconstruction": np.zeros((2, 2), np.float32), "code": np.zeros(3, np.int64)},
        path / "0" / names.PICTURES,
    ),
    "a member of other weights": lambda path: fill_weights(np.nan)(path / "0"),
}
"""What a stranger's grid may hold, as changes of a trained one."""


@pytest.mark.parametrize("nasty", GRID_NASTY)
def test_every_page_outlives_a_strangers_grid(nasty, grid_root, grid_key):
    GRID_NASTY[nasty](grid_root / grid_key)
    app = open_page(PAGES[0], {"run": f"{grid_key}/0"})
    for path in PAGES:
        app = app.switch_page(path).run()
        assert not app.exception, f"{path}: {app.exception[0].message} {app.exception[0].stack_trace}"
        assert len(app.main) > 0


def test_a_strangers_grid_with_bad_pictures_is_told_on_choose(grid_root, grid_key):
    GRID_NASTY["a probe that fits no picture"](grid_root / grid_key)
    app = open_page("pages/look/choose/page.py")
    assert "The grid can't be shown: " in app.error[0].value
