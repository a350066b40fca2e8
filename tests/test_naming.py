"""Runs can be told apart by their names, from the left."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from aecore import naming
from aecore.config import Config, ModelConfig
from aecore.data import DATASETS
from aecore.naming import data_title, distinct_names, network_title, title
from aecore.presets import PRESETS

POST = PRESETS["post"]


@dataclass(frozen=True)
class Run:
    key: str
    config: Config
    own: str = ""

    @property
    def name(self) -> str:
        return self.own or title(self.config)


def names(*runs: Run) -> list[str]:
    found = distinct_names(runs)
    assert list(found) == [run.key for run in runs]
    return list(found.values())


def test_a_lone_run_is_called_by_its_title():
    assert names(Run("a", POST)) == [title(POST)] == ["post · MNIST · 12 units · seed 0 · 10 epochs"]


@pytest.mark.parametrize(
    ("field", "value", "begin"),
    [
        ("train.seed", 1, ("seed 0 · post", "seed 1 · post")),
        ("train.epochs", 1, ("10 epochs · post", "1 epoch · post")),
        ("loss.code_l1", 1e-3, ("post · MNIST", "L1 0.001 · post")),
        ("data.name", "fashion_mnist", ("MNIST · post", "Fashion-MNIST · post")),
        ("model.latent_size", 1, ("12 units · post", "1 unit · post")),
    ],
)
def test_what_differs_stands_first(field, value, begin):
    found = names(Run("a", POST), Run("b", POST.with_values({field: value})))
    assert [name.startswith(first) for name, first in zip(found, begin, strict=True)] == [True, True]
    # Nothing is left out: the same parts, in another order.
    assert sorted(found[0].split(" · ")) == sorted(title(POST).split(" · "))


def test_a_persons_words_stay_unless_another_run_has_them_too():
    other = POST.with_values({"train.seed": 3})
    assert names(Run("a", POST, "mine"), Run("b", other, "yours")) == ["mine", "yours"]
    assert names(Run("a", POST, "mine"), Run("b", other, "mine")) == ["seed 0 · mine", "seed 3 · mine"]
    # A run that nobody named is told apart from its own kind alone.
    assert names(Run("a", POST, "mine"), Run("b", other))[1] == title(other)


def test_the_same_twice_is_told_apart_by_its_folder():
    assert names(Run("a", POST), Run("a-2", POST)) == [f"a · {title(POST)}", f"a-2 · {title(POST)}"]


def test_a_data_set_and_a_network_are_spelled_in_one_way():
    assert {name: data_title(name) for name in DATASETS} == {n: d.title for n, d in DATASETS.items()}
    assert data_title("fashion_mnist") == "Fashion-MNIST"
    assert data_title("photos-1a2b3c4d") == "photos-1a2b3c4d"
    assert network_title(POST.model) == "post"
    assert network_title(ModelConfig(hidden=(9, 4))) == "dense 9-4"
    assert network_title(ModelConfig(hidden=(9, 4), variational=True)) == "vae dense 9-4"
    assert network_title(ModelConfig(hidden=())) == "dense"


def test_a_thousand_runs_are_told_apart_in_one_pass(monkeypatch):
    described: list[Config] = []
    parts = naming.parts

    def counted(config: Config) -> dict[str, str]:
        described.append(config)
        return parts(config)

    runs = [
        Run(str(i), POST.with_values({"train.seed": i // 2}), "named" if i % 10 == 0 else "")
        for i in range(1000)
    ]
    listed = [replace(run, own=run.name) for run in runs]
    monkeypatch.setattr(naming, "parts", counted)
    assert len(set(naming.distinct_names(listed).values())) == 1000
    assert len(described) == 1000
