"""The command line's flags: one dataclass a command, read by tyro, refused in one sentence.

The flags of `train` and `grid` are the fields of the config dataclasses (`--model.latent-size 8`);
`--preset` gives their starting values.
"""

from __future__ import annotations

import contextlib
import io
import re
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from aecore import places, store
from aecore.commands import nearest
from aecore.config import Config, DataConfig, LossConfig, ModelConfig, TrainConfig
from aecore.own.build import Options
from aecore.own.pictures import Fit
from aecore.presets import PRESETS

Switch = Annotated[bool, tyro.conf.FlagCreatePairsOff]
Folder = Annotated[Path | None, tyro.conf.arg(metavar="FOLDER")]
Run = Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="RUN")]
Threads = Annotated[int | None, tyro.conf.arg(metavar="N")]
EngineFlag = Literal["local", "ray"]
RayAddress = Annotated[str, tyro.conf.arg(metavar="ADDRESS")]


class Unchecked:
    """Leaves the checks out, so that a refusal is our sentence and not tyro's box."""

    def __post_init__(self) -> None:
        pass


class DataFlags(Unchecked, DataConfig):
    __doc__ = DataConfig.__doc__


class ModelFlags(Unchecked, ModelConfig):
    __doc__ = ModelConfig.__doc__


class LossFlags(Unchecked, LossConfig):
    __doc__ = LossConfig.__doc__


class TrainFlags(Unchecked, TrainConfig):
    __doc__ = TrainConfig.__doc__


DESCRIPTION = """Train auto-encoders and look at them. Without a command the app opens in the browser.

Each command has its own help: `{command} train --help`. With `--json` standard output is one JSON
object a line and nothing else.
"""


@dataclass(frozen=True)
class Settings:
    """What train and grid share."""

    data: DataFlags = field(default_factory=DataFlags)
    model: ModelFlags = field(default_factory=ModelFlags)
    loss: LossFlags = field(default_factory=LossFlags)
    train: TrainFlags = field(default_factory=TrainFlags)
    preset: Annotated[str, tyro.conf.arg(metavar="NAME")] = "post"
    """Where the fields not given start from: post, hinton, conv, dictionary, denoising or vae."""
    name: Annotated[str, tyro.conf.arg(metavar="TEXT")] = ""
    """What people see; the folder's name if left out."""
    out: Folder = None
    """Folder that holds the runs; AECORE_CHECKPOINTS, or the app's own (`doctor` names it), if left out."""
    threads: Threads = None
    """CPU threads; all cores if left out."""
    json: Switch = False
    """One JSON object a line: each epoch's record, then the result."""


@dataclass(frozen=True)
class Train(Settings):
    """Train a model and keep it as a run."""


@dataclass(frozen=True)
class Branch:
    """Train a run again from one of its epochs, or from its initial weights, with other settings.

    The flags not given are the run's own settings there. The run stays as it is.
    """

    run: Run
    """Folder of the run, or its name among the runs."""
    epoch: int
    """Epoch after which its weights are taken, 0 for its initial weights; see train.keep_weights."""
    data: DataFlags = field(default_factory=DataFlags)
    model: ModelFlags = field(default_factory=ModelFlags)
    loss: LossFlags = field(default_factory=LossFlags)
    train: TrainFlags = field(default_factory=TrainFlags)
    name: Annotated[str, tyro.conf.arg(metavar="TEXT")] = ""
    """What people see; the run's name and the epoch if left out."""
    out: Folder = None
    """Folder that holds the runs; AECORE_CHECKPOINTS, or the app's own (`doctor` names it), if left out."""
    threads: Threads = None
    """CPU threads; all cores if left out."""
    json: Switch = False
    """One JSON object a line: each epoch's record, then the result."""


@dataclass(frozen=True)
class Replay:
    """Train a finished run again from its seed and its events, and tell whether the weights are the same."""

    run: Run
    """Folder of the run, or its name among the runs."""
    name: Annotated[str, tyro.conf.arg(metavar="TEXT")] = ""
    """What people see of the new run; the run's name if left out."""
    out: Folder = None
    """Folder that holds the runs; AECORE_CHECKPOINTS, or the app's own (`doctor` names it), if left out."""
    threads: Threads = None
    """CPU threads; those the run had if left out, since other numbers round otherwise."""
    json: Switch = False
    """One JSON object a line: each epoch's record, the result, and the comparison."""


