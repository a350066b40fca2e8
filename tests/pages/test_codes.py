"""The codes page in AppTest: every projection, what is added to a map, and t-SNE to its end and stopped."""

import json
import time

import numpy as np
import pytest

from aecore import store
from aecore.config import Config, DataConfig, ModelConfig
from aecore.data import Scaling
from aecore.models import build
from aecore.web.code_map.payload import MapState
from pages.look.codes import material, panel, projections, trust, tsne_job
from pages.look.codes.panel import Shown
from pages.shared import background, loading
from tests.pages.conftest import open_page

PAGE = "pages/look/codes/page.py"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """No map from before is found, and none is left behind."""
    monkeypatch.setenv("AECORE_CACHE", str(tmp_path / "cache"))
    for job in background.works().values():
        job.join(60)
    background.works().clear()
    return tmp_path / "cache"


def words(app):
    return " ".join(e.value for kind in (app.caption, app.info, app.warning, app.error) for e in kind)


def maps(app):
    """Data of the map on the page, empty where there is none."""
    return [e for e in app.get("bidi_component") if "map" in e.proto.component_name]


def save(root, size, name="made", change=lambda state: None):
    config = Config(data=DataConfig(name="digits"), model=ModelConfig(latent_size=size, hidden=(16,)))
    path = store.create_run(config, name, root)
    state = build(config.model, (1, 8, 8)).state_dict()
    change(state)
    store.save_weights(path, state, (1, 8, 8), Scaling((0.5,), (0.5,)))
    return path.name


def test_without_a_run_it_says_so(empty_root):
    app = open_page(PAGE)
    assert not app.exception
    assert "no trained model yet" in words(app)


def test_with_unreadable_runs_only_it_says_why(broken_root):
    app = open_page(PAGE)
    assert not app.exception
    assert "can't be shown" in words(app) or "no trained model" in words(app)


def test_pca_is_drawn_with_its_scores_and_says_what_to_do(tiny_root):
    app = open_page(PAGE)
    assert not app.exception
    assert len(maps(app)) >= 1
    assert "Draw around points" in words(app)
    assert "Click an empty place" in words(app)
    assert "neighbours tell the class of" in words(app).lower()


@pytest.mark.parametrize("kind", ["PCA", "Units"])
def test_any_two_components_or_units_in_any_colour(tiny_root, kind):
    app = open_page(PAGE, codes_projection=kind)
    name = "component" if kind == "PCA" else "unit"
    app.number_input(key=f"codes_{name}_x").set_value(5).run()
    app.number_input(key=f"codes_{name}_y").set_value(5).run()
    for color in ("squared error", "unit 5", "class"):
        app.selectbox(key="codes_color").set_value(color).run()
        assert not app.exception
        assert maps(app)
    assert ("Click an empty place" in words(app)) == (kind == "PCA")


def test_numbers_and_colours_that_a_run_does_not_have_start_again(tiny_root):
    app = open_page(PAGE, codes_component_x=40, codes_color="unit 63", codes_count="7", codes_second="gone")
    assert not app.exception
    assert app.number_input(key="codes_component_x").value == 1
    assert app.selectbox(key="codes_color").value == "class"
    assert app.selectbox(key="codes_second").value == "nothing"


@pytest.mark.parametrize("size", [1, 2, 64])
def test_codes_of_other_sizes(empty_root, size):
    save(empty_root, size)
    app = open_page(PAGE, codes_projection="Units")
    assert not app.exception
    if size == 1:
        assert "needs no map" in words(app)
        assert not maps(app)
    else:
        assert maps(app)
        assert ("Click an empty place" in words(app)) == (size == 2)


def test_codes_that_are_not_finite_are_said_to_be_so(empty_root):
    save(empty_root, 3, change=lambda state: [t.fill_(-1e30) for t in state.values()])
    app = open_page(PAGE)
    assert not app.exception
    assert "diverged" in words(app)


def test_codes_that_all_coincide_have_no_tsne(empty_root):
    save(empty_root, 3, change=lambda state: [t.zero_() for t in state.values()])
    app = open_page(PAGE)
    assert not app.exception
    app.segmented_control(key="codes_projection").set_value("t-SNE").run()
    app.button(key="codes_tsne_begin").click().run()
    app = wait_for(app, lambda: "same point" in words(app))
    assert not app.exception


