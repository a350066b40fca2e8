"""Further figures: the same on every page that shows them, and as the core measures them."""

import pytest

from aecore import data, load_run
from aecore.analysis import quality
from aecore.analysis.metrics import errors_on_test_images
from aecore.analysis.projection import pca_baseline
from pages.shared.further_figures import gap_sentence, rows
from tests.pages.conftest import open_page


@pytest.fixture
def measured(tiny_key):
    run, digits = load_run(tiny_key), data.load("digits")
    codes, errors = run.encode(digits.test_images), errors_on_test_images(run, digits)
    return quality.measure(run, digits, codes, errors, pca_baseline(digits))


def table(app):
    return next(d.value for d in app.dataframe if "Figure" in d.value).to_dict("records")


def test_reconstructions_shows_what_the_core_measures(measured):
    app = open_page("pages/look/reconstructions/page.py")
    assert not app.exception
    assert table(app) == rows(measured)
    assert table(app)[0]["Value"] == f"{measured.ssim:.3f} (PCA {measured.pca_ssim:.3f})"
    assert table(app)[-1]["Value"] == f"{measured.gap.train:.2f}, {measured.gap.validation:.2f}"


def test_runs_shows_the_same_on_demand(measured):
    app = open_page("pages/train/runs/page.py")
    assert not any("Figure" in d.value for d in app.dataframe)
    app.toggle(key="runs_further").set_value(True).run()
    assert not app.exception
    assert table(app) == rows(measured)


def test_home_shows_the_same_on_demand(measured):
    app = open_page("pages/home/page.py")
    assert not any("Figure" in d.value for d in app.dataframe)
    app.toggle(key="home_further").set_value(True).run()
    assert not app.exception
    assert table(app) == rows(measured)


def test_choose_shows_those_of_the_model_that_was_asked_for_and_measures_no_other(grid_key, monkeypatch):
    app = open_page("pages/look/choose/page.py", {"grid": grid_key, "at": "1-0-0"})
    (switch,) = [toggle for toggle in app.toggle if toggle.label == "Further figures"]
    asked = []
    monkeypatch.setattr("pages.shared.further_figures.draw", asked.append)
    switch.set_value(True).run()
    assert not app.exception
    assert len(asked) == 1
    assert asked[0].startswith(f"{grid_key}/")
    app.session_state["_choose_places"] = {grid_key: [2, 1, 0]}
    app.run()
    assert len(asked) == 1
    (other,) = [toggle for toggle in app.toggle if toggle.label == "Further figures"]
    assert other.key != switch.key
    assert not other.value


def with_gap(measured, gap):
    return quality.Quality(**{**vars(measured), "gap": gap})


def test_the_sentence_claims_a_gap_only_where_it_is_clear(measured):
    assert "2.00 more" in gap_sentence(with_gap(measured, quality.Gap(4.0, 6.0, 0.3)))
    assert "50% more" in gap_sentence(with_gap(measured, quality.Gap(4.0, 6.0, 0.3)))
    assert "less" in gap_sentence(with_gap(measured, quality.Gap(6.0, 4.0, 0.3)))
    assert "can't be told: the difference, +0.59," in gap_sentence(
        with_gap(measured, quality.Gap(4.0, 4.59, 0.3))
    )
    assert "0.61 more" in gap_sentence(with_gap(measured, quality.Gap(4.0, 4.61, 0.3)))
    assert gap_sentence(with_gap(measured, None)) == ""
    assert [row["Figure"] for row in rows(with_gap(measured, None))][-1] == "Varying units"
