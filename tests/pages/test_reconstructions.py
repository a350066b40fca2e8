"""The Reconstructions page: what is shown, in what order, and what stands beside it."""

import re

import numpy as np
import pytest

from aecore import data, load_run, store
from aecore.analysis.metrics import errors_on_test_images
from aecore.analysis.projection import pca_baseline
from aecore.data import Scaling
from aecore.models import build
from pages.look.reconstructions import beside
from tests.pages.conftest import TINY, open_page

PAGE = "pages/look/reconstructions/page.py"


def pictures(app):
    """Class name and error under each image, in order."""
    wall = next(block.value for block in app.get("html") if "data-pictures" in block.value)
    return re.findall(r"<b>(.*?)</b> · <span[^>]*>([\d.]+)</span>", wall)


def tiny_errors(key):
    run, digits = load_run(key), data.load("digits")
    return errors_on_test_images(run, digits).numpy(), digits


def test_without_a_run_the_page_leads_to_train(empty_root):
    app = open_page(PAGE)
    assert not app.exception
    assert "train one" in app.info[0].value


def test_an_unreadable_run_gives_one_sentence(broken_root):
    app = open_page(PAGE)
    assert not app.exception
    assert len(app.error) == 1


def test_worst_first_with_the_right_errors(tiny_key):
    app = open_page(PAGE)
    errors, digits = tiny_errors(tiny_key)
    worst = np.argsort(-errors, kind="stable")[:24]
    shown = pictures(app)
    assert [float(e) for _, e in shown] == [pytest.approx(errors[i], abs=0.051) for i in worst]
    assert sorted(n for n, _ in shown) == sorted(digits.class_names[digits.test_labels[i]] for i in worst)


def test_best_are_better_than_worst_and_random_depends_on_the_draw(tiny_key):
    app = open_page(PAGE)
    worst = [float(e) for _, e in pictures(app)]
    app.segmented_control(key="reconstructions_order").set_value("Best").run()
    best = [float(e) for _, e in pictures(app)]
    assert max(best) < min(worst)
    assert best == sorted(best)
    app.segmented_control(key="reconstructions_order").set_value("Random").run()
    first = pictures(app)
    app.number_input(key="reconstructions_draw").set_value(1).run()
    assert pictures(app) != first
    app.number_input(key="reconstructions_draw").set_value(0).run()
    assert pictures(app) == first


def test_a_class_is_kept_to_and_figures_are_its_own(tiny_key):
    errors, digits = tiny_errors(tiny_key)
    app = open_page(PAGE)
    app.selectbox(key="reconstructions_class").set_value("3").run()
    app.slider(key="reconstructions_count").set_value(96).run()
    of_class = digits.test_labels.numpy() == 3
    assert {n for n, _ in pictures(app)} == {"3"}
    assert len(pictures(app)) == of_class.sum()
    assert app.metric[0].value == f"{errors[of_class].mean(dtype=np.float64):.2f}"


def test_figures_stand_beside_pca_with_as_many_components(tiny_key):
    errors, digits = tiny_errors(tiny_key)
    app = open_page(PAGE)
    pca = pca_baseline(digits).error(6)
    assert app.metric[0].value == f"{errors.mean(dtype=np.float64):.2f}"
    assert app.metric[0].delta.endswith(f"against PCA's {pca:.2f}")


def test_pca_adds_its_picture_and_error_to_each_image(tiny_key):
    app = open_page(PAGE)
    wall = next(b.value for b in app.get("html") if "data-pictures" in b.value)
    app.toggle(key="reconstructions_pca").set_value(True).run()
    with_pca = next(b.value for b in app.get("html") if "data-pictures" in b.value)
    assert "PCA" not in wall
    assert with_pca.count("<img") == wall.count("<img") + 2 * 24
    digits = data.load("digits")
    baseline = pca_baseline(digits)
    errors, _ = tiny_errors(tiny_key)
    x = digits.test_images[int(np.argmax(errors))][None].float() / 255
    expected = (baseline.reconstruct(x, 6) - x).square().sum().item()
    assert f"{expected:.1f}</span>" in with_pca.split("PCA · ", 2)[1]


def test_the_link_carries_the_view(tiny_key):
    link = {"run": tiny_key, "reconstructions_order": "Best", "reconstructions_count": "48"}
    app = open_page(PAGE, link)
    assert app.segmented_control(key="reconstructions_order").value == "Best"
    assert len(pictures(app)) == 48


def test_pca_is_also_given_clipped_where_the_networks_outputs_are_bounded(tiny_key):
    digits = data.load("digits")
    x = digits.test_images.double().flatten(1).numpy() / 255
    train = digits.train_images.double().flatten(1).numpy() / 255
    mean = train.mean(0)
    axes = np.linalg.svd(train - mean, full_matrices=False)[2][:6]
    rebuilt = (x - mean) @ axes.T @ axes + mean
    clipped = np.square(rebuilt.clip(0, 1) - x).sum(1).mean()
    app = open_page(PAGE)
    assert not app.exception
    (text,) = [caption.value for caption in app.caption if "clipped to it" in caption.value]
    assert text.endswith(f"its squared error is {clipped:.2f}.")
    assert clipped < np.square(rebuilt - x).sum(1).mean()


def second_run(root, **changes):
    """Key of an untrained run beside the trained one."""
    config = TINY.with_values(changes)
    path = store.create_run(config, "second", root)
    shape = (1, 28, 28) if "data.name" in changes else (1, 8, 8)
    scaling = Scaling((0.5,), (0.5,))
    store.save_weights(path, build(config.model, shape).state_dict(), shape, scaling)
    return path.name


def test_a_second_run_stands_beside_the_first_on_the_same_images(tiny_root, tiny_key):
    other = second_run(tiny_root)
    app = open_page(PAGE, link={"run": tiny_key, "reconstructions_beside": other})
    assert not app.exception
    assert app.selectbox(key="reconstructions_beside").value == other
    errors, digits = tiny_errors(tiny_key)
    others = errors_on_test_images(load_run(other), digits).numpy()
    worst = np.argsort(-errors, kind="stable")[:24]
    wall = next(block.value for block in app.get("html") if "data-pictures" in block.value)
    shown = [float(e) for e in re.findall(r"other run · <span[^>]*>([\d.]+)</span>", wall)]
    assert shown == [pytest.approx(others[i], abs=0.051) for i in worst]
    assert [int(i) for i in re.findall(r'data-open="(\d+)"', wall)] == worst.tolist()
    assert app.metric[1].value == f"{others.mean(dtype=np.float64):.2f}"
    assert any("is worse by" in c.value for c in app.caption)


def test_a_second_run_on_other_images_is_refused_in_one_sentence(tiny_root, tiny_key):
    other = second_run(tiny_root, **{"data.name": "mnist"})
    app = open_page(PAGE, link={"run": tiny_key, "reconstructions_beside": other})
    assert not app.exception
    assert ["the same images only" in i.value for i in app.info] == [True]
    app = open_page(PAGE, link={"run": tiny_key, "reconstructions_beside": "nowhere"})
    assert "which is not here" in app.info[0].value


def test_two_runs_are_told_apart_only_outside_the_interval():
    rng = np.random.default_rng(0)
    mine, noise = rng.random(1000) + 5, rng.normal(size=1000)
    assert "don't tell" in beside.meaning(mine, mine + noise - noise.mean())
    assert "It is worse by 0.50" in beside.meaning(mine, mine + noise - noise.mean() + 0.5)
    assert "It is better by 0.50" in beside.meaning(mine, mine + noise - noise.mean() - 0.5)
