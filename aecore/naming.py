"""What runs, networks and data sets are called on screen: by a person's words, or by what they differ in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Protocol

from aecore.config import Config, ModelConfig
from aecore.presets import architecture, beta_text, corruption_text, penalty_text

DATA_TITLES = {
    "digits": "Digits (8x8)",
    "sprites": "Sprites",
    "mnist": "MNIST",
    "fashion_mnist": "Fashion-MNIST",
    "kmnist": "KMNIST",
    "emnist_letters": "EMNIST letters",
    "emnist_balanced": "EMNIST balanced",
    "usps": "USPS",
    "svhn": "SVHN",
    "cifar10": "CIFAR-10",
}
"""The named data sets as they are spelled everywhere."""


class Named(Protocol):
    """What is told apart by `distinct_names`."""

    @property
    def key(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def config(self) -> Config: ...


def data_title(name: str) -> str:
    """A data set as it is spelled everywhere: `Fashion-MNIST`; one's own images by their name."""
    return DATA_TITLES.get(name, name)


def network_title(config: ModelConfig) -> str:
    """The preset whose network this is, or the family as forms call it and its widths: `dense 128-64`."""
    kind, *widths = architecture(config).split("-")
    if kind == "vae" and widths:
        kind, widths = f"vae {widths[0]}", widths[1:]
    kind = kind.replace("mlp", "dense")
    return f"{kind} {'-'.join(widths)}" if widths else kind


def parts(config: Config) -> dict[str, str]:
    """What a run is described by, in the order in which it is read; without what does not apply."""
    units = config.model.latent_size
    found = {
        "network": network_title(config.model),
        "data": data_title(config.data.name),
        "units": f"{units} unit{'s' * (units != 1)}",
        "penalty": penalty_text(config.loss) if config.loss.penalties else "",
        "beta": beta_text(config),
        "corruption": corruption_text(config.train),
        "seed": f"seed {config.train.seed}",
        "epochs": f"{config.train.epochs} epoch{'s' * (config.train.epochs != 1)}",
    }
    return {part: text for part, text in found.items() if text}


def title(config: Config) -> str:
    """What a run is called until somebody names it: `post · MNIST · 12 units · seed 0 · 10 epochs`."""
    return " · ".join(parts(config).values())


def distinct_names(runs: Iterable[Named]) -> dict[str, str]:
    """Names for a list, by key, no two alike: what differs stands first, since ends are cut off.

    A run that somebody named keeps that name. Those that nobody named begin with what differs among them.
    Where several have one name, what they differ in stands before it; where that is nothing, their folder.
    """
    runs = list(runs)
    described = {run.key: parts(run.config) for run in runs}
    unnamed = [run.key for run in runs if run.name == " · ".join(described[run.key].values())]
    names = {run.key: run.name for run in runs} | _by_difference({key: described[key] for key in unnamed})
    for alike in _repeated(names):
        for key, differing in _differing({key: described[key] for key in alike}).items():
            names[key] = " · ".join([*differing, names[key]])
    for alike in _repeated(names):
        names |= {key: f"{key} · {names[key]}" for key in alike}
    return names


def _by_difference(described: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    found = {}
    for key, differing in _differing(described).items():
        common = [text for text in described[key].values() if text not in differing]
        found[key] = " · ".join([*differing, *common])
    return found


def _differing(described: Mapping[str, Mapping[str, str]]) -> dict[str, list[str]]:
    """By key those of a run's parts that not all of the runs have."""
    seen: dict[str, Counter[str]] = {}
    for own in described.values():
        for part, text in own.items():
            seen.setdefault(part, Counter())[text] += 1
    count = len(described)
    return {
        key: [text for part, text in own.items() if seen[part][text] < count]
        for key, own in described.items()
    }


def _repeated(names: Mapping[str, str]) -> list[list[str]]:
    """The keys of each name that several have."""
    keys: dict[str, list[str]] = {}
    for key, name in names.items():
        keys.setdefault(name, []).append(key)
    return [alike for alike in keys.values() if len(alike) > 1]