@dataclass(frozen=True)
class Change:
    """Change the learning rate or the strength of a penalty of a run while it trains."""

    run: Run
    """Folder of the run, or its name among the runs."""
    values: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="FIELD=VALUE")]
    """New values: train.learning_rate=5e-4 loss.code_l1=1e-3; 0 leaves a penalty out."""
    out: Folder = None
    """Folder that holds the runs; AECORE_CHECKPOINTS, or the app's own (`doctor` names it), if left out."""


@dataclass(frozen=True)
class Pause:
    """Let a run that trains wait at its next step; it keeps its place and its device."""

    run: Run
    """Folder of the run, or its name among the runs."""
    out: Folder = None
    """Folder that holds the runs; AECORE_CHECKPOINTS, or the app's own (`doctor` names it), if left out."""


@dataclass(frozen=True)
class GoOn:
    """Let a paused run train on."""

    run: Run
    """Folder of the run, or its name among the runs."""
    one_epoch: Switch = False
    """Train to the end of the epoch, and pause there; also for a run that is not paused."""
    out: Folder = None
    """Folder that holds the runs; AECORE_CHECKPOINTS, or the app's own (`doctor` names it), if left out."""


@dataclass(frozen=True)
class TrainGrid(Settings):
    """Train every combination of some values at once and keep them as a grid."""

    axis: Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(metavar="NAME=V,V,...")] = ()
    """An axis and its values, model.latent_size=2,4,8; once for each axis. Also penalty and strength."""
    halving: Switch = False
    """Stop members early that are clearly beaten (successive halving): after a quarter and after half of the
    epochs the worse half of those with equal codes and losses, by their seeds' mean validation error."""
    engine: EngineFlag = "local"
    """local: processes on this machine; ray: a Ray cluster (requirements-ray.txt)."""
    ray_address: RayAddress = ""
    """Ray cluster to connect to; one is started on this machine if left out."""


@dataclass(frozen=True)
class Resume:
    """Take a stopped or interrupted run or grid to its end, with the same bits as if it had never stopped."""

    run: Run
    """Folder of the run, or its name among the runs."""
    out: Folder = None
    """Folder that holds the runs; AECORE_CHECKPOINTS, or the app's own (`doctor` names it), if left out."""
    threads: Threads = None
    """CPU threads; those the run had if left out, since other numbers round otherwise."""
    engine: EngineFlag = "local"
    """For a grid. local: processes on this machine; ray: a Ray cluster (requirements-ray.txt)."""
    ray_address: RayAddress = ""
    """Ray cluster to connect to; one is started on this machine if left out."""
    json: Switch = False
    """One JSON object a line: each epoch's record, then the result."""


@dataclass(frozen=True)
class Evaluate:
    """Test figures of a run, with PCA's at the same number of components beside them."""

    run: Run
    """Folder of the run, or its name among the runs."""
    json: Switch = False
    """One JSON object."""


@dataclass(frozen=True)
class Code:
    """Prints a run's network as PyTorch code that runs by itself."""

    run: Run
    """Folder of the run, or its name among the runs."""
    json: Switch = False
    """One JSON object."""


Target = Annotated[Path | None, tyro.conf.arg(metavar="FILE")]


