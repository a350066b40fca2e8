import contextlib
import json
import math
import string
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aecore import config as module
from aecore.config import (
    DECAYING,
    OWN_NAME,
    PENALTIES,
    Config,
    DataConfig,
    DatasetName,
    LossConfig,
    ModelConfig,
    TrainConfig,
    field_paths,
)
from aecore.records import kinds

strength = st.floats(0, 1e3, allow_nan=False)
widths = st.lists(st.integers(1, 16384), max_size=4).map(tuple)
BOUNDED = {
    "data.validation_fraction": st.floats(0, 0.5),
    "data.split_seed": st.integers(0, 2**32 - 1),
    "model.latent_size": st.integers(1, 4096),
    "model.hidden": widths,
    "model.channels": widths,
    "model.kernel_size": st.integers(2, 7),
    "model.threshold": st.floats(0, 10),
    "model.top_k": st.integers(1, 4096),
    "model.init_std": st.floats(1e-3, 1e3),
    "model.output_std": st.floats(0, 1),
    "loss.beta": strength,
    "loss.free_bits": strength,
    "loss.warmup_delay": strength,
    "loss.warmup_epochs": strength,
    "train.epochs": st.integers(1, 100_000),
    "train.batch_size": st.integers(1, 1_000_000),
    "train.learning_rate": st.floats(1e-8, 10),
    "train.momentum": st.floats(0, 1),
    "train.weight_decay": strength,
    "train.seed": st.integers(0, 2**32 - 1),
}
BOUNDED["data.name"] = st.sampled_from(get_args(DatasetName)) | st.from_regex(OWN_NAME, fullmatch=True)
BOUNDED |= {f"loss.{name}": strength for name in PENALTIES}


def strategy(path: str, kind: object) -> st.SearchStrategy:
    if path in BOUNDED:
        return BOUNDED[path]
    if kind is bool:
        return st.booleans()
    return st.floats(0, 1) if kind is float else st.sampled_from(get_args(kind))


@st.composite
def configs(draw) -> Config:
    """Configs over all fields, drawn freely and then bent to the rules between fields."""
    value = {path: draw(strategy(path, kind)) for path, kind in field_paths().items()}
    if value["model.family"] == "dictionary":
        value["model.output_activation"] = "linear"
        if value["model.init"] == "zeros":
            value["model.unit_norm"] = False
    if value["loss.reconstruction"] == "bce":
        if value["model.family"] == "dictionary":
            value["loss.reconstruction"] = "mse"
        else:
            value["model.output_activation"] = "sigmoid"
    fitting = {"tanh": "minus_one_one", "sigmoid": "zero_one"}
    value["data.normalization"] = fitting.get(value["model.output_activation"], value["data.normalization"])
    if value["model.family"] == "dictionary":
        value["model.variational"] = False
    if value["model.variational"]:
        value["model.code_activation"] = "linear"
        if value["loss.reconstruction"] == "mae":
            value["loss.reconstruction"] = "mse"
        if value["loss.reconstruction"] == "bce":
            value["model.output_std"] = value["model.output_std"] or 0.1
    if value["model.family"] == "conv":
        value["model.channels"] = value["model.channels"] or (8,)
    if value["model.code_activation"] == "top_k":
        value["model.top_k"] = min(value["model.top_k"], value["model.latent_size"])
    if value["model.code_activation"] == "soft_threshold":
        value["train.batch_size"] = max(value["train.batch_size"], 2)
    if value["train.weight_decay"] and value["train.optimizer"] not in DECAYING:
        value["train.optimizer"] = "adamw"
    if value["train.device"] == "mps" and value["train.precision"] == "float64":
        value["train.precision"] = "float32"
    sections: dict[str, dict] = {}
    for path, v in value.items():
        section, name = path.split(".")
        sections.setdefault(section, {})[name] = v
    return Config(
        DataConfig(**sections["data"]),
        ModelConfig(**sections["model"]),
        LossConfig(**sections["loss"]),
        TrainConfig(**sections["train"]),
    )


@given(configs())
def test_json_gives_back_the_same_config_and_hash(config):
    text = json.dumps(config.to_dict(), allow_nan=False)
    again = Config.from_dict(json.loads(text))
    assert again == config
    assert again.hash == config.hash
    assert len(config.hash) == 8
    assert set(config.hash) <= set(string.hexdigits)


def test_the_hash_does_not_depend_on_how_a_value_was_written():
    assert Config().hash == Config.from_dict({}).hash == Config.from_dict({"model": {}}).hash
    for section, field, values in (("train", "learning_rate", (1, 1.0)), ("loss", "code_l1", (0, -0.0, 0.0))):
        assert len({Config.from_dict({section: {field: value}}).hash for value in values}) == 1


