"""Training a grid's member further: a run of its own that goes on from the member's last step."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from aecore import models, store
from aecore.access import writes
from aecore.files import StoreError
from aecore.jobs import control
from aecore.store import GridInfo
from aecore.training.loop import cut_state


@writes
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
    state = member_state(info, k)
    done = int(state["position"][0])
    longer = info.grid.members[k].with_values({"train.epochs": done + epochs})
    control.require_admission(longer)
    title = name or f"{info.member_title(k)}, {epochs} epochs more"
    target = store.create_run(longer, title, store.root_beside(path))
    store.copy_run_files(info.member_path(k), target, result=False, state=False)
    store.save_state(target, state)
    return target


def member_state(info: GridInfo, k: int) -> dict[str, Tensor]:
    """What a training of member k alone would save now, cut out of the state of its stack."""
    stacks = store.read_stacks(info.path)
    s = next((s for s, members in enumerate(stacks) if k in members), None)
    state = store.load_state(store.stack_path(info.path, s)) if s is not None else None
    if s is None or state is None:
        raise StoreError(
            f"member {k} has no optimizer state (a shipped grid comes without), so it can't be trained "
            "further; train its settings anew, with more epochs"
        )
    if store.read_failed(info.member_path(k)) is not None:
        raise StoreError(f"the loss of member {k} was no longer finite, so there is nothing to go on with")
    if int(state["position"][1]):
        raise StoreError(f"member {k} stands in the middle of an epoch: let its grid come to its end first")
    run = store.load_run(info.member_path(k))
    shapes = {name: t.shape for name, t in models.build(run.config.model, run.shape).state_dict().items()}
    return cut_state(state, stacks[s].index(k), shapes)
