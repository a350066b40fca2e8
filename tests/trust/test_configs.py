"""Whatever config is accepted trains, is written and read, and resumes; what is refused is one sentence."""

import json
import time
from collections import Counter
from pathlib import Path
from typing import get_args, get_origin

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from aecore import data as datasets
from aecore import store
from aecore.config import DECAYING, Config, field_paths
from aecore.data import ImageData
from aecore.jobs import recording
from aecore.jobs.recording import updates
from aecore.own.build import Options, build, plan
from aecore.own.opening import open_source
from tests.samples import tiny_data
from tests.trust.bounds import EXAMPLES, IS_WHOLE, seconds_for, tell

DATA = tiny_data(40, shape=(1, 8, 8))

widths = st.lists(st.sampled_from([0, 1, 2, 5, 9, 16_385]), max_size=3).map(tuple)
SMALL = {
    "data.name": st.sampled_from(["digits", "no such set"]),
    "model.latent_size": st.sampled_from([0, 1, 2, 5, 9]),
    "model.hidden": widths,
    "model.channels": widths,
    "model.kernel_size": st.integers(1, 8),
    "model.top_k": st.integers(0, 6),
    "train.epochs": st.integers(0, 3),
    "train.batch_size": st.sampled_from([0, 1, 7, 16]),
    "train.device": st.sampled_from(["auto", "cpu", "abacus"]),
}
"""Values of what would else take long, with some that are not allowed."""

NUMBERS = [-1.0, 0.0, 1e-3, 0.5, 1.0, 2.0, 1e3, 1e9]


def values_of(path: str, kind: object) -> st.SearchStrategy:
    if path in SMALL:
        return SMALL[path]
    if kind is bool:
        return st.booleans()
    if kind is int:
        return st.integers(-1, 9)
    if get_origin(kind) is not None:
        return st.sampled_from([*get_args(kind), "neither"])
    return st.sampled_from(NUMBERS)


CHANGES = st.fixed_dictionaries(
    {}, optional={path: values_of(path, kind) for path, kind in field_paths().items()}
)
"""Anything: one field in ten is out of range, and so are nine configs in ten."""

few = st.lists(st.sampled_from([1, 2, 5, 9]), max_size=3).map(tuple)
OWN = "own"
"""Stands for a set of one's own images."""
GOOD = {
    "data.name": st.sampled_from(["digits", OWN]),
    "data.validation_fraction": st.sampled_from([0.0, 0.1, 0.5]),
    "data.split_seed": st.integers(0, 3),
    "model.latent_size": st.sampled_from([1, 2, 5, 9]),
    "model.hidden": few,
    "model.channels": few.filter(len),
    "model.kernel_size": st.integers(2, 7),
    "model.threshold": st.sampled_from([0.0, 0.5, 2.0]),
    "model.top_k": st.integers(1, 6),
    "model.init_std": st.sampled_from([1e-3, 0.1, 1.0]),
    "model.output_std": st.sampled_from([0.0, 0.1, 1.0]),
    "loss.warmup_delay": st.sampled_from([0.0, 0.5, 2.0]),
    "loss.warmup_epochs": st.sampled_from([0.0, 0.5, 2.0]),
    "loss.beta": st.sampled_from([0.0, 1.0, 4.0]),
    "loss.free_bits": st.sampled_from([0.0, 0.1]),
    "train.epochs": st.integers(1, 3),
    "train.batch_size": st.sampled_from([2, 7, 16, 1000]),
    "train.learning_rate": st.sampled_from([1e-4, 1e-3, 1e-2]),
    "train.momentum": st.sampled_from([0.0, 0.9, 1.0]),
    "train.weight_decay": st.sampled_from([0.0, 0.1]),
    "train.seed": st.integers(0, 3),
    "train.shift": st.sampled_from([0.0, 0.5, 1.0]),
    "train.corruption_level": st.sampled_from([0.0, 0.3, 1.0]),
    "train.device": st.sampled_from(["auto", "cpu"]),
}


def good_values(path: str, kind: object) -> st.SearchStrategy:
    if path in GOOD:
        return GOOD[path]
    if kind is bool:
        return st.booleans()
    if get_origin(kind) is not None:
        return st.sampled_from(get_args(kind))
    return st.sampled_from([0.0, 1e-3, 0.1])  # strengths of penalties


FITTING = st.fixed_dictionaries({path: good_values(path, kind) for path, kind in field_paths().items()})
"""Every field drawn, each for itself in its range; `fitted` makes them go together."""


def fitted(values: dict[str, object]) -> dict[str, object]:
    """Gives way where two fields exclude each other, so that all else that was drawn is trained."""
    values = dict(values)
    if values["model.family"] == "dictionary":
        values |= {"model.variational": False, "model.output_activation": "linear"}
        if values["model.init"] == "zeros":
            values["model.unit_norm"] = False
    if values["model.variational"]:
        values["model.code_activation"] = "linear"
        if values["loss.reconstruction"] == "mae":
            values["loss.reconstruction"] = "mse"
        if values["loss.reconstruction"] == "bce":
            values["model.output_std"] = 0.1
    if values["loss.reconstruction"] == "bce":
        if values["model.family"] == "dictionary":
            values["loss.reconstruction"] = "mse"
        else:
            values["model.output_activation"] = "sigmoid"
    ranges = {"tanh": "minus_one_one", "sigmoid": "zero_one"}
    values["data.normalization"] = ranges.get(values["model.output_activation"], values["data.normalization"])
    values["model.top_k"] = min(values["model.top_k"], values["model.latent_size"])
    if values["train.weight_decay"] and values["train.optimizer"] not in DECAYING:
        values["train.optimizer"] = "adamw"
    return values


