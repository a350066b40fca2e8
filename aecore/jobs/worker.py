"""Trains the run in a folder, from its config or from where it stopped, and writes all it does there.

The command line calls `work` in its own process; a page starts `python -m aecore.jobs.worker RUN` (see
`aecore.jobs.control`). Whoever looks reads the folder. torch is imported only when the device's lock
is held, so a queue of waiting runs costs little.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from aecore import cores, store
from aecore.access import writes
from aecore.config import Config
from aecore.jobs.process import Listener, Reporter, lower_priority, run_exclusively, start_up
from aecore.owners import changes
from aecore.results import EpochRecord, Result

if TYPE_CHECKING:
    from aecore.store.run import Run


@changes("path")
def work(
    path: Path,
    threads: int | None = None,
    on_record: Callable[[EpochRecord], None] | None = None,
    on_progress: Listener | None = None,
) -> Result | None:
    """Trains to the end or to a stop. Returns the result, or None when stopped before the end.

    Raises ValueError or RuntimeError in one sentence after noting it in the progress: the device or the
    data set is not there, the run is being trained already, the loss is no longer finite.
    """
    device = store.read_info(path).config.train.device
    return run_exclusively(
        path, device, lambda reporter: _train(path, threads, reporter, on_record), on_progress
    )


@writes
def train_run(
    config: Config,
    name: str = "",
    root: Path | None = None,
    threads: int | None = None,
    on_record: Callable[[EpochRecord], None] | None = None,
) -> Run:
    """Trains a new run to its end and loads it, as `python -m aecore train` does.

    Its folder is made below `root`, or where the other runs are; `name` is what people see. `on_record` is
    called after each epoch. Raises what `work` does, and RuntimeError in one sentence where it was stopped.
    """
    path = store.create_run(config, name, root)
    if work(path, threads, on_record) is None:
        raise RuntimeError(f"the training in {path} was stopped; `python -m aecore resume` goes on")
    return store.load_run(path)


def _train(
    path: Path,
    threads: int | None,
    reporter: Reporter,
    on_record: Callable[[EpochRecord], None] | None,
) -> Result | None:
    reporter.update(force=True, status="running", step=0)
    with start_up(reporter):
        import torch

        from aecore import data as datasets
        from aecore.events import settings_at
        from aecore.jobs.recording import Recording, train_members
        from aecore.jobs.steering import Steering
        from aecore.training.images import resolve_device
        from aecore.training.single import NonFiniteLossError

        torch.set_num_threads(threads or cores.available())
        config = store.read_info(path).config
        device = str(resolve_device(config.train.device))
        data = datasets.load(config.data.name)
    reporter.update(force=True, device=device, threads=torch.get_num_threads(), epochs=config.train.epochs)
    steering = Steering(path, config, reporter)
    recording = Recording.of_run(path, data)
    finished = train_members(recording, data, reporter, on_record=on_record, steering=steering)
    if (epoch := store.read_failed(path)) is not None:
        raise NonFiniteLossError(settings_at(config, steering.events), epoch)
    return store.read_result(path) if finished else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--nice", type=int, default=0)
    arguments = parser.parse_args()
    lower_priority(arguments.nice)
    # An exception's sentence is in the progress for the pages; its traceback goes to the run's log.
    work(arguments.run, arguments.threads)


if __name__ == "__main__":
    main()