def test_training_images_and_runs_of_the_same_size_are_added_others_refused(tiny_root, tiny_key):
    same, other = save(tiny_root, 6, "same"), save(tiny_root, 3, "other")
    app = open_page(PAGE, run=tiny_key, codes_second="training images")
    assert not app.exception
    assert "can't be placed" not in words(app)
    app.selectbox(key="codes_second").set_value(same).run()
    assert not app.exception
    assert "can't be placed" not in words(app)
    app.selectbox(key="codes_second").set_value(other).run()
    assert not app.exception
    assert "can't be placed here" in words(app)
    assert maps(app)


def test_training_images_have_maps_of_their_own(tiny_root, tiny_key):
    app = open_page(PAGE, {"codes_point": "3"}, codes_part="training images", codes_count="1000")
    assert not app.exception
    (sent,) = (data for e in maps(app) if "sets" in (data := json.loads(e.proto.json or "{}")))
    there = len(loading.load_data("digits").train_images)
    assert sent["sets"][0]["n"] == 1000 < there
    assert f"Sampled 1,000 of {there:,} training images" in words(app)
    assert "Test image 3 is not among those that are drawn" in words(app)
    assert "training images" not in app.selectbox(key="codes_second").options
    points = material.points_of(tiny_key, material.TRAINING, 1000)
    data = loading.load_data("digits")
    np.testing.assert_array_equal(points.images, data.train_images[points.numbers])
    np.testing.assert_allclose(points.codes, points.run.encode(points.images), atol=1e-5)
    app.selectbox(key="codes_count").set_value("all").run()
    assert not app.exception


def test_a_selection_of_training_images_is_not_saved_as_one_of_test_images(tiny_key):
    app = panel_with(tiny_key, "dict(selected=np.array([1, 5, 7]))", part="TRAINING")
    assert not app.exception
    assert "**3 images**" in app.markdown[0].value
    assert "codes_keep_A" not in [button.key for button in app.button]


