"""Where disk or memory is too small: a sentence that says what to do, and a run that goes on later."""

import os
import shutil
import subprocess
import sys

import pytest

from aecore import jobs, store
from aecore.__main__ import main
from aecore.jobs import worker
from aecore.memory import TOO_LITTLE, is_want_of_memory
from tests.conftest import ROOT
from tests.jobs.test_control import same_weights, train_whole
from tests.samples import tiny_config
from tests.trust.bounds import tell

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="The limits are Linux's.")

CONFIG = tiny_config(train__epochs=4)

SMALL_FILES = """
import resource, sys
from pathlib import Path
from aecore.jobs import worker

resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
worker.work(Path(sys.argv[1]), threads=1)
"""
"""A training whose files may have so many bytes and no more."""

FULL_DISK = """
import os, sys
from pathlib import Path
from aecore.jobs import worker

path = Path(sys.argv[1])

def fill(progress):
    # After the second epoch not a byte is left.
    if progress.epoch >= 2 and not (path.parent / "filler").exists():
        with (path.parent / "filler").open("wb", buffering=0) as file:
            for size in (65536, 4096, 1):
                try:
                    while file.write(bytes(size)) == size:
                        pass
                except OSError:
                    pass

worker.work(path, threads=1, on_progress=fill)
"""
"""A training whose disk is full after its second epoch."""

LITTLE_MEMORY = """
import resource, sys
import torch, aecore.jobs.recording
from pathlib import Path
from aecore.jobs import worker

pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + (400 << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
worker.work(Path(sys.argv[1]), threads=1)
"""
"""A training with 400 MB of address space beside what its modules take."""


def run(script: str, *arguments: object, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
    command = [*before, sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def goes_on(path, root):
    """What has failed is listed as failed, leaves no draft, and comes to the bits of one that never did."""
    info = store.read_info(path)
    assert jobs.status(info) == "failed"
    assert info.result is None
    assert not [name for name in os.listdir(path) if name.startswith(".")]
    assert worker.work(path, threads=1) is not None
    assert jobs.status(store.read_info(path)) == "finished"
    assert same_weights(path, train_whole(CONFIG, root))


def test_a_file_that_may_not_grow_is_told_and_the_run_goes_on_to_the_same_bits(tmp_path):
    path = store.create_run(CONFIG, "", tmp_path / "runs")
    done = run(SMALL_FILES, path, 6000)
    assert done.returncode == 1
    message = store.read_progress(path).message
    assert message.endswith(
        f"in {path} may not grow as large as it has to: raise the limit of files' sizes (`ulimit -f`), "
        "then resume or try again; what was saved before is kept"
    )
    assert done.stderr.rstrip().endswith(message)
    goes_on(path, tmp_path / "whole")
    tell("files that may not grow (RLIMIT_FSIZE) while it trains", 1, 0)


@pytest.fixture
def small_disk(tmp_path):
    """How to begin a command that sees a disk of 2 MB in `tmp_path / "disk"`, which only it sees."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f'mount -t tmpfs -o size=2m tmpfs {disk} && exec "$@"'
    before = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh")
    if shutil.which("unshare") is None or run("", before=before).returncode:
        pytest.skip("This system lets nobody mount a disk of one's own.")
    return before


COPIES_BACK = """
import shutil, subprocess, sys
from pathlib import Path

disk, path, script = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
shutil.copytree(path, disk / path.name)
done = subprocess.run([sys.executable, "-c", script, str(disk / path.name)])
shutil.rmtree(path)
shutil.copytree(disk / path.name, path)
sys.exit(done.returncode)
"""
"""Trains a copy of a run on a disk that only this process sees, and brings back what came of it."""


def test_a_full_disk_is_told_and_the_run_goes_on_to_the_same_bits(tmp_path, small_disk):
    path = store.create_run(CONFIG, "", tmp_path / "runs")
    done = run(COPIES_BACK, tmp_path / "disk", path, FULL_DISK, before=small_disk)
    assert done.returncode == 1, done.stderr
    assert store.read_progress(path).message == (
        f"the disk of {tmp_path / 'disk' / path.name} is full: free some space there, then resume or try "
        "again; what was saved before is kept"
    )
    goes_on(path, tmp_path / "whole")
    tell("a real disk of 2 MB that is full while it trains", 1, 0)


def test_too_little_memory_is_told_with_what_to_do(tmp_path):
    config = tiny_config(model__hidden=(16384, 16384), train__epochs=1)
    path = store.create_run(config, "", tmp_path)
    done = run(LITTLE_MEMORY, path)
    assert done.returncode == 1
    assert store.read_progress(path).message == TOO_LITTLE
    assert done.stderr.rstrip().endswith(f"RuntimeError: {TOO_LITTLE}")
    assert jobs.status(store.read_info(path)) == "failed"
    tell("too little memory (RLIMIT_AS) for a network", 1, 0)


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (MemoryError(), True),
        (OSError(12, "Cannot allocate memory"), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB."), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
        (OSError(28, "No space left on device"), False),
    ],
)
def test_what_is_want_of_memory_and_what_is_not(error, is_one):
    assert is_want_of_memory(error) == is_one


def test_the_command_line_says_it_in_the_same_words(monkeypatch, capsys):
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(store, "list_runs", fail)
    assert main(["runs"]) == 2
    assert capsys.readouterr().err == f"aecore: {TOO_LITTLE}\n"


def test_a_full_disk_before_the_first_file_is_one_sentence(tmp_path, monkeypatch, capsys):

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.folders, "write_json", fail)
    command = ["train", "--data.name", "digits", "--train.epochs", "1", "--out", str(tmp_path)]
    assert main(command) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"aecore: the disk of {tmp_path} is full: free some space there")
    assert os.listdir(tmp_path) == []
