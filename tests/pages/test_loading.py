"""What pages keep on disk: found by a server that starts anew, and never that of other weights."""

import pytest
import streamlit as st
from safetensors import safe_open
from safetensors.torch import load_file

from aecore import data, store
from aecore.files import write_tensors
from aecore.store import names
from aecore.store.run import Run
from pages.shared import loading


@pytest.fixture(autouse=True)
def as_if_started_anew(monkeypatch, tmp_path):
    """Gives a function that forgets what is in memory, as a server that starts again has."""
    monkeypatch.setenv("AECORE_CACHE", str(tmp_path / "cache"))

    def forget() -> None:
        st.cache_data.clear()
        st.cache_resource.clear()

    forget()
    yield forget
    forget()


def test_a_server_that_starts_anew_computes_nothing_again(tiny_key, as_if_started_anew, monkeypatch):
    codes, errors = loading.test_codes(tiny_key), loading.test_squared_errors(tiny_key)
    units, quality = loading.units(tiny_key), loading.quality(tiny_key)
    neighbors, known, band = loading.code_neighbors(tiny_key)
    typical = neighbors.typical_distance
    as_if_started_anew()
    for way in ("encode", "decode"):
        monkeypatch.setattr(Run, way, pytest.fail)
    assert loading.test_codes(tiny_key).equal(codes)
    assert loading.test_squared_errors(tiny_key).equal(errors)
    assert loading.units(tiny_key).cause == units.cause
    assert (loading.units(tiny_key).importance == units.importance).all()
    assert loading.quality(tiny_key) == quality
    again, known_again, band_again = loading.code_neighbors(tiny_key)
    assert known_again.equal(known)
    assert (again.typical_distance, band_again) == (typical, band)


def test_other_weights_have_other_results(tiny_root, tiny_key, as_if_started_anew):
    before = loading.test_codes(tiny_key)
    path = tiny_root / tiny_key / names.WEIGHTS
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    write_tensors(path, {name: tensor * 1.5 for name, tensor in load_file(path).items()}, metadata)
    as_if_started_anew()
    after = loading.test_codes(tiny_key)
    assert not after.equal(before)
    assert after.equal(store.load_run(tiny_key).encode(data.load("digits").test_images))
