"""The contrasts' networks are one base, changed in what the contrast is about and in nothing else."""

import pytest

from aecore.gallery import contrasts


@pytest.mark.parametrize("contrast", contrasts.ALL, ids=lambda contrast: contrast.key)
def test_members_differ_in_the_contrasts_own_settings_alone(contrast):
    grid = contrast.grid
    assert len(grid.members) == len(grid.positions) >= 2
    for config in grid.members:
        back = {field: grid.base.get(field) for field in grid.axes}
        assert config.with_values(back) == grid.base
        # What the page shows of the layers is what these record.
        assert config.train.record
        # Always there, and small enough to train on a click.
        assert config.data.name == "digits"


def test_keys_and_names_are_their_own():
    assert list(contrasts.BY_KEY.values()) == list(contrasts.ALL)
    assert len({contrast.name for contrast in contrasts.ALL}) == len(contrasts.ALL)
