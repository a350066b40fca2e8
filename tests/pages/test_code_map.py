"""What the map's Python says to the browser, and what it takes from there."""

import base64
import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from aecore.web.code_map import payload as module
from aecore.web.code_map.payload import (
    MapState,
    PointSet,
    Scale,
    checksum,
    map_data,
    mask_text,
    read_state,
    thumbnail_atlas,
)


def opened(atlas):
    """Header and sheet of pictures, H x W x 3, as the browser reads them."""
    start = 4 + int.from_bytes(atlas.message[:4], "little")
    return json.loads(atlas.message[4:start]), np.asarray(Image.open(io.BytesIO(atlas.message[start:])))


def picture(header, sheet, number):
    row, column = divmod(number, header["columns"])
    top, left = row * header["height"], column * header["width"]
    return sheet[top : top + header["height"], left : left + header["width"]]


def test_ten_thousand_large_images_in_colour_stay_below_twelve_megabytes():
    """Noise is the worst there is: nothing of it can be packed."""
    count = 10_000
    random = np.random.default_rng(0)
    atlas = thumbnail_atlas(random.integers(0, 256, (count, 3, 64, 64), dtype=np.uint8))
    points = PointSet(random.normal(size=(count, 2)), np.zeros(count, int), random.normal(size=count))
    data = map_data(points, identity="x", atlas=atlas, class_names=("a",))
    assert len(atlas.message) + len(json.dumps(data, default=str)) < 12_000_000
    assert atlas.count == count


@pytest.mark.parametrize("shape", [(7, 1, 28, 28), (12, 3, 9, 14), (1, 1, 8, 8)])
def test_atlas_holds_every_image_as_it_is(shape):
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    header, sheet = opened(thumbnail_atlas(images))
    for number, image in enumerate(images):
        expected = np.broadcast_to(image.transpose(1, 2, 0), (*shape[2:], 3))
        np.testing.assert_array_equal(picture(header, sheet, number), expected)


def test_atlas_over_the_budget_loses_quality_then_size(monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (40, 3, 32, 32), dtype=np.uint8)
    monkeypatch.setattr(module, "_BUDGET", 60_000)
    header, sheet = opened(thumbnail_atlas(images))
    assert header["width"] == 32
    assert np.abs(picture(header, sheet, 3).mean() - images[3].mean()) < 10
    monkeypatch.setattr(module, "_BUDGET", 5_000)
    atlas = thumbnail_atlas(images)
    assert opened(atlas)[0]["width"] < 32
    assert len(atlas.message) < 6_000


def test_large_images_are_reduced():
    header, sheet = opened(thumbnail_atlas(np.full((3, 1, 100, 50), 200, dtype=np.uint8)))
    assert (header["height"], header["width"]) == (32, 16)
    assert (picture(header, sheet, 2) == 200).all()


def test_atlas_of_other_images_has_another_name():
    one, other = np.zeros((2, 4, 1, 8, 8), dtype=np.uint8)
    other = other + 1
    assert thumbnail_atlas(one).id == thumbnail_atlas(one).id != thumbnail_atlas(other).id


@pytest.mark.mnist
def test_ten_thousand_of_mnist_with_their_points_stay_under_three_megabytes():
    from aecore.data import load

    images = load("mnist").test_images.numpy()
    atlas = thumbnail_atlas(images)
    header, sheet = opened(atlas)
    np.testing.assert_array_equal(picture(header, sheet, 9999)[..., 0], images[9999, 0])
    points = PointSet(np.zeros((10_000, 2)), np.zeros(10_000), np.zeros(10_000)).encoded(with_values=True)
    assert len(atlas.message) + len(json.dumps(points)) < 3_000_000


@given(st.integers(1, 70), st.data())
def test_selection_survives_the_way_to_the_browser_and_back(n, data):
    chosen = sorted(data.draw(st.sets(st.integers(0, n - 1))))
    state = read_state({"identity": "a", "mask": mask_text(chosen, n)}, None, "a", "p", n)
    assert state.selected.tolist() == chosen