@dataclass(frozen=True)
class Export:
    """Write a run, a grid's member <grid>/<k> or a grid for other programs; give at least one file or folder.

    A file that is there, and a folder with something in it, are left as they are without --force.
    """

    run: Run
    """Folder of the run or grid, or its name among the runs."""
    html: Target = None
    """One page that opens by a double click, without a network: pictures, map of codes, sliders, drawing."""
    points: Annotated[int | None, tyro.conf.arg(metavar="N")] = None
    """With --html of a run: test images on its map, 10000 if left out."""
    images: Annotated[int | None, tyro.conf.arg(metavar="N")] = None
    """With --html of a grid: test images that each model is shown on, at most as many as it keeps (10)."""
    pictures: Literal["full", "half"] = "full"
    """With --html: size of its small pictures."""
    sliders: Switch = False
    """With --html of a grid: its decoders too, so that each model's units can be moved; a larger file."""
    onnx: Folder = None
    """ONNX: encoder, decoder and both, images in [0, 1] (needs requirements-onnx.txt)."""
    card: Folder = None
    """A folder for a model hub: card with figures and pictures, weights, and code that loads them."""
    zip: Target = None
    """The folder of the run or grid as it is, for `import` on another machine."""
    history: Target = None
    """A run's epochs with every term of the loss, .csv or .parquet."""
    layers: Target = None
    """A run's looks at its layers while it trained, .csv or .parquet."""
    table: Target = None
    """A grid's members with their settings and figures, .csv or .parquet."""
    codes: Target = None
    """Codes, errors and classes of a run's test images, .csv or .parquet."""
    tensorboard: Folder = None
    """TensorBoard's event files: curves, pictures, codes (needs requirements-tensorboard.txt)."""
    force: Switch = False
    """Replace files of the same names; nothing else is touched."""
    out: Folder = None
    """Folder that holds the runs; AECORE_CHECKPOINTS or checkpoints/ if left out."""
    json: Switch = False
    """One JSON object a line: what was written, and its bytes."""


@dataclass(frozen=True)
class Import:
    """Take in a run or a grid from elsewhere: its folder, or a zip of it. It is checked first, and copied."""

    path: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="PATH")]
    """The folder or zip."""
    out: Folder = None
    """Folder that holds the runs; AECORE_CHECKPOINTS or checkpoints/ if left out."""
    json: Switch = False
    """One JSON object: where it is now, and what was left out."""


@dataclass(frozen=True)
class Runs:
    """The runs and grids there are, newest first."""

    out: Folder = None
    """Folder that holds the runs; AECORE_CHECKPOINTS, or the app's own (`doctor` names it), if left out."""
    json: Switch = False
    """One JSON object a line."""


@dataclass(frozen=True)
class Delete:
    """Move a run or grid to the trash of its folder, from where it can be put back."""

    run: Run
    """Name of the run or grid among those there are."""
    out: Folder = None
    """Folder that holds the runs; AECORE_CHECKPOINTS, or the app's own (`doctor` names it), if left out."""
    json: Switch = False
    """One JSON object: what was deleted, and where it lies."""


@dataclass(frozen=True)
class Trash:
    """What was deleted, runs, grids and sets of one's own images; put one back, or delete all for good."""

    restore: Annotated[str, tyro.conf.arg(metavar="NAME")] = ""
    """Put this one back: of several of the name, what was deleted last."""
    empty: Switch = False
    """Delete for good whatever lies in the trash."""
    out: Folder = None
    """Folder that holds the runs, of whose trash alone it is then about; AECORE_CHECKPOINTS, or the app's own
    (`doctor` names it), and where the sets are, if left out."""
    json: Switch = False
    """One JSON object a line."""


Source = Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="PATH")]


@dataclass(frozen=True)
class Images(Unchecked, Options):
    """Make a data set of one's own images.

    They lie in a folder or zip (a sub-folder for each class, or none), .npz, .npy, .csv, .jsonl or .parquet.
    """

    path: Source = tyro.MISSING
    """Where the images are."""
    look: Switch = False
    """Say what would be made, and make nothing."""
    json: Switch = False
    """One JSON object: the set, or what would be made."""


@dataclass(frozen=True)
class Encode:
    """Apply a run to other images: each one's code and squared error, with its name."""

    run: Run
    """Folder of the run, or its name among the runs."""
    path: Source
    """Where the images are: what `images` reads."""
    out: Annotated[Path, tyro.conf.arg(metavar="FILE")]
    """Table to write: .csv, .parquet or .npz."""
    fit: Fit = "crop"
    """Where proportions differ. crop: the middle is cut out; pad: black bars; stretch: pulled into shape."""
    json: Switch = False
    """One JSON object."""


@dataclass(frozen=True)
class Datasets:
    """The data sets there are, and where their files belong."""

    download: Annotated[str, tyro.conf.arg(metavar="NAME")] = ""
    """Fetch this one."""
    delete: Annotated[str, tyro.conf.arg(metavar="NAME")] = ""
    """Move this set of one's own images to the trash, from where it can be put back."""
    json: Switch = False
    """One JSON object a line."""