def wait_for(app, done, seconds=60):
    """Runs the page again, as its timer does, until `done`."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, words(app)
        time.sleep(0.2)
        app.run()
    return app


def test_tsne_runs_to_its_end_and_is_found_again(tiny_root, own_cache):
    app = open_page(PAGE, codes_projection="t-SNE")
    assert maps(app)
    app.number_input(key="codes_perplexity").set_value(10.0).run()
    app.button(key="codes_tsne_begin").click().run()
    assert not app.exception
    wait_for(app, lambda: "Formed in 750 iterations" in words(app))
    assert not app.exception
    assert maps(app)
    assert "codes_tsne_begin" not in [button.key for button in app.button]
    assert len(list(own_cache.glob("tsne-*-p10-s0.safetensors"))) == 1
    background.works().clear()
    app.run()
    assert "Formed in 750 iterations" in words(app)  # from disk
    app.number_input(key="codes_seed").set_value(1).run()
    assert "codes_tsne_begin" in [button.key for button in app.button]


def test_a_stopped_tsne_is_kept_and_says_so(tiny_root, own_cache, monkeypatch):
    original = tsne_job.TsneJob._progress

    def slower(job, iteration, *rest):
        time.sleep(0.3)
        return original(job, iteration, *rest)

    monkeypatch.setattr(tsne_job.TsneJob, "_progress", slower)
    app = open_page(PAGE, codes_projection="t-SNE")
    app.button(key="codes_tsne_begin").click().run()
    assert not app.exception
    assert app.get("progress")
    assert maps(app)
    app.button(key="codes_tsne_stop").click().run()
    wait_for(app, lambda: "Stopped " in words(app))
    assert not app.exception
    assert maps(app)
    assert not list(own_cache.glob("tsne-*"))
    # A second one begins from the first plane again, not from where the first one stopped.
    app.button(key="codes_tsne_begin").click().run()
    assert not app.exception
    for sent in (e for e in app.get("bidi_component") if e.proto.component_name.endswith("code_map_frames")):
        assert json.loads(sent.proto.json)["frames"][0]["iteration"] <= 10
    (job,) = background.works().values()
    job.stop()
    job.join(60)


def points_of(key, count=100):
    return material.points_of(key, material.TEST, count)


def test_neighbours_are_the_nearest_others_of_the_same_set(tiny_key):
    points, training = points_of(tiny_key), material.points_of(tiny_key, material.TRAINING, material.ADDED)
    shown = Shown(points, training)
    for picked, own, offset in ((7, points, 0), (100 + 5, training, 100)):
        in_code, in_pixels = panel.neighbors_of(shown, picked)
        pixels = own.images.flatten(1).numpy().astype(float)
        for found, space in ((in_code, own.codes.astype(float)), (in_pixels, pixels)):
            distances = np.linalg.norm(space - space[picked - offset], axis=1)
            distances[picked - offset] = np.inf
            expected = np.sort(distances)[: panel.NEAREST]
            np.testing.assert_allclose(distances[found - offset], expected, rtol=1e-4)


def test_parts_of_a_selection_keep_each_set_apart(tiny_key):
    points = points_of(tiny_key)
    shown = Shown(points, points)
    (_, first), (_, second) = shown.parts(np.array([3, 99, 100, 105, 500]))
    assert first.tolist() == [3, 99]
    assert second.tolist() == [0, 5]
    assert Shown(points).parts(np.array([100])) == []


def test_rings_need_a_pick_on_these_images(tiny_key):
    shown = Shown(points_of(tiny_key))
    assert panel.rings(shown, "a", None) == {}
    assert panel.rings(shown, "a", {"pick": {"identity": "b", "index": 3}}) == {}
    assert panel.rings(shown, "a", {"pick": {"identity": "a", "index": 3000}}) == {}
    found = panel.rings(shown, "a", {"pick": {"identity": "a", "index": 3}})
    assert [len(indices) for _, indices in found.values()] == [panel.NEAREST] * 2


def test_a_place_of_the_plane_has_the_code_that_lies_there(tiny_key):
    points = points_of(tiny_key)
    plane = projections.pca_plane(tiny_key, points, 3, 1)
    code = plane.code_at((0.5, -0.25))
    again = loading.code_pca(tiny_key).transform(code)[0]
    np.testing.assert_allclose(again[[2, 0]], (0.5, -0.25), atol=1e-5)
    np.testing.assert_allclose(np.delete(again, [0, 2]), 0, atol=1e-5)
    assert projections.unit_plane(points, 0, 1).code_at is None


def test_a_place_of_a_two_unit_code_is_its_code(empty_root):
    points = points_of(save(empty_root, 2))
    np.testing.assert_allclose(projections.unit_plane(points, 1, 0).code_at((2.0, 3.0)), [[3.0, 2.0]])
    assert projections.unit_plane(points, 1, 1).code_at is None


def test_scores_need_enough_points(tiny_key):
    few = points_of(tiny_key, trust.LEAST - 1)
    assert trust.scores(tiny_key, few, "few", few.codes[:, :2]) is None
    points = points_of(tiny_key, 200)
    found = trust.scores(tiny_key, points, "own code", points.codes)
    assert found.trustworthiness == 1
    np.testing.assert_array_equal(found.plane, found.code)


def made(code=0, plane=0, pixels=0, n=400):
    """Scores of n images of which the first are told wrongly: so many in the code, on the map, in pixels."""
    return trust.Scores(0.9, *(np.arange(n) >= wrong for wrong in (plane, code, pixels)))


@pytest.mark.parametrize(
    ("code", "pixels", "said"),
    [
        # Of 400 images 4 that only one of both tells are 1 % with a standard error of .498 %, 3 are .75 %
        # with .432 %.
        (0, 4, "The code sorts the classes better"),
        (0, 3, "400 images do not tell"),
        (4, 0, "Pixels sort the classes better"),
        (3, 0, "400 images do not tell"),
        (5, 5, "400 images do not tell"),
    ],
)
def test_pixels_and_code_are_ranked_only_outside_the_interval_of_their_difference(code, pixels, said):
    assert said in trust.pixels_meaning(made(code=code, pixels=pixels))


@pytest.mark.parametrize(
    ("plane", "said"),
    [
        # Lower end of the interval of the share lost: .0513 for 31 images, .0492 for 30; upper end: .0530 for
        # 14, .0499 for 13.
        (31, "may lie apart in the code"),
        (30, "Neighbours tell the class of 92.5% of the images on the map and of 100.0% in the code."),
        (14, "Neighbours tell the class"),
        (13, "The map keeps what the code knows"),
    ],
)
def test_a_map_is_said_to_keep_or_lose_classes_only_outside_the_interval(plane, said):
    assert said in trust.map_meaning(made(plane=plane))


def test_no_verdict_rests_on_which_half_of_the_images_is_asked():
    """Differences of about 0: each half has its own sign, and neither is told."""
    rng = np.random.default_rng(4)
    found = [trust.Scores(0.9, *(rng.random((3, 2000)) < 0.95)) for _ in range(40)]
    told = ["do not tell" not in trust.pixels_meaning(one) for one in found]
    assert sum(told) <= 6
    assert len({np.sign(one.code.mean() - one.pixels.mean()) for one in found}) > 1


SCRIPT = """
import numpy as np
from pages.shared import loading
from aecore.web.code_map.payload import MapState
from pages.look.codes import material, panel, projections
from pages.look.codes.panel import Shown
import streamlit as st

