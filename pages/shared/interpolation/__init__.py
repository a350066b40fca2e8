"""The four views of the interpolation page, each with `draw`."""
