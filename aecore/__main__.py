"""The command line: `python -m aecore train | grid | resume | branch | change | ...`.

The flags are in `aecore.command_flags`. `--json` prints one JSON object a line and nothing else on standard
output.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aecore import jobs, store
from aecore.command_flags import (
    Branch,
    Change,
    Code,
    Datasets,
    Encode,
    Evaluate,
    GoOn,
    Images,
    Pause,
    Replay,
    Resume,
    Runs,
    Settings,
    Train,
    TrainGrid,
    parse,
)
from aecore.config import Config, DataConfig, LossConfig, ModelConfig, TrainConfig
from aecore.memory import TOO_LITTLE, is_want_of_memory
from aecore.own.build import Options
from aecore.own.sets import OwnSet, delete_set
from aecore.presets import architecture, penalty_text
from aecore.results import EpochRecord, Progress, Score
from aecore.store import GridInfo, RunInfo

if TYPE_CHECKING:
    from aecore.jobs.grid_worker import Engine


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns the exit code.

    0; 1 where a replay gave other weights; 130 when stopped; 2 with one sentence on standard error.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    try:
        command = parse(arguments)
        return COMMANDS[type(command)](command)
    except (ValueError, RuntimeError, OSError, MemoryError) as error:
        text = TOO_LITTLE if is_want_of_memory(error) else " ".join(str(error).split())
        print(f"aecore: {text}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("aecore: stopped", file=sys.stderr)
        return 130


def _config(command: Settings | Branch) -> Config:
    """The checked config of a command, once its device and its images are known to be there."""
    from aecore.training.images import resolve_device

    name = command.data.name
    own = _is_path(name)
    # A set is made of what lies at a path, once nothing else is wrong.
    _require_threads(command.threads)
    config = Config(
        DataConfig(**vars(command.data) | {"name": "mnist" if own else name}),
        ModelConfig(**vars(command.model)),
        LossConfig(**vars(command.loss)),
        TrainConfig(**vars(command.train)),
    )
    resolve_device(config.train.device)
    if own:
        return config.with_values({"data.name": _make_set(name, Options(), command.json).name})
    _require_data(config)
    return config


def _train_grid(command: TrainGrid) -> int:
    from aecore.grid import Grid, parse_axis

    axes = [parse_axis(text) for text in command.axis]
    if repeated := {name for name, _ in axes if [n for n, _ in axes].count(name) > 1}:
        raise ValueError(f"the axis {sorted(repeated)[0]} is given twice")
    grid = Grid(_config(command), dict(axes))
    engine = _engine(command.engine, command.ray_address)
    path = store.create_grid(grid, command.name, command.out)
    return _work_grid(path, command.threads, command.json, engine)


def _train(command: Train) -> int:
    config = _config(command)
    path = store.create_run(config, command.name, command.out)
    return _work(path, command.threads, command.json)


def _resume(command: Resume) -> int:
    path = store.find_run(command.run, command.out)
    if store.is_grid(path):
        engine = _engine(command.engine, command.ray_address)
        return _work_grid(path, command.threads, command.json, engine)
    if command.engine != "local":
        raise ValueError("--engine ray is for grids; a run trains on this machine")
    info = store.read_info(path)
    jobs.require_unfinished(info)
    _require_threads(command.threads)
    _require_data(info.config)
    return _work(path, command.threads or info.progress.threads, command.json)


def _branch(command: Branch) -> int:
    from aecore.jobs.branching import create_branch

    info = store.read_info(store.find_run(command.run, command.out))
    path = create_branch(info, command.epoch, _config(command), command.name, command.out)
    return _work(path, command.threads, command.json)


def _replay(command: Replay) -> int:
    from aecore.jobs.replay import compare, create_replay

    path = store.find_run(command.run, command.out)
    info = store.read_info(path)
    _require_threads(command.threads)
    _require_data(info.config)
    again = create_replay(path, command.name, command.out)
    if code := _work(again, command.threads or info.progress.threads, command.json):
        return code
    found = compare(path, again)
    if command.json:
        row = {"replay": str(again), "of": str(path), "same": found.same, "tensors": found.tensors}
        print(json.dumps({**row, "different": found.different, "largest_difference": found.largest}))
    elif found.same:
        print(f"the same weights to the bit as {path}: {found.tensors} tensors")
    else:
        print(
            f"other weights than {path}: {len(found.different)} of {found.tensors} tensors differ, "
            f"by {found.largest:.3g} at most; another machine, device or number of threads rounds otherwise"
        )
    return 0 if found.same else 1


def _change(command: Change) -> int:
    values = {}
    for text in command.values:
        field, is_there, value = text.partition("=")
        try:
            values[field.strip().replace("-", "_")] = float(value)
        except ValueError:
            need = f"a number is needed, not {value!r}" if is_there else "it needs a value, FIELD=VALUE"
            raise ValueError(f"{field}: {need}") from None
    jobs.change(store.find_run(command.run, command.out), values)
    print("asked for; it takes effect at the next step", file=sys.stderr)
    return 0


def _pause(command: Pause) -> int:
    jobs.pause(store.find_run(command.run, command.out))
    return 0


def _go_on(command: GoOn) -> int:
    path = store.find_run(command.run, command.out)
    (jobs.train_one_epoch if command.one_epoch else jobs.go_on)(path)
    return 0


def _require_data(config: Config) -> None:
    """Fails before a folder is made when the images are not on this machine."""
    from aecore import data

    data.load(config.data.name)


def _is_path(name: str) -> bool:
    """Whether what stands for a data set's name is where one's own images lie."""
    from aecore.config import OWN_NAME
    from aecore.data import DATASETS

    return name not in DATASETS and not OWN_NAME.fullmatch(name) and Path(name).expanduser().exists()


def _make_set(path: str, options: Options, quiet: bool) -> OwnSet:
    """Makes a set of the images at a path, with a bar."""
    from tqdm import tqdm

    from aecore.own.build import build, plan
    from aecore.own.opening import open_source

    made_of = plan(open_source(path), options)
    bar = tqdm(disable=quiet or not sys.stderr.isatty(), unit="", unit_scale=True)

    def report(stage: str, done: int, total: int) -> None:
        bar.set_description(stage, refresh=False)
        bar.total, bar.n = total, done
        bar.refresh()

    with bar:
        own = build(made_of, report)
    if not quiet:
        skipped = f"; {own.skipped:,} could not be read" if own.skipped else ""
        notes = "".join(f"; {note}" for note in own.notes)
        print(f"{own.name}: {_count(own)}{skipped}{notes}", file=sys.stderr)
    return own


def _count(own: OwnSet) -> str:
    classes = f" in {len(own.class_names)} classes" if own.labelled else ""
    return (
        f"{own.train_size:,} images to train on and {own.test_size:,} to test{classes}, each {own.treatment}"
    )


def _images(command: Images) -> int:
    from aecore.own.build import plan
    from aecore.own.opening import open_source

    options = Options(**{f.name: getattr(command, f.name) for f in fields(Options)})
    if not command.look:
        own = _make_set(command.path, options, command.json)
        print(json.dumps(own.to_dict()) if command.json else own.name)
        return 0
    found = plan(open_source(command.path), options)
    row = {
        "title": found.title,
        "source": found.source.kind,
        "images": len(found.source.names),
        "train": len(found.train),
        "test": len(found.test),
        "classes": found.classes,
        "treatment": found.treatment,
        "bytes": found.bytes,
        "notes": list(found.notes),
        "unreadable": found.unreadable,
    }
    if command.json:
        print(json.dumps(row))
        return 0
    for name, value in row.items():
        if value:
            print(f"{name:12} {', '.join(map(str, value)) if isinstance(value, list) else value}")
    return 0


def _encode(command: Encode) -> int:
    from tqdm import tqdm

    from aecore.analysis.encoding import FORMATS, encode_source, encoded_file
    from aecore.files import write_whole
    from aecore.own.opening import open_source

    if command.out.suffix.lower() not in FORMATS:
        raise ValueError(
            f"--out must end in {', '.join(FORMATS)}, not {command.out.suffix or command.out.name}"
        )
    run, source = store.load_run(command.run), open_source(command.path)
    with tqdm(disable=command.json or not sys.stderr.isatty(), unit=" images", unit_scale=True) as bar:

        def report(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        found = encode_source(run, source, command.fit, report)
    write_whole(command.out.absolute(), encoded_file(found, command.out.suffix.lower()))
    row = {
        "run": str(run.path),
        "images": len(found.names),
        "squared_error": float(found.errors.mean()),
        "skipped": found.skipped,
        "out": str(command.out),
    }
    if command.json:
        print(json.dumps(row))
        return 0
    print(f"{command.out}: {len(found.names):,} images, squared error per image {row['squared_error']:.3f}")
    for name, reason in found.skipped:
        print(f"skipped {name}: {reason}", file=sys.stderr)
    return 0


def _require_threads(threads: int | None) -> None:
    if threads is not None and threads < 1:
        raise ValueError(f"--threads must be at least 1, not {threads}")


def _work(path: Path, threads: int | None, as_json: bool) -> int:
    from tqdm import tqdm

    from aecore.jobs.worker import work

    config = store.read_info(path).config
    store.clear_requests(path)
    bar = tqdm(total=config.train.epochs, unit="epoch", disable=as_json or not sys.stderr.isatty())

    tell_waiting = _teller_of_waiting(as_json)

    def on_progress(progress: Progress) -> None:
        tell_waiting(progress)
        bar.n = round(progress.epoch + progress.step / (progress.steps or 1), 2)
        paused = progress.status == "paused"
        bar.set_postfix_str("paused" if paused else f"{progress.images_per_second:,.0f} images/s")

    def on_record(record: EpochRecord) -> None:
        if as_json:
            print(json.dumps(record.to_dict()), flush=True)
        else:
            images = "validation" if record.validation else "training"
            elbo = (record.validation or record.train).get("elbo")
            bound = "" if elbo is None else f"ELBO {elbo:.2f} nats, "
            bar.write(
                f"epoch {record.epoch}: loss {record.train['loss']:.5f}, "
                f"{images} squared error {record.squared_error:.3f}, {bound}{record.seconds:.1f} s"
            )

    with bar:
        result = work(path, threads, on_record, on_progress)
    if result is None:
        print(f"stopped; `python -m aecore resume {path}` goes on", file=sys.stderr)
        return 130
    if as_json:
        print(json.dumps({"run": str(path), **result.to_dict()}))
    else:
        print(f"{path}: {_figures(result.test)}")
    return 0


def _work_grid(path: Path, threads: int | None, as_json: bool, engine: Engine | None) -> int:
    """Trains the grid in `path` to its end or to a stop; returns the exit code."""
    from tqdm import tqdm

    from aecore.grid import axis_text, axis_title
    from aecore.jobs import grid_worker

    info = store.read_grid(path)
    members = len(info.grid.members)
    store.clear_requests(path)
    bar = tqdm(total=members, unit="member", disable=as_json or not sys.stderr.isatty())

    tell_waiting = _teller_of_waiting(as_json)

    def on_progress(progress: Progress) -> None:
        tell_waiting(progress)
        bar.n = round(progress.fraction * members, 2)
        bar.refresh()

    def on_record(k: int, record: EpochRecord) -> None:
        if as_json:
            print(json.dumps({"k": k, **record.to_dict()}), flush=True)

    with bar:
        result = grid_worker.work(path, threads or info.progress.threads, on_record, on_progress, engine)
    if result is None:
        print(f"stopped; `python -m aecore resume {path}` goes on", file=sys.stderr)
        return 130
    if as_json:
        print(json.dumps({"grid": str(path), **result.to_dict()}))
        return 0
    for row in result.members:
        axes = ", ".join(f"{axis_title(n)} {axis_text(n, v)}" for n, v in row.axes.items())
        score = (
            f"squared error per image {row.result.test.squared_error:.3f}"
            if row.result is not None
            else f"its loss was no longer finite in epoch {row.failed}"
        )
        print(f"{path}/{row.k}: {axes}: {score}")
    return 0


def _teller_of_waiting(as_json: bool) -> Callable[[Progress], None]:
    """Says once what a training that has to wait is waiting for."""
    from tqdm import tqdm

    told: object = None

    def tell(progress: Progress) -> None:
        nonlocal told
        waits = progress.status == "queued" and (progress.waits_for or progress.message)
        if not waits or waits == told:
            return
        told, holder = waits, progress.waits_for
        if as_json:
            print(json.dumps({"waiting_for": holder.to_dict() if holder else None}), flush=True)
        else:
            who = holder.text if holder else progress.message
            tqdm.write(f"aecore: waiting for the device: {who}", file=sys.stderr)

    return tell


def _engine(name: str, ray_address: str = "") -> Engine | None:
    """What runs the stacks: None for processes on this machine. RuntimeError where ray is not installed."""
    if name == "local":
        return None
    from aecore.jobs.ray_engine import RayEngine

    return RayEngine(ray_address)


def _evaluate(command: Evaluate) -> int:
    from aecore import data
    from aecore.analysis import metrics, variational
    from aecore.analysis.projection import pca_baseline

    run = store.load_run(command.run)
    images = data.load(run.config.data.name)
    test, pca = metrics.evaluate(run, images), pca_baseline(images).error(run.latent_size)
    values: dict[str, Any] = {"run": str(run.path), "test": test.to_dict(), "pca": {"squared_error": pca}}
    text = f"{run.name}: {_figures(test)}; PCA with {run.latent_size} components has {pca:.3f}"
    if run.config.model.variational:
        likelihood = variational.log_likelihood(run, images.test_images)
        values["log_likelihood"] = vars(likelihood)
        text += (
            f"; log-likelihood {likelihood.value:.2f} ± {likelihood.standard_error:.2f} nats by importance "
            f"sampling with {likelihood.draws} draws"
        )
    print(json.dumps(values) if command.json else text)
    return 0


def _code(command: Code) -> int:
    from aecore.export.code import pytorch_code

    run = store.load_run(command.run)
    text = pytorch_code(run.config.model, run.shape, run.scaling, run.name)
    print(json.dumps({"run": str(run.path), "code": text}) if command.json else text.rstrip())
    return 0


def _figures(test: Score) -> str:
    text = (
        f"squared error per image {test.squared_error:.3f}, mse {test.mse:.5f}, "
        f"psnr {test.psnr:.2f} dB on the test images"
    )
    return text if test.bound is None else f"{text}; {test.bound}"


def _runs(command: Runs) -> int:
    found = [*store.list_runs(command.out), *store.list_grids(command.out)]
    for job in sorted(found, key=lambda job: 0.0 if isinstance(job, store.Unreadable) else -job.created):
        row = _row(job)
        if command.json:
            print(json.dumps(row))
            continue
        if "members" in row:
            row["members"] = f"{row.pop('members_done')} of {row['members']} members"
        print("  ".join(str(value) for value in row.values() if value is not None))
    return 0


def _row(job: RunInfo | GridInfo | store.Unreadable) -> dict[str, Any]:
    """What is listed of a run or grid, whose folder's name is under `run` or `grid`."""
    is_grid = store.is_grid(job.path)
    key = {"grid" if is_grid else "run": job.key}
    if isinstance(job, store.Unreadable):
        return {**key, "status": "unreadable", "reason": job.reason}
    row = {
        **key,
        "name": job.name,
        "status": jobs.status(job),
        "data": job.config.data.name,
        "architecture": architecture(job.config.model),
    }
    if isinstance(job, GridInfo):
        return {**row, "members": len(job.grid.members), "members_done": len(job.members())}
    return {
        **row,
        "latent_size": job.config.model.latent_size,
        "penalty": penalty_text(job.config.loss),
        "squared_error": job.result.test.squared_error if job.result else None,
    }


def _datasets(command: Datasets) -> int:
    from aecore import data

    if command.download:
        return _download(command.download)
    if command.delete:
        delete_set(command.delete)
        return 0
    for name, dataset in data.datasets().items():
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
            "one's own"
            if name not in data.DATASETS
            else f"in {dataset.folder()}"
            if dataset.is_ready() and dataset.folder()
            else "always there"
            if dataset.is_ready()
            else f"to download, {dataset.download_bytes / 1e6:,.0f} MB"
        )
        print(f"{name:16} {size:9} {where}: {dataset.description}")
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


COMMANDS: dict[type, Callable[[Any], int]] = {
    Train: _train,
    TrainGrid: _train_grid,
    Resume: _resume,
    Branch: _branch,
    Replay: _replay,
    Change: _change,
    Pause: _pause,
    GoOn: _go_on,
    Evaluate: _evaluate,
    Code: _code,
    Runs: _runs,
    Datasets: _datasets,
    Images: _images,
    Encode: _encode,
}


if __name__ == "__main__":
    raise SystemExit(main())
