"""The Ray engine on a real cluster of two nodes on this machine; one of them is killed."""

import importlib.util
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from aecore import store
from aecore.grid import Grid
from aecore.jobs import grid_worker
from aecore.jobs.ray_engine import RayEngine
from aecore.store import names
from tests.engines import InProcess
from tests.samples import tiny_config

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None,
    reason="Ray is not installed (pip install -r requirements-ray.txt).",
)


EPOCHS = 8
"""Enough for a node to be killed after the first."""


@pytest.fixture(autouse=True)
def own_queue(tmp_path_factory, monkeypatch):
    """Locks of this test alone, so that trainings elsewhere on the machine do not hold it up."""
    monkeypatch.setenv("AECORE_LOCKS", str(tmp_path_factory.mktemp("locks")))


@pytest.fixture(scope="module")
def cluster():
    """Two nodes with a processor each; the second is there to be killed."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        yield cluster, cluster.add_node(num_cpus=1)
    finally:
        cluster.shutdown()


def two_stacks(epochs: int, **values) -> Grid:
    """Four members in two stacks, since one cannot hold two depths."""
    return Grid(
        tiny_config(train__epochs=epochs, **values), {"model.hidden": [(8,), (8, 6)], "train.seed": [0, 1]}
    )


def create(grid: Grid, root: Path) -> Path:
    """A grid of four members whose stacks do not depend on the machine's cores."""
    path = store.create_grid(grid, "", root)
    store.write_stacks(path, [[0, 1], [2, 3]])
    return path


def same_members(a: Path, b: Path, members: int = 4) -> bool:
    """Whether all weights are the same, bit for bit; the files' metadata come in any order."""
    pairs = [[load_file(p / str(k) / names.WEIGHTS) for p in (a, b)] for k in range(members)]
    return all(x.keys() == y.keys() and all(x[n].equal(y[n]) for n in x) for x, y in pairs)


def test_a_node_is_killed_and_the_members_come_home_with_the_bits_of_local_processes(cluster, tmp_path):
    ray_cluster, second = cluster
    grid = two_stacks(EPOCHS, train__schedule="cosine")
    local = create(grid, tmp_path / "local")
    assert grid_worker.work(local, 1, engine=InProcess()) is not None
    path = create(grid, tmp_path / "ray")
    killed = []

    def on_progress(progress):
        begun = all((path / str(k) / names.HISTORY).exists() for k in range(4))
        if begun and not killed:
            killed.append(progress.fraction)
            ray_cluster.remove_node(second, allow_graceful=False)

    records = []
    engine = RayEngine(ray_cluster.address)
    result = grid_worker.work(path, 1, lambda *record: records.append(record), on_progress, engine)
    assert 0 < killed[0] < 1
    assert same_members(path, local)
    assert [row.result.test for row in result.members] == [
        row.result.test for row in store.read_grid(local).members()
    ]
    assert all(len(store.read_history(path / str(k))) == EPOCHS for k in range(4))
    assert {(k, record.epoch) for k, record in records} == {
        (k, e) for k in range(4) for e in range(1, EPOCHS + 1)
    }
    assert all(store.read_pictures(path / str(k)) is not None for k in range(4))


def test_the_member_that_is_beaten_is_that_of_local_processes(cluster, tmp_path):
    base = tiny_config(train__epochs=4, train__optimizer="sgd", train__momentum=0.0)
    grid = Grid(base, {"train.learning_rate": [1e-5, 1e-2]}, halving=True)
    paths, results = [], []
    for name, engine in (("local", InProcess()), ("ray", RayEngine(cluster[0].address))):
        paths.append(store.create_grid(grid, "", tmp_path / name))
        store.write_stacks(paths[-1], [[0], [1]])
        results.append(grid_worker.work(paths[-1], 1, engine=engine))
    assert [[row.beaten for row in result.members] for result in results] == [[1, None]] * 2
    assert same_members(*paths, members=2)


def test_a_stop_keeps_what_is_there_and_calls_off_what_waits(cluster, tmp_path):
    ray_cluster, _ = cluster
    path = create(two_stacks(100_000), tmp_path)

    def begun() -> list[int]:
        return [k for k in range(4) if store.read_history(path / str(k))]

    def on_progress(progress):
        if begun():
            store.request_stop(path)

    engine = RayEngine(ray_cluster.address)
    assert grid_worker.work(path, 1, None, on_progress, engine) is None
    assert store.read_progress(path).status == "stopped"
    # The processor of the node that was killed is gone, so the second stack was still waiting.
    assert begun() in ([0, 1], [2, 3])
    for k in begun():
        assert store.load_run(path / str(k)).history
        assert store.read_pictures(path / str(k)) is not None


def test_what_a_worker_refuses_is_told_in_one_sentence_and_not_tried_again(cluster, tmp_path):
    ray_cluster, _ = cluster
    path = store.create_grid(Grid(tiny_config(), {"train.seed": [0, 1]}), "", tmp_path)
    store.write_stacks(path, [[0, 1]])
    store.save_state(store.stack_path(path, 0), {"position": torch.tensor([1, 0])})
    with pytest.raises(RuntimeError, match="the saved state does not fit the config"):
        grid_worker.work(path, 1, engine=RayEngine(ray_cluster.address))
    assert store.read_progress(path).status == "failed"


def test_an_address_without_a_cluster_is_refused_in_one_sentence(tmp_path):
    path = store.create_grid(two_stacks(1), "", tmp_path)
    with pytest.raises(ValueError, match="no Ray cluster answers at"):
        grid_worker.work(path, 1, engine=RayEngine("127.0.0.1:1"))
