"""The engine of a Ray cluster: each stack trains in an actor on one device, somewhere in the cluster.

The head, where the grid's folder is, sends the code, the data set and the stack's last state, and gets an
update after every epoch, which it writes as a local process would; no disk is shared. When a worker or its
machine dies, the stack is sent again from its last epoch. Needs `pip install -r requirements-ray.txt`.
"""

from __future__ import annotations

import contextlib
import math
import socket
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aecore import cores, store
from aecore.grid import Grid
from aecore.jobs.process import Reporter
from aecore.results import Status
from aecore.store import GridInfo

if TYPE_CHECKING:
    from aecore.jobs.recording import Recording, Update

PAUSE = 0.25
"""Longest wait for news, in seconds."""

GRACE = 30.0
"""Seconds that workers have to send what they have after a stop."""

RETRIES = 5
"""Deaths of a stack's workers in a row, without an epoch between them, after which it is given up."""


class RayEngine:
    """A `grid_worker.Engine` on the Ray cluster at `address`; on this machine where none is named.

    RuntimeError in one sentence where Ray is not installed; ValueError, when it is entered, where no cluster
    answers.
    """

    def __init__(self, address: str = "") -> None:
        try:
            import ray
        except ImportError:
            raise RuntimeError(
                "--engine ray needs Ray: pip install -r requirements-ray.txt, on every machine of the cluster"
            ) from None
        self.ray: Any = ray
        self.address = address
        self._own = False
        """Whether the cluster was joined here, and is to be left again."""

    def __enter__(self) -> RayEngine:
        self._own = self._connect()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._own:
            self.ray.shutdown()

    def plan(self, grid: Grid) -> list[list[int]]:
        """Stacks as large as pays on a worker's device, which need not be one of the head's."""
        from aecore.data import find
        from aecore.training.stacking import plan_stacks

        task = self.ray.remote(**self._request())(_device_and_memory)
        kind, free = self.ray.get(task.remote(grid.base.train.device))
        return plan_stacks(grid, find(grid.base.data.name).shape, kind, free)

    def train(
        self,
        info: GridInfo,
        stacks: Sequence[int],
        threads: int,
        reporter: Reporter,
        until: int | None = None,
    ) -> Generator[None, None, None]:
        from aecore import data as datasets
        from aecore.jobs.recording import Recording

        data = datasets.load(info.config.data.name)
        shipped, request = self.ray.put(data), self._request()
        recordings = [Recording.of_stack(info, s, data) for s in stacks]
        running = [_Remote(self.ray, recording, shipped, request, until) for recording in recordings]
        try:
            yield from self._watch(running, reporter)
        finally:
            for remote in running:
                remote.end()
        if failures := [remote.failure for remote in running if remote.failure]:
            raise RuntimeError(failures[0])

    def _request(self) -> dict[str, float]:
        """What each stack asks of the cluster."""
        gpus = self.ray.cluster_resources().get("GPU", 0) > 0
        return {"num_gpus": 1} if gpus else {"num_cpus": 1}

    def _watch(self, running: Sequence[_Remote], reporter: Reporter) -> Generator[None, None, None]:
        """Takes the stacks' updates as they come, until all have ended."""
        end = math.inf
        while True:
            if reporter.stopping:
                end = min(end, time.monotonic() + GRACE)
                for remote in running:
                    remote.stop()
            open_ones = {remote.news: remote for remote in running if remote.news is not None}
            if not open_ones or time.monotonic() > end:
                return
            ready, _ = self.ray.wait(list(open_ones), num_returns=1, timeout=PAUSE)
            for news in ready:
                open_ones[news].take()
            yield

    def _connect(self) -> bool:
        """Joins the cluster, unless this process has already; says whether it has to leave it again."""
        if self.ray.is_initialized():
            return False
        self._check_reachable()
        package = str(Path(__file__).resolve().parents[1])
        here = {"num_cpus": cores.available()}
        options: dict[str, Any] = {"address": self.address} if self.address else here
        try:
            self.ray.init(
                **options,
                runtime_env={"py_modules": [package]},
                include_dashboard=False if not self.address else None,
                log_to_driver=False,
                logging_level="error",
            )
        except (ConnectionError, RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise ValueError(
                f"no Ray cluster answers at {self.address or 'this machine'}: {reason}"
            ) from error
        return True

    def _check_reachable(self) -> None:
        """Fails at once where nobody listens at HOST:PORT; Ray itself would try for minutes."""
        place = urlsplit(self.address if "//" in self.address else f"//{self.address}")
        try:
            if place.hostname and place.port:
                socket.create_connection((place.hostname, place.port), timeout=10).close()
        except (OSError, ValueError) as error:
            raise ValueError(f"no Ray cluster answers at {self.address}: {error}") from error


class _Remote:
    """One stack that trains somewhere in the cluster, and its folder here."""

    def __init__(
        self, ray: Any, recording: Recording, data: Any, request: Mapping[str, float], until: int | None
    ) -> None:
        self.ray, self.recording, self.data, self.request = ray, recording, data, request
        self.until = until
        self.failure = ""
        self.deaths = 0
        self.silent = True
        self.stopping = False
        self.news: Any = None
        """The updates to come; None once there will be no more."""
        self._send()

    def take(self) -> None:
        """Writes the next update into the folder; sends the stack again where its worker has died."""
        try:
            update: Update = self.ray.get(next(self.news))
        except StopIteration:
            self.end()
            self._note(status="finished" if self.recording.finished else "stopped")
        except self.ray.exceptions.RayTaskError as error:
            self.end()
            self.failure = " ".join(str(error.cause or error).split())[:500]
            self._note(status="failed", message=self.failure)
        except self.ray.exceptions.RayError as error:
            self._retry(error)
        else:
            self.deaths = 0
            self.silent = False
            self.recording.take(update)
            self._note(status="running", fraction=update.fraction)

    def stop(self) -> None:
        """Asks the worker to stop at its next step; one that has not sent anything has nothing to lose."""
        if not self.stopping and self.news is not None:
            self.stopping = True
            if self.silent:
                self.end()
                return
            with contextlib.suppress(self.ray.exceptions.RayError):
                self.actor.stop.remote()

    def end(self) -> None:
        """Gives the device back, which another stack may be waiting for."""
        self.news = None
        with contextlib.suppress(self.ray.exceptions.RayError):
            self.ray.kill(self.actor)

    def _send(self) -> None:
        self.silent = True
        # Two calls at a time: the training, and a word to stop it.
        self.actor = self.ray.remote(max_concurrency=2, **self.request)(_Worker).remote()
        self.news = self.actor.train.options(num_returns="streaming").remote(
            self.recording.configs, self.data, self.recording.resume(), self.until
        )

    def _retry(self, error: Exception) -> None:
        self.deaths += 1
        self.end()
        if self.stopping:
            return
        if self.deaths > RETRIES:
            self.failure = (
                f"stack {self.recording.path.name} lost its worker {self.deaths} times in a row: {error}"
            )
            self.failure = " ".join(self.failure.split())[:500]
            self._note(status="failed", message=self.failure)
        else:
            self._send()

    def _note(self, status: Status, message: str = "", fraction: float | None = None) -> None:
        progress = store.read_progress(self.recording.path)
        fraction = progress.fraction if fraction is None else fraction
        store.write_progress(
            self.recording.path, replace(progress, status=status, message=message, fraction=fraction)
        )


class _Worker:
    """Trains one stack where Ray puts it."""

    def __init__(self) -> None:
        self.stopping = False

    def train(self, configs: Any, data: Any, state: Any, until: int | None) -> Generator[Any, None, None]:
        import torch

        from aecore.jobs.recording import updates

        # One thread, as a local process has: other numbers round otherwise.
        torch.set_num_threads(1)
        yield from updates(configs, data, state, lambda at: self.stopping, until=until)

    def stop(self) -> None:
        self.stopping = True


def _device_and_memory(name: str) -> tuple[str, int]:
    """The kind of a worker's device, and its free bytes."""
    from aecore.training.images import resolve_device
    from aecore.training.stacking import free_memory

    kind = resolve_device(name).type
    return kind, free_memory(kind)
