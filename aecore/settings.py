"""What settings, axes and members are called, how their values read, and which settings do something.

Imports no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aecore.config import DECAYING, PENALTIES, Config, field_paths
from aecore.grid import PENALTY, STRENGTH, Grid, axis_text, axis_title

Values = Mapping[str, Any]
"""A config's values by dotted field."""

LABELS: dict[str, str] = {
    "data.name": "Data set",
    "model.latent_size": "Units in the code",
    "model.hidden": "Hidden layers",
    "model.init": "Initial weights",
    "model.init_std": "Their standard deviation",
    "model.family": "Network",
    "model.channels": "Convolutions",
    "model.kernel_size": "Kernel size",
    "model.top_k": "Units kept (k)",
    "model.output_std": "Spread of a pixel (0: learned)",
    "model.unit_norm": "Atoms of norm 1",
    "train.shift": "Shifted images",
    "train.binarize": "Binarized images",
    "train.corruption": "Corruption of the input",
    "train.corruption_level": "Level of the corruption",
    "train.record": "Note layers and pictures",
    "train.keep_weights": "Epochs whose weights are kept",
    "loss.reconstruction": "Reconstruction loss",
    "loss.beta": "Weight of the KL term (beta)",
    "loss.free_bits": "Free nats a unit",
    "loss.warmup_delay": "Epochs without penalty",
    "loss.warmup_epochs": "Epochs of its rise",
} | {f"loss.{name}": f"Strength of {penalty.name}" for name, penalty in PENALTIES.items()}
"""By dotted field, where the field's own name does not read well."""

CHOICES = {
    "zero_one": "[0, 1]",
    "minus_one_one": "[-1, 1]",
    "mlp": "dense",
    "conv": "convolutional",
    "relu": "ReLU",
    "leaky_relu": "leaky ReLU",
    "elu": "ELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "xavier": "Xavier, uniform",
    "xavier_normal": "Xavier, normal",
    "he": "He, normal",
    "he_uniform": "He, uniform",
    "orthogonal": "orthogonal, dense layers",
    "orthogonal_all": "orthogonal, convolutions too",
    "lecun_normal": "LeCun, normal",
    "normal": "normal of a chosen size",
    "gaussian": "Gaussian noise",
    "salt_and_pepper": "salt and pepper",
    "mse": "squared error (mse)",
    "bce": "binary cross-entropy",
    "mae": "absolute error (mae)",
    "adam": "Adam",
    "adamw": "AdamW",
    "sgd": "SGD",
    "muon": "Muon",
    "cpu": "CPU",
    "cuda": "CUDA",
    "mps": "MPS (Apple)",
}
"""Words for choices whose name is an abbreviation."""


def _with_code_penalty(values: Values) -> bool:
    return any(values[f"loss.{name}"] for name, penalty in PENALTIES.items() if penalty.on == "code")


def _variational(values: Values) -> bool:
    return values["model.variational"] and values["model.family"] != "dictionary"


def _warms_up(values: Values) -> bool:
    return _with_code_penalty(values) or _variational(values)


def _code_activation(values: Values) -> str:
    return "linear" if _variational(values) else values["model.code_activation"]


APPLIES: dict[str, Callable[[Values], bool]] = {
    "model.code_activation": lambda v: not _variational(v),
    "model.init_std": lambda v: v["model.init"] == "normal",
    "model.channels": lambda v: v["model.family"] == "conv",
    "model.kernel_size": lambda v: v["model.family"] == "conv",
    "model.top_k": lambda v: _code_activation(v) == "top_k",
    "model.threshold": lambda v: _code_activation(v) == "soft_threshold",
    "model.variational": lambda v: v["model.family"] != "dictionary",
    "model.output_std": lambda v: _variational(v) and v["loss.reconstruction"] == "mse",
    "model.unit_norm": lambda v: v["model.family"] == "dictionary",
    "train.corruption_level": lambda v: v["train.corruption"] != "none",
    "train.momentum": lambda v: v["train.optimizer"] == "sgd",
    "train.weight_decay": lambda v: v["train.optimizer"] in DECAYING,
    "loss.beta": _variational,
    "loss.free_bits": _variational,
    "loss.warmup_delay": _warms_up,
    "loss.warmup_epochs": _warms_up,
}
"""Whether a field does something beside the others' values; elsewhere it keeps its default."""


def label(field: str) -> str:
    """What a dotted field is called on screen."""
    return LABELS.get(field) or field.split(".")[1].replace("_", " ").capitalize()


def applies(field: str, values: Values) -> bool:
    """Whether a dotted field does something beside all others' values."""
    return field not in APPLIES or APPLIES[field](values)


def values_of(config: Config) -> dict[str, Any]:
    """All of a config's values by dotted field."""
    return {
        path: getattr(getattr(config, section), name)
        for path, (section, name) in ((path, path.split(".")) for path in field_paths())
    }


def effective_fields(config: Config) -> list[str]:
    """The dotted fields that do something in this config."""
    values = values_of(config)
    return [field for field in values if applies(field, values)]


def show(value: object) -> str:
    """A field's value as people read it."""
    if isinstance(value, tuple):
        return "-".join(map(str, value)) or "none"
    if isinstance(value, float):
        return f"{value:.4g}"
    return CHOICES.get(value, value.replace("_", " ")) if isinstance(value, str) else str(value)


def axis_label(name: str) -> str:
    """An axis as a person reads it: the form's label of the field."""
    return label(name) if "." in name else name.capitalize()


def member_name(grid: Grid, k: int) -> str:
    """A member by its place on the axes: `12 units, L1 0.001, seed 1`."""
    return position_name(grid.position_of(k))


def member_names(grid: Grid) -> list[str]:
    """The names of all members; quicker than one after the other in a large grid."""
    first: dict[int, Mapping[str, Any]] = {}
    for position, k in zip(grid.positions, grid.index, strict=True):
        first.setdefault(k, position)
    return [position_name(first[k]) for k in range(len(grid.members))]


def position_name(position: Mapping[str, Any]) -> str:
    parts = []
    for name, value in position.items():
        if name == "model.latent_size":
            parts.append(f"{value} unit{'s' * (value != 1)}")
        elif name == PENALTY:
            words = PENALTIES[value].name if value in PENALTIES else "no penalty"
            strength = position.get(STRENGTH)
            parts.append(words if value == "none" or strength is None else f"{words} {strength:g}")
        elif name == STRENGTH and PENALTY in position:
            continue
        elif name.removeprefix("loss.") in PENALTIES:
            parts.append(f"{PENALTIES[name[5:]].name} {value:g}" if value else "")
        else:
            parts.append(f"{axis_title(name)} {axis_text(name, value)}")
    return ", ".join(part for part in parts if part) or "the base settings"