def test_first_selection_holds_until_the_browser_reports_one():
    first = mask_text([1, 3], 5)
    other = {"identity": "other", "mask": mask_text([0], 5)}
    assert read_state(None, None, "a", "p", 5, first).selected.tolist() == [1, 3]
    assert read_state(other, None, "a", "p", 5, first).selected.tolist() == [1, 3]
    assert read_state({"identity": "a", "mask": None}, None, "a", "p", 5, first).selected is None


def test_selection_made_with_a_second_set_is_cut_when_that_set_has_gone():
    selection = {"identity": "a", "mask": mask_text([1, 19], 20)}
    assert read_state(selection, None, "a", "p", 10).selected.tolist() == [1]


def test_pick_of_these_images_and_place_of_this_plane_are_taken():
    assert read_state(None, {"identity": "a", "index": 4}, "a", "p", 5).picked == 4
    assert read_state(None, {"plane": "p", "x": 1, "y": -2.5}, "a", "p", 5).place == (1.0, -2.5)


@pytest.mark.parametrize(
    ("selection", "pick"),
    [
        (None, None),
        ("text", [1]),
        ({"identity": "a", "mask": "not base64!"}, {"identity": "a", "index": 5}),
        ({"identity": "a", "mask": 7}, {"identity": "a", "index": -1}),
        ({"identity": "b", "mask": mask_text([1], 5)}, {"identity": "b", "index": 1}),
        ({}, {"identity": "a", "index": "1"}),
        ({}, {"plane": "other", "x": 1, "y": 2}),
        ({}, {"plane": "p", "x": "1", "y": 2}),
    ],
)
def test_reports_of_something_else_are_left_out(selection, pick):
    state = read_state(selection, pick, "a", "p", 5)
    assert (state.selected, state.picked, state.place) == (None, None, None)
    assert isinstance(state, MapState)


def test_points_are_sent_as_little_endian_numbers():
    encoded = PointSet(np.array([[1.5, -2.0]]), np.array([3]), np.array([0.25])).encoded(with_values=True)
    assert np.frombuffer(base64.b64decode(encoded["xy"]), "<f4").tolist() == [1.5, -2.0]
    assert np.frombuffer(base64.b64decode(encoded["labels"]), "<u2").tolist() == [3]
    assert np.frombuffer(base64.b64decode(encoded["values"]), "<f4").tolist() == [0.25]
    assert "values" not in PointSet(np.zeros((1, 2))).encoded(with_values=False)


def test_scale_leaves_outliers_and_unknown_values_aside():
    values = np.append(np.linspace(0, 1, 1000), [50, np.nan])
    scale = Scale.of("error", values)
    assert 0 <= scale.low < 0.02
    assert 0.97 < scale.high < 1.5
    assert Scale.of("error", np.array([np.nan])).high == 1


def test_checksum_depends_on_every_part():
    assert len({checksum("a", "b"), checksum("a", "c"), checksum(np.arange(3), "b")}) == 3


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: PointSet(np.zeros((3, 3))).encoded(False), "N x 2, not 3 x 3"),
        (lambda: PointSet(np.full((3, 2), np.inf)).encoded(False), "finite"),
        (
            lambda: PointSet(np.zeros((3, 2)), np.zeros(2)).encoded(False),
            "labels must be one for each of the 3",
        ),
        (lambda: PointSet(np.zeros((3, 2)), marker="star").encoded(False), "dot, ring or cross, not star"),
        (lambda: thumbnail_atlas(np.zeros((2, 2, 8, 8), dtype=np.uint8)), "N x 1 or 3"),
        (lambda: thumbnail_atlas(np.zeros((2, 1, 8, 8))), "must be uint8"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(act, words):
    with pytest.raises(ValueError, match=words):
        act()


@pytest.mark.parametrize(("classes", "named"), [(1, False), (2, True), (20, True), (21, False)])
def test_classes_are_named_where_there_are_a_few(classes, named):
    points = PointSet(np.zeros((4, 2)), np.zeros(4, int))
    names = [str(k) for k in range(classes)]
    assert map_data(points, identity="x", class_names=names, name_classes=True)["name_classes"] is named
    assert not map_data(points, identity="x", class_names=names)["name_classes"]
