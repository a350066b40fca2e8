"""The Generation page: its sheets, that figures are those of the samples, and every view."""

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from aecore import data, load_run, store
from aecore.analysis import generation, sampling, variational
from aecore.analysis.probe import probe_index
from aecore.gallery.classifiers import classifier_of
from aecore.grid import Grid
from aecore.jobs.worker import work
from tests.pages.conftest import TINY, open_page, train_grid_here

PAGE = "pages/use/generation/page.py"
VARIATIONAL = TINY.with_values(
    {
        "data.normalization": "zero_one",
        "model.variational": True,
        "model.output_activation": "sigmoid",
        "loss.reconstruction": "bce",
    }
)
NAMES = list(sampling.SAMPLERS)


@pytest.fixture
def variational_key(tiny_root, monkeypatch, tmp_path):
    """Key of a small variational run on digits."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    path = store.create_run(VARIATIONAL, "tiny variational", tiny_root)
    work(path, threads=1)
    return path.name


def blocks(app, part):
    return [block.value for block in app.get("html") if part in block.value]


def sheets(app):
    """The mosaic of each sampler by its name, H x W grey."""
    found = {}
    for block in blocks(app, "24 samples, "):
        name = re.search(r'alt="24 samples, ([^"]+?)(?:, with the nearest training images)?"', block)[1]
        png = re.search(r"base64,([^\"]+)", block)[1]
        found[name] = np.asarray(Image.open(io.BytesIO(base64.b64decode(png))))[..., 0]
    return found


def said(app):
    return " ".join(part.value for part in (*app.main.markdown, *app.main.caption))


def test_the_sheets_hold_the_samplers_images_and_the_nearest_training_images(tiny_key):
    app = open_page(PAGE, {"generation_draw": "3"})
    assert not app.exception
    found = sheets(app)
    assert list(found) == NAMES
    run, digits = load_run(tiny_key), data.load("digits")
    codes = sampling.training_codes(run, digits)
    for name in NAMES:
        made = run.decode(sampling.SAMPLERS[name](codes).draw(24, 3)).clamp(0, 1)
        assert np.array_equal(found[name][:8, :8], data.to_uint8(made[0, 0]))
        errors = (made[0] - digits.train_images / 255).square().flatten(1).sum(1)
        assert np.array_equal(found[name][8:16, :8], digits.train_images[errors.argmin(), 0])


def test_the_scores_are_those_of_five_draws_beside_floor_and_ceiling(tiny_key):
    app = open_page(PAGE)
    run, digits = load_run(tiny_key), data.load("digits")
    against = generation.reference(digits, classifier_of(digits).features)
    codes, lines = sampling.training_codes(run, digits), blocks(app, "Fréchet distance")
    assert len(lines) == len(NAMES)
    for name, line in zip(NAMES, lines, strict=True):
        sampler = sampling.SAMPLERS[name](codes)
        scores = [against.score(run.decode(sampler.draw(against.count, draw))) for draw in range(5)]
        mean = np.mean([score.frechet for score in scores])
        assert float(re.search(r"<b>([\d.,]+)</b>", line)[1].replace(",", "")) == pytest.approx(
            mean, rel=0.01
        )
        assert f"coverage {np.mean([score.coverage for score in scores]):.2f}" in line
    text = said(app)
    assert "FID" not in text
    assert f"{against.count} test images come to" in text
    assert "The nearest training image is" in text
    assert "Fréchet distance" in app.main.markdown[3].value


def test_another_draw_and_another_temperature_make_other_samples(tiny_key):
    app = open_page(PAGE)
    before = sheets(app)
    (button,) = (b for b in app.main.button if b.label == "Draw again")
    button.click().run()
    assert app.number_input(key="generation_draw").value == 1
    after = sheets(app)
    assert all(not np.array_equal(before[name], after[name]) for name in NAMES)
    app.slider(key="generation_temperature").set_value(0.0).run()
    cold = sheets(app)["one Gaussian"]
    assert np.array_equal(cold[:8, :8], cold[:8, 10:18])
    app.toggle(key="generation_nearest").set_value(False).run()
    assert not app.exception
    assert sheets(app)["one Gaussian"].shape[0] < cold.shape[0]


@pytest.mark.parametrize("view", ["Codes and prior", "Plane of two units", "Units", "Beta"])
def test_every_view_stands_for_a_plain_run_and_leads_on(view, tiny_key):
    app = open_page(PAGE, {"generation_view": view})
    assert not app.exception
    if view == "Codes and prior":
        assert "codes drawn" in said(app)
        return
    assert app.info
    app.main.button[-1].click().run()
    assert not app.exception
    if view == "Plane of two units":
        assert app.session_state["train_model_latent_size"] == 2
    if view == "Units":
        assert app.session_state["train_model_variational"]


def test_a_variational_run_shows_its_bound_and_its_collapsed_units(variational_key):
    app = open_page(PAGE, {"run": variational_key, "generation_view": "Units"})
    assert not app.exception
    run, digits = load_run(variational_key), data.load("digits")
    metrics = {metric.label: metric.value for metric in app.main.metric}
    bound = variational.bound(run, digits.test_images)
    assert float(metrics["ELBO"]) == pytest.approx(bound.elbo, abs=0.06)
    assert float(metrics["KL"]) == pytest.approx(bound.kl, abs=0.06)
    assert float(metrics["Log-likelihood"].split(" ± ")[0]) > bound.elbo - 5
    active = int(variational.posterior(run, digits.test_images).active.sum())
    assert (f"{active} of 6 units" if 0 < active < 6 else "All 6 units") in said(app)
    prior = open_page(PAGE, {"run": variational_key, "generation_view": "Codes and prior"})
    assert "aggregated posterior" in said(prior)
    samples = open_page(PAGE, {"run": variational_key})
    assert list(sheets(samples)) == NAMES


def test_two_units_fill_a_plane(tiny_root, monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    path = store.create_run(TINY.with_values({"model.latent_size": 2}), "two units", tiny_root)
    work(path, threads=1)
    app = open_page(PAGE, {"run": path.name, "generation_view": "Plane of two units"})
    assert not app.exception
    assert len(blocks(app, "decoded grid of quantiles")) == 2


def test_the_beta_slider_holds_every_network_of_the_line(tiny_root, tiny_key):
    grid = Grid(
        VARIATIONAL.with_values({"train.epochs": 1}), {"train.seed": (0, 1), "loss.beta": (4.0, 0.5, 1.0)}
    )
    train_grid_here(store.create_grid(grid, "betas", tiny_root))
    at_one = grid.base.with_values({"train.seed": 0, "loss.beta": 1.0})
    app = open_page(PAGE, {"generation_view": "Beta"})
    assert not app.exception
    assert not app.info
    assert "Networks of the grid “betas”, on Digits (8x8), alike but for beta" in said(app)
    sent = json.loads(app.get("bidi_component")[0].proto.json)
    assert [member["beta"] for member in sent["members"]] == ["0.5", "1", "4"]
    # It starts at beta 1. Of the two seeds the first is shown.
    assert sent["start"] == 1
    path = store.read_grid(next(tiny_root.glob("grid-*"))).member_path(grid.members.index(at_one))
    run, digits = load_run(path), data.load("digits")
    kl = np.sort(variational.posterior(run, digits.test_images).kl)[::-1]
    assert sent["members"][1]["kl"] == pytest.approx(kl, rel=1e-4)
    made = base64.b64decode(sent["members"][1]["reconstructions"])
    shown = digits.test_images[probe_index(digits, 10)]
    assert made == data.to_uint8(run.reconstruct(shown)).tobytes()


def test_without_a_run_the_page_leads_to_train(empty_root):
    app = open_page(PAGE)
    assert "no trained model yet" in app.info[0].value
