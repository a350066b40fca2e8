"""What a training leaves behind, as typed records: its progress, its history, its result, a grid's table.

Torch-free. `aecore.store` reads and writes them; every field that is read here is one that a training
writes. Files of earlier versions lack some fields, which then take their default.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from aecore.records import Record, kinds

Status = Literal["queued", "running", "paused", "stopped", "failed", "finished"]


@dataclass(frozen=True)
class Holder(Record):
    """The training that has a device, as it says itself to whoever waits."""

    run: str
    """What people see as the name of its run or grid."""
    root: str
    """The folder that its run or grid lies in."""
    since: float
    """In seconds since 1970."""
    pid: int
    process_started: float
    """As in `Progress`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        # Up to the year 9999, which every clock can tell.
        self.check_range("since", 0, 253e9)

    @property
    def text(self) -> str:
        """`post · digits has been training since 14:03, in /home/ada/checkpoints`, in local time."""
        since, today = time.localtime(self.since), time.localtime()
        day = "" if since[:3] == today[:3] else "%Y-%m-%d "
        return f"{self.run} has been training since {time.strftime(f'{day}%H:%M', since)}, in {self.root}"


@dataclass(frozen=True)
class Progress(Record):
    """What a training process has said of itself last; renewed several times a second while it works."""

    status: Status | None = None
    """None where no process has been at work."""
    message: str = ""
    """Why it failed, in one sentence; while it is queued, that nobody knows who has the device."""
    waits_for: Holder | None = None
    """Who has the device, while it is queued."""
    pid: int | None = None
    process_started: float | None = None
    """When the process with that pid started, as `jobs.process_start` tells it: pids are given again."""
    submitted: float = 0.0
    """When it was asked for, in seconds since 1970: the order of the queue."""
    heartbeat: float = 0.0
    """When this was written, in seconds since 1970."""
    threads: int | None = None
    device: str = ""
    epoch: int = 0
    """Epochs that are done."""
    epochs: int = 0
    """Epochs in all."""
    step: int = 0
    """Steps of the current epoch that are done."""
    steps: int = 0
    """Steps in an epoch."""
    images_per_second: float = 0.0
    fraction: float = 0.0
    """Part of the whole training that is done, from 0 to 1."""
    seconds_left: float | None = None
    members_done: int = 0
    """Members of a grid that have their result."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("epoch", "epochs", "step", "steps", "members_done"):
            self.check_range(name, 0)


@dataclass(frozen=True)
class Origin(Record):
    """Where a branch has its first weights from: another run, which may be gone since."""

    run: str
    """Its folder's name, or `<grid>/<k>`."""
    name: str
    """What people saw as its name then."""
    hash: str
    """Of its config, which tells whether a folder of that name still holds that run."""
    epoch: int
    """Epoch after which its weights were taken; 0: its initial weights."""
    moments: bool = False
    """Whether the optimizer's moments came along; else they began anew."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_range("epoch", 0)

    @property
    def text(self) -> str:
        """`post · digits, epoch 3`."""
        return f"{self.name}, epoch {self.epoch}" if self.epoch else f"{self.name}, its initial weights"


@dataclass(frozen=True)
class EpochRecord(Record):
    """One line of a run's history."""

    epoch: int
    """Number of passes finished, from 1."""
    train: Mapping[str, float]
    """`loss`, its terms by name and `squared_error`, averaged over the epoch while weights moved; of the
    images as the network saw them, shifted and corrupted. A variational network's are of one draw from each
    posterior: `reconstruction` (-log p(x|z)), `kl` and `elbo` (minus their sum) in nats an image."""
    validation: Mapping[str, float]
    """The same over the validation images after the epoch, clean; empty where there are none. A denoising
    network has its `denoised_squared_error` beside it, of these images corrupted. A variational one has its
    `active_units`, and its `squared_error` is that of the mean codes."""
    learning_rate: float
    """At the epoch's last step."""
    images_per_second: float
    seconds: float

    @property
    def squared_error(self) -> float:
        """Squared error per image on the validation images, or on the training images without them."""
        return (self.validation or self.train)["squared_error"]

    def __post_init__(self) -> None:
        super().__post_init__()
        for values in (self.train, self.validation):
            if values and "squared_error" not in values:
                raise ValueError("an epoch's figures must hold a squared_error")
        if not self.train:
            raise ValueError("train must hold figures")


