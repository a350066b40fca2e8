"""t-SNE maps of codes, by openTSNE: with progress, stopped at will, and open to new points."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openTSNE
import torch
from openTSNE import affinity, initialization, nearest_neighbors
from openTSNE.tsne import PartialTSNEEmbedding
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from scipy import sparse

from aecore.analysis.neighbors import Neighbors, as_points
from aecore.files import write_whole

Progress = Callable[[int, int, float | None, np.ndarray], bool | None]
"""`(iteration, total, error, embedding) -> stop`: error is the KL divergence (None before the first
iteration), embedding float32 N x 2 as it stands; True ends the optimization there."""

EXAGGERATED = 250
"""Iterations of the first phase, in which attraction is 12 times as strong; they count in the progress."""
ITERATIONS = 500
"""Iterations of the second phase."""
_EVERY = 10
USUAL = 150
"""Neighbours that are found at least, enough for a perplexity of 50."""
MOST_KEPT = 40 << 20
"""Bytes of their distances that are kept: those of 60,000 codes; their numbers take as many."""


@dataclass(frozen=True)
class TsneMap:
    """A finished, or stopped, t-SNE map; what it holds is enough to place new points into it."""

    embedding: np.ndarray
    """float32, N x 2, centred between its extremes."""
    codes: np.ndarray
    """float32, N x latent_size."""
    perplexity: float
    seed: int
    iterations: int
    """Iterations reached, both phases together."""
    stopped: bool
    """Whether it was stopped before its last iteration."""
    kl_divergence: float

    def transform(self, codes: np.ndarray | torch.Tensor) -> np.ndarray:
        """Places of new codes of the same encoder, M x latent_size: float32 M x 2. The map stays as it is.

        Each new point starts at the median of its nearest codes' places and is then drawn to them and
        pushed by the rest, without regard to the other new points (openTSNE's `transform`).
        """
        distances, indices = Neighbors(self.codes).query(codes, min(15, len(self.codes)))
        return self._place(distances, indices)

    def transform_same_images(self, codes: np.ndarray | torch.Tensor) -> np.ndarray:
        """Where the map's own images would lie by the code of another run or epoch: float32 N x 2.

        `codes` is N x any latent_size, the same images in the same order. Codes of two encoders can't be
        compared, but the neighbours they give an image can: it is placed among those that the other
        code finds nearest.
        """
        other = Neighbors(codes)
        if len(other) != len(self.codes):
            raise ValueError(
                f"the map holds {len(self.codes)} images, so the other code must too, not {len(other)}"
            )
        return self._place(*other.among_themselves(min(15, len(other) - 1)))

    def save(self, path: Path) -> None:
        """Write one safetensors file; raises OSError when that is not possible."""
        facts = ("perplexity", "seed", "iterations", "stopped", "kl_divergence")
        metadata = {name: repr(getattr(self, name)) for name in facts}
        arrays = {"embedding": self.embedding, "codes": self.codes}
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, save(arrays, metadata), durable=False)

    @classmethod
    def load(cls, path: Path) -> TsneMap:
        """Read what `save` wrote. Raises FileNotFoundError, or ValueError for a file that is no map."""
        try:
            with safe_open(path, framework="numpy") as file:
                facts = file.metadata()
                return cls(
                    embedding=file.get_tensor("embedding"),
                    codes=file.get_tensor("codes"),
                    perplexity=float(facts["perplexity"]),
                    seed=int(facts["seed"]),
                    iterations=int(facts["iterations"]),
                    stopped=facts["stopped"] == "True",
                    kl_divergence=float(facts["kl_divergence"]),
                )
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path.name} holds no t-SNE map ({error})") from error

    def _place(self, distances: np.ndarray, indices: np.ndarray) -> np.ndarray:
        n = len(self.codes)
        # The attraction between the map's own points plays no part here; openTSNE only asks for its size.
        known = affinity.PrecomputedAffinities(sparse.identity(n, format="csr"))
        reference = openTSNE.TSNEEmbedding(self.embedding, known, random_state=self.seed, n_jobs=_jobs())
        attraction = affinity.joint_probabilities_nn(
            indices,
            distances,
            [min(5, distances.shape[1] / 3)],
            symmetrize=False,
            normalization="point-wise",
            n_reference_samples=n,
            n_jobs=_jobs(),
        )
        start = initialization.median(reference, indices)
        placed = PartialTSNEEmbedding(
            start, reference, P=attraction, **reference.gradient_descent_params
        ).optimize(n_iter=250, learning_rate=0.1, exaggeration=1.5, momentum=0.8, max_grad_norm=0.25)
        return np.asarray(placed, dtype=np.float32)


def largest_perplexity(n: int) -> float:
    """The largest perplexity for n points, (n - 1) / 3: each point needs three times as many neighbours."""
    return (n - 1) / 3


def tsne(
    codes: np.ndarray | torch.Tensor,
    perplexity: float = 30,
    seed: int = 0,
    n_iter: int = ITERATIONS,
    on_progress: Progress | None = None,
) -> TsneMap:
    """t-SNE of codes, N x latent_size, to the plane, from their first two principal components.

    250 iterations with attraction 12 times as strong come first, then `n_iter` without. `on_progress` is
    called before the first iteration and after every tenth. Neighbours are exact, and the same codes and
    settings give the same map, also with another number of threads when there are 10,000 points or more.
    Raises ValueError when the perplexity does not fit the number of codes, or all codes coincide.
    """
    codes = as_points(codes, "codes")
    _check(codes, perplexity, n_iter)
    report = _Report(on_progress, EXAGGERATED + n_iter)
    model = openTSNE.TSNE(
        perplexity=perplexity,
        early_exaggeration_iter=EXAGGERATED,
        n_iter=n_iter,
        random_state=seed,
        n_jobs=_jobs(),
        callbacks=[report],
        callbacks_every_iters=_EVERY,
    )
    distances, indices = _nearest(codes, min(int(3 * perplexity), len(codes) - 1))
    attraction = affinity.PerplexityBasedNN(
        perplexity=perplexity,
        knn_index=nearest_neighbors.PrecomputedNeighbors(indices, distances.astype(np.float64)),
        n_jobs=_jobs(),
    )
    embedding = model.prepare_initial(affinities=attraction, initialization=first_plane(codes, seed))
    report(0, None, embedding)
    if not report.stopped:
        embedding.optimize(EXAGGERATED, exaggeration=model.early_exaggeration, inplace=True)
    if not report.stopped and n_iter:
        report.before = EXAGGERATED
        embedding.optimize(n_iter, inplace=True)
    error = embedding.kl_divergence
    places = np.asarray(embedding)
    return TsneMap(
        embedding=(places - (places.max(axis=0) + places.min(axis=0)) / 2).astype(np.float32),
        codes=codes,
        perplexity=float(perplexity),
        seed=seed,
        iterations=report.iteration if report.stopped else report.total,
        stopped=report.stopped,
        kl_divergence=math.nan if error is None else float(error),
    )


class _Report:
    """openTSNE's callback: counts over both phases and remembers whether it was told to stop."""

    def __init__(self, on_progress: Progress | None, total: int) -> None:
        self.on_progress, self.total = on_progress, total
        self.before = self.iteration = 0
        self.stopped = False

    def __call__(self, iteration: int, error: float | None, embedding: np.ndarray) -> bool:
        self.iteration = self.before + iteration
        if self.on_progress is not None:
            places = np.array(embedding, dtype=np.float32)
            error = None if error is None else float(error)
            self.stopped = bool(self.on_progress(self.iteration, self.total, error, places))
        return self.stopped


_Found = tuple[tuple[tuple[int, ...], bytes], np.ndarray, np.ndarray]


def _nearest(codes: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """As `Neighbors.among_themselves`; the codes' last asked for are kept for another perplexity."""
    global _kept
    name = codes.shape, hashlib.blake2b(codes.tobytes()).digest()
    found = _kept
    if found is None or found[0] != name or found[1].shape[1] < k:
        # As many whatever was asked for first, so that a map does not depend on what was mapped before it.
        distances, indices = Neighbors(codes).among_themselves(min(max(k, USUAL), len(codes) - 1))
        found = name, distances, indices.astype(np.int32)
        _kept = found if distances.nbytes <= MOST_KEPT else None
    return found[1][:, :k], found[2][:, :k].astype(np.int64)


_kept: _Found | None = None


def _check(codes: np.ndarray, perplexity: float, n_iter: int) -> None:
    n = len(codes)
    if n < 4:
        raise ValueError(f"t-SNE needs at least 4 codes, not {n}")
    if not 1 <= perplexity <= largest_perplexity(n):
        raise ValueError(
            f"the perplexity must be from 1 to {largest_perplexity(n):g} for {n} codes, not {perplexity:g}"
        )
    if n_iter < 0:
        raise ValueError(f"the number of iterations must be at least 0, not {n_iter}")
    if (codes == codes[0]).all():
        raise ValueError("all codes are the same point, so there is nothing to map")


def first_plane(codes: np.ndarray | torch.Tensor, seed: int = 0) -> np.ndarray:
    """Where points lie before the first iteration: float64 N x 2, the codes' first two principal components.

    They are scaled to a standard deviation of 1e-4 across. Codes that all coincide give what is not finite.
    """
    codes = as_points(codes, "codes")
    if codes.shape[1] == 1:  # openTSNE asks PCA for two components
        codes = np.hstack([codes, np.zeros_like(codes)])
    return initialization.pca(codes.astype(np.float64), 2, random_state=seed)


def _jobs() -> int:
    return torch.get_num_threads()  # what this process was given, all cores by default
