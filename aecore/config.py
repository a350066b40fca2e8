"""What defines a run: four small frozen dataclasses, checked once, JSON both ways.

The same object feeds the form, the command line, the trainer, the run folder and the cache keys.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

DatasetName = Literal[
    "digits",
    "sprites",
    "mnist",
    "fashion_mnist",
    "kmnist",
    "emnist_letters",
    "emnist_balanced",
    "usps",
    "svhn",
    "cifar10",
]
Normalization = Literal["zero_one", "minus_one_one", "standardized"]
Family = Literal["mlp", "conv", "dictionary"]
Activation = Literal["relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid"]
CodeActivation = Literal["linear", "relu", "tanh", "sigmoid", "soft_threshold", "top_k"]
OutputActivation = Literal["linear", "tanh", "sigmoid"]
Init = Literal["default", "xavier", "he", "orthogonal", "normal", "zeros"]
Reconstruction = Literal["mse", "bce", "mae"]
Optimizer = Literal["adam", "adamw", "sgd"]
Schedule = Literal["constant", "cosine", "one_cycle"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["float32", "bfloat16", "float64"]


@dataclass(frozen=True)
class DataConfig:
    """Which images, and how they are scaled before they enter the network."""

    name: DatasetName = "mnist"
    """Named data set; `python -m aecore datasets` lists them."""
    normalization: Normalization = "minus_one_one"
    """Range the network trains in. Errors are always reported in [0, 1]."""
    validation_fraction: float = 1 / 12
    """Part of the training images held out to choose between models (5,000 of MNIST's 60,000)."""
    split_seed: int = 0
    """Seed of the validation split; the same for all runs that are to be compared."""

    def __post_init__(self) -> None:
        _check_types(self)
        _check_range(self, "validation_fraction", 0, 0.5)
        _check_range(self, "split_seed", 0, 2**32 - 1)


@dataclass(frozen=True)
class ModelConfig:
    """Architecture of the encoder, the code and the decoder."""

    family: Family = "mlp"
    """mlp: dense layers; conv: strided convolutions; dictionary: dense encoder, one linear decoder layer."""
    latent_size: int = 12
    """Number of units in the code."""
    hidden: tuple[int, ...] = (128, 64)
    """Widths of the encoder's dense layers, input to code; the decoder mirrors them."""
    channels: tuple[int, ...] = (16, 32)
    """Channels of the stride-2 convolutions (conv only), input to code."""
    activation: Activation = "relu"
    """Nonlinearity after each hidden layer."""
    code_activation: CodeActivation = "linear"
    """What is applied to the code; soft_threshold comes after a BatchNorm without affine part."""
    threshold: float = 1.0
    """Threshold t of code_activation soft_threshold: z = sign(u) max(|u| - t, 0)."""
    top_k: int = 10
    """Number of units kept by code_activation top_k."""
    output_activation: OutputActivation = "tanh"
    """Nonlinearity of the decoder's output; its range must hold the normalized images."""
    unit_norm: bool = True
    """Dictionary only: hold the decoder's columns (atoms) at Euclidean norm 1."""
    init: Init = "default"
    """Initial weights of dense and convolutional layers; default is PyTorch's own."""

    def __post_init__(self) -> None:
        _check_types(self)
        _check_range(self, "latent_size", 1, 4096)
        _check_range(self, "threshold", 0)
        _check_range(self, "top_k", 1)
        for name in ("hidden", "channels"):
            for width in getattr(self, name):
                if not 1 <= width <= 16384:
                    raise ValueError(f"model.{name}: every width is from 1 to 16384, not {width}")
        if self.family == "conv" and not self.channels:
            raise ValueError("model.channels: a conv model needs at least one convolution")
        if self.family == "dictionary" and self.output_activation != "linear":
            raise ValueError(
                "model.output_activation of a dictionary is linear (its atoms add up to the image), "
                f"not {self.output_activation}"
            )
        if self.code_activation == "top_k" and self.top_k > self.latent_size:
            raise ValueError(
                f"model.top_k is {self.top_k}, but the code has only {self.latent_size} units "
                "(model.latent_size)"
            )


@dataclass(frozen=True)
class LossConfig:
    """Reconstruction loss and the penalties added to it; a strength of 0 leaves a penalty out."""

    reconstruction: Reconstruction = "mse"
    """mse, bce (binary cross-entropy) or mae, each a mean over pixels in the training range."""
    code_l1: float = 0.0
    """Strength of (1/B) sum_i sum_j |z_ij|."""
    code_l2: float = 0.0
    """Strength of (1/B) sum_i sum_j z_ij^2."""
    code_whole_batch_norm: float = 0.0
    """Strength of the post's penalty, sqrt(sum_ij z_ij^2) over the whole batch, not squared."""
    weight_l1: float = 0.0
    """Threshold t of the step w <- sign(w) max(|w| - t, 0) after each update (weights, not biases)."""
    weight_l2: float = 0.0
    """Strength of sum w^2 over weights, added to the loss (coupled with the optimizer's scaling)."""
    warmup_delay: float = 0.0
    """Epochs during which the code penalties stay at zero."""
    warmup_epochs: float = 0.0
    """Epochs over which the code penalties then rise linearly to their strength."""

    def __post_init__(self) -> None:
        _check_types(self)
        for f in fields(self):
            if f.name != "reconstruction":
                _check_range(self, f.name, 0)


@dataclass(frozen=True)
class TrainConfig:
    """How the weights are found."""

    epochs: int = 10
    """Passes over the training images."""
    batch_size: int = 128
    """Images per step."""
    learning_rate: float = 1e-3
    """Learning rate; the peak of a one-cycle schedule."""
    optimizer: Optimizer = "adam"
    """adam, adamw (decoupled weight decay) or sgd (with momentum)."""
    momentum: float = 0.9
    """Momentum of sgd."""
    weight_decay: float = 0.0
    """Decoupled weight decay (adamw only): w <- w - learning_rate * weight_decay * w; weights, not biases."""
    schedule: Schedule = "constant"
    """Course of the learning rate over the run: constant, cosine to zero, or one_cycle."""
    seed: int = 0
    """Seed of the initial weights and of the order of the images."""
    device: Device = "auto"
    """auto takes CUDA, then MPS, then the CPU."""
    precision: Precision = "float32"
    """Arithmetic: float32, bfloat16 (autocast; weights stay float32) or float64 (for proofs)."""

    def __post_init__(self) -> None:
        _check_types(self)
        _check_range(self, "epochs", 1, 100_000)
        _check_range(self, "batch_size", 1, 1_000_000)
        _check_range(self, "momentum", 0, 1)
        _check_range(self, "weight_decay", 0)
        _check_range(self, "seed", 0, 2**32 - 1)
        if not self.learning_rate > 0:
            raise ValueError(f"train.learning_rate must be above 0, not {self.learning_rate}")
        if self.weight_decay and self.optimizer != "adamw":
            raise ValueError(
                f"train.weight_decay is decoupled and needs train.optimizer adamw, not {self.optimizer}; "
                "loss.weight_l2 is the penalty that goes with every optimizer"
            )
        if self.device == "mps" and self.precision == "float64":
            raise ValueError("train.precision float64 is not available on mps; use cpu or cuda")


@dataclass(frozen=True)
class Config:
    """Everything that decides what a run computes."""

    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    train: TrainConfig = field(default_factory=TrainConfig)

    def __post_init__(self) -> None:
        _check_types(self)
        if self.model.code_activation == "soft_threshold" and self.train.batch_size < 2:
            raise ValueError("train.batch_size must be at least 2 with model.code_activation soft_threshold")
        output, normalization = self.model.output_activation, self.data.normalization
        fitting = {"tanh": "minus_one_one", "sigmoid": "zero_one"}
        if output in fitting and normalization != fitting[output]:
            low, high = {"tanh": ("-1", "1"), "sigmoid": ("0", "1")}[output]
            raise ValueError(
                f"model.output_activation {output} gives values from {low} to {high}, but "
                f"data.normalization is {normalization}; use {fitting[output]} or a linear output"
            )
        if self.loss.reconstruction == "bce" and output != "sigmoid":
            raise ValueError(
                "loss.reconstruction bce needs probabilities: model.output_activation sigmoid with "
                f"data.normalization zero_one, not {output} with {normalization}"
            )

    def to_dict(self) -> dict[str, Any]:
        """Nested plain values, ready for JSON."""
        return json.loads(json.dumps(asdict(self)))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Config:
        """Inverse of `to_dict`; fields left out take their default. Raises ValueError in one sentence."""
        return _build(cls, values, "")

    @property
    def hash(self) -> str:
        """Eight hexadecimal digits that depend on every field's value and on nothing else."""
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    def get(self, path: str) -> Any:
        """Value of a dotted field such as `model.latent_size`; ValueError where there is none."""
        section, name = _split(path)
        return getattr(getattr(self, section), name)

    def with_values(self, values: Mapping[str, Any]) -> Config:
        """A copy with dotted fields replaced, `{"model.latent_size": 8}`, checked as a whole."""
        sections: dict[str, dict[str, Any]] = {}
        for path, value in values.items():
            section, name = _split(path)
            sections.setdefault(section, {})[name] = value
        return replace(self, **{s: replace(getattr(self, s), **v) for s, v in sections.items()})


def field_paths() -> dict[str, Any]:
    """Every dotted field name with its type, in order: {"data.name": Literal[...], ...}."""
    return {
        f"{section}.{name}": kind
        for section, cls in _kinds(Config).items()
        for name, kind in _kinds(cls).items()
    }


@cache
def _kinds(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _split(path: str) -> tuple[str, str]:
    if path not in field_paths():
        raise ValueError(f"there is no field {path!r}; fields are {', '.join(field_paths())}")
    section, name = path.split(".")
    return section, name


def _build(cls: type, values: Any, prefix: str) -> Any:
    if not isinstance(values, Mapping):
        raise ValueError(f"{prefix.rstrip('.') or 'config'} must be a JSON object, not {values!r}")
    kinds = _kinds(cls)
    if unknown := sorted(set(values) - set(kinds), key=str):
        raise ValueError(f"unknown field {prefix}{unknown[0]}; allowed are {', '.join(kinds)}")
    arguments = {}
    for name, value in values.items():
        if is_dataclass(kinds[name]):
            arguments[name] = _build(kinds[name], value, f"{prefix}{name}.")
        else:
            arguments[name] = tuple(value) if isinstance(value, list) else value
    return cls(**arguments)


def _section(config: object) -> str:
    return {"Config": ""}.get(
        type(config).__name__, type(config).__name__.removesuffix("Config").lower() + "."
    )


def _check_types(config: object) -> None:
    for name, kind in _kinds(type(config)).items():
        value = getattr(config, name)
        if kind is float and type(value) in (int, float):
            # JSON and people write 0 for 0.0 (and some -0.0); one stored form keeps the hash stable.
            object.__setattr__(config, name, value := _float(value))
        if not _matches(value, kind):
            raise ValueError(f"{_section(config)}{name} must be {_describe(kind)}, not {value!r}")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{_section(config)}{name} must be a finite number, not {value}")


def _float(value: float) -> float:
    try:
        return value + 0.0
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _matches(value: Any, kind: Any) -> bool:
    origin = get_origin(kind)
    if origin is Literal:
        return isinstance(value, str) and value in get_args(kind)
    if origin is tuple:
        return isinstance(value, tuple) and all(_matches(v, get_args(kind)[0]) for v in value)
    if origin in (Union, UnionType):
        return any(_matches(value, k) for k in get_args(kind))
    return type(value) is kind if kind in (int, float, bool, str, NoneType) else isinstance(value, kind)


def _describe(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(get_args(kind))
    if get_origin(kind) is tuple:
        return "a list of whole numbers"
    return {int: "a whole number", float: "a number", bool: "true or false"}.get(kind, kind.__name__)


def _check_range(config: object, name: str, low: float, high: float = math.inf) -> None:
    value = getattr(config, name)
    if not low <= value <= high:
        allowed = f"at least {low}" if high == math.inf else f"from {low} to {high}"
        raise ValueError(f"{_section(config)}{name} must be {allowed}, not {value}")
