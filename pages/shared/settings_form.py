"""The form of a `Config`: one widget a field, drawn from the dataclasses' own types, defaults and docs.

`fill` puts a config into the form, `field` and its kin draw parts of it wherever a page wants them, and
`read` gives the config back or says in one sentence what is wrong. What was typed lives in the session
under `<page>_<section>_<field>` and stays there when it is refused and when the page is left.
"""

from __future__ import annotations

import ast
import inspect
import math
import re
from collections.abc import Iterable, Mapping
from functools import cache, partial
from itertools import pairwise
from typing import Any, Literal, NamedTuple, get_args, get_origin

import streamlit as st

from aecore import config as config_module
from aecore import presets
from aecore.config import PENALTIES, Config, field_paths
from aecore.presets import PRESETS
from aecore.records import kinds
from aecore.settings import APPLIES, CHOICES, applies, label, show
from pages.shared import data_cards
from pages.shared.plain import plain
from pages.shared.settings_table import LATENT_SIZES, setting


class Branch(NamedTuple):
    """Weights to begin with: those of a run after one of its epochs."""

    run: str
    """The run's key."""
    epoch: int


TRAIN = "train"
"""Prefix of the session keys of the Train page's form."""


@cache
def field_docs() -> dict[str, str]:
    """The doc string under each dotted field in the dataclasses' source."""
    docs = {}
    for section, cls in kinds(Config).items():
        body = ast.parse(inspect.getsource(getattr(config_module, cls.__name__))).body[0].body
        for statement, following in pairwise(body):
            if isinstance(statement, ast.AnnAssign) and isinstance(following, ast.Expr):
                docs[f"{section}.{statement.target.id}"] = inspect.cleandoc(following.value.value)
    return docs


def in_words(sentence: str) -> str:
    """A config's sentence with the form's labels in place of dotted field names."""
    sentence = re.sub(r"\bmlp\b", CHOICES["mlp"], sentence)
    known = "|".join(re.escape(field) for field in sorted(field_paths(), key=len, reverse=True))
    sentence = re.sub(rf"\b({known})\b", lambda match: f"“{label(match[1])}”", sentence)
    return re.sub(r"\b(minus_one_one|zero_one)\b", lambda match: CHOICES[match[1]], sentence)


def key(page: str, field: str) -> str:
    """Session key of a field's widget."""
    return f"{page}_{field.replace('.', '_')}"


def fill(page: str, config: Config, branch: Branch | None = None) -> None:
    """Puts a config into the form; call it in a callback, or before the form is drawn.

    What is started then begins with the weights that `branch` names, without with new ones.
    """
    st.session_state[f"{page}_filled"] = config
    st.session_state[f"{page}_branch"] = branch
    kin = "vae" if config.model.variational else {"mlp": "post"}.get(config.model.family, config.model.family)
    st.session_state[f"{page}_preset"] = presets.preset_of(config) or kin
    st.session_state[f"{page}_penalties"] = list(config.loss.penalties)
    for field in field_paths():
        value = config.get(field)
        if isinstance(value, tuple):
            value = ", ".join(map(str, value))
        elif (name := field.split(".")[1]) in PENALTIES:
            value = value or PENALTIES[name].strengths[2]
        st.session_state[key(page, field)] = value
    _follow_widths(page)


def typed(page: str) -> dict[str, Any]:
    """What stands in the form's fields for words and numbers, as it was typed."""
    fields = (field for field in field_paths() if _is_typed(field) and key(page, field) in st.session_state)
    return {field: st.session_state[key(page, field)] for field in fields}


def put_typed(page: str, values: Mapping[str, Any]) -> None:
    """Puts what `typed` gave into the form that has been filled; from outside it may hold anything."""
    for field, value in values.items():
        if field not in field_paths() or not _is_typed(field):
            continue
        now = st.session_state.get(key(page, field))
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        if isinstance(value, str) and isinstance(now, str) and len(value) <= MOST_TYPED:
            st.session_state[key(page, field)] = value
        elif number and isinstance(now, (int, float)) and abs(value) < MOST_NUMBER:
            # A field for whole numbers takes no others.
            st.session_state[key(page, field)] = type(now)(value)


MOST_TYPED = 500
"""Characters of a field."""
MOST_NUMBER = 1e15
"""Larger ones a browser's field doesn't take."""


