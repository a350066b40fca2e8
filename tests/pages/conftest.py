"""Run roots for the tests of pages: empty, one tiny finished run, and one of everything that can't be read.

Each test gets its own copy and the app is pointed at it, so a test may train, rename and delete.
`open_page` opens a page of the app in Streamlit's AppTest.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from aecore import store
from aecore.config import Config, DataConfig, ModelConfig, TrainConfig
from aecore.grid import Grid
from aecore.jobs import grid_worker
from aecore.jobs.worker import work
from aecore.store import names
from pages.shared import background
from tests.browser.tools import wait_until
from tests.conftest import ROOT
from tests.engines import InProcess

TINY = Config(
    data=DataConfig(name="digits"),
    model=ModelConfig(latent_size=6, hidden=(32,)),
    train=TrainConfig(epochs=3, batch_size=64),
)
"""Config of the run in `tiny_root`: under a second of training."""

VARIATIONAL = TINY.with_values(
    {
        "model.variational": True,
        "data.normalization": "zero_one",
        "model.output_activation": "sigmoid",
        "loss.reconstruction": "bce",
        "train.binarize": True,
        "train.epochs": 8,
    }
)
"""Config of the run in `variational_root`."""

TINY_GRID = Grid(
    TINY.with_values({"model.hidden": (16,), "train.epochs": 2}),
    {"model.latent_size": (2, 4, 8), "loss.code_l1": (0.0, 0.05), "train.seed": (0, 1)},
)
"""Grid in `grid_root`: twelve models in one stack."""


def open_page(path: str, link: Mapping[str, str] | None = None, **session: object) -> AppTest:
    """The app at a page such as `pages/look/codes/page.py`, with values put into its session first.

    `link` holds the query parameters of the URL. The app is opened at Home before, because only an app that
    has run knows which file is the page of which URL.
    """
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120).run()
    if link is not None:
        app.query_params = dict(link)
    for key, value in session.items():
        app.session_state[key] = value
    return app.switch_page(path).run()


def wait_for_work(app: AppTest) -> AppTest:
    """Waits until nothing beside the pages is running any more, and draws the page."""
    wait_until("the work", lambda: not any(work.running for work in background.works().values()))
    return app.run()


@pytest.fixture(scope="session")
def _trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with one finished run, trained once in this session and never handed out itself."""
    root = tmp_path_factory.mktemp("trained")
    work(store.create_run(TINY, "tiny", root), threads=1)
    return root


@pytest.fixture(scope="session")
def _trained_variational(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with one finished variational run and a grid of two, trained once in this session."""
    root = tmp_path_factory.mktemp("trained-variational")
    work(store.create_run(VARIATIONAL, "tiny vae", root), threads=1)
    grid = Grid(VARIATIONAL.with_values({"train.epochs": 2}), {"loss.beta": (0.5, 8.0)})
    train_grid_here(store.create_grid(grid, "tiny betas", root))
    return root


def train_grid_here(path: Path) -> None:
    """Trains the grid in a folder to its end in this process: no start-up of others to wait for."""
    grid_worker.work(path, 1, engine=InProcess())


@pytest.fixture(scope="session")
def _trained_grid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with one finished grid, trained once in this session and never handed out itself."""
    root = tmp_path_factory.mktemp("trained-grid")
    train_grid_here(store.create_grid(TINY_GRID, "tiny grid", root))
    return root


@pytest.fixture
def grid_root(_trained_grid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run root with one finished grid named `tiny grid` on digits, and no runs."""
    root = _use(tmp_path / "checkpoints", monkeypatch)
    shutil.copytree(_trained_grid, root, dirs_exist_ok=True)
    return root


@pytest.fixture
def grid_key(grid_root: Path) -> str:
    """Key of the grid in `grid_root`."""
    return next(grid_root.iterdir()).name


@pytest.fixture
def empty_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run root without runs."""
    return _use(tmp_path / "checkpoints", monkeypatch)


@pytest.fixture
def tiny_root(_trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run root with one finished run named `tiny` on digits (6 units)."""
    root = _use(tmp_path / "checkpoints", monkeypatch)
    shutil.copytree(_trained, root, dirs_exist_ok=True)
    return root


@pytest.fixture
def variational_root(_trained_variational: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run root with a finished variational run named `tiny vae` on digits, and a grid of two betas."""
    root = _use(tmp_path / "checkpoints", monkeypatch)
    shutil.copytree(_trained_variational, root, dirs_exist_ok=True)
    return root


@pytest.fixture
def tiny_key(tiny_root: Path) -> str:
    """Key of the run in `tiny_root`."""
    return next(tiny_root.iterdir()).name


@pytest.fixture
def broken_root(_trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run root in which nothing can be used: truncated weights, a config of the wrong type, a missing
    file, a folder from nowhere, and `misfit`, whose weights only turn out not to fit when they are loaded.
    """
    root = _use(tmp_path / "checkpoints", monkeypatch)
    good = next(_trained.iterdir())
    for name in ("truncated", "wrong-type", "no-weights", "misfit"):
        shutil.copytree(good, root / name)
    weights = root / "truncated" / names.WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-100])
    _set(root / "wrong-type", "latent_size", "twelve")
    (root / "no-weights" / names.WEIGHTS).unlink()
    _set(root / "misfit", "latent_size", 7)
    (root / "from-nowhere").mkdir()
    (root / "from-nowhere" / "notes.txt").write_text("not a run")
    return root


def _use(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root.mkdir()
    monkeypatch.setenv("AECORE_CHECKPOINTS", str(root))
    return root


def _set(path: Path, field: str, value: object) -> None:
    """Changes a field of the model in a run's config file, unchecked."""
    values = json.loads((path / names.CONFIG).read_text())
    values["config"]["model"][field] = value
    (path / names.CONFIG).write_text(json.dumps(values))
