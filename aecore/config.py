"""What defines a run: four small frozen dataclasses, checked once, JSON both ways.

The same object feeds the form, the command line, the trainer, the run folder and the cache keys.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Literal, get_args

from aecore.palette import CLASS_COLORS, L1_COLOR, L2_COLOR
from aecore.records import Record, kinds, shown

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
OWN_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}-[0-9a-f]{8}")
"""What a set of one's own images is called: its title in letters, and what its content hashes to."""
Normalization = Literal["zero_one", "minus_one_one", "standardized"]
Family = Literal["mlp", "conv", "dictionary"]
Activation = Literal["relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid"]
CodeActivation = Literal["linear", "relu", "tanh", "sigmoid", "soft_threshold", "top_k"]
OutputActivation = Literal["linear", "tanh", "sigmoid"]
Init = Literal[
    "default",
    "xavier",
    "xavier_normal",
    "he",
    "he_uniform",
    "orthogonal",
    "orthogonal_all",
    "lecun_normal",
    "normal",
    "zeros",
]
Reconstruction = Literal["mse", "bce", "mae"]
Optimizer = Literal["adam", "adamw", "sgd", "muon"]
DECAYING: tuple[Optimizer, ...] = ("adamw", "muon")
"""Optimizers with a decoupled weight decay."""
Schedule = Literal["constant", "cosine", "one_cycle"]
Corruption = Literal["none", "gaussian", "masking", "salt_and_pepper", "blocks", "blur"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["float32", "tf32", "bfloat16", "float64"]
KeepWeights = Literal["none", "powers_of_two", "all"]

OUTPUT_RANGES: dict[str, tuple[float, float]] = {
    "linear": (-math.inf, math.inf),
    "tanh": (-1.0, 1.0),
    "sigmoid": (0.0, 1.0),
}
"""Values between which each output activation stays; the ends themselves it only comes near."""


@dataclass(frozen=True)
class Penalty:
    """How a penalty is called, offered and drawn."""

    name: str
    """As a person reads it where there is room."""
    short: str
    """On an axis or in a column's head."""
    on: Literal["code", "weights"]
    """What it acts on. Penalties on the code take part in the warm-up."""
    strengths: tuple[float, float, float]
    """Lowest, highest and first value of its slider, which is logarithmic."""
    color: str
    by_step: bool = False
    """Whether it acts by a step after each update, and is no term of the loss."""


Stacking = Literal["apart", "padded", "any"]
"""How members of one stack may differ in a field: not at all, which is the rule; in its numbers, the smaller
model being the larger one padded with zeros; or in any way, its value being the member's own."""


PADDED: dict[str, Any] = {"stacking": "padded"}
DIFFERS: dict[str, Any] = {"stacking": "any"}
"""Metadata of the fields in which the members of a stack may differ; a field without keeps them apart."""


def _penalty(*row: Any, **more: Any) -> dict[str, Any]:
    """Metadata of a penalty's strength, which is 0 where the penalty is left out: its row in `PENALTIES`."""
    return DIFFERS | {"penalty": Penalty(*row, **more)}


@dataclass(frozen=True)
class _Section(Record):
    KNOWS_ALL_FIELDS: ClassVar[bool] = True


@dataclass(frozen=True)
class DataConfig(_Section):
    """Which images, and how they are scaled before they enter the network."""

    SECTION: ClassVar[str] = "data."

    name: str = "mnist"
    """Named data set, or a set of one's own images; `python -m aecore datasets` lists both. On the command
    line also the path of images, of which a set is then made."""
    normalization: Normalization = "minus_one_one"
    """Range the network trains in. Errors are always reported in [0, 1]."""
    validation_fraction: float = 1 / 12
    """Part of the training images held out to choose between models (5,000 of MNIST's 60,000)."""
    split_seed: int = 0
    """Seed of the validation split; the same for all runs that are to be compared."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.name not in get_args(DatasetName) and not OWN_NAME.fullmatch(self.name):
            raise ValueError(
                f"data.name must be one of {', '.join(get_args(DatasetName))}, or one's own images "
                f"by their name "
                f"(such as photos-1a2b3c4d), not {shown(self.name)}"
            )
        self.check_range("validation_fraction", 0, 0.5)
        self.check_range("split_seed", 0, 2**32 - 1)


@dataclass(frozen=True)
class ModelConfig(_Section):
    """Architecture of the encoder, the code and the decoder."""

    SECTION: ClassVar[str] = "model."

    family: Family = "mlp"
    """mlp: dense layers; conv: strided convolutions; dictionary: dense encoder, one linear decoder layer."""
    latent_size: int = field(default=12, metadata=PADDED)
    """How many numbers the network squeezes an image into, the length of its code; fewer keep less of it."""
    hidden: tuple[int, ...] = field(default=(128, 64), metadata=PADDED)
    """Widths of the encoder's dense layers, input to code; the decoder mirrors them."""
    channels: tuple[int, ...] = field(default=(16, 32), metadata=PADDED)
    """Channels of the stride-2 convolutions (conv only), input to code."""
    kernel_size: int = 3
    """Side of the convolutions' square kernels in pixels (conv only); the decoder's are as large."""
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
    init: Init = field(default="default", metadata=DIFFERS)
    """Initial weights of dense and convolutional layers; default is PyTorch's own, xavier uniform, he normal,
    and orthogonal leaves convolutions as they are, which orthogonal_all does not."""
    init_std: float = field(default=1.0, metadata=DIFFERS)
    """Standard deviation of init normal."""
    variational: bool = False
    """A variational auto-encoder (mlp and conv): the encoder gives each unit's mean and log-variance,
    training decodes a draw from them, and the code that is shown is the mean (Kingma & Welling 2014)."""
    output_std: float = 0.1
    """Variational with loss.reconstruction mse: standard deviation of a pixel in [0, 1] around its
    reconstruction; 0 learns it, one for all pixels (Rybkin et al. 2021)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_range("latent_size", 1, 4096)
        # At a stride of 2 a kernel of one pixel would never see three of four.
        self.check_range("kernel_size", 2, 7)
        self.check_range("threshold", 0)
        self.check_range("top_k", 1)
        if not 0 < self.init_std <= 1e3:
            raise ValueError(f"model.init_std must be above 0 and at most 1000, not {self.init_std}")
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
        if self.family == "dictionary" and self.unit_norm and self.init == "zeros":
            raise ValueError(
                "model.init zeros leaves no atoms that could have norm 1: use another model.init, or turn "
                "model.unit_norm off"
            )
        self.check_range("output_std", 0, 1)
        if self.variational and self.family == "dictionary":
            raise ValueError("model.variational is for the families mlp and conv, not dictionary")
        if self.variational and self.code_activation != "linear":
            raise ValueError(
                "model.variational needs model.code_activation linear (its code is the mean of a normal "
                f"distribution), not {self.code_activation}"
            )
        if self.code_activation == "top_k" and self.top_k > self.latent_size:
            raise ValueError(
                f"model.top_k is {self.top_k}, but the code has only {self.latent_size} units "
                "(model.latent_size)"
            )


@dataclass(frozen=True)
class LossConfig(_Section):
    """Reconstruction loss and the penalties added to it; a strength of 0 leaves a penalty out."""

    SECTION: ClassVar[str] = "loss."

    reconstruction: Reconstruction = "mse"
    """mse, bce (binary cross-entropy) or mae, each a mean over pixels in the training range."""
    code_l1: float = field(default=0.0, metadata=_penalty("L1", "L1", "code", (1e-6, 1e-1, 1e-3), L1_COLOR))
    """Strength of (1/B) sum_i sum_j |z_ij|."""
    code_l2: float = field(default=0.0, metadata=_penalty("L2", "L2", "code", (1e-6, 1.0, 1e-3), L2_COLOR))
    """Strength of (1/B) sum_i sum_j z_ij^2."""
    code_whole_batch_norm: float = field(
        default=0.0,
        metadata=_penalty(
            "whole-batch norm",
            "whole-batch norm",
            "code",
            (1e-6, 1e-2, 1e-5),
            CLASS_COLORS[1],
        ),
    )
    """Strength of the post's penalty, sqrt(sum_ij z_ij^2) over the whole batch, not squared."""
    weight_l1: float = field(
        default=0.0,
        metadata=_penalty(
            "weight L1 (proximal)", "weight L1", "weights", (1e-7, 1e-3, 1e-5), L1_COLOR, by_step=True
        ),
    )
    """Threshold t of the step w <- sign(w) max(|w| - t, 0) after each update (weights, not biases)."""
    weight_l2: float = field(
        default=0.0,
        metadata=_penalty("weight L2 (coupled)", "weight L2", "weights", (1e-7, 1e-2, 1e-5), CLASS_COLORS[8]),
    )
    """Strength of sum w^2 over weights, added to the loss (coupled with the optimizer's scaling)."""
    warmup_delay: float = field(default=0.0, metadata=DIFFERS)
    """Epochs during which the code penalties, and beta, stay at zero."""
    warmup_epochs: float = field(default=0.0, metadata=DIFFERS)
    """Epochs over which the code penalties, and beta, then rise linearly to their strength."""
    beta: float = field(default=1.0, metadata=DIFFERS)
    """Variational only: weight of the Kullback-Leibler divergence; the loss is (-log p(x|z) + beta KL) /
    pixels, and 1 makes it the evidence lower bound (Higgins et al. 2017)."""
    free_bits: float = 0.0
    """Variational only: nats a unit that cost nothing; a unit's mean divergence over the batch counts only
    where it is above (Kingma et al. 2016)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for f in fields(self):
            if f.name != "reconstruction":
                self.check_range(f.name, 0)

    @property
    def penalties(self) -> dict[str, float]:
        """Strengths of the penalties in use, by field."""
        return {name: strength for name in PENALTIES if (strength := getattr(self, name))}


@dataclass(frozen=True)
class TrainConfig(_Section):
    """How the weights are found."""

    SECTION: ClassVar[str] = "train."

    epochs: int = 10
    """Passes over the training images."""
    batch_size: int = 128
    """Images per step."""
    learning_rate: float = field(default=1e-3, metadata=DIFFERS)
    """Learning rate; the peak of a one-cycle schedule."""
    optimizer: Optimizer = "adam"
    """adam, adamw (decoupled weight decay), sgd (with momentum) or muon (Jordan et al. 2024: hidden dense
    layers' weights move by orthogonal steps of Adam's size, all else by Adam; at Adam's learning rates)."""
    momentum: float = 0.9
    """Momentum of sgd."""
    weight_decay: float = field(default=0.0, metadata=DIFFERS)
    """Decoupled weight decay (adamw and muon): w <- w - learning_rate * weight_decay * w; weights, not
    biases."""
    schedule: Schedule = "constant"
    """Course of the learning rate over the run: constant, cosine to zero, or one_cycle."""
    seed: int = field(default=0, metadata=DIFFERS)
    """Seed of the initial weights, of the order of the images and of all that is drawn in training."""
    # Members with equal seeds share their batches, so what is done to the images is the same for a stack.
    shift: float = 0.0
    """Probability that a training image is shifted by -1, 0 or 1 pixel in x and y, input and target alike.
    It is drawn anew in each epoch; the pixels that come in repeat the image's edge."""
    binarize: bool = False
    """Each pixel is drawn black or white, white with its grey level as the probability, anew in each epoch;
    input and target alike (dynamic binarization, Salakhutdinov & Murray 2008)."""
    corruption: Corruption = "none"
    """What is done to the images that the network sees in training; it learns to give the clean ones."""
    corruption_level: float = 0.5
    """Share of the pixels (masking, salt_and_pepper) or of the area (blocks), or a standard deviation: of
    the noise with pixels in [0, 1] (gaussian), or of the blur in pixels (blur, up to 10; the others to 1)."""
    device: Device = "auto"
    """auto takes CUDA, then MPS, then the CPU."""
    precision: Precision = "float32"
    """Arithmetic: float32, tf32 (float32 whose products NVIDIA's cards from Ampere on round to 10 bits of
    mantissa, which is faster; elsewhere float32), bfloat16 (autocast; weights stay float32; on a CPU float32
    all the same in a network that convolves maps of 1 x 1, which can't be repeated otherwise) or float64 (for
    proofs)."""
    record: bool = True
    """Note gradients and activations of the layers, and every epoch's pictures; the weights stay the same."""
    keep_weights: KeepWeights = "none"
    """Epochs whose weights are kept beside the last: none, 1, 2, 4, 8 ... (powers_of_two), or all."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_range("epochs", 1, 100_000)
        self.check_range("batch_size", 1, 1_000_000)
        self.check_range("momentum", 0, 1)
        self.check_range("weight_decay", 0)
        self.check_range("seed", 0, 2**32 - 1)
        self.check_range("shift", 0, 1)
        self.check_range("corruption_level", 0, 10 if self.corruption == "blur" else 1)
        if not self.learning_rate > 0:
            raise ValueError(f"train.learning_rate must be above 0, not {self.learning_rate}")
        if self.weight_decay and self.optimizer not in DECAYING:
            raise ValueError(
                "train.weight_decay is decoupled and needs train.optimizer adamw or muon, not "
                f"{self.optimizer}; "
                "loss.weight_l2 is the penalty that goes with every optimizer"
            )
        if self.device == "mps" and self.precision == "float64":
            raise ValueError("train.precision float64 is not available on mps; use cpu or cuda")


PENALTIES: dict[str, Penalty] = {
    f.name: penalty for f in fields(LossConfig) if (penalty := f.metadata.get("penalty")) is not None
}
"""Every penalty by its field in `LossConfig`."""


@dataclass(frozen=True)
class Config(Record):
    """Everything that decides what a run computes."""

    KNOWS_ALL_FIELDS: ClassVar[bool] = True

    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    train: TrainConfig = field(default_factory=TrainConfig)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.model.code_activation == "soft_threshold" and self.train.batch_size < 2:
            raise ValueError("train.batch_size must be at least 2 with model.code_activation soft_threshold")
        output, normalization = self.model.output_activation, self.data.normalization
        fitting = {"tanh": "minus_one_one", "sigmoid": "zero_one"}
        if output in fitting and normalization != fitting[output]:
            low, high = OUTPUT_RANGES[output]
            raise ValueError(
                f"model.output_activation {output} gives values from {low:g} to {high:g}, but "
                f"data.normalization is {normalization}; use {fitting[output]} or a linear output"
            )
        if self.loss.reconstruction == "bce" and output != "sigmoid":
            raise ValueError(
                "loss.reconstruction bce needs probabilities: model.output_activation sigmoid with "
                f"data.normalization zero_one, not {output} with {normalization}"
            )
        if self.model.variational and self.loss.reconstruction == "mae":
            raise ValueError(
                "model.variational needs loss.reconstruction mse (a normal distribution) or bce (black or "
                "white), not mae"
            )
        if self.model.variational and self.loss.reconstruction == "bce" and not self.model.output_std:
            raise ValueError("model.output_std is learned (0) with loss.reconstruction mse only, not bce")

    @property
    def hash(self) -> str:
        """Eight hexadecimal digits of the fields that differ from their default, so that a new field of a
        later version leaves the hash of an older run as it was."""
        return short_hash(self.differences())

    def differences(self) -> dict[str, Any]:
        """The fields that differ from their default, by dotted name."""
        default = Config()
        return {path: value for path in field_paths() if (value := self.get(path)) != default.get(path)}

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
        for section, cls in kinds(Config).items()
        for name, kind in kinds(cls).items()
    }


def stacking(path: str) -> Stacking:
    """How members of one stack may differ in the dotted field."""
    section, name = _split(path)
    (found,) = (f for f in fields(kinds(Config)[section]) if f.name == name)
    return found.metadata.get("stacking", "apart")


def short_hash(values: Mapping[str, Any]) -> str:
    """Eight hexadecimal digits that depend on plain values and not on their order."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _split(path: str) -> tuple[str, str]:
    if path not in field_paths():
        raise ValueError(f"there is no field {path!r}; fields are {', '.join(field_paths())}")
    section, name = path.split(".")
    return section, name
