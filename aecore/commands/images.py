"""Data sets, one's own images, and a run applied to other images."""

from __future__ import annotations

import json
import sys
from dataclasses import fields
from pathlib import Path

from aecore import store
from aecore.command_flags import Datasets, Encode, Images
from aecore.commands.deleting import tell_of_deletion
from aecore.config import Config
from aecore.own.build import Options
from aecore.own.sets import OwnSet, delete_set


def datasets(command: Datasets) -> int:
    from aecore import data

    if command.download:
        return _download(command.download)
    if command.delete:
        tell_of_deletion(delete_set(command.delete), None, command.json)
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


def images(command: Images) -> int:
    from aecore.own.build import plan
    from aecore.own.opening import open_source

    options = Options(**{f.name: getattr(command, f.name) for f in fields(Options)})
    if not command.look:
        own = make_set(command.path, options, command.json)
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


def encode(command: Encode) -> int:
    from tqdm import tqdm

    from aecore.analysis.encoding import encode_source
    from aecore.export.tables import CODES, encoded_file
    from aecore.files import write_whole
    from aecore.own.opening import open_source

    if command.out.suffix.lower() not in CODES:
        raise ValueError(
            f"--out must end in {', '.join(CODES)}, not {command.out.suffix or command.out.name}"
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


def require_data(config: Config) -> None:
    """Fails before a folder is made when the images are not on this machine."""
    from aecore import data

    data.load(config.data.name)


def is_path(name: str) -> bool:
    """Whether what stands for a data set's name is where one's own images lie."""
    from aecore.config import OWN_NAME
    from aecore.data import DATASETS

    return name not in DATASETS and not OWN_NAME.fullmatch(name) and Path(name).expanduser().exists()


def make_set(path: str, options: Options, quiet: bool) -> OwnSet:
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


def _download(name: str) -> int:
    from tqdm import tqdm

    from aecore import data

    with tqdm(unit="B", unit_scale=True, disable=not sys.stderr.isatty()) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        data.download(name, progress)
    return 0
