import ast

import numpy as np
import pytest

from aecore.figures.tables import table
from tests.conftest import ROOT


def test_columns_become_rows_of_plain_values():
    rows = table(a=np.array([1, 2]), b=["x", "y"]).to_dict()["values"]
    assert rows == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    assert type(rows[0]["a"]) is int


def test_columns_must_be_of_one_length():
    with pytest.raises(ValueError, match="shorter"):
        table(a=[1, 2], b=[1])


FILES = sorted((ROOT / "aecore" / "figures").glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_encodings_are_of_altairs_own_classes(path):
    """Of a text Altair makes one by hashing all of its schema, which takes as long as the rest of a chart."""
    calls = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "encode"
    ]
    given = [keyword.value for call in calls for keyword in call.keywords]
    given += [part for value in given if isinstance(value, ast.List) for part in value.elts]
    texts = [ast.unparse(value) for value in given if isinstance(value, ast.Constant)]
    assert texts == []