@dataclass(frozen=True)
class Bound(Record):
    """The evidence lower bound of a variational network, with its two terms, in nats: means over images."""

    elbo: float
    """-(`reconstruction` + `kl`), at most the mean log-likelihood of an image."""
    reconstruction: float
    """-log p(x | z) at one draw z from each image's posterior."""
    kl: float
    """KL divergence of the posterior from the prior N(0, I)."""

    def __str__(self) -> str:
        return f"ELBO {self.elbo:.2f} nats (reconstruction {self.reconstruction:.2f}, KL {self.kl:.2f})"


@dataclass(frozen=True)
class Score(Record):
    """How good reconstructions of the test images are, with pixels in [0, 1].

    A variational network's are those of its mean codes; its `elbo` with the two terms stands beside them.
    """

    squared_error: float
    """Sum over the pixels of an image, mean over images."""
    mse: float
    """Mean over pixels and images."""
    pca_squared_error: float | None = None
    """Squared error of PCA with as many components as the code has units."""
    elbo: float | None = None
    """This and the next two as in `Bound`; None for a network that is not variational."""
    reconstruction: float | None = None
    kl: float | None = None

    @property
    def bound(self) -> Bound | None:
        """What a variational network's score holds of its bound."""
        if self.elbo is None or self.reconstruction is None or self.kl is None:
            return None
        return Bound(self.elbo, self.reconstruction, self.kl)

    @property
    def psnr(self) -> float:
        """Peak signal-to-noise ratio, 10 log10(1 / mse), in decibels."""
        return 10 * math.log10(1 / self.mse) if self.mse > 0 else math.inf

    def to_dict(self) -> dict[str, Any]:
        values = super().to_dict()
        if self.bound is None:
            values = {name: v for name, v in values.items() if name not in kinds(Bound)}
        return {**values, "psnr": self.psnr if math.isfinite(self.psnr) else None}


@dataclass(frozen=True)
class CodeSparsity(Record):
    """How sparse the codes of a set of images are. Shares are from 0 to 1."""

    images: int
    """Number of images."""
    units: int
    """Number of units, `latent_size`."""
    exact_zeros: float
    """Share of values that are exactly zero, over all units."""
    exact_zeros_alive: float | None
    """The same over alive units (ever non-zero); None where no unit is alive."""
    near_zeros: float
    """Share of values with |z_ij| <= .05 max_i |z_ij|, exact zeros included."""
    hoyer: float | None
    """Hoyer's measure, mean over images with a non-zero code; None where it is not defined."""
    active_units: float
    """Non-zero units per image, mean over images."""
    alive_units: int
    """Units that are non-zero for at least one image."""
    dead_units: int
    """Units whose standard deviation is at most .01 of the largest unit's."""
    mean_absolute: float
    """Mean |z_ij|; read it beside the norm of the decoder's columns."""

    @property
    def active_alive_units(self) -> float:
        """Non-zero units per image, dead ones left out."""
        return min(self.active_units, self.units - self.dead_units)


@dataclass(frozen=True)
class Figures(CodeSparsity):
    """All by which networks are compared, on the test images where nothing else is said."""

    squared_error: float
    """Sum over the pixels of an image, mean over images."""
    column_norm: float
    """Mean Euclidean norm of the columns of the decoder's first layer, one column a unit."""
    used_units: int | None = None
    """Units without which the squared error rises; this and the next are None where there is no network."""
    weight_zeros: float | None = None
    """Share of the weights that are exactly zero."""
    weight_near_zeros: float | None = None
    """Share of the weights of at most .05 of the largest in their tensor, exact zeros included."""
    validation_squared_error: float | None = None
    """Of the validation images: what pairs are matched by. None where none were held out, or not measured."""


