"""The form of a `Config`: one widget a field, drawn from the dataclasses' own types, defaults and docs.

`fill` puts a config into the form, `field` and its kin draw parts of it wherever a page wants them, and
`read` gives the config back or says in one sentence what is wrong. What was typed lives in the session
under `<page>_<section>_<field>` and stays there when it is refused and when the page is left.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from itertools import pairwise
from typing import Any, Literal, get_args, get_origin, get_type_hints

import streamlit as st

from aecore import config as config_module
from aecore import presets
from aecore.config import Config, field_paths
from aecore.presets import PENALTY_NAMES, PRESETS

LABELS = {
    "data.name": "Data set",
    "model.family": "Network",
    "model.latent_size": "Units in the code",
    "model.hidden": "Hidden layers",
    "model.channels": "Convolutions",
    "model.top_k": "Units kept (k)",
    "model.unit_norm": "Atoms of norm 1",
    "model.init": "Initial weights",
    "loss.reconstruction": "Reconstruction loss",
    "loss.warmup_delay": "Epochs without penalty",
    "loss.warmup_epochs": "Epochs of its rise",
} | {f"loss.{name}": f"Strength of {text}" for name, text in PENALTY_NAMES.items()}
"""Where the field's own name does not read well."""

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
    "xavier": "Xavier",
    "he": "He",
    "mse": "squared error (mse)",
    "bce": "binary cross-entropy",
    "mae": "absolute error (mae)",
    "adam": "Adam",
    "adamw": "AdamW",
    "sgd": "SGD",
    "cpu": "CPU",
    "cuda": "CUDA",
    "mps": "MPS (Apple)",
}
"""Words for choices whose name is an abbreviation."""

LATENT_SIZES = (
    *range(1, 33),
    *range(36, 65, 4),
    *range(72, 129, 8),
    *(160, 192, 256, 384, 512, 768, 1024, 2048, 4096),
)

STRENGTHS = {
    "code_l1": (1e-6, 1e-1, 1e-3),
    "code_l2": (1e-6, 1.0, 1e-3),
    "code_whole_batch_norm": (1e-6, 1e-2, 1e-5),
    "weight_l1": (1e-7, 1e-3, 1e-5),
    "weight_l2": (1e-7, 1e-2, 1e-5),
}
"""Lowest, highest and first strength of each penalty's slider."""

SHORT_PENALTIES = {
    "code_whole_batch_norm": "as in the post",
    "weight_l1": "weight L1",
    "weight_l2": "weight L2",
}
"""Penalties where there is little room."""

STEPS = {"train.learning_rate": 1e-4, "train.weight_decay": 0.01, "data.validation_fraction": 0.05}
"""What one click on + adds to a number that is not whole; 0.1 where not named."""

APPLIES: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "model.channels": lambda v: v["model.family"] == "conv",
    "model.unit_norm": lambda v: v["model.family"] == "dictionary",
    "model.threshold": lambda v: v["model.code_activation"] == "soft_threshold",
    "model.top_k": lambda v: v["model.code_activation"] == "top_k",
    "train.momentum": lambda v: v["train.optimizer"] == "sgd",
    "train.weight_decay": lambda v: v["train.optimizer"] == "adamw",
    "loss.warmup_delay": lambda v: any(v[f"loss.{name}"] for name in PENALTY_NAMES if "code" in name),
    "loss.warmup_epochs": lambda v: any(v[f"loss.{name}"] for name in PENALTY_NAMES if "code" in name),
}
"""Fields that do something only beside certain others; elsewhere they are hidden and keep their default."""


@cache
def field_docs() -> dict[str, str]:
    """The doc string under each dotted field in the dataclasses' source."""
    docs = {}
    for section, cls in get_type_hints(Config).items():
        body = ast.parse(inspect.getsource(getattr(config_module, cls.__name__))).body[0].body
        for statement, following in pairwise(body):
            if isinstance(statement, ast.AnnAssign) and isinstance(following, ast.Expr):
                docs[f"{section}.{statement.target.id}"] = inspect.cleandoc(following.value.value)
    return docs


def effective_fields(config: Config) -> list[str]:
    """The dotted fields that do something in this config."""
    values = {field: config.get(field) for field in field_paths()}
    return [field for field in values if field not in APPLIES or APPLIES[field](values)]