OTHER = {
    "train.corruption_level": 0.7,
    "model.output_activation": "linear",
    "model.output_std": 0.2,
    "model.variational": True,
    "train.binarize": True,
    "model.hidden": (128, 65),
    "model.channels": (16,),
    "model.unit_norm": False,
    "data.normalization": "standardized",
    "loss.reconstruction": "mae",
    "train.momentum": 0.5,
    "data.validation_fraction": 0.25,
    "train.weight_decay": 0.5,
    "train.record": False,
    "data.name": "photos-1a2b3c4d",
}


@pytest.mark.parametrize("path", field_paths())
def test_every_field_changes_the_hash(path):
    # A start in which each field may be changed without breaking a rule.
    start = Config(model=ModelConfig(output_activation="linear"), train=TrainConfig(optimizer="adamw"))
    if path == "model.output_activation":
        start = Config()
    old, kind = start.get(path), field_paths()[path]
    choices = get_args(kind) if kind not in (int, float, bool) else ()
    new = OTHER.get(path) if path in OTHER else next((c for c in choices if c != old), None)
    new = old + 1 if new is None else new
    changed = start.with_values({path: new})
    assert changed.get(path) == new
    assert changed.hash != start.hash


REFUSED = [
    ({"data": {"normalization": "zero_one"}}, "tanh gives values from -1 to 1", "zero_one"),
    (
        {"model": {"output_activation": "sigmoid"}},
        "sigmoid gives values from 0 to 1",
        "use zero_one or a linear output",
    ),
    (
        {"model": {"code_activation": "top_k", "top_k": 13}},
        "model.top_k is 13",
        "only 12 units (model.latent_size)",
    ),
    ({"train": {"weight_decay": 0.1}}, "needs train.optimizer adamw or muon, not adam", "loss.weight_l2"),
    ({"loss": {"reconstruction": "bce"}}, "bce needs probabilities", "not tanh with minus_one_one"),
    ({"model": {"family": "dictionary"}}, "of a dictionary is linear", "not tanh"),
    ({"model": {"family": "conv", "channels": []}}, "model.channels", "at least one convolution"),
    (
        {"model": {"code_activation": "soft_threshold"}, "train": {"batch_size": 1}},
        "train.batch_size must be at least 2",
        "soft_threshold",
    ),
    (
        {"model": {"variational": True, "family": "dictionary", "output_activation": "linear"}},
        "model.variational is for the families mlp and conv",
        "not dictionary",
    ),
    (
        {"model": {"variational": True, "code_activation": "relu"}},
        "model.variational needs model.code_activation linear",
        "not relu",
    ),
    (
        {"model": {"variational": True}, "loss": {"reconstruction": "mae"}},
        "model.variational needs loss.reconstruction mse",
        "not mae",
    ),
    (
        {
            "model": {"variational": True, "output_std": 0, "output_activation": "sigmoid"},
            "data": {"normalization": "zero_one"},
            "loss": {"reconstruction": "bce"},
        },
        "model.output_std is learned (0) with loss.reconstruction mse only",
        "not bce",
    ),
    ({"model": {"output_std": 1.5}}, "model.output_std must be from 0 to 1", "1.5"),
    ({"loss": {"beta": -1}}, "loss.beta must be at least 0", "-1"),
    (
        {"train": {"device": "mps", "precision": "float64"}},
        "float64 is not available on mps",
        "use cpu or cuda",
    ),
    ({"data": {"name": "imagenet"}}, "data.name must be one of digits, sprites, mnist", "'imagenet'"),
    ({"model": {"latent_size": 0}}, "model.latent_size must be from 1 to 4096", "not 0"),
    ({"model": {"latent_size": -1}}, "model.latent_size must be from 1 to 4096", "not -1"),
    ({"model": {"latent_size": 8.0}}, "model.latent_size must be a whole number", "8.0"),
    ({"model": {"latent_size": True}}, "model.latent_size must be a whole number", "True"),
    ({"model": {"latent_size": "8"}}, "model.latent_size must be a whole number", "'8'"),
    ({"model": {"latent_size": None}}, "model.latent_size must be a whole number", "None"),
    ({"model": {"kernel_size": 1}}, "model.kernel_size must be from 2 to 7", "not 1"),
    ({"model": {"kernel_size": 8}}, "model.kernel_size must be from 2 to 7", "not 8"),
    ({"model": {"hidden": [128, 0]}}, "model.hidden", "not 0"),
    ({"model": {"hidden": [128, "a"]}}, "model.hidden must be a list of whole numbers", "'a'"),
    ({"model": {"hidden": "128"}}, "model.hidden must be a list of whole numbers", "'128'"),
    ({"model": {"hidden": [[128]]}}, "model.hidden must be a list of whole numbers", "[128]"),
    ({"model": {"unit_norm": 1}}, "model.unit_norm must be true or false", "1"),
    ({"model": {"latentsize": 8}}, "unknown field model.latentsize", "latent_size"),
    ({"modell": {}}, "unknown field modell", "data, model, loss, train"),
    ({"model": 3}, "model must be a JSON object", "3"),
    ({"model": None}, "must be a JSON object", "None"),
    ({"loss": {"code_l1": -1e-9}}, "loss.code_l1 must be at least 0", "-1e-09"),
    ({"loss": {"code_l1": math.nan}}, "loss.code_l1 must be a finite number", "nan"),
    ({"loss": {"code_l1": math.inf}}, "loss.code_l1 must be a finite number", "inf"),
    ({"loss": {"code_l1": 10**400}}, "loss.code_l1 must be a finite number", "inf"),
    ({"loss": {"code_l1": "0.1"}}, "loss.code_l1 must be a number", "'0.1'"),
    ({"loss": {"code_l1": True}}, "loss.code_l1 must be a number", "True"),
    ({"train": {"epochs": 0}}, "train.epochs must be from 1 to 100000", "not 0"),
    ({"train": {"batch_size": -1}}, "train.batch_size must be from 1", "not -1"),
    ({"train": {"learning_rate": 0}}, "train.learning_rate must be above 0", "not 0"),
    ({"train": {"learning_rate": -math.inf}}, "train.learning_rate must be a finite number", "-inf"),
    ({"train": {"seed": -1}}, "train.seed must be from 0", "not -1"),
    ({"train": {"seed": 2**32}}, "train.seed must be from 0 to 4294967295", str(2**32)),
    ({"train": {"shift": 1.5}}, "train.shift must be from 0 to 1", "not 1.5"),
    ({"train": {"shift": -0.5}}, "train.shift must be from 0 to 1", "not -0.5"),
    ({"train": {"momentum": 1.5}}, "train.momentum must be from 0 to 1", "1.5"),
    ({"data": {"validation_fraction": 0.6}}, "data.validation_fraction must be from 0 to 0.5", "0.6"),
    ({"data": {"split_seed": 2**70}}, "data.split_seed must be at most 2^53", str(2**70)),
    ({"data": {1: 2, "x": 3}}, "unknown field data.1", "name"),
]