@dataclass(frozen=True)
class FigureRow(Record):
    """A network in a table of figures."""

    values: Mapping[str, Any]
    """The fields in which its config differs from the table's base."""
    seed: int
    k: int | None
    """Its member in the grid beside the table; None where only its figures are kept."""
    figures: Figures


@dataclass(frozen=True)
class FigureTable(Record):
    """Figures of more networks than a grid ships."""

    members: tuple[FigureRow, ...]


@dataclass(frozen=True)
class Result(Record):
    """What a finished training has come to."""

    test: Score
    epochs: int
    seconds: float
    """Training time, over all epochs; a member's share of its stack's."""
    parameters: int
    """Trained weights and biases."""
    device: str = ""
    validation: Mapping[str, float] = field(default_factory=dict)
    """`loss`, its terms and `squared_error` on the validation images; empty where there are none."""
    validation_standard_error: float | None = None
    """Of the mean squared error over the validation images."""
    code: CodeSparsity | None = None
    """Of the test images' codes."""
    validation_code: CodeSparsity | None = None
    """Of the validation images' codes: what a choice by sparsity rests on. None for fewer than two."""
    denoised: Score | None = None
    """Of the test images corrupted as in training, against the clean ones; None without a corruption."""
    stored_squared_error: float | None = None
    """`test.squared_error` again, with the weights as they are stored, where they were rounded after the
    training (`aecore.gallery.rounding`); all else is of the weights as trained."""


@dataclass(frozen=True)
class Row(Record):
    """A member in a grid's table."""

    k: int
    axes: Mapping[str, Any]
    """Its position: the axes' values, or the fields in which a listed member differs from the base."""
    result: Result | None = None
    failed: int | None = None
    """Epoch in which its loss was no longer finite."""
    beaten: int | None = None
    """Epoch after which it was trained no further, being clearly beaten by its rivals (`aecore.halving`)."""
    epochs: int = 0
    """Epochs that are done."""
    validation: Mapping[str, float] = field(default_factory=dict)
    """`loss`, its terms and `squared_error` on the validation images after those epochs."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.result is not None and not self.validation:
            object.__setattr__(self, "validation", self.result.validation)
            object.__setattr__(self, "epochs", self.result.epochs)

    def to_dict(self) -> dict[str, Any]:
        """Flat: the result's fields stand beside `k` and `axes`."""
        values = super().to_dict()
        result = values.pop("result") or {}
        for name in ("failed", "beaten"):
            if values[name] is None:
                values.pop(name)
        return {"k": values["k"], "axes": values["axes"], **values, **result}

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        if isinstance(values, Mapping) and "test" in values:
            values = {**values, "result": values}
        return super().from_dict(values)


@dataclass(frozen=True)
class GridResult(Record):
    """What a finished grid has come to."""

    members: tuple[Row, ...]
    """One row a member, in the order of k."""
    seconds: float
    """Training time of all stacks."""


@dataclass(frozen=True)
class ClassifierRecord(Record):
    """What a small classifier was trained on, and what it has come to; see `analysis.classifier`."""

    data: str
    """Name of the data set."""
    checksum: int
    """Of its images and labels, so that it is not used for others of that name."""
    shape: tuple[int, ...]
    """(C, H, W) of an image."""
    classes: int
    seed: int
    steps: int
    accuracy: float
    """Share of the test images that are classified rightly."""
    test_images: int
    """Number of test images."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_range("accuracy", 0, 1)
        self.check_range("classes", 2, 4096)
        if len(self.shape) != 3 or not all(1 <= size <= 4096 for size in self.shape):
            raise ValueError(f"shape must be three sizes from 1 to 4096, not {list(self.shape)}")