def label(field: str) -> str:
    """What a field is called on screen."""
    return LABELS.get(field) or field.split(".")[1].replace("_", " ").capitalize()


def in_words(sentence: str) -> str:
    """A config's sentence with the form's labels in place of dotted field names."""
    known = "|".join(re.escape(field) for field in sorted(field_paths(), key=len, reverse=True))
    sentence = re.sub(rf"\b({known})\b", lambda match: f"“{label(match[1])}”", sentence)
    return re.sub(r"\b(minus_one_one|zero_one)\b", lambda match: CHOICES[match[1]], sentence)


def key(page: str, field: str) -> str:
    """Session key of a field's widget."""
    return f"{page}_{field.replace('.', '_')}"


def fill(page: str, config: Config) -> None:
    """Puts a config into the form; call it in a callback, or before the form is drawn."""
    st.session_state[f"{page}_filled"] = config
    named = presets.architecture(config.model)
    kin = {"mlp": "post"}.get(config.model.family, config.model.family)
    st.session_state[f"{page}_preset"] = named if named in PRESETS else kin
    st.session_state[f"{page}_penalties"] = list(presets.penalties(config.loss))
    for field in field_paths():
        value = config.get(field)
        if isinstance(value, tuple):
            value = ", ".join(map(str, value))
        elif (name := field.split(".")[1]) in STRENGTHS:
            value = value or STRENGTHS[name][2]
        st.session_state[key(page, field)] = value


def begin(page: str, config: Config | None = None) -> None:
    """Fills the form on a session's first visit: with `config`, or with the first preset."""
    if f"{page}_filled" not in st.session_state:
        fill(page, config or next(iter(PRESETS.values())))


def read(page: str) -> Config:
    """The config in the form; ValueError in one sentence, in the form's own words."""
    try:
        values = _values(page)
        for field, applies in APPLIES.items():
            if not applies(values):
                values[field] = Config().get(field)
        return Config().with_values(values)
    except ValueError as error:
        raise ValueError(in_words(str(error))) from error


def changes(page: str, config: Config) -> str:
    """How a config differs from the chosen preset, the data set aside: `units in the code 8, not 12`."""
    preset = PRESETS[st.session_state[f"{page}_preset"]]
    return ", ".join(
        f"{label(field).lower()} {show(config.get(field))}, not {show(preset.get(field))}"
        for field in field_paths()
        if field != "data.name" and config.get(field) != preset.get(field)
    )


def draw_preset(page: str) -> None:
    """The choice of a preset. Another one resets every field but the data set."""
    st.segmented_control(
        "Start from",
        list(PRESETS),
        key=f"{page}_preset",
        required=True,
        persist_state="session",
        on_change=reset,
        args=(page,),
        help="post: the post's own network, 784-128-64-12. hinton: Hinton & Salakhutdinov's sizes, 30 units. "
        "conv: the convolutional recipe. dictionary: sparse codes over linear atoms. "
        "A choice resets every setting below.",
    )


def reset(page: str) -> None:
    """Sets every field but the data set to the chosen preset's value."""
    chosen = PRESETS[st.session_state[f"{page}_preset"]]
    name = st.session_state.get(key(page, "data.name"), chosen.data.name)
    fill(page, chosen.with_values({"data.name": name}))


def draw_fields(page: str, fields: Iterable[str], columns: int = 1) -> None:
    """Draws those of the fields that do something beside the form's other values, in columns."""
    shown = [field for field in fields if _applies(page, field)]
    places = st.columns(columns)
    for number, field in enumerate(shown):
        with places[number % columns]:
            draw_field(page, field)


def draw_field(page: str, field: str) -> None:
    """Draws a field's widget: its type decides which, its doc string is the tooltip."""
    kind = field_paths()[field]
    if field == "data.name":
        return _data_name(page, field)
    common = {"key": key(page, field), "help": field_docs().get(field), "persist_state": "session"}
    if field == "model.family":
        common |= {"on_change": _family_changed, "args": (page,)}
        st.segmented_control(label(field), get_args(kind), format_func=show, required=True, **common)
    elif field == "model.latent_size":
        st.select_slider(label(field), _with_filled(page, field, LATENT_SIZES), **common)
    elif get_origin(kind) is Literal:
        st.selectbox(label(field), get_args(kind), format_func=show, **common)
    elif get_origin(kind) is tuple:
        st.text_input(label(field), placeholder="none", **common)
    elif kind is bool:
        st.toggle(label(field), **common)
    elif kind is int:
        st.number_input(label(field), value=None, step=1, **common)
    else:
        st.number_input(label(field), value=None, step=STEPS.get(field, 0.1), format="%g", **common)
    return None


