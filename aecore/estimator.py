"""An auto-encoder as scikit-learn's own methods are used: in a `Pipeline`, a `GridSearchCV`, by `clone`.

It trains in the same loop as every run. A table is standardized here and goes through it as floats
(`data.FloatData`), so that columns of any unit and size are learnt as they are.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from aecore.config import (
    Activation,
    CodeActivation,
    Config,
    Device,
    Family,
    Init,
    Optimizer,
    Schedule,
    field_paths,
)
from aecore.data import FloatData
from aecore.models import AutoEncoder
from aecore.results import EpochRecord
from aecore.training.images import batch_slices
from aecore.training.single import train

UPDATES = 1_000
"""Updates of the weights, at least, where `epochs` is left out: a small table has few in an epoch."""

AT_ONCE = 4_096
"""Rows that go through the network at once."""

DTYPES = (np.float64, np.float32)
"""What is computed in, and given back: that of the rows; others become float64."""

_PATHS = {path.split(".")[1]: path for path in field_paths()}


class AutoencoderTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Rows of numbers to codes of `latent_size` units, and back.

    The network is built in `fit`, when the number of columns is known. Each column is brought to mean 0 and
    standard deviation 1 (a constant one to 0), so that all count alike; with `image_shape` all columns of a
    channel are scaled by one mean and one deviation instead, as pixels, which share a unit, are to be.
    Parameters are named as in `aecore.Config` and mean the same; its checks hold, with a ValueError in one
    sentence. The defaults are those that come far in the 1,000 updates that a fit makes. Two fits with the
    same `random_state`, on the same machine and threads, give the same bits. Weights are float32; codes and
    rows are computed in the type of what is given, float32 or float64.

    Parameters
    ----------
    latent_size : units of the code.
    hidden : widths of the encoder's dense layers; the decoder mirrors them. () makes it linear.
    family : mlp, conv (needs `image_shape`), or dictionary (a linear decoder with columns of norm 1).
    channels, kernel_size : of the convolutions of family conv.
    activation, code_activation : after each hidden layer, and of the code; threshold and top_k are the
        code activations' own numbers.
    init : initial weights.
    reconstruction : mse or mae, of the standardized rows.
    code_l1, code_l2, weight_l1, weight_l2 : strengths of penalties; 0 leaves one out.
    corruption, corruption_level : what is done to the rows that the encoder sees in training, while it learns
        to give the clean ones: none, gaussian (noise of that many standard deviations) or masking (that share
        of the columns set to their mean).
    epochs : passes over the rows; None: as many as make 1,000 updates.
    batch_size, learning_rate, optimizer, momentum, weight_decay, schedule : of the training. The schedule
        ends at a rate of zero unless it is constant.
    image_shape : (C, H, W) where the columns are the values of an image, channel by channel and row by row;
        (1, 1, F) for F columns of one unit.
    device : auto takes CUDA, then MPS, then the CPU. It trains there; codes are computed on the CPU.
    random_state : seed of the initial weights and of the order of rows, as scikit-learn takes it.

    Attributes
    ----------
    mean_, scale_ : float64, one value a column: what is subtracted, and what is then divided by.
    model_ : the trained network, for standardized rows N x C x H x W.
    history_ : list of `aecore.results.EpochRecord`, one an epoch, errors being of standardized rows.
    config_ : the `aecore.Config` that was trained.
    n_features_in_, feature_names_in_ : as in every estimator of scikit-learn.
    """

    def __init__(
        self,
        latent_size: int = 12,
        *,
        hidden: Sequence[int] = (128, 64),
        family: Family = "mlp",
        channels: Sequence[int] = (16, 32),
        kernel_size: int = 3,
        activation: Activation = "silu",
        code_activation: CodeActivation = "linear",
        threshold: float = 1.0,
        top_k: int = 10,
        init: Init = "default",
        reconstruction: Literal["mse", "mae"] = "mse",
        code_l1: float = 0.0,
        code_l2: float = 0.0,
        weight_l1: float = 0.0,
        weight_l2: float = 0.0,
        corruption: Literal["none", "gaussian", "masking"] = "none",
        corruption_level: float = 0.5,
        epochs: int | None = None,
        batch_size: int = 128,
        learning_rate: float = 3e-3,
        optimizer: Optimizer = "adam",
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        schedule: Schedule = "cosine",
        image_shape: Sequence[int] | None = None,
        device: Device = "auto",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.latent_size = latent_size
        self.hidden = hidden
        self.family = family
        self.channels = channels
        self.kernel_size = kernel_size
        self.activation = activation
        self.code_activation = code_activation
        self.threshold = threshold
        self.top_k = top_k
        self.init = init
        self.reconstruction = reconstruction
        self.code_l1 = code_l1
        self.code_l2 = code_l2
        self.weight_l1 = weight_l1
        self.weight_l2 = weight_l2
        self.corruption = corruption
        self.corruption_level = corruption_level
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.image_shape = image_shape
        self.device = device
        self.random_state = random_state

    mean_: np.ndarray
    scale_: np.ndarray
    model_: AutoEncoder
    history_: list[EpochRecord]
    config_: Config

    def fit(self, X: Any, y: Any = None) -> Self:
        """Trains a new network on X, N x columns, without looking at y.

        ValueError for a setting that is not allowed, fewer than two rows, sparse rows or gaps;
        `aecore.training.single.NonFiniteLossError` where the loss is no longer finite.
        """
        X = validate_data(self, X, dtype=list(DTYPES), ensure_min_samples=2)
        shape = self._shape(X.shape[1])
        # A channel is an image's unit of scale, a column a table's.
        wide = shape[1] * shape[2] if self.image_shape is not None else 1
        spread = StandardScaler().fit(
            X.reshape(len(X), -1, wide).swapaxes(1, 2).reshape(-1, X.shape[1] // wide)
        )
        if not (np.isfinite(spread.mean_).all() and np.isfinite(spread.scale_).all()):
            raise ValueError("the values are too large for their mean and standard deviation to be computed")
        self.mean_, self.scale_ = np.repeat(spread.mean_, wide), np.repeat(spread.scale_, wide)
        data = FloatData(self._standardized(X, np.float32).view(-1, *shape))
        self.config_ = self._config(data)
        training = train(self.config_, data)
        self.history_ = list(training)
        self.model_ = training.model.to("cpu", torch.float32).eval().requires_grad_(False)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Codes of rows N x columns: N x latent_size."""
        X = self._checked(X)
        network = self._network(X.dtype)
        shape = self._shape(X.shape[1])
        codes = [network.encode(self._standardized(part, X.dtype).view(-1, *shape)) for part in _parts(X)]
        return torch.cat(codes).numpy()

    def inverse_transform(self, X: Any) -> np.ndarray:
        """The rows that codes N x latent_size stand for: N x columns, in the columns' own units."""
        check_is_fitted(self)
        codes = check_array(X, dtype=list(DTYPES))
        if codes.shape[1] != self._n_features_out:
            raise ValueError(f"codes must have {self._n_features_out} units, not {codes.shape[1]}")
        network = self._network(codes.dtype)
        rows = [network.decode(torch.tensor(part)).flatten(1).numpy() for part in _parts(codes)]
        found = np.concatenate(rows)
        return (found * self.scale_ + self.mean_).astype(found.dtype, copy=False)

    def score(self, X: Any, y: Any = None) -> float:
        """Share of the variance explained, 1 - sum (x - x_hat)^2 / sum (x - mean)^2 over standardized rows.

        1 is perfect, 0 what the mean of the rows fitted to would reach, and more is better, as a search needs
        it. PCA's counterpart is the sum of its `explained_variance_ratio_`.
        """
        X = self._checked(X)
        rebuilt = self.inverse_transform(self.transform(X))
        left = np.square((X - rebuilt) / self.scale_, dtype=np.float64).sum()
        whole = np.square((X - self.mean_) / self.scale_, dtype=np.float64).sum()
        return float(1 - left / whole) if whole else float(not left)

    @property
    def _n_features_out(self) -> int:
        """What scikit-learn's mixin names the codes' columns by."""
        return self.config_.model.latent_size

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = [np.dtype(t).name for t in DTYPES]
        return tags

    def _checked(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        return validate_data(self, X, dtype=list(DTYPES), reset=False)

    def _shape(self, columns: int) -> tuple[int, int, int]:
        """(C, H, W) of a row as the network takes it."""
        if self.image_shape is None:
            if self.family == "conv":
                raise ValueError("family conv needs image_shape, the (C, H, W) that the columns are")
            return 1, 1, columns
        shape = _plain(self.image_shape)
        whole = isinstance(shape, tuple) and len(shape) == 3 and all(type(n) is int and n > 0 for n in shape)
        if not whole or math.prod(shape) != columns:
            raise ValueError(
                f"image_shape must be (C, H, W) with C x H x W = {columns}, the columns, not {shape}"
            )
        return shape

    def _standardized(self, X: np.ndarray, dtype: Any) -> Tensor:
        return torch.from_numpy(((X - self.mean_) / self.scale_).astype(dtype))

    def _network(self, dtype: np.dtype) -> AutoEncoder:
        """The network in the arithmetic of that type."""
        return copy.deepcopy(self.model_).to(torch.from_numpy(np.empty(0, dtype)).dtype)

    def _config(self, data: FloatData) -> Config:
        """What the parameters mean for these rows."""
        given = {name: _plain(value) for name, value in self.get_params(deep=False).items()}
        if given["reconstruction"] not in ("mse", "mae"):
            raise ValueError(f"reconstruction must be mse or mae, not {given['reconstruction']!r}")
        config = Config().with_values(
            {
                "data.name": data.name,
                "data.normalization": "standardized",
                "data.validation_fraction": 0.0,
                "model.output_activation": "linear",
                "train.seed": self._seed(),
                "train.record": False,
                **{
                    _PATHS[name]: value
                    for name, value in given.items()
                    if name in _PATHS and value is not None
                },
            }
        )
        if self.epochs is None:
            steps = len(batch_slices(len(data.rows), config.train.batch_size))
            config = config.with_values({"train.epochs": -(-UPDATES // steps)})
        return config

    def _seed(self) -> int:
        """A whole number is the seed itself, so that `aecore.train` with it gives the same network."""
        if isinstance(self.random_state, Integral):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(2**31 - 1))


def _parts(X: np.ndarray) -> list[np.ndarray]:
    return [X[start : start + AT_ONCE] for start in range(0, len(X), AT_ONCE)]


def _plain(value: Any) -> Any:
    """numpy's numbers and lists, as a search over arrays gives them, as a config takes them."""
    if isinstance(value, list | tuple | np.ndarray):
        return tuple(_plain(v) for v in value)
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else value
