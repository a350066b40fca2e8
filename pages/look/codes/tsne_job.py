"""t-SNE beside the pages: a thread that only writes plain values, which a page reads when it is drawn."""

from __future__ import annotations

import atexit
import threading
import zlib
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from aecore.cache import cache_root

if TYPE_CHECKING:
    from pathlib import Path

    from aecore.analysis.tsne import TsneMap

KEPT = 8
"""Maps kept in memory; whole ones are on disk too."""


def job_name(codes: np.ndarray, perplexity: float, seed: int) -> str:
    """Names a map by all it depends on: the codes themselves, and the settings."""
    return f"tsne-{checksum(codes)}-p{perplexity:g}-s{seed}"


def checksum(codes: np.ndarray) -> str:
    """Shape and content of a table of codes."""
    rows, columns = codes.shape
    return f"{rows}x{columns}-{zlib.crc32(np.ascontiguousarray(codes)):08x}"


class TsneJob:
    """One t-SNE, computed in a thread of its own."""

    def __init__(self, codes: np.ndarray, perplexity: float, seed: int, path: Path) -> None:
        self.iteration, self.total = 0, 1
        self.result: TsneMap | None = None
        """The map, whole or stopped, once there is one."""
        self.problem = ""
        """Why there is none, in one sentence."""
        self._stop = threading.Event()
        # A daemon, so that a server that ends does not wait for the whole map; see `_end_all`.
        self._thread = threading.Thread(target=self._work, args=(codes, perplexity, seed, path), daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def stop(self) -> None:
        """Ends it within ten iterations; the map as it is then is kept."""
        self._stop.set()

    def join(self, seconds: float) -> None:
        """Waits for its end."""
        self._thread.join(seconds)

    def _work(self, codes: np.ndarray, perplexity: float, seed: int, path: Path) -> None:
        from aecore.analysis.tsne import tsne

        try:
            self.result = tsne(codes, perplexity, seed, on_progress=self._progress)
        except (ValueError, RuntimeError, MemoryError) as error:
            self.problem = f"There is no t-SNE map of these codes: {error}."
            return
        if not self.result.stopped:
            try:
                self.result.save(path)
            except OSError:
                return  # a cache that can't be written costs time, nothing else

    def _progress(self, iteration: int, total: int, error: float | None, embedding: np.ndarray) -> bool:
        self.iteration, self.total = iteration, total
        return self._stop.is_set()


@st.cache_resource(show_spinner=False)
def _jobs() -> dict[str, TsneJob]:
    jobs: dict[str, TsneJob] = {}
    # A thread inside compiled code while the interpreter goes away would abort the process.
    atexit.register(_end_all, jobs)
    return jobs


def _end_all(jobs: dict[str, TsneJob]) -> None:
    for job in jobs.values():
        job.stop()
    for job in jobs.values():
        job.join(5)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _from_disk(name: str, folder: str, modified: int) -> TsneMap | None:
    from aecore.analysis.tsne import TsneMap

    try:
        return TsneMap.load(_path(name))
    except (OSError, ValueError):
        return None


def _path(name: str) -> Path:
    return cache_root() / f"{name}.safetensors"


def find(name: str) -> TsneJob | None:
    """The job of that name, running or ended, of this process."""
    return _jobs().get(name)


def finished_map(name: str) -> TsneMap | None:
    """The map of that name: of this process, whole or stopped, or a whole one from disk."""
    job = find(name)
    if job is not None and job.result is not None:
        return job.result
    try:
        modified = _path(name).stat().st_mtime_ns
    except OSError:
        return None
    return _from_disk(name, str(_path(name).parent), modified)


def begin(codes: np.ndarray, perplexity: float, seed: int) -> TsneJob:
    """Starts a t-SNE unless the same one is running."""
    jobs, name = _jobs(), job_name(codes, perplexity, seed)
    job = jobs.get(name)
    if job is None or not job.running:
        ended = [other for other, one in jobs.items() if not one.running and other != name]
        for old in ended[: max(0, len(jobs) - KEPT)]:
            jobs.pop(old, None)
        job = jobs[name] = TsneJob(codes, perplexity, seed, _path(name))
    return job
