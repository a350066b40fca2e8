"""The charts over a grid: error curve, heat map, front, importance. A click on a mark reports its place."""
