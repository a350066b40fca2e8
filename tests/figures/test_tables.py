import numpy as np
import pytest

from aecore.figures.tables import table


def test_columns_become_rows_of_plain_values():
    rows = table(a=np.array([1, 2]), b=["x", "y"]).to_dict()["values"]
    assert rows == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    assert type(rows[0]["a"]) is int


def test_columns_must_be_of_one_length():
    with pytest.raises(ValueError, match="shorter"):
        table(a=[1, 2], b=[1])
