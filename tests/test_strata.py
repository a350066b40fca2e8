"""Samples of each class in proportion."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aecore.strata import by_class, in_proportion


@given(st.lists(st.integers(0, 5), min_size=1, max_size=200), st.data())
def test_each_class_gives_its_share_to_within_one_image(labels, draw):
    labels = np.array(labels)
    count = draw.draw(st.integers(1, len(labels)))
    groups = by_class(np.arange(len(labels)), labels)
    assert [set(labels[group]) for group in groups] == [{label} for label in np.unique(labels)]
    chosen = in_proportion(groups, count, np.random.default_rng(0))
    assert len(chosen) == count == len(set(chosen.tolist()))
    assert (np.diff(chosen) > 0).all()
    for label in np.unique(labels):
        exact = count * (labels == label).mean()
        assert abs((labels[chosen] == label).sum() - exact) < 1
    assert (chosen == in_proportion(groups, count, np.random.default_rng(0))).all()