def _is_typed(field: str) -> bool:
    """Whether a field is one for words or numbers, and no choice of a list."""
    section, name = field.split(".")
    kind = kinds(kinds(Config)[section])[name]
    return kind in (int, float) or get_origin(kind) is tuple


def is_filled(page: str) -> bool:
    """Whether the form has been filled in this session."""
    return f"{page}_filled" in st.session_state


def begin(page: str, config: Config | None = None) -> None:
    """Fills the form on a session's first visit: with `config`, or with the first preset."""
    if not is_filled(page):
        fill(page, config or next(iter(PRESETS.values())))


def branch_of(page: str) -> Branch | None:
    """The weights that what is in the form begins with; None: new ones."""
    return st.session_state.get(f"{page}_branch")


def leave_branch(page: str) -> None:
    """Lets what is in the form begin with new weights; for a button."""
    st.session_state[f"{page}_branch"] = None


def read(page: str) -> Config:
    """The config in the form; ValueError in one sentence, in the form's own words."""
    try:
        values = _values(page)
        for field in APPLIES:
            if not applies(field, values):
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
        wrap=True,
        persist_state="session",
        on_change=reset,
        args=(page,),
        help="Networks and recipes to start from. A choice resets every setting below.",
    )
    st.caption(presets.DESCRIPTIONS[st.session_state[f"{page}_preset"]])


def reset(page: str) -> None:
    """Sets every field but the data set to the chosen preset's value."""
    chosen = PRESETS[st.session_state[f"{page}_preset"]]
    name = st.session_state.get(key(page, "data.name"), chosen.data.name)
    fill(page, _fitting(chosen.with_values({"data.name": name})))


def _fitting(config: Config) -> Config:
    """A preset with the convolutions that the size of its images asks for."""
    from aecore.data import find

    try:
        return presets.adapted(config, find(config.data.name).shape)
    except ValueError:
        return config


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
    common = {
        "key": key(page, field),
        "help": in_words(field_docs().get(field, "")),
        "persist_state": "session",
    }
    if field == "model.family":
        common |= {"on_change": _family_changed, "args": (page,)}
        st.segmented_control(label(field), get_args(kind), format_func=show, required=True, **common)
    elif field == "model.latent_size":
        st.select_slider(label(field), _with_filled(page, field, LATENT_SIZES), **common)
    elif get_origin(kind) is Literal:
        st.selectbox(label(field), get_args(kind), format_func=show, **common)
    elif get_origin(kind) is tuple:
        if field == "model.hidden":
            common |= {"on_change": _follow_widths, "args": (page,)}
        st.text_input(label(field), placeholder="none", **common)
    elif kind is bool:
        st.toggle(label(field), **common)
    elif kind is int:
        st.number_input(label(field), value=None, step=1, **common)
    else:
        st.number_input(label(field), value=None, step=setting(field).step, format="%g", **common)
    return None


def draw_depth(page: str) -> None:
    """The number of hidden layers a side and how their widths run: either fills the list of widths anew."""
    depth, course = st.columns(2)
    common = {"on_change": _fill_widths, "args": (page,), "persist_state": "session"}
    depth.slider(
        "Depth",
        0,
        presets.MAX_DEPTH,
        key=f"{page}_depth",
        help="Hidden layers a side. Moving it fills the list of hidden layers, which can be edited.",
        **common,
    )
    course.segmented_control(
        "Widths",
        ["constant", "tapered"],
        key=f"{page}_widths",
        required=True,
        help="constant: all as wide as the first. tapered: each narrower than the one before by the same "
        "factor, down to the code.",
        **common,
    )


def _fill_widths(page: str) -> None:
    """Fills the list of hidden layers from the depth; the first keeps its width."""
    try:
        widths = _widths("model.hidden", st.session_state[key(page, "model.hidden")])
    except ValueError:
        widths = ()
    width = max(1, (widths or Config().model.hidden)[0])
    code = st.session_state[key(page, "model.latent_size")]
    tapered = st.session_state[f"{page}_widths"] == "tapered"
    filled = presets.hidden_widths(st.session_state[f"{page}_depth"], width, code if tapered else None)
    st.session_state[key(page, "model.hidden")] = ", ".join(map(str, filled))


