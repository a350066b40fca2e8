"""Several processes on one run root, and a folder taken away from its training: nothing is lost."""

import os
import random
import shutil
import time
from contextlib import suppress

import pytest

from aecore import jobs, store, trash
from aecore.files import StoreError
from tests.samples import tiny_config
from tests.trust import kills
from tests.trust.bounds import IS_WHOLE, SEED, TRIALS, tell

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="This system can't copy a process.")

CONFIG = tiny_config()
HANDS = 3
ACTS = 150 if IS_WHOLE else 40


def hand(root, made, number: int) -> None:
    """What one server's visitors do: make runs, rename, delete and put back whatever is there, and list."""
    chance = random.Random(f"{SEED} hand {number}")
    for i in range(ACTS):
        runs = store.list_runs(root)
        unreadable = [run for run in runs if isinstance(run, store.Unreadable)]
        assert not unreadable, f"{unreadable[0].key} can't be read: {unreadable[0].reason}"
        act = chance.choice(["make", "rename", "delete", "put back", "list"])
        # What another hand has taken away meanwhile is refused.
        with suppress(StoreError, FileNotFoundError):
            if act == "make":
                store.create_run(CONFIG, f"{number} {i}", root)
                with made.open("ab", buffering=0) as file:
                    file.write(b".")
            elif act == "rename" and runs:
                store.rename_run(chance.choice(runs).path, f"{number} {i}")
            elif act == "delete" and runs:
                store.delete_run(chance.choice(runs).path)
            elif act == "put back" and (gone := store.trashed(root)):
                trash.restore(chance.choice(gone))


def test_several_servers_on_one_root_lose_no_run_and_make_none_up(tmp_path, capfd):
    root, made = tmp_path / "root", tmp_path / "made"
    root.mkdir()
    pids = []
    for number in range(HANDS):
        if pid := os.fork():
            pids.append(pid)
            continue
        try:
            hand(root, made, number)
            os._exit(0)
        except BaseException as error:
            os.write(2, f"hand {number}: {type(error).__name__}: {error}\n".encode())
            os._exit(1)
    codes = [kills.end(pid) for pid in pids]
    assert codes == [0] * HANDS, capfd.readouterr().err
    here, gone = store.list_runs(root), store.trashed(root)
    assert all(isinstance(run, store.RunInfo) for run in here)
    count = len(made.read_bytes())
    assert len(here) + len(gone) == count > 0
    assert set(os.listdir(root)) <= {".trash", *(run.key for run in here)}
    note = f"{HANDS} processes make, rename, delete and put back {count} runs"
    tell("several servers on one run root", HANDS * ACTS, count - len(here) - len(gone), note)


@pytest.mark.parametrize("kind", ["lone", "grid"])
def test_a_folder_taken_away_while_it_is_trained_ends_the_training_and_is_not_made_anew(tmp_path, kind):
    trials = max(1, TRIALS // 10)
    for number in range(trials):
        path = kills.create(kind, "", tmp_path / "root")
        pid = kills.begin(path)
        deadline = time.monotonic() + 60
        while not any(kills.position(path)) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(random.Random(f"{SEED} {number}").uniform(0, 0.3))
        # By hand, as the app refuses it: moved away, so that nothing is deleted between two files.
        gone = shutil.move(path, tmp_path / f"elsewhere {number}")
        assert kills.end(pid) in (0, 1)
        assert not path.exists()
        assert jobs.active(tmp_path / "root") == []
        # What had been saved is a run that goes on.
        kills.read(gone)
        if jobs.control.read(gone).result is None:
            assert kills.end(kills.begin(gone)) == 0
        assert jobs.control.read(gone).result is not None
    tell(f"folder moved away while it trains ({kind})", trials, 0)
