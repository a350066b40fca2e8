"""The command line: `python -m aecore datasets | train | grid | resume | evaluate | runs`.

The flags of `train` are the fields of the config dataclasses (`--model.latent-size 8`); `--preset` gives
their starting values. `--json` prints one JSON object a line and nothing else on standard output.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from aecore import jobs, store
from aecore.config import Config, DataConfig, LossConfig, ModelConfig, TrainConfig
from aecore.presets import PRESETS, architecture, penalty_text

JsonFlag = Annotated[bool, tyro.conf.FlagCreatePairsOff]
Folder = Annotated[Path | None, tyro.conf.arg(metavar="FOLDER")]
Run = Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="RUN")]
Threads = Annotated[int | None, tyro.conf.arg(metavar="N")]


def _flags(config: type) -> type:
    """The same fields and help without the checks, so that a refusal is our sentence and not tyro's box."""
    unchecked = {
        "__doc__": config.__doc__,
        "__module__": config.__module__,
        "__post_init__": lambda self: None,
    }
    return type(config.__name__, (config,), unchecked)


DataFlags, ModelFlags, LossFlags, TrainFlags = map(_flags, (DataConfig, ModelConfig, LossConfig, TrainConfig))


DESCRIPTION = """Train auto-encoders and look at them.

Each command has its own help: `python -m aecore train --help`. With `--json` standard output is one JSON
object a line and nothing else.
"""


@dataclass(frozen=True)
class _Settings:
    """What train and grid share."""

    data: DataFlags = field(default_factory=DataFlags)
    model: ModelFlags = field(default_factory=ModelFlags)
    loss: LossFlags = field(default_factory=LossFlags)
    train: TrainFlags = field(default_factory=TrainFlags)
    preset: Annotated[str, tyro.conf.arg(metavar="NAME")] = "post"
    """Where the fields not given start from: post, hinton, conv or dictionary."""
    name: Annotated[str, tyro.conf.arg(metavar="TEXT")] = ""
    """What people see; the folder's name if left out."""
    out: Folder = None
    """Folder that holds the runs; AECORE_CHECKPOINTS or checkpoints/ if left out."""
    threads: Threads = None
    """CPU threads; all cores if left out."""
    json: JsonFlag = False
    """One JSON object a line: each epoch's record, then the result."""


@dataclass(frozen=True)
class Train(_Settings):
    """Train a model and keep it as a run."""


@dataclass(frozen=True)
class TrainGrid(_Settings):
    """Train every combination of some values at once and keep them as a grid."""

    axis: Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(metavar="NAME=V,V,...")] = ()
    """An axis and its values, model.latent_size=2,4,8; once for each axis. Also penalty and strength."""
    engine: Literal["local", "ray"] = "local"
    """local: processes on this machine; ray: a Ray cluster (requirements-ray.txt)."""
    ray_address: Annotated[str, tyro.conf.arg(metavar="ADDRESS")] = ""
    """Ray cluster to connect to; one is started on this machine if left out."""


@dataclass(frozen=True)
class Resume:
    """Take a stopped or interrupted run or grid to its end, with the same bits as if it had never stopped."""

    run: Run
    """Folder of the run, or its name among the runs."""
    out: Folder = None
    """Folder that holds the runs; AECORE_CHECKPOINTS or checkpoints/ if left out."""
    threads: Threads = None
    """CPU threads; those the run had if left out, since other numbers round otherwise."""
    json: JsonFlag = False
    """One JSON object a line: each epoch's record, then the result."""


@dataclass(frozen=True)
class Evaluate:
    """Test figures of a run, with PCA's at the same number of components beside them."""

    run: Run
    """Folder of the run, or its name among the runs."""
    json: JsonFlag = False
    """One JSON object."""


@dataclass(frozen=True)
class Runs:
    """The runs there are, newest first."""

    out: Folder = None
    """Folder that holds the runs; AECORE_CHECKPOINTS or checkpoints/ if left out."""
    json: JsonFlag = False
    """One JSON object a line."""