@dataclass(frozen=True)
class App:
    """Open the app in the browser."""

    port: Annotated[int | None, tyro.conf.arg(metavar="N")] = None
    """Port it answers on; 8501, or the next that is free, if left out."""
    no_browser: Switch = False
    """Say the address, and open no browser."""


@dataclass(frozen=True)
class Doctor:
    """What of this machine the app needs and finds, and what mends the rest; 1 where something is wrong."""

    json: Switch = False
    """One JSON object a line, for each thing that was looked at."""


def parse(arguments: list[str]) -> Any:
    """The command that the arguments mean; ValueError in one sentence. `--help` exits."""
    command = _parse(arguments, PRESETS[_preset_name(arguments)])
    if isinstance(command, Branch):
        # The run that it names decides the other flags' defaults.
        from aecore.jobs.branching import settings_after

        info = store.read_info(store.find_run(command.run, command.out))
        return _parse(arguments, settings_after(info, command.epoch))
    return command


def _parse(arguments: list[str], config: Config) -> Any:
    """The command, with the fields not given from `config`."""
    start = (
        DataFlags(**vars(config.data)),
        ModelFlags(**vars(config.model)),
        LossFlags(**vars(config.loss)),
        TrainFlags(**vars(config.train)),
    )
    missing: Any = tyro.MISSING_NONPROP
    subcommands = {
        "train": (Train, Train(*start)),
        "grid": (TrainGrid, TrainGrid(*start)),
        "branch": (Branch, Branch(missing, missing, *start)),
        "replay": (Replay, missing),
        "change": (Change, missing),
        "pause": (Pause, missing),
        "continue": (GoOn, missing),
        "resume": (Resume, missing),
        "evaluate": (Evaluate, missing),
        "code": (Code, missing),
        "export": (Export, missing),
        "import": (Import, missing),
        "runs": (Runs, Runs()),
        "delete": (Delete, missing),
        "trash": (Trash, Trash()),
        "datasets": (Datasets, Datasets()),
        "images": (Images, tyro.MISSING_NONPROP),
        "encode": (Encode, tyro.MISSING_NONPROP),
        "app": (App, App()),
        "doctor": (Doctor, Doctor()),
    }
    kinds = [
        Annotated[kind, tyro.conf.subcommand(name, default=default)]
        for name, (kind, default) in subcommands.items()
    ]
    union: Any = kinds[0]
    for kind in kinds[1:]:
        union = union | kind
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            return tyro.cli(
                union,
                prog=places.command(),
                description=DESCRIPTION.format(command=places.command()),
                args=arguments,
            )
    except SystemExit as end:
        if not end.code:
            raise
        kinds_by_name = {name: kind for name, (kind, _) in subcommands.items()}
        if unknown := nearest.refusal(arguments, places.command(), kinds_by_name):
            raise ValueError(unknown) from None
        raise ValueError(_sentence(complaint.getvalue())) from None


def _sentence(box: str) -> str:
    """The paragraph under the title of tyro's box, in one line and without Python's words.

    tyro has no public way to give its message but this drawing, framed by lines or, where the terminal
    has no signs for them, between rows of dashes; requirements.txt bounds its version.
    """
    lines = [line.strip("│ ") for line in re.sub(r"\x1b\[[0-9;]*m", "", box).splitlines()[1:]]
    groups = groupby(lines, lambda line: not line.strip("─-╰╯"))
    paragraphs = (" ".join(group) for is_rule, group in groups if not is_rule)
    text = next(paragraphs, "").removeprefix("Error parsing ")
    text = re.sub(
        r"invalid literal for int\(\) with base 10: (.*)", r"a whole number is needed, not \1", text
    )
    text = re.sub(r"could not convert string to float: (.*)", r"a number is needed, not \1", text)
    return f"{text.rstrip('.') or 'the command can not be read'}; `{places.command()} --help` says more"


def _preset_name(arguments: list[str]) -> str:
    """`--preset NAME` decides the other flags' defaults, so it is read before them."""
    name = "post"
    for i, argument in enumerate(arguments):
        if argument == "--preset" and i + 1 < len(arguments):
            name = arguments[i + 1]
        elif argument.startswith("--preset="):
            name = argument.partition("=")[2]
    if name not in PRESETS:
        raise ValueError(f"there is no preset {name!r}; there are {', '.join(PRESETS)}")
    return name
