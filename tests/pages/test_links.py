"""What links, names and messages bring is text on every page, and no value of a link raises."""

from __future__ import annotations

import json
import os
import re
import time

import pytest
from streamlit.testing.v1 import AppTest

from aecore import jobs, store
from aecore.results import Progress
from aecore.store import names
from pages.shared.plain import LONGEST, plain
from tests.conftest import ROOT
from tests.pages.conftest import open_page
from tests.pages.test_every_page import PAGES

EVIL = "![x](http://evil.example/r.png) **[log in](http://evil.example/login)**"
LIVE = b"](http://evil.example"
PLAIN = {"selectbox", "text_input", "dataframe", "html", "bidi_component", "code"}
"""Elements whose texts are no Markdown."""


def bound_parameters() -> list[str]:
    """Keys in the URL: those of bound widgets as the pages' sources have them, and the pages' own."""
    found = {"run", "grid", "at", "image_a", "image_b", "codes_second", "codes_color"}
    for file in (ROOT / "pages").rglob("*.py"):
        source = file.read_text()
        for at in re.finditer(r'bind="query-params"', source):
            found |= set(re.findall(r'key="([a-z_]+)"', source[: at.start()])[-1:])
    return sorted(found)


def live(app: AppTest) -> list[str]:
    """Elements that carry the stranger's Markdown unescaped."""
    nodes = [node for block in (app.main, app.sidebar) for node in block]
    return [
        f"{node.type}: {node.proto}"
        for node in nodes
        if getattr(node, "proto", None) is not None
        and node.type not in PLAIN
        and LIVE in node.proto.SerializeToString()
    ]


def test_plain_text_is_a_line_without_markdown():
    assert plain(" a\nb ") == "a b"
    assert plain("post-12 (2).") == "post-12 (2)."
    assert plain("a_b *c* `d` $e$ :red[f] <g> ~h~ | i") == (
        r"a\_b \*c\* \`d\` \$e\$ \:red\[f\] \<g\> \~h\~ \| i"
    )
    assert plain("- a") == r"\- a"
    assert plain("1. a") == r"1\. a"
    assert "http://" not in plain("see http://evil.example").replace("\\", "")
    assert "www." not in plain("see www.evil.example")
    assert "a@b" not in plain("a@b.example")
    assert len(plain("x" * 9999)) == LONGEST + 1
    assert plain("\ud800") == "?"


def test_the_parameters_are_those_of_the_pages():
    assert {"interpolation_view", "units_find", "sparsity_lesson", "choose_view"} <= set(bound_parameters())


@pytest.mark.parametrize("state", ["failed", "running", "queued", "stopped"])
def test_a_name_and_a_message_are_text_on_every_page(state, tiny_root, tiny_key):
    path = tiny_root / tiny_key
    config = json.loads((path / names.CONFIG).read_text())
    (path / names.CONFIG).write_text(json.dumps(config | {"name": EVIL}))
    progress = Progress(
        status=state,
        message=EVIL,
        pid=os.getpid(),
        process_started=jobs.process_start(os.getpid()),
        submitted=time.time(),
        heartbeat=time.time(),
    )
    store.write_progress(path, progress)
    app = open_page(PAGES[0])
    shown = False
    for page in PAGES:
        app = app.switch_page(page).run()
        assert not app.exception
        assert not live(app), page
        shown = shown or any(
            plain(EVIL) in part.value for part in (*app.markdown, *app.error, *app.subheader)
        )
    assert shown


@pytest.mark.parametrize("value", [EVIL, "", "1e999", "-1e999", "nan", "9" * 400, "\x00", "-1"])
@pytest.mark.parametrize("page", PAGES)
def test_a_link_may_hold_anything(page, value, tiny_root, tiny_key):
    app = open_page(page, dict.fromkeys(bound_parameters(), value))
    assert not app.exception, f"{app.exception[0].message} {app.exception[0].stack_trace}"
    assert not live(app)
