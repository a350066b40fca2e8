"""Decoded images that follow the pointer: unit sliders, a plane to move in, a path under a slider."""

from __future__ import annotations

from typing import Any

from pages.components.loader import component

_scrubber = component("scrubber", "decoder", "scrubber")
_sliders = component("unit_sliders", "decoder", "sliders")
_pad = component("code_pad", "decoder", "pad")


def scrubber(data: dict[str, Any], key: str) -> None:
    """Draws what `scrubber_data` gives."""
    _scrubber(data=data, key=key)


def unit_sliders(data: dict[str, Any], key: str) -> None:
    """Draws what `sliders_data` gives."""
    _sliders(data=data, key=key)


def code_pad(data: dict[str, Any], key: str) -> None:
    """Draws what `pad_data` gives."""
    _pad(data=data, key=key)
