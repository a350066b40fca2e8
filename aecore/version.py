"""The version of this package, which stands in what is exported, to tell later which code wrote it."""

from __future__ import annotations

VERSION = "0.1.0"
