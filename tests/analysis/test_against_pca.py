"""An error beside PCA's, in words."""

import pytest

from aecore.analysis.against_pca import beside_pca, clipped_pca, ranked


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


def test_clipped_pca_is_given_where_an_output_has_ends():
    assert clipped_pca("tanh", 12.345).endswith("clipped to it, its squared error is 12.35.")
    assert clipped_pca("sigmoid", 12.0) == clipped_pca("tanh", 12.0)
    assert clipped_pca("linear", 12.0) == ""
    assert clipped_pca("tanh", None) == ""
