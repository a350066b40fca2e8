"""An error beside PCA's, in words."""

import pytest

from aecore.analysis.against_pca import beside_pca, ranked


@pytest.mark.parametrize(
    ("error", "rank", "said"),
    [
        (18.99, -1, "5% less"),
        (19.01, 0, "about as large"),
        (20.99, 0, "about as large"),
        (21.01, 1, "5% more: PCA does better"),
    ],
)
def test_an_error_beside_pcas_is_ranked_beyond_five_percent_alone(error, rank, said):
    assert ranked(error, 20.0) == rank
    assert beside_pca(error, 20.0).startswith(said)
