"""What a form holds, kept in the page's address and by the browser.

A reload, a restarted server, a bookmark bring it back by the address; by the browser it comes back after a
reload on another page too. What is refused is kept as it was typed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st

from aecore.config import Config
from aecore.files import parse_json
from pages.components.keeper import keeper
from pages.shared import settings_form
from pages.shared.plain import plain
from pages.shared.settings_form import Branch

DRAFT = "draft"
"""Key in the URL."""

LONGEST = 4000
"""Characters of a draft: browsers and servers cut longer addresses."""


_KEPT = "_drafts"
"""Session key of the drafts by form."""
_KEEPER = "drafts_keeper"
"""Session key of what the browser has told."""
_WRITER = "drafts_writer"


def draw_keeper() -> None:
    """What has the browser keep the drafts, and tell once what it kept; to be drawn on every page."""
    drafts = st.session_state.setdefault(_KEPT, {})
    # Before it is drawn: what is told goes back with it, and is not told again.
    told = (st.session_state.get(_KEEPER) or {}).get("kept")
    if isinstance(told, Mapping) and "_drafts_told" not in st.session_state:
        st.session_state["_drafts_told"] = True
        # What was typed in this session is newer.
        texts = {form: text for form, text in told.items() if isinstance(text, str) and len(text) <= LONGEST}
        st.session_state[_KEPT] = texts | drafts
    keeper(st.session_state[_KEPT], "_drafts_told" in st.session_state, key=_KEEPER)


def taken(form: str) -> Mapping[str, Any]:
    """What the address, or else the browser, holds when a form is first drawn.

    Empty, with a line that says so, if it is no draft.
    """
    text = st.query_params.get(DRAFT) or st.session_state.get(_KEPT, {}).get(form)
    if not text:
        return {}
    try:
        if len(text) > LONGEST:
            raise ValueError("it is too long")
        values = parse_json(text, "it")
        if not isinstance(values, dict):
            raise ValueError("it must be a JSON object")
        config_of(values)
    except (ValueError, TypeError) as error:
        refuse(error)
        return {}
    return values


def refuse(error: Exception) -> None:
    """Says that the address, or else the browser, holds settings that can't be used."""
    whose = "The link's settings" if st.query_params.get(DRAFT) else "The settings that this browser kept"
    st.warning(f"{whose} can't be used: {plain(error)}.")


def config_of(values: Mapping[str, Any]) -> Config | None:
    """The settings of a draft; None where it has none, ValueError where they can't be."""
    settings = values.get("settings")
    if settings is None:
        return None
    if not isinstance(settings, dict):
        raise ValueError("its settings must be a JSON object")
    known = {path: tuple(value) if isinstance(value, list) else value for path, value in settings.items()}
    return Config.from_dict(Config().with_values(known).to_dict())


def branch_of(values: Mapping[str, Any]) -> Branch | None:
    """The weights that a draft begins with."""
    match values.get("branch"):
        case [str(run), int(epoch)]:
            return Branch(run, epoch)
    return None


def fill(form: str, values: Mapping[str, Any]) -> bool:
    """Fills a form with a draft; whether it has settings."""
    if (config := config_of(values)) is None:
        return False
    settings_form.fill(form, config, branch_of(values))
    if isinstance(typed := values.get("typed"), Mapping):
        settings_form.put_typed(form, typed)
    return True


def keep(form: str, config: Config, **more: Any) -> None:
    """Keeps a form's settings, with what more there is that says something."""
    _write(form, {"settings": config.differences(), **{name: value for name, value in more.items() if value}})


def keep_refused(form: str) -> None:
    """Keeps what is typed in a form beside the settings that were last taken, where it can't be used."""
    text = st.session_state.get(_KEPT, {}).get(form) or st.query_params.get(DRAFT) or "{}"
    try:
        before = parse_json(text, "it")
    except ValueError:
        before = {}
    if not isinstance(before, dict):
        before = {}
    _write(form, {"settings": {}, **before, "typed": settings_form.typed(form)})


def _write(form: str, values: Mapping[str, Any]) -> None:
    text = json.dumps(values, separators=(",", ":"), ensure_ascii=False)
    # Only then: setting one sends the whole query, which may be older than what the browser has.
    if len(text) > LONGEST:
        return
    st.session_state.setdefault(_KEPT, {})[form] = text
    # The keeper was drawn before the page, so that what was typed last would wait for the next run.
    with st.sidebar:
        keeper({form: text}, True, key=_WRITER)
    if st.query_params.get(DRAFT) != text:
        st.query_params[DRAFT] = text
