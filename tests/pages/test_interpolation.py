"""The interpolation page in AppTest: without runs, with one, without its data, and at the edges."""

import numpy as np
import pytest

from aecore import store
from aecore.analysis.latent import Direction
from aecore.config import Config, DataConfig, LossConfig, ModelConfig
from aecore.data import Scaling
from aecore.models import build
from pages.look.interpolation import direction, path
from tests.pages.conftest import open_page

PAGE = "pages/look/interpolation/page.py"
VIEWS = ("Path", "Plane", "Four corners", "Unit sliders", "Direction")


def words(app):
    return " ".join(e.value for kind in (app.caption, app.info, app.warning, app.error) for e in kind)


def random_run(root, name, config, shape):
    scaling = Scaling((0.5,) * shape[0], (0.5,) * shape[0])
    path = store.create_run(config, name, root)
    store.save_weights(path, build(config.model, shape).state_dict(), shape, scaling)
    return path


def test_without_a_run_it_says_so_and_offers_training(empty_root):
    app = open_page(PAGE)
    assert not app.exception
    assert "no trained model yet" in words(app)


def test_with_unreadable_runs_only_it_says_why(broken_root):
    app = open_page(PAGE)
    assert not app.exception
    assert "can't be shown" in words(app) or "no trained model" in words(app)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_of_one_run(tiny_root, view):
    app = open_page(PAGE, interpolation_view=view)
    assert not app.exception
    assert not app.error


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("size", [1, 2, 64])
def test_every_view_of_small_and_large_codes(empty_root, view, size):
    config = Config(data=DataConfig(name="digits"), model=ModelConfig(latent_size=size, hidden=(16,)))
    random_run(empty_root, "random", config, (1, 8, 8))
    app = open_page(PAGE, interpolation_view=view)
    assert not app.exception
    assert not app.error


@pytest.mark.parametrize("kind", ["straight", "through", "beyond"])
def test_every_path(tiny_root, kind):
    app = open_page(PAGE, interpolation_path=kind)
    assert not app.exception
    assert [m.label for m in app.metric] == ["Farthest from the data", "Error to the nearest image"]
    assert ("image_c" in app.session_state) == (kind == "through")


def test_spherical_is_offered_for_a_code_with_an_l2_penalty_and_else_set_back(empty_root):
    model, digits = ModelConfig(latent_size=3, hidden=(16,)), DataConfig(name="digits")
    plain = random_run(empty_root, "plain", Config(data=digits, model=model), (1, 8, 8))
    penalty = LossConfig(code_l2=1e-3)
    with_l2 = random_run(empty_root, "l2", Config(data=digits, model=model, loss=penalty), (1, 8, 8))
    app = open_page(PAGE, run=with_l2.name, interpolation_path="spherical")
    assert not app.exception
    assert app.segmented_control(key="interpolation_path").value == "spherical"
    app = open_page(PAGE, run=plain.name, interpolation_path="spherical")
    assert not app.exception
    assert app.segmented_control(key="interpolation_path").value == "straight"


def test_identical_ends_are_named(tiny_root):
    app = open_page(PAGE, image_a=4, image_b=4)
    assert not app.exception
    assert "same code" in words(app)
    app = open_page(PAGE, interpolation_view="Four corners", image_a=4, image_b=4, image_c=4, image_d=4)
    assert not app.exception
    assert "same code" in words(app)


def test_a_direction_from_a_class_to_itself_is_refused_in_a_sentence(tiny_root):
    app = open_page(
        PAGE, interpolation_view="Direction", interpolation_from="class 3", interpolation_to="class 3"
    )
    assert not app.exception
    assert "There is no direction from class 3 to class 3" in words(app)


def test_a_direction_between_kept_selections_says_what_it_was_measured_on(tiny_root):
    kept = {"digits": {"A": [0, 5, 9], "B": [1, 2]}}
    app = open_page(PAGE, interpolation_view="Direction", _kept_selections=kept)
    app.selectbox(key="interpolation_from").select("selection A")
    app.selectbox(key="interpolation_to").select("selection B").run()
    assert not app.exception
    assert "same images that it was made from" in words(app)


def test_a_selection_of_one_image_has_no_score_and_says_so(tiny_root):
    kept = {"digits": {"A": [0], "B": [1]}}
    app = open_page(PAGE, interpolation_view="Direction", _kept_selections=kept)
    app.selectbox(key="interpolation_from").select("selection A")
    app.selectbox(key="interpolation_to").select("selection B").run()
    assert not app.exception
    assert "no score" in words(app)


def direction_of(d, images=1000):
    group = np.zeros(images)
    return Direction(np.ones(2, np.float32), d, (group, group))


@pytest.mark.parametrize(
    ("pixels", "unseen", "said"),
    [
        # Standard errors of .065 and .063: a difference counts from .18 on.
        (2.80, True, "The code separates them better"),
        (2.84, True, "do not tell which separates better"),
        (3.20, True, "Pixels separate them better"),
        (3.17, True, "do not tell which separates better"),
        (1.00, False, "does not say which separates better"),
    ],
)
def test_code_and_pixels_are_ranked_only_on_unseen_images_and_outside_the_interval(pixels, unseen, said):
    text = direction.meaning(direction_of(3.0), direction_of(pixels), "class 0", "class 1", unseen)
    assert said in text
    assert "overlap by 13.4%" in text


def test_the_sentence_about_a_path_says_how_much_of_it_is_how_far():
    t, curve = np.linspace(0, 1, 5), np.array([1.0, 2.0, 1.0, 1.5, 1.0])
    assert path.meaning(t, curve, (0.5, 2.0)).startswith("No place on the path is farther")
    text = path.meaning(t, curve, (0.5, 1.9))
    assert text.startswith("20% of the path, at 0.25, is farther from its nearest training code than 95 %")
    t, curve = np.linspace(0, 1, 6), np.array([2.0, 1.0, 2.0, 1.0, 2.0, 2.0])
    assert path.meaning(t, curve, (0.5, 1.5)).startswith("67% of the path, in 3 stretches, is")


def test_a_number_of_another_data_set_is_set_back(tiny_root):
    app = open_page(PAGE, image_a=9_999)
    assert not app.exception
    assert 0 <= app.number_input(key="image_a").value < 400


def test_random_chooses_another_image(tiny_root):
    app = open_page(PAGE)
    numbers = {
        app.button(key="image_a_random").click().run().number_input(key="image_a").value for _ in range(4)
    }
    assert len(numbers) > 1
    assert not app.exception


def test_drawing_without_ink_keeps_the_test_image(tiny_root):
    app = open_page(PAGE, image_a_from="drawing")
    assert not app.exception
    assert "Until something is drawn" in words(app)


def test_a_run_without_its_data_has_sliders_and_says_what_needs_the_images(empty_root, tmp_path, monkeypatch):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "no-data"))
    config = Config(data=DataConfig(name="cifar10"), model=ModelConfig(latent_size=5, hidden=(16,)))
    random_run(empty_root, "far", config, (3, 32, 32))
    app = open_page(PAGE, interpolation_view="Unit sliders")
    assert not app.exception
    assert "not on this machine" in words(app)
    assert "from the weights alone" in words(app)
    app = open_page(PAGE)
    assert not app.exception
    assert "not on this machine" in app.error[0].value
