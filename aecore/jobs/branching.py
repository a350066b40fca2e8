"""Going back in a training without losing it: a branch is a new run that begins with another's weights.

It begins after one of the other's epochs, as if it were that training with other settings from there on: it
counts its epochs, and places itself in its schedule, from there, and takes over what was noted before. The
other run stays as it is, and may be deleted: the branch keeps the weights that it began with.

Weights are kept of the epochs that `train.keep_weights` names, the optimizer's moments of the last epoch
alone, since they are twice as large as the weights: a branch from an earlier epoch begins with new ones.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aecore import store
from aecore.access import writes
from aecore.config import Config, TrainConfig, field_paths
from aecore.events import course, settings_at
from aecore.files import StoreError
from aecore.jobs import control
from aecore.results import Origin
from aecore.store import RunInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor


def branch_epochs(info: RunInfo) -> list[int]:
    """Epochs after which the run's weights are to be had, in order; 0 stands for its initial weights."""
    epochs = set(store.kept_epochs(info.path))
    if info.origin is None:
        epochs.add(0)
    elif store.has_start(info.path):
        epochs.add(info.origin.epoch)
    if (last := _last_epoch(info)) is not None:
        epochs.add(last)
    return sorted(epochs)


def settings_after(info: RunInfo, epoch: int) -> Config:
    """The run's settings with what was in force when it went on from that epoch."""
    changes = [event for event in course(store.read_events(info.path)) if event.epoch <= epoch]
    return settings_at(info.config, changes)


def keeps_moments(info: RunInfo, epoch: int, config: Config) -> bool:
    """Whether a branch with that config goes on with the optimizer's moments instead of new ones."""
    return (
        store.state_position(info.path) == (epoch, 0)
        and store.read_failed(info.path) is None
        and _kind_of_moments(info.config.train) == _kind_of_moments(config.train)
    )


def require_branch(info: RunInfo, epoch: int, config: Config) -> None:
    """ValueError in one sentence where a branch of the run from that epoch can't have that config."""
    from aecore import data

    if epoch not in (there := branch_epochs(info)):
        raise StoreError(
            f"{info.name} has no weights of epoch {epoch}: there are those of {', '.join(map(str, there))} "
            "(train.keep_weights says which are kept)"
        )
    if config.train.epochs <= epoch:
        raise ValueError(
            f"train.epochs must be above {epoch}, the epoch that the branch begins after, "
            f"not {config.train.epochs}"
        )
    for field in ("model.init", "model.init_std"):
        if config.get(field) != info.config.get(field):
            raise ValueError(f"{field} does nothing in a branch, which begins with weights that are there")
    old, new = (_shapes(c, data.find(c.data.name).shape) for c in (info.config, config))
    if old != new:
        fields = [f for f in field_paths() if f.startswith(("model.", "data.name"))]
        changed = [f for f in fields if config.get(f) != info.config.get(f)]
        raise ValueError(
            f"a branch keeps the sizes of the network's weights, which another {changed[0]} changes: "
            "leave it as it is, or train a new network"
        )


@writes
def create_branch(
    info: RunInfo, epoch: int, config: Config, name: str = "", root: Path | None = None
) -> Path:
    """Makes a run with `config` that begins with the weights of `info` after that epoch, ready to be started.

    Raises ValueError in one sentence as `require_branch` does.
    """
    import torch

    require_branch(info, epoch, config)
    moments = keeps_moments(info, epoch, config)
    state = {f"model.{name}": t[None].clone() for name, t in _weights(info, epoch).items()}
    if moments:
        saved = store.load_state(info.path) or {}
        state |= {name: t for name, t in saved.items() if name.startswith("optimizer.")}
    seconds = sum(record.seconds for record in store.read_history(info.path) if record.epoch <= epoch)
    state["failed"] = torch.zeros(1, dtype=torch.int64)
    state["position"] = torch.tensor([epoch, 0])
    state["seconds"] = torch.tensor([seconds, 0.0], dtype=torch.float64)
    origin = Origin(info.key, info.name, info.config.hash, epoch, moments)
    same_network = info.config.data == config.data and info.config.model == config.model

    def fill(folder: Path) -> None:
        store.write_origin(folder, origin)
        store.save_start(folder, state)
        if epoch and same_network:
            same_batches = info.config.train.batch_size == config.train.batch_size
            store.copy_past(info.path, folder, epoch, looks=same_batches)

    where = f"from epoch {epoch}" if epoch else "from its initial weights"
    return store.create_run(config, name or f"{info.name}, {where}", root, fill)


@writes
def submit_branch(info: RunInfo, epoch: int, config: Config, name: str = "") -> Path:
    """Makes a branch and starts training it, as `jobs.submit` does for a new run."""
    control.require_admission(config)
    path = create_branch(info, epoch, config, name)
    control.start(path)
    return path


def find_origin(origin: Origin, root: Path | None = None) -> RunInfo | None:
    """The run that a branch comes from; None where it was deleted, or its folder holds another by now."""
    try:
        info = store.read_info(store.find_run(origin.run, root))
    except (StoreError, OSError):
        return None
    return info if info.config.hash == origin.hash else None


def _last_epoch(info: RunInfo) -> int | None:
    """The epoch that the last weights are of; None where there are none, or they are between two epochs."""
    if not info.has_weights:
        return None
    if info.result is not None:
        return info.result.epochs
    epoch, step = store.state_position(info.path) or (0, 1)
    return None if step else epoch


def _weights(info: RunInfo, epoch: int) -> Mapping[str, Tensor]:
    """The run's weights after an epoch of `branch_epochs`, by name."""
    if epoch in store.kept_epochs(info.path):
        return store.read_weights(info.path, epoch)
    if info.origin is not None and epoch == info.origin.epoch:
        return _of_model(store.load_start(info.path) or {})
    if not epoch:
        from aecore import data, models

        shape = data.find(info.config.data.name).shape
        return models.build(info.config.model, shape, info.config.train.seed).state_dict()
    # The state's and not the file of weights, which is written a moment later.
    if store.state_position(info.path) == (epoch, 0):
        return _of_model(store.load_state(info.path) or {})
    return store.read_weights(info.path)


def _of_model(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix("model."): t[0] for name, t in state.items() if name.startswith("model.")}


def _shapes(config: Config, shape: tuple[int, int, int]) -> dict[str, tuple[int, ...]]:

    from aecore import models

    return {name: tuple(t.shape) for name, t in models.outline(config.model, shape).state_dict().items()}


def _kind_of_moments(train: TrainConfig) -> str:
    if train.optimizer == "muon":
        return "muon"
    if train.optimizer != "sgd":
        return "adam"
    return "momentum" if train.momentum else "none"
