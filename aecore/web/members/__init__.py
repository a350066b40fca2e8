"""The table of a grid's members, sorted by any column; a click on a row reports its member."""