@pytest.fixture(scope="module")
def own_set(tmp_path_factory) -> ImageData:
    """Forty images of one's own in three classes, made into a set as the page does."""
    folder = tmp_path_factory.mktemp("own")
    images = DATA.train_images[:, 0].numpy()
    np.savez(folder / "mine.npz", images=images, labels=np.arange(len(images)) % 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AECORE_DATA", str(folder / "data"))
        yield datasets.load(build(plan(open_source(folder / "mine.npz"), Options())).name)


def state_after(steps: int, config: Config, data: ImageData, state=None) -> dict[str, torch.Tensor]:
    """All that resuming needs, after that many further steps."""
    done = 0

    def on_step(_: object) -> bool:
        nonlocal done
        done += 1
        return done >= steps

    *_, last = updates([config], data, state, on_step)
    return last.state


def bits(state: dict[str, torch.Tensor]) -> dict[str, bytes]:
    """As bytes, so that what is no number equals itself; without the time it took."""
    return {name: t.contiguous().numpy().tobytes() for name, t in state.items() if name != "seconds"}


def attempt(make):
    """What `make` gives, or None and what the ValueError says."""
    try:
        return make(), ""
    except ValueError as error:
        return None, str(error)


def is_sentence(text: str) -> bool:
    return 0 < len(text) < 400 and "\n" not in text


def check(values: dict[str, object], data: ImageData, folder: Path) -> Config | None:
    """The property; returns the config that was trained, None for one that was refused."""
    config, refused = attempt(
        lambda: Config().with_values({"data.name": "digits", "train.batch_size": 16} | values)
    )
    if config is None:
        assert is_sentence(refused), refused
        return None
    assert Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    whole, refused = attempt(lambda: state_after(2, config, data))
    if whole is None:
        # Accepted for other images, such as larger ones.
        assert is_sentence(refused), refused
        return None
    half = state_after(1, config, data)
    assert bits(state_after(1, config, data, half)) == bits(whole)
    through_a_folder(config, data, folder)
    return config


def through_a_folder(config: Config, data: ImageData, folder: Path) -> None:
    """What was trained is read again as it was written: settings, weights, and what resuming needs."""
    path = store.create_run(config, "", folder)
    *_, last = updates([config], data, None, lambda _: True)
    recording.Recording(path, [path], [config], data).take(last)
    assert store.read_info(path).config == config
    assert bits(store.load_state(path)) == bits(last.state)
    (member,) = last.members
    if member is not None and all(t.isfinite().all() for t in member.weights.values()):
        model = store.load_run(path).model.state_dict()
        single = {name: t.float() if t.is_floating_point() else t for name, t in member.weights.items()}
        assert bits(model) in (bits(single), bits(member.weights))
    store.delete_run(path)


settled = settings(derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


def test_a_config_is_refused_in_a_sentence_or_trains_and_resumes_to_the_same_bits(tmp_path):
    trained, ends = [], time.monotonic() + seconds_for(0.15)

    @settings(settled, max_examples=EXAMPLES)
    @given(changes=CHANGES)
    def holds(changes):
        assume(time.monotonic() < ends)
        trained.append(check(changes, DATA, tmp_path))

    holds()
    accepted = sum(config is not None for config in trained)
    tell("a config of anything", len(trained), 0, f"{accepted} trained and resumed, the others refused")


def test_every_field_is_trained_with_other_values_than_its_default(tmp_path, own_set):
    trained, ends = [], time.monotonic() + seconds_for(0.25)

    @settings(settled, max_examples=EXAMPLES if IS_WHOLE else EXAMPLES // 2)
    @given(values=FITTING)
    def holds(values):
        assume(time.monotonic() < ends)
        data = own_set if values["data.name"] == OWN else DATA
        name = own_set.name if values["data.name"] == OWN else values["data.name"]
        trained.append(check(fitted(values) | {"data.name": name}, data, tmp_path))

    holds()
    accepted = [config for config in trained if config is not None]
    assert len(accepted) > 0.8 * len(trained)
    changed = Counter(path for config in accepted for path in config.differences())
    # The names of values, too: each family, corruption, precision and so on.
    never = [path for path in field_paths() if not changed[path]]
    for path, kind in field_paths().items():
        if get_origin(kind) is not None and isinstance(get_args(kind)[0], str) and path not in GOOD:
            there = {config.get(path) for config in accepted}
            never += [f"{path} {value}" for value in get_args(kind) if value not in there]
    # Of few that are drawn, some value of a field with many may be missing.
    assert len(never) <= (0 if len(accepted) >= 300 else 12), never
    note = f"{len(accepted)} trained and resumed; every field and value in it" if not never else ""
    tell("a config that fits, every field drawn", len(trained), 0, note)
