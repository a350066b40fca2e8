"""The explorable file: one HTML that opens by a double click, without a network and without a server."""

from aecore.export.explorer.options import Options
from aecore.export.explorer.run import Sizes, estimate, measure, write, write_run

__all__ = ["Options", "Sizes", "estimate", "measure", "write", "write_run"]
