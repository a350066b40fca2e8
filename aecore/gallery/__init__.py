"""The shipped runs and grids: what they are, how they are trained, what of them is shipped."""
