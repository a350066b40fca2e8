"""The start cards' small pictures."""

import re

import pytest

from aecore.figures.start_cards import HEIGHT, WIDTH, diamond_and_disc, falling_error, fitted_function
from aecore.palette import L1_COLOR, L2_COLOR, PCA_COLOR


def test_the_errors_line_falls_across_the_whole_picture():
    points = re.search(r'points="([^"]*)"', falling_error([4, 2, 1])).group(1).split()
    places = [tuple(map(float, point.split(","))) for point in points]
    assert [x for x, _ in places] == pytest.approx([0, WIDTH / 2, WIDTH])
    foot = HEIGHT - 6
    heights = [foot - y for _, y in places]
    assert heights == pytest.approx([heights[0], heights[0] / 2, heights[0] / 4], abs=0.1)


def test_the_baseline_is_a_grey_rule_where_there_is_one():
    assert falling_error([4, 2, 1], 2).count(PCA_COLOR) == falling_error([4, 2, 1]).count(PCA_COLOR) + 1


def test_one_epoch_is_a_dot_and_none_no_error():
    assert "<circle" in falling_error([4.0])
    assert "<svg" in falling_error([])


def test_the_l1_solution_lies_on_an_axis_and_the_l2_solution_does_not():
    dots = re.findall(r'<circle cx="([^"]*)" cy="([^"]*)" r="0.13" fill="([^"]*)"', diamond_and_disc())
    assert [color for _, _, color in dots] == [L1_COLOR, L2_COLOR]
    assert [float(y) == 0 for _, y, _ in dots] == [True, False]
    assert all(float(x) != 0 for x, _, _ in dots)


def test_the_fitted_function_is_two_lines_inside_the_picture():
    lines = re.findall(r'points="([^"]*)"', fitted_function())
    places = [[tuple(map(float, point.split(","))) for point in line.split()] for line in lines]
    assert len(places) == 2
    assert places[0] != places[1]
    for line in places:
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in line)
