"""Successive halving: who is compared with whom, who stays, and that the answer depends on nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from aecore.grid import Grid
from aecore.halving import beaten, rivals, rungs
from tests.samples import tiny_config

RATES = Grid(tiny_config(train__epochs=8), {"train.learning_rate": [1e-4, 1e-3, 1e-2, 1e-1, 1.0]}).members


def test_members_are_compared_after_a_quarter_and_half_of_their_epochs():
    assert [rungs(n) for n in (1, 2, 3, 4, 8, 60)] == [[], [1], [1], [1, 2], [2, 4], [15, 30]]


@given(st.dictionaries(st.integers(0, 4), st.floats(0, 1e6), min_size=1))
def test_the_better_half_stays_and_the_best_always_does(errors):
    gone = beaten(RATES, errors)
    assert len(gone) == len(errors) // 2
    stay = errors.keys() - set(gone)
    assert all(errors[k] >= max(errors[s] for s in stay) for k in gone)


def test_other_codes_and_penalties_are_no_rivals():
    grid = Grid(tiny_config(), {"model.latent_size": [2, 3], "loss.code_l1": [0.0, 1e-3]})
    assert rivals(grid.members) == [[0], [1], [2], [3]]
    assert beaten(grid.members, {0: 9.0, 1: 1.0, 2: 1.0, 3: 1.0}) == []


def test_the_seeds_of_one_config_stay_or_go_together():
    grid = Grid(tiny_config(), {"train.learning_rate": [1e-3, 1e-2], "train.seed": [0, 1]})
    # One seed of the second is the best of all; their mean is the worse one.
    assert beaten(grid.members, {0: 2.0, 1: 2.0, 2: 1.0, 3: 4.0}) == [2, 3]
