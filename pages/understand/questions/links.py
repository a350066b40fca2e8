"""Where an entry leads: to a page that is set up for trying it out. Each opens in a button's callback."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from aecore.analysis import selection
from aecore.config import Config
from aecore.grid import Grid
from pages.shared import settings_form, state, trained_grids
from pages.shared.leaving import leave_for
from pages.understand.questions import material


@dataclass(frozen=True)
class Link(ABC):
    """A way on."""

    label: str
    icon: str

    @abstractmethod
    def follow(self) -> None:
        """Leaves for the page."""

    def draw(self) -> None:
        icon = f":material/{self.icon}:"
        st.button(self.label, key="questions_link", type="primary", icon=icon, on_click=self.follow)


@dataclass(frozen=True)
class Visit(Link):
    """A page with what stands in its URL, and with the run that the pictures here are made from."""

    page: str
    query: Mapping[str, str] = field(default_factory=dict)

    def follow(self) -> None:
        subject = material.subject()
        leave_for(self.page, {**({} if subject is None else {state.RUN: subject.key}), **self.query})


@dataclass(frozen=True)
class Models(Link):
    """The Choose page on a grid, its sliders at a member; New grid with its settings where it is not here."""

    grid: Grid
    at: Mapping[str, Any] = field(default_factory=dict)
    """Values on some of the axes; on the others the first ones."""

    def follow(self) -> None:
        info = trained_grids.find(self.grid)
        if info is None:
            open_new_grid(self.grid.base, self.grid.axes)
            return
        position = next(p for p in self.grid.positions if self.at.items() <= p.items())
        place = selection.place_of(self.grid, self.grid.members.index(self.grid.config_at(position)))
        # The Choose page reads a link once a session; this is another one.
        for name in ("_choose_linked_grid", "_choose_linked_place"):
            st.session_state.pop(name, None)
        leave_for(state.CHOOSE_PAGE, {"grid": info.key, "at": "-".join(map(str, place))})


@dataclass(frozen=True)
class TrainWith(Link):
    """The Train page with these settings in its form."""

    config: Config

    def follow(self) -> None:
        settings_form.fill("train", self.config)
        leave_for(state.TRAIN_PAGE)


@dataclass(frozen=True)
class NewGrid(Link):
    """The New grid page with these settings and axes in its form."""

    base: Config
    axes: Mapping[str, Sequence[Any]]

    def follow(self) -> None:
        open_new_grid(self.base, self.axes)


def open_new_grid(base: Config, axes: Mapping[str, Sequence[Any]]) -> None:
    st.session_state["_new_grid_from"] = base, axes
    leave_for(state.NEW_GRID_PAGE)
