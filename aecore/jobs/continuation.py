"""Training a grid's member further: a run of its own that goes on from the member's last step."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

from torch import Tensor

from aecore import models, store
from aecore.config import Config
from aecore.files import StoreError
from aecore.grid import axis_text, axis_title, rate_key
from aecore.store import GridInfo, stack_path
from aecore.training.loop import part


def continue_member(path: Path, k: int, epochs: int, name: str = "") -> Path:
    """Makes a run, beside the grid in `path`, of member k with `epochs` epochs more, ready to be started.

    The run takes over the member's weights, optimizer state and history: with a constant learning rate it
    goes on as if the member had been given that many epochs from the start. StoreError in one sentence
    where the member is not done or its optimizer's state is not there.
    """
    info = store.read_grid(path)
    if not 0 <= k < len(info.grid.members):
        raise StoreError(f"{info.name} has no member {k}")
    if epochs < 1:
        raise StoreError(f"the number of epochs to go on must be at least 1, not {epochs}")
    config, source = info.grid.members[k], path / str(k)
    state = member_state(info, k)
    done = int(state["position"][0])
    longer = config.with_values({"train.epochs": done + epochs})
    position = info.grid.position_of(k)
    axes = ", ".join(f"{axis_title(n)} {axis_text(n, v)}" for n, v in position.items())
    target = store.create_run(longer, name or f"{info.name}: {axes}, {epochs} epochs more", path.parent)
    for file in (store.WEIGHTS, store.HISTORY):
        shutil.copy2(source / file, target / file)
    store.save_state(target, state)
    return target


def member_state(info: GridInfo, k: int) -> dict[str, Tensor]:
    """What a training of member k alone would save now, cut out of the state of its stack."""
    stacks = store.read_stacks(info.path)
    s = next((s for s, members in enumerate(stacks) if k in members), None)
    state = store.load_state(stack_path(info.path, s)) if s is not None else None
    if state is None:
        raise StoreError(
            f"member {k} has no optimizer state (a shipped grid comes without), so it can't be trained "
            "further; train its settings anew, with more epochs"
        )
    members = stacks[s]
    if (info.path / str(k) / store.FAILED).exists():
        raise StoreError(f"the loss of member {k} was no longer finite, so there is nothing to go on with")
    if int(state["position"][1]):
        raise StoreError(f"member {k} stands in the middle of an epoch: let its grid come to its end first")
    if len(members) == 1:
        # It was trained as a run is, and so is its state.
        return state
    return cut_state(state, [info.grid.members[i] for i in members], members.index(k), _shapes(info, k))


def cut_state(
    state: Mapping[str, Tensor], configs: Sequence[Config], i: int, shapes: Mapping[str, Sequence[int]]
) -> dict[str, Tensor]:
    """Member i's part of a stack's state, by the names of a single training; `shapes` are its weights' own.

    Members with equal rates share an optimizer, whose moments have those members along the first axis.
    """
    cut = {name: state[name].clone() for name in ("position", "seconds")}
    # A stack's time is that of all its members.
    cut["seconds"] = cut["seconds"] / len(configs)
    for name, shape in shapes.items():
        cut[f"model.{name}"] = _corner(state[f"model.{name}"][i], shape)
    start = 0
    for block, (_, group) in enumerate(groupby(configs, key=rate_key)):
        count = len(list(group))
        if start <= i < start + count:
            for name, shape in shapes.items():
                for key, value in part(state, f"optimizer.{block}.{name}.").items():
                    cut[f"optimizer.{name}.{key}"] = _corner(value[i - start], shape)
            cut["optimizer.steps"] = state[f"optimizer.{block}.steps"].clone()
        start += count
    return cut


def _shapes(info: GridInfo, k: int) -> dict[str, Sequence[int]]:
    run = store.load_run(info.path / str(k))
    return {name: p.shape for name, p in models.build(run.config.model, run.shape).named_parameters()}


def _corner(tensor: Tensor, shape: Sequence[int]) -> Tensor:
    return tensor[tuple(slice(0, n) for n in shape)].contiguous().clone()