@dataclass(frozen=True)
class Datasets:
    """The data sets there are, and where their files belong."""

    download: Annotated[str, tyro.conf.arg(metavar="NAME")] = ""
    """Fetch this one."""
    json: JsonFlag = False
    """One JSON object a line."""


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns the exit code: 0, 130 when stopped, 2 with one sentence on stderr."""
    arguments = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    try:
        command = _parse(arguments)
        return COMMANDS[type(command)](command)
    except (ValueError, RuntimeError, OSError) as error:
        print(f"aecore: {' '.join(str(error).split())}", file=sys.stderr)
        return 2


def _parse(arguments: list[str]) -> Any:
    preset = PRESETS[_preset_name(arguments)]
    start = (
        DataFlags(**vars(preset.data)),
        ModelFlags(**vars(preset.model)),
        LossFlags(**vars(preset.loss)),
        TrainFlags(**vars(preset.train)),
    )
    subcommands = {
        "train": (Train, Train(*start)),
        "grid": (TrainGrid, TrainGrid(*start)),
        "resume": (Resume, tyro.MISSING_NONPROP),
        "evaluate": (Evaluate, tyro.MISSING_NONPROP),
        "runs": (Runs, Runs()),
        "datasets": (Datasets, Datasets()),
    }
    kinds = [
        Annotated[kind, tyro.conf.subcommand(name, default=default)]
        for name, (kind, default) in subcommands.items()
    ]
    union = kinds[0]
    for kind in kinds[1:]:
        union = union | kind
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            return tyro.cli(union, prog="python -m aecore", description=DESCRIPTION, args=arguments)
    except SystemExit as end:
        if not end.code:
            raise
        raise ValueError(_sentence(complaint.getvalue())) from None


def _sentence(box: str) -> str:
    """What tyro says in the first paragraph of its box, in one line and without Python's words."""
    lines = [line.strip("│ ") for line in re.sub(r"\x1b\[[0-9;]*m", "", box).splitlines()]
    paragraph = []
    for line in lines:
        if line.startswith("───"):
            break
        if not line.startswith(("╭", "╰")):
            paragraph.append(line)
    text = " ".join(paragraph).removeprefix("Error parsing ").strip()
    text = re.sub(
        r"invalid literal for int\(\) with base 10: (.*)", r"a whole number is needed, not \1", text
    )
    text = re.sub(r"could not convert string to float: (.*)", r"a number is needed, not \1", text)
    return f"{text.rstrip('.') or 'the command can not be read'}; `python -m aecore --help` says more"


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


def _config(command: _Settings) -> Config:
    """The checked config of a command, once its device and its images are known to be there."""
    from aecore.loop import resolve_device

    config = Config(
        DataConfig(**vars(command.data)),
        ModelConfig(**vars(command.model)),
        LossConfig(**vars(command.loss)),
        TrainConfig(**vars(command.train)),
    )
    _require_threads(command.threads)
    resolve_device(config.train.device)
    _require_data(config)
    return config


def _train_grid(command: TrainGrid) -> int:
    from aecore import grid_command, grid_store
    from aecore.grid import Grid, parse_axis

    axes = [parse_axis(text) for text in command.axis]
    if repeated := {name for name, _ in axes if [n for n, _ in axes].count(name) > 1}:
        raise ValueError(f"the axis {sorted(repeated)[0]} is given twice")
    grid = Grid(_config(command), dict(axes))
    engine = grid_command.choose_engine(command.engine, command.ray_address)
    path = grid_store.create_grid(grid, command.name, command.out)
    return grid_command.work(path, command.threads, command.json, engine)


def _train(command: Train) -> int:
    config = _config(command)
    path = store.create_run(config, command.name, command.out)
    return _work(path, command.threads, command.json)


def _resume(command: Resume) -> int:
    path = store.find_run(command.run, command.out)
    if store.is_grid(path):
        from aecore import grid_command

        return grid_command.work(path, command.threads, command.json)
    info = store.read_info(path)
    jobs.require_unfinished(info)
    _require_threads(command.threads)
    _require_data(info.config)
    return _work(path, command.threads or info.progress.get("threads"), command.json)


def _require_data(config: Config) -> None:
    """Fails before a folder is made when the images are not on this machine."""
    from aecore import data

    data.load(config.data.name)


