"""A set is made in a process of its own, which may be stopped at any moment and disturbs nobody else's."""

import io
import os
import time

import numpy as np
import pytest

from aecore.jobs import image_job
from aecore.own import sets
from aecore.own.build import Options
from tests.jobs.test_control import until


@pytest.fixture(autouse=True)
def own_data(tmp_path, monkeypatch):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "data"))


def array(count=40):
    out = io.BytesIO()
    np.save(out, np.random.default_rng(0).integers(0, 256, (count, 9, 9), dtype=np.uint8))
    out.seek(0)
    return out


def test_a_job_that_is_stopped_before_it_shows_itself_stops():
    folder = image_job.upload([("x.npy", array())])
    image_job.start(image_job.read(folder).path, Options(), folder)
    image_job.stop(folder)
    until(lambda: image_job.read(folder).status != "running", "the job to end")
    assert image_job.read(folder).status == "stopped"
    assert sets.list_sets() == []


def test_an_upload_that_is_still_coming_in_is_left_alone_and_a_forgotten_one_goes():
    coming = sets.own_root() / f"{image_job.PREFIX}coming"
    (coming / image_job.UPLOADED).mkdir(parents=True)
    image_job.clear()
    assert coming.is_dir()
    long_ago = time.time() - 2 * image_job.FORGOTTEN
    os.utime(coming, (long_ago, long_ago))
    image_job.clear()
    assert not coming.exists()
