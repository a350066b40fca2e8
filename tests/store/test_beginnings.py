"""What a run's folder says of its beginning and its course: origin, first state, events, requests."""

import pytest
import torch

from aecore import store
from aecore.events import Event, Request
from aecore.files import StoreError
from aecore.results import Origin
from aecore.store import names
from aecore.training.single import Training
from tests.samples import tiny_config, tiny_data

CONFIG = tiny_config()
ORIGIN = Origin("first-s0", "first", "0a1b2c3d", 2, moments=True)
EVENTS = [
    Event(5, 0.5, "change", {"train.learning_rate": 1e-4}, time=3.0),
    Event(9, 0.9, "pause", time=4.0),
    Event(9, 0.9, "continue", time=5.0),
]


def new(root):
    return store.create_run(CONFIG, "new", root)


def test_an_origin_is_read_with_the_run_and_tells_where_in_words(tmp_path):
    path = new(tmp_path)
    assert store.read_info(path).origin is None
    store.write_origin(path, ORIGIN)
    assert store.read_info(path).origin == ORIGIN
    assert ORIGIN.text == "first, epoch 2"
    assert Origin("a", "first", "0", 0).text == "first, its initial weights"
    (path / names.ORIGIN).write_text('{"run": "a", "name": "b", "hash": "c", "epoch": -1}')
    (broken,) = store.list_runs(tmp_path)
    assert "epoch must be at least 0" in broken.reason


def test_a_branch_goes_on_from_its_first_state_until_it_has_saved_another(tmp_path):
    path, training = new(tmp_path), Training(CONFIG, tiny_data())
    assert store.load_state(path) is None
    assert store.state_position(path) is None
    first = training.state()
    store.save_start(path, first)
    assert store.has_start(path)
    assert store.load_state(path).keys() == first.keys()
    list(training)
    store.save_state(path, training.state())
    assert store.state_position(path) == (3, 0)
    assert store.load_state(path)["position"].tolist() == [3, 0]
    assert torch.equal(store.load_start(path)["position"], first["position"])
    (path / names.OPTIMIZER).write_bytes(b"none")
    with pytest.raises(StoreError, match=r"optimizer\.safetensors is damaged"):
        store.state_position(path)


def test_events_are_read_in_the_order_of_their_noting(tmp_path):
    path = new(tmp_path)
    assert store.read_events(path) == []
    assert store.events_stamp(path) == 0
    stamps = []
    for event in EVENTS:
        store.append_event(path, event)
        stamps.append(store.events_stamp(path))
    assert store.read_events(path) == EVENTS
    assert stamps == sorted(set(stamps))
    store.mend_events(path)
    assert store.read_events(path) == EVENTS


def test_a_copy_keeps_its_beginning_and_its_course(tmp_path):
    path = new(tmp_path)
    store.write_origin(path, ORIGIN)
    store.save_start(path, Training(CONFIG, tiny_data()).state())
    for event in EVENTS:
        store.append_event(path, event)
    whole, shown, again = (tmp_path / name for name in ("whole", "shown", "again"))
    for target in (whole, again):
        target.mkdir()
    store.copy_run_files(path, whole)
    store.copy_for_looking(path, shown)
    store.copy_beginning(path, again)
    for copy in (whole, shown, again):
        assert store.read_events(copy) == EVENTS
        assert store.read_origin(copy) == ORIGIN
    assert [store.has_start(copy) for copy in (whole, shown, again)] == [True, False, True]


def test_requests_are_taken_in_the_order_of_their_asking_and_forgotten_with_a_stop(tmp_path):
    path = new(tmp_path)
    assert not store.has_requests(path)
    assert store.read_requests(path) == []
    asked = [Request("pause"), Request("change", {"loss.code_l1": 0.1}), Request("continue")]
    for request in asked:
        store.add_request(path, request)
    (path / names.REQUESTS / "0.json").write_text("[]")
    store.request_stop(path)
    assert store.has_requests(path)
    assert [request for _, request in store.read_requests(path)] == [None, *asked]
    store.clear_requests(path)
    assert not store.has_requests(path)
    assert not store.stop_requested(path)
