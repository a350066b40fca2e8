"""The explorable file: one HTML that opens by a double click, without a network and without a server.

What only a run's file needs, torch with it, is imported when it is asked for: a grid's is made without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aecore.export.explorer.options import Options

if TYPE_CHECKING:
    from aecore.export.explorer.run import Sizes, estimate, measure, write, write_run

__all__ = ["Options", "Sizes", "estimate", "measure", "write", "write_run"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from aecore.export.explorer import run

    return getattr(run, name)
