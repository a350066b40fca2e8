"""t-SNE beside the pages: a thread that only writes plain values, which a page reads when it is drawn."""

from __future__ import annotations

import time
import uuid
import zlib
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from aecore.cache import cache_root
from aecore.web.code_map.frames import Frame
from pages.shared import background

if TYPE_CHECKING:
    from pathlib import Path

    from aecore.analysis.tsne import TsneMap

KEPT = 8
"""Maps from disk kept in memory."""


def job_name(codes: np.ndarray, perplexity: float, seed: int) -> str:
    """Names a map by all it depends on: the codes themselves, and the settings."""
    return f"tsne-{checksum(codes)}-p{perplexity:g}-s{seed}"


def checksum(codes: np.ndarray) -> str:
    """Shape and content of a table of codes."""
    rows, columns = codes.shape
    return f"{rows}x{columns}-{zlib.crc32(np.ascontiguousarray(codes)):08x}"


class TsneJob(background.Work):
    """One t-SNE, computed in a thread of its own; a stop ends it within ten iterations."""

    def __init__(self, codes: np.ndarray, perplexity: float, seed: int, path: Path) -> None:
        super().__init__()
        self.iteration, self.total = 0, 1
        self.flow = f"t-SNE {uuid.uuid4()}"
        """Names this job among all, also among those of the same map and of a server that ended."""
        self.frames: list[Frame] = []
        """The map as it formed, every tenth iteration, the latest last; only that once the job has ended."""
        self._began = 0.0
        self.result: TsneMap | None = None
        """The map, whole or stopped, once there is one."""
        self._given, self._path = (codes, perplexity, seed), path

    def _run(self) -> None:
        from aecore.analysis.tsne import tsne

        try:
            self.result = tsne(*self._given, on_progress=self._progress)
        except (ValueError, RuntimeError, MemoryError) as error:
            self.problem = f"There is no t-SNE map of these codes: {error}."
            return
        finally:
            self.frames = self.frames[-1:]
        if not self.result.stopped:
            try:
                self.result.save(self._path)
            except OSError:
                return  # a cache that can't be written costs time, nothing else

    def _progress(self, iteration: int, total: int, error: float | None, embedding: np.ndarray) -> bool:
        if not iteration:
            self._began = time.monotonic()
        self.iteration, self.total = iteration, total
        self.frames.append(Frame.of(iteration, embedding))
        return self.stopping

    @property
    def seconds_left(self) -> float | None:
        """Until the last iteration at the pace so far; None before the first."""
        if not self.iteration:
            return None
        passed = time.monotonic() - self._began
        return passed / self.iteration * (self.total - self.iteration)


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
    job = background.works().get(name)
    return job if isinstance(job, TsneJob) else None


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


def begin(codes: np.ndarray, perplexity: float, seed: int) -> None:
    """Starts a t-SNE unless the same one is running."""
    name = job_name(codes, perplexity, seed)
    background.begin(name, lambda: TsneJob(codes, perplexity, seed, _path(name)))