def _follow_widths(page: str) -> None:
    """Shows the depth of the list as it was typed or filled in."""
    try:
        widths = _widths("model.hidden", st.session_state[key(page, "model.hidden")])
    except ValueError:
        return
    st.session_state[f"{page}_depth"] = min(len(widths), presets.MAX_DEPTH)
    st.session_state[f"{page}_widths"] = "tapered" if len(set(widths)) > 1 else "constant"


def draw_penalties(page: str) -> None:
    """The choice of penalties, any number of them, and a logarithmic slider for the strength of each."""
    chosen = st.pills(
        "Penalty",
        list(PENALTIES),
        selection_mode="multi",
        format_func=lambda name: PENALTIES[name].short,
        wrap=True,
        key=f"{page}_penalties",
        persist_state="session",
        help="What is added to the reconstruction loss; none chosen means reconstruction alone.",
    )
    for name in chosen:
        field = f"loss.{name}"
        low, high, start = PENALTIES[name].strengths
        st.select_slider(
            label(field),
            _with_filled(page, field, (*_decades(low, high), start)),
            format_func=show,
            key=key(page, field),
            persist_state="session",
            help=field_docs()[field],
        )


def _data_name(page: str, field: str) -> None:
    from aecore.data import datasets
    from aecore.own.sets import is_in_trash

    there = datasets()

    def name(value: str) -> str:
        dataset = there[value]
        return dataset.title if dataset.is_ready() else f"{dataset.title} (not on this machine yet)"

    if (wanted := st.session_state[key(page, field)]) not in there:
        where, back = "not on this machine", "make the set again"
        if is_in_trash(wanted):
            where, back = "in the trash", "put them back on the page Your images"
        st.warning(f"The images {plain(wanted)} are {where}; choose others, or {back}.")
        st.session_state[key(page, field)] = Config().data.name
    st.selectbox(
        label(field),
        list(there),
        format_func=name,
        key=key(page, field),
        on_change=_data_changed,
        args=(page,),
        persist_state="session",
        help="The images the network learns to squeeze and rebuild.",
    )
    data_cards.draw_button(page, st.session_state[key(page, field)], partial(_choose_data, page))


def _choose_data(page: str, name: str) -> None:
    st.session_state[key(page, "data.name")] = name
    _data_changed(page)


def _data_changed(page: str) -> None:
    """Convolutions that were chosen by the images' size follow another size."""
    from aecore.data import find

    try:
        channels = _widths("model.channels", st.session_state[key(page, "model.channels")])
        shape = find(st.session_state[key(page, "data.name")]).shape
    except ValueError:
        return
    if channels in {presets.channels_for((1, side, side)) for side in (28, 64, 128, 256)}:
        fitting = presets.channels_for(shape)
        st.session_state[key(page, "model.channels")] = ", ".join(map(str, fitting))


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
        if field.split(".")[1] in PENALTIES and field.split(".")[1] not in chosen:
            value = 0.0
        elif get_origin(kind) is tuple:
            value = _widths(field, value)
        if value is None:
            raise ValueError(f"{field} is empty: it needs a number")
        values[field] = value
    return values


def _widths(field: str, text: str) -> tuple[int, ...]:
    """`128, 64` as (128, 64); commas, spaces and hyphens between numbers part them."""
    words = re.split(r"\s*[,;]\s*|(?<=[0-9])\s*-\s+|(?<=[0-9])-(?=[0-9])|\s+", text.strip(" \t,;"))
    widths = [word for word in words if word]
    for word in widths:
        if not re.fullmatch(r"[0-9]{1,9}", word):
            raise ValueError(
                f"{field} takes whole numbers with commas between, such as 128, 64, not {word!r}"
            )
    return tuple(int(word) for word in widths)


def _applies(page: str, field: str) -> bool:
    values = {p: st.session_state[key(page, p)] for p in field_paths()}
    chosen = st.session_state[f"{page}_penalties"]
    strengths = {f"loss.{name}": float(name in chosen) for name in PENALTIES}
    return applies(field, values | strengths)


def _with_filled(page: str, field: str, grid: Iterable[float]) -> list[float]:
    """The slider's stops, and the value that was filled in where it lies between them."""
    filled = st.session_state[f"{page}_filled"].get(field)
    return sorted({*grid, filled} - {0.0})


def _decades(low: float, high: float) -> list[float]:
    """1, 2 and 5 times each power of ten from low to high."""
    stops = [float(f"{digit}e{power}") for power in range(-9, 2) for digit in (1, 2, 5)]
    return [stop for stop in stops if low <= stop <= high]
