"""Charts and sentences of generation."""

import numpy as np
import pytest

from aecore.analysis.generation import Score
from aecore.figures import generation


def scores(*distances):
    return [Score(distance, 1.0, 0.9) for distance in distances]


def test_the_verdict_names_the_sampler_that_is_nearest_in_every_draw():
    said = generation.verdict(
        {"N(0, I)": scores(90, 110), "one Gaussian": scores(30, 32), "mixture of ten": scores(10, 12)}
    )
    assert said == (
        "Images from the mixture of ten are nearest to the training images: Fréchet distance 11 against 31 "
        "(one Gaussian) and 100 (N(0, I)), in each of 2 draws."
    )


def test_the_verdict_says_where_draws_overlap_and_where_the_mixture_loses():
    close = generation.verdict(
        {"N(0, I)": scores(90, 110), "one Gaussian": scores(10, 12), "mixture of ten": scores(11, 13)}
    )
    assert close.startswith("No sampler is nearest in every one of 2 draws")
    assert "one Gaussian 11 (10 to 12), mixture of ten 12 (11 to 13)" in close
    assert "does not beat" not in close
    lost = generation.verdict(
        {"N(0, I)": scores(5, 6), "one Gaussian": scores(8, 9), "mixture of ten": scores(7, 7.5)}
    )
    assert lost.startswith("Images from N(0, I) are nearest")
    assert lost.endswith("Here the mixture does not beat N(0, I): it is farther in every draw.")
    level = generation.verdict({"N(0, I)": scores(5, 7), "mixture of ten": scores(6, 6.5)})
    assert level.endswith("Here the mixture does not beat N(0, I): the two can't be told apart.")


def test_copying_is_judged_by_what_the_network_makes_of_unseen_images():
    assert "nearer to training images than what" in generation.copying(5.0, 20.0, 12.0)
    assert "no sign of copying" in generation.copying(13.0, 20.0, 12.0)
    assert "less like the training images" in generation.copying(30.0, 20.0, 12.0)


def test_codes_outside_are_counted_by_sampler():
    said = generation.outside({"N(0, I)": 0.98, "one Gaussian": 0.4, "mixture of ten": 0.125}, 1000)
    assert "98% from N(0, I), 40% from the Gaussian and 12% from the mixture of ten lie farther" in said
    assert said.endswith("outside the cloud of codes that the decoder was trained on.")
    assert generation.outside({"N(0, I)": 0.06}, 10).endswith("lies where the codes lie.")
    assert generation.outside({"N(0, I)": 0.3}, 10).endswith("codes do.")


def test_collapsed_units_are_counted():
    assert "none is collapsed" in generation.collapsed(np.array([True, True]))
    assert "1 of 2 units is active, 1 is collapsed" in generation.collapsed(np.array([True, False]))
    assert "the code says nothing" in generation.collapsed(np.array([False, False]))


def test_panels_share_a_square_and_keep_its_points_inside():
    clouds = [np.array([[0.0, 0.0], [1.0, 4.0]]), np.array([[-3.0, 1.0]])]
    x, y = generation.common_square(clouds)
    assert x[1] - x[0] == pytest.approx(y[1] - y[0])
    assert x[0] < -3 < 1 < x[1]
    assert y[0] < 0 < 4 < y[1]
    chart = generation.cloud_chart(clouds[0], (x, y), ("a", "b"), ["7", "10"]).to_dict()
    assert chart["encoding"]["x"]["scale"]["domain"] == list(x)
    assert chart["encoding"]["color"]["scale"]["domain"] == ["7", "10"]
    grey = generation.cloud_chart(clouds[1], (x, y), ("a", "b")).to_dict()
    assert "color" not in grey["encoding"]


def test_units_are_sorted_and_collapsed_ones_marked():
    chart = generation.units_chart([0.0, 2.0, 1.0], [False, True, True]).to_dict()
    rows = chart["data"]["values"]
    assert [row["unit"] for row in rows] == [2, 3, 1]
    assert [row["state"] for row in rows] == ["active", "active", "collapsed"]
    assert generation.figure(1234.5) == "1,234"
    assert generation.figure(1.2345) == "1.23"
