"""What a form holds, kept in the page's address: a reload, a restarted server, a bookmark bring it back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st

from aecore.config import Config
from aecore.files import parse_json
from pages.shared.plain import plain
from pages.shared.settings_form import Branch

DRAFT = "draft"
"""Key in the URL."""

LONGEST = 4000
"""Characters of a draft: browsers and servers cut longer addresses."""


def taken() -> Mapping[str, Any]:
    """What the address holds when a form is first drawn; empty, with a line that says so, if no draft."""
    text = st.query_params.get(DRAFT)
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
    """Says that the address holds settings that can't be used."""
    st.warning(f"The link's settings can't be used: {plain(error)}.")


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


def keep(config: Config, **more: Any) -> None:
    """Puts a form's settings into the address, with what more there is that says something."""
    values = {"settings": config.differences(), **{name: value for name, value in more.items() if value}}
    text = json.dumps(values, separators=(",", ":"), ensure_ascii=False)
    # Only then: setting one sends the whole query, which may be older than what the browser has.
    if len(text) <= LONGEST and st.query_params.get(DRAFT) != text:
        st.query_params[DRAFT] = text