@pytest.mark.parametrize(("values", "says", "and_says"), REFUSED)
def test_what_can_not_be_is_refused_in_one_sentence(values, says, and_says):
    with pytest.raises(ValueError) as caught:
        Config.from_dict(values)
    text = str(caught.value)
    assert says in text
    assert and_says in text
    assert "\n" not in text


@pytest.mark.parametrize("values", [None, 3, "post", [], [["model", {}]]])
def test_a_config_that_is_no_object_is_refused(values):
    with pytest.raises(ValueError, match="config must be a JSON object, not"):
        Config.from_dict(values)


@settings(max_examples=30)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_any_json_in_any_field_gives_a_config_or_a_sentence(value):
    for path in field_paths():
        section, name = path.split(".")
        # Anything but a ValueError would end the test.
        with contextlib.suppress(ValueError):
            Config.from_dict({section: {name: value}})


def test_dotted_paths_read_and_write_fields():
    config = Config().with_values({"model.latent_size": 8, "model.hidden": (64,), "train.seed": 5})
    assert (config.model.latent_size, config.model.hidden, config.train.seed) == (8, (64,), 5)
    assert config.loss == Config().loss
    assert config.get("model.latent_size") == 8
    assert Config().model.latent_size == 12
    for wrong in ("latent_size", "model.size", "model", "", "model.latent_size.x"):
        with pytest.raises(ValueError, match="there is no field"):
            config.get(wrong)
    # Checked as a whole: each of the two alone would break a rule.
    both = {"data.normalization": "zero_one", "model.output_activation": "sigmoid"}
    assert Config().with_values(both).get("data.normalization") == "zero_one"
    with pytest.raises(ValueError, match="tanh"):
        Config().with_values({"data.normalization": "zero_one"})


def test_configs_are_frozen_and_every_field_is_documented():
    import ast
    import inspect

    with pytest.raises(AttributeError):
        Config().model.latent_size = 3
    tree = ast.parse(inspect.getsource(module))
    for cls in (DataConfig, ModelConfig, LossConfig, TrainConfig):
        body = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == cls.__name__).body
        for name in kinds(cls):
            at = next(i for i, n in enumerate(body) if isinstance(n, ast.AnnAssign) and n.target.id == name)
            following = body[at + 1]
            assert isinstance(following, ast.Expr), f"{cls.__name__}.{name}"
            assert isinstance(following.value.value, str), f"{cls.__name__}.{name}"