def _require_threads(threads: int | None) -> None:
    if threads is not None and threads < 1:
        raise ValueError(f"--threads must be at least 1, not {threads}")


def _work(path: Path, threads: int | None, as_json: bool) -> int:
    from tqdm import tqdm

    from aecore.worker import work

    config = store.read_info(path).config
    store.clear_stop(path)
    bar = tqdm(total=config.train.epochs, unit="epoch", disable=as_json or not sys.stderr.isatty())

    def on_progress(values: dict[str, Any]) -> None:
        bar.n = round(values.get("epoch", 0) + values.get("step", 0) / (values.get("steps") or 1), 2)
        bar.set_postfix_str(f"{values.get('images_per_second', 0):,.0f} images/s")

    def on_record(record: dict[str, Any]) -> None:
        if as_json:
            print(json.dumps(record), flush=True)
        else:
            score = record["validation"] or record["train"]
            bar.write(
                f"epoch {record['epoch']}: loss {record['train']['loss']:.5f}, "
                f"validation squared error {score['squared_error']:.3f}, {record['seconds']:.1f} s"
            )

    with bar:
        result = work(path, threads, on_record, on_progress)
    if result is None:
        print(f"stopped; `python -m aecore resume {path}` goes on", file=sys.stderr)
        return 130
    if as_json:
        print(json.dumps({"run": str(path), **result}))
    else:
        print(f"{path}: {_figures(result['test'])}")
    return 0


def _evaluate(command: Evaluate) -> int:
    from aecore import data, metrics
    from aecore.projection import pca_baseline

    run = store.load_run(command.run)
    images = data.load(run.config.data.name)
    test, pca = metrics.evaluate(run, images), pca_baseline(images).error(run.latent_size)
    if command.json:
        print(json.dumps({"run": str(run.path), "test": test, "pca": {"squared_error": pca}}))
    else:
        print(f"{run.name}: {_figures(test)}; PCA with {run.latent_size} components has {pca:.3f}")
    return 0


def _figures(test: dict[str, float]) -> str:
    return (
        f"squared error per image {test['squared_error']:.3f}, mse {test['mse']:.5f}, "
        f"psnr {test['psnr']:.2f} dB on the test images"
    )


def _runs(command: Runs) -> int:
    for run in store.list_runs(command.out):
        if isinstance(run, store.Unreadable):
            row = {"run": run.key, "status": "unreadable", "reason": run.reason}
        else:
            row = {
                "run": run.key,
                "name": run.name,
                "status": jobs.status(run),
                "data": run.config.data.name,
                "architecture": architecture(run.config.model),
                "latent_size": run.config.model.latent_size,
                "penalty": penalty_text(run.config.loss),
                "squared_error": (run.result or {}).get("test", {}).get("squared_error"),
            }
        print(json.dumps(row) if command.json else "  ".join(str(v) for v in row.values() if v is not None))
    return 0


def _datasets(command: Datasets) -> int:
    from aecore import data

    if command.download:
        return _download(command.download)
    for name, dataset in data.DATASETS.items():
        row = {
            "name": name,
            "title": dataset.title,
            "shape": dataset.shape,
            "ready": dataset.is_ready(),
            "download_bytes": dataset.download_bytes,
            "folder": str(dataset.folder()) if dataset.folder() else None,
        }
        if command.json:
            print(json.dumps(row))
            continue
        size = "x".join(map(str, dataset.shape))
        where = (
            f"in {dataset.folder()}"
            if dataset.is_ready()
            else f"to download, {dataset.download_bytes / 1e6:,.0f} MB"
        )
        print(f"{name:16} {size:9} {where if dataset.folder() else 'always there'}: {dataset.description}")
    return 0


def _download(name: str) -> int:
    from tqdm import tqdm

    from aecore import data

    with tqdm(unit="B", unit_scale=True, disable=not sys.stderr.isatty()) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        data.download(name, progress)
    return 0


COMMANDS = {
    Train: _train,
    TrainGrid: _train_grid,
    Resume: _resume,
    Evaluate: _evaluate,
    Runs: _runs,
    Datasets: _datasets,
}


if __name__ == "__main__":
    raise SystemExit(main())
