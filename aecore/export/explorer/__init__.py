"""The explorable file: one HTML that opens by a double click, without a network and without a server."""

from aecore.export.explorer.options import Options
from aecore.export.explorer.run import estimate, write, write_run

__all__ = ["Options", "estimate", "write", "write_run"]