def draw_penalties(page: str) -> None:
    """The choice of penalties, any number of them, and a logarithmic slider for the strength of each."""
    chosen = st.pills(
        "Penalty",
        list(PENALTY_NAMES),
        selection_mode="multi",
        format_func=lambda name: SHORT_PENALTIES.get(name, PENALTY_NAMES[name]),
        wrap=True,
        key=f"{page}_penalties",
        persist_state="session",
        help="What is added to the reconstruction loss; none chosen means reconstruction alone.",
    )
    for name in chosen:
        field = f"loss.{name}"
        low, high, start = STRENGTHS[name]
        st.select_slider(
            label(field),
            _with_filled(page, field, (*_decades(low, high), start)),
            format_func=show,
            key=key(page, field),
            persist_state="session",
            help=field_docs()[field],
        )


def _data_name(page: str, field: str) -> None:
    from aecore.data import DATASETS

    def name(value: str) -> str:
        dataset = DATASETS[value]
        return dataset.title if dataset.is_ready() else f"{dataset.title} (not on this machine yet)"

    st.selectbox(
        label(field),
        get_args(field_paths()[field]),
        format_func=name,
        key=key(page, field),
        persist_state="session",
        help="The images the network learns to squeeze and rebuild.",
    )


def _family_changed(page: str) -> None:
    """A dictionary's output is linear; a family's usual layers come with it."""
    family = st.session_state[key(page, "model.family")]
    if family == "dictionary":
        st.session_state[key(page, "model.output_activation")] = "linear"


def _values(page: str) -> dict[str, Any]:
    """The fields' values as typed, widths parsed, penalties that are not chosen at 0."""
    values = {}
    chosen = st.session_state[f"{page}_penalties"]
    for field, kind in field_paths().items():
        value = st.session_state[key(page, field)]
        if field.split(".")[1] in STRENGTHS and field.split(".")[1] not in chosen:
            value = 0.0
        elif get_origin(kind) is tuple:
            value = _widths(field, value)
        if value is None:
            raise ValueError(f"{field} is empty: it needs a number")
        values[field] = value
    return values


def _widths(field: str, text: str) -> tuple[int, ...]:
    """`128, 64` as (128, 64); any of comma, space and hyphen parts the numbers."""
    words = re.split(r"[\s,;-]+", text.strip(" \t,;-"))
    widths = [word for word in words if word]
    for word in widths:
        if not re.fullmatch(r"[0-9]{1,9}", word):
            raise ValueError(
                f"{field} takes whole numbers with commas between, such as 128, 64, not {word!r}"
            )
    return tuple(int(word) for word in widths)


def _applies(page: str, field: str) -> bool:
    if field not in APPLIES:
        return True
    values = {p: st.session_state[key(page, p)] for p in field_paths()}
    chosen = st.session_state[f"{page}_penalties"]
    return APPLIES[field](values | {f"loss.{name}": float(name in chosen) for name in STRENGTHS})


def _with_filled(page: str, field: str, grid: Iterable[float]) -> list[float]:
    """The slider's stops, and the value that was filled in where it lies between them."""
    filled = st.session_state[f"{page}_filled"].get(field)
    return sorted({*grid, filled} - {0.0})


def _decades(low: float, high: float) -> list[float]:
    """1, 2 and 5 times each power of ten from low to high."""
    stops = [float(f"{digit}e{power}") for power in range(-9, 2) for digit in (1, 2, 5)]
    return [stop for stop in stops if low <= stop <= high]


def show(value: object) -> str:
    """A field's value as people read it."""
    if isinstance(value, tuple):
        return "-".join(map(str, value)) or "none"
    if isinstance(value, float):
        return f"{value:.4g}"
    return CHOICES.get(value, value.replace("_", " ")) if isinstance(value, str) else str(value)
