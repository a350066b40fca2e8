"""What pages say of a variational run: its bound beside the squared error, its units, its paths."""

import pytest

from aecore import store
from aecore.analysis import variational
from aecore.data import load
from aecore.jobs.worker import work
from aecore.store.run import Run
from tests.pages.conftest import VARIATIONAL, open_page


@pytest.fixture
def run(variational_root) -> Run:
    info = next(info for info in store.list_runs() if info.name == "tiny vae")
    return store.load_run(info.path)


def texts(app) -> str:
    return " ".join(element.value for kind in ("markdown", "caption") for element in app.main.get(kind))


def test_the_bound_stands_beside_the_squared_error(run):
    bound = variational.bound(run, load("digits").test_images)
    app = open_page("pages/look/reconstructions/page.py")
    assert str(bound) in texts(app)
    assert "those of its mean codes; it was trained on binarized images" in texts(app)
    assert f"ELBO {bound.elbo:.1f}" in app.sidebar.caption[0].value
    app = open_page("pages/train/train/page.py")
    assert f"Finished: {bound}; squared error of the mean code" in app.success[0].value
    assert "both on binarized images" in texts(app)


def test_units_show_their_divergence_and_say_which_are_collapsed(run):
    from aecore.analysis.units import describe_units

    images = load("digits").test_images
    units = describe_units(run, images, run.encode(images))
    kl = variational.posterior(run, images).kl
    assert units.kl == pytest.approx(kl)
    app = open_page("pages/look/units/page.py")
    collapsed = units.cause.count("collapsed")
    assert f"from the prior sum to {kl.sum():.1f} nats; {collapsed or 'none'} of the 6 units" in texts(app)
    rows = " ".join(element.proto.body for element in app.main.get("html"))
    for unit in units.order[: units.used]:
        assert f"KL {kl[unit]:.2f} nats" in rows


def test_spherical_interpolation_is_offered(run):
    app = open_page("pages/look/interpolation/page.py", interpolation_path="spherical")
    assert not app.exception
    assert app.segmented_control(key="interpolation_path").value == "spherical"


def test_a_run_made_to_collapse_is_called_so_and_another_is_not(run, variational_root):
    path = store.create_run(VARIATIONAL.with_values({"loss.beta": 500.0}), "silent", variational_root)
    work(path, threads=1)
    app = open_page("pages/understand/training/page.py", run=path.name)
    assert any("Posterior collapse" in warning.value for warning in app.warning)
    app = open_page("pages/look/units/page.py", run=path.name)
    assert "No unit of this code is in use" in app.info[0].value
    assert "6 of the 6 units are collapsed" in texts(app)
    assert "Collapsed" in " ".join(element.value for element in app.expander[0].markdown)
    app = open_page("pages/understand/training/page.py", run=run.path.name)
    assert not any("Posterior collapse" in warning.value for warning in app.warning)