points = material.points_of({key!r}, material.{part}, 100)
plane = projections.pca_plane({key!r}, points, 1, 2)
state = MapState(**{state})
panel.draw({key!r}, loading.load_data("digits"), Shown(points, {second}), plane, state)
"""


def panel_with(key, state, second="None", part="TEST"):
    from streamlit.testing.v1 import AppTest

    return AppTest.from_string(
        SCRIPT.format(key=key, state=state, second=second, part=part), default_timeout=60
    ).run()


def test_a_selection_shows_its_images_and_is_saved_for_interpolation(tiny_key):
    app = panel_with(tiny_key, "dict(selected=np.array([1, 5, 7]))")
    assert not app.exception
    assert "**3 images**" in app.markdown[0].value
    app.button(key="codes_keep_A").click().run()
    assert not app.exception
    kept = app.session_state["_kept_selections"]["digits"]["A"]
    assert kept == points_of(tiny_key).numbers[[1, 5, 7]].tolist()
    assert "A: 3" in words(app)


def test_a_selection_of_added_points_only_can_not_be_saved(tiny_key):
    second = f"material.points_of({tiny_key!r}, material.TRAINING, material.ADDED)"
    app = panel_with(tiny_key, "dict(selected=np.array([100, 105]))", second)
    assert not app.exception
    assert "**2 images**" in app.markdown[0].value
    assert app.button(key="codes_keep_A").disabled


def test_an_empty_selection_says_what_to_do(tiny_key):
    app = panel_with(tiny_key, "dict(selected=np.array([], dtype=int))")
    assert not app.exception
    assert "holds no point" in words(app)


def test_a_clicked_point_and_a_clicked_place(tiny_key):
    app = panel_with(tiny_key, "dict(picked=4)")
    assert not app.exception
    assert "**the code**" in words(app)
    assert "**pixels**" in words(app)
    panels = [panel_with(tiny_key, f"dict(place=({x}, 0.0))") for x in (0.0, 1e4)]
    near, far = (float(panel.metric[0].value) for panel in panels)
    assert far > 100 > near


def test_a_place_is_called_outside_only_beyond_the_distance_of_95_percent():
    assert panel.place_meaning(1.5, 1.5).endswith("(test images: up to 1.50): where real codes are")
    assert panel.place_meaning(1.5001, 1.5).endswith("farther out than 95 % of unseen images")


def test_state_is_empty_to_begin_with():
    assert MapState() == MapState(None, None, None)


def test_a_link_picks_the_point_of_a_test_image(tiny_root):
    def picked(number):
        app = open_page(PAGE, link={"codes_point": number})
        assert not app.exception
        (sent,) = (e for e in maps(app) if e.proto.component_name.split(".")[-1] == "code_map")
        return json.loads(sent.proto.json)["picked"], words(app)

    assert picked("17")[0] == 17
    assert picked("-1")[0] is None
    index, said = picked("99999")
    assert index is None
    assert "Test image 99999 is not among those that are drawn" in said
