"""From a source to a set: what will be made of it, and the making, by several processes."""

from __future__ import annotations

import math
import multiprocessing
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from aecore import cores
from aecore.access import writes
from aecore.own import sets
from aecore.own.arrays import ArrayReader
from aecore.own.limits import MOST_CLASSES, SIDES, SourceError
from aecore.own.pictures import Fit, decode, fitted, from_array, is_coloured, of_size
from aecore.own.sets import OwnSet
from aecore.own.source import Reader, Source, Unreadable
from aecore.owners import write_owner
from aecore.records import Record
from aecore.strata import by_class, in_proportion

LOOKED_AT = 240
"""Images that are read to see what they are like, before all are."""
SHEET = 24
"""Of these, so many are shown."""
USUAL_SIDE = 64
"""Largest side that images of several sizes are brought to unless somebody asks for more."""
CHUNK = 128
"""Images that a process takes at once, at most."""
LONE = 4096
"""Images up to which one process does it, since others take a moment to start."""

OnProgress = Callable[[str, int, int], None]
"""Called with what is being done, how many are done and how many there are."""


@dataclass(frozen=True)
class Options(Record):
    """What is to be made of the images."""

    title: str = ""
    """What people see; the source's name if left out."""
    size: int = 0
    """Side in pixels, from 8 to 256; 0 keeps the images' own where they agree, and else takes the median of
    their shorter sides, at most 64."""
    fit: Fit = "crop"
    """Where proportions differ. crop: the middle is cut out; pad: black bars; stretch: pulled into shape."""
    colour: Literal["auto", "grey", "colour"] = "auto"
    """auto: colour where some image has any."""
    test_share: float = 1 / 6
    """Part of each class that is kept for testing, where the source does not part its images itself."""
    seed: int = 0
    """Seed of that choice, and of the choice of images where not all are taken."""
    most: int = 0
    """Images to take, of each class in proportion; 0 takes all."""

    def __post_init__(self) -> None:
        super().__post_init__()
        low, high = SIDES
        if self.size and not low <= self.size <= high:
            raise ValueError(f"size must be from {low} to {high} pixels, or 0, not {self.size}")
        if not 0 < self.test_share <= 0.5:
            raise ValueError(f"test_share must be above 0 and at most 0.5, not {self.test_share}")
        self.check_range("seed", 0, 2**32 - 1)
        if self.most and self.most < 2:
            raise ValueError(f"most must be at least 2, or 0 for all, not {self.most}")


@dataclass(frozen=True)
class Plan:
    """What will be made, for a person to look at first."""

    source: Source
    options: Options
    size: tuple[int, int]
    """(height, width) of the images that are made."""
    channels: int
    classes: dict[str, int]
    """Images of each class that there are, in the order of the classes; empty where there are none."""
    train: np.ndarray
    """Places of the images to train on, among the source's."""
    test: np.ndarray
    looked_at: int
    sizes: list[tuple[tuple[int, int], int]]
    """(width, height) and how many of those looked at have it, the most frequent first."""
    sheet: list[tuple[str, np.ndarray]]
    """Some images as they will be, by name: uint8 C x H x W."""
    unreadable: list[tuple[str, str]]
    """Names and reasons among those looked at."""

    @property
    def title(self) -> str:
        return self.options.title.strip() or self.source.path.stem or self.source.path.name

    @property
    def count(self) -> int:
        return len(self.train) + len(self.test)

    @property
    def bytes(self) -> int:
        """Size of the pixels on disk."""
        return self.count * self.channels * self.size[0] * self.size[1]

    @property
    def treatment(self) -> str:
        """What will be done to each image, in words."""
        height, width = self.size
        kept = {(w, h) for (w, h), _ in self.sizes} == {(width, height)}
        fits = {
            "crop": f"resized until it covers {width} x {height} pixels, the middle cut out",
            "pad": f"resized until it fits into {width} x {height} pixels, on black",
            "stretch": f"resized to {width} x {height} pixels, proportions given up",
        }
        how = f"kept at {width} x {height} pixels" if kept else fits[self.options.fit]
        return f"{how}, in {'colour' if self.channels == 3 else 'grey'}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What else a person should know, a sentence each."""
        found = list(self.source.notes)
        if self.count < len(self.source.names):
            found.append(
                f"sampled {self.count:,} of {len(self.source.names):,} images"
                f"{', stratified by class' if self.classes else ''}"
            )
        if self.source.parts is None:
            found.append(
                f"{len(self.test):,} images are kept for testing, chosen "
                f"{'from each class ' if self.classes else ''}by seed {self.options.seed}"
            )
        return tuple(found)


def plan(source: Source, options: Options | None = None) -> Plan:
    """Looks at some of a source's images and says what will be made. SourceError where none can be read."""
    options = options or Options()
    classes = _classes(source)
    train, test = _parts(source, options)
    reach = len(source.names) if source.reachable is None else source.reachable
    looked = _spread(source, reach, options.seed)
    images, bad = [], []
    for number, found in zip(looked, source.reader.part(looked).read(), strict=True):
        image = as_image(found)
        if isinstance(image, Unreadable):
            bad.append((source.names[number], image.reason))
        else:
            images.append((source.names[number], image))
    if not images:
        name, reason = bad[0]
        raise SourceError(f"none of the {len(bad)} images looked at can be read; {name}: {reason}")
    sizes = Counter(image.size for _, image in images).most_common()
    size = _size(options.size, sizes)
    coloured = options.colour == "colour" or (
        options.colour == "auto" and any(is_coloured(image) for _, image in images)
    )
    channels = 3 if coloured else 1
    sheet = [(name, fitted(image, size, channels, options.fit)) for name, image in images[:SHEET]]
    return Plan(source, options, size, channels, classes, train, test, len(looked), sizes, sheet, bad)


@writes
def build(plan: Plan, on_progress: OnProgress | None = None, workers: int | None = None) -> OwnSet:
    """Reads the images of a plan into a set. The same images make the same set, which is then kept as it is.

    `workers` processes read; as many as there are cores where it is left out. SourceError where fewer than
    two images can be read, OSError where the data folder can't be written. What interrupts it leaves nothing
    behind.
    """
    report = on_progress or (lambda stage, done, total: None)
    root = sets.own_root()
    root.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".making-", dir=root))
    try:
        return _build(plan, draft, report, workers or cores.available())
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _build(plan: Plan, draft: Path, report: OnProgress, workers: int) -> OwnSet:
    source = plan.source
    _require_space(draft, plan)
    reader = source.reader
    if source.prepare is not None:
        reader = source.prepare(draft, lambda done, total: report("Unpacking", done, total))
    order = np.concatenate([plan.train, plan.test])
    path = draft / sets.IMAGES
    bad = _fill(path, reader, order, plan, report, workers)
    kept = np.ones(len(order), bool)
    kept[list(bad)] = False
    train_size = int(kept[: len(plan.train)].sum())
    test_size = int(kept.sum()) - train_size
    if source.parts is None and train_size + test_size > 1:
        # Of a few images the unreadable ones may have been one part's all.
        train_size = min(max(train_size, 1), train_size + test_size - 1)
        test_size = int(kept.sum()) - train_size
    if not train_size or not test_size:
        first = next(iter(sorted(bad)), None)
        why = "" if first is None else f"; {source.names[order[first]]}: {bad[first]}"
        raise SourceError(
            f"{int(kept.sum())} of the {len(order)} images can be read, and at least one to train "
            f"on and one to "
            f"test are needed{why}"
        )
    if bad:
        path = _without(path, kept)
    names = sorted_classes({source.labels[i] for i in order[kept]}) if source.labels else [sets.UNNAMED]
    number = {name: i for i, name in enumerate(names)}
    labels = np.array([number[source.labels[i]] if source.labels else 0 for i in order[kept]], np.int64)
    np.save(draft / sets.LABELS, labels)
    images = np.load(path, mmap_mode="r")
    report("Checking", 0, 1)
    channels, height, width = images.shape[1:]
    own = OwnSet(
        name="",
        title=plan.title,
        source=f"{source.kind}, {source.path.name}",
        made=time.time(),
        channels=channels,
        height=height,
        width=width,
        class_names=tuple(names),
        train_size=train_size,
        test_size=test_size,
        found=len(source.names),
        skipped=len(bad),
        treatment=plan.treatment,
        notes=plan.notes,
        content="",
        stamp=(path.stat().st_size, path.stat().st_mtime_ns),
    )
    content = sets.content_of(images, labels, own)
    own = replace(own, content=content, name=sets.name_of(plan.title, content))
    del images
    parts = ["train"] * train_size + ["test"] * test_size
    rows = (
        (source.names[i], names[labels[k]] if source.labels else "", parts[k])
        for k, i in enumerate(order[kept].tolist())
    )
    skipped = [(source.names[order[k]], reason) for k, reason in sorted(bad.items())]
    for left in draft.iterdir():
        if left.name not in (sets.IMAGES, sets.LABELS):
            left.unlink()
    sets.write_set(draft, own, rows, skipped)
    write_owner(draft)
    try:
        draft.rename(own.folder)
    except OSError:
        # The same images were read before, or by somebody else at the same time.
        return sets.read_set(own.name)
    return own


def _require_space(folder: Path, plan: Plan) -> None:
    free = shutil.disk_usage(folder).free
    if plan.bytes > free:
        raise SourceError(
            f"the images take {plan.bytes / 1e9:,.1f} GB, and {free / 1e9:,.1f} GB are free in "
            f"{folder.parent}: "
            "take fewer or smaller ones"
        )


def _fill(
    path: Path, reader: Reader, order: np.ndarray, plan: Plan, report: OnProgress, workers: int
) -> dict[int, str]:
    """Writes the images in that order; returns why some can't be read, by their place in it."""
    shape = (len(order), plan.channels, *plan.size)
    array = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
    offset = array.offset
    del array
    step = min(CHUNK, max(1, len(order) // (4 * workers)))
    cuts = [
        (start, reader.part(order[start : start + step].tolist())) for start in range(0, len(order), step)
    ]
    work = _Work(path, offset, plan.size, plan.channels, plan.options.fit)
    bad: dict[int, str] = {}
    done = 0

    def note(start: int, found: dict[int, str]) -> None:
        nonlocal done
        bad.update({start + i: reason for i, reason in found.items()})
        done = min(done + step, len(order))
        report("Reading", done, len(order))

    if workers < 2 or len(order) <= LONE or work.takes_blocks(reader):
        for start, piece in cuts:
            note(start, work(start, piece))
        return bad
    # Fresh processes: a fork would take the locks of this one's threads along. This one reads as well, while
    # the others still start.
    with ProcessPoolExecutor(workers - 1, multiprocessing.get_context("spawn")) as pool:
        try:
            waiting: dict[Future[dict[int, str]], int] = {}
            for start, piece in cuts:
                # Few at a time: what waits in the queue would be a copy of all names.
                if len(waiting) < 3 * (workers - 1):
                    waiting[pool.submit(work, start, piece)] = start
                else:
                    note(start, work(start, piece))
                for future in [future for future in waiting if future.done()]:
                    note(waiting.pop(future), future.result())
            for future in as_completed(list(waiting)):
                note(waiting.pop(future), future.result())
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return bad


@dataclass(frozen=True)
class _Work:
    """Reads some images and writes them to their place; what a process is sent."""

    path: Path
    offset: int
    size: tuple[int, int]
    channels: int
    fit: Fit

    def takes_blocks(self, reader: Reader) -> bool:
        """Whether the images lie in arrays of the very size that is wanted, and need only be copied."""
        if not isinstance(reader, ArrayReader):
            return False
        return reader.part([0]).block()[0].shape[1:] == (*self.size, self.channels)

    def __call__(self, start: int, reader: Reader) -> dict[int, str]:
        if self.takes_blocks(reader):
            images, bad = reader.block()  # type: ignore[attr-defined]
            pixels = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
        else:
            made, bad = [], {}
            blank = bytes(self.channels * math.prod(self.size))
            for i, found in enumerate(reader.read()):
                image = as_image(found)
                if isinstance(image, Unreadable):
                    bad[i] = image.reason
                    made.append(blank)
                else:
                    made.append(of_size(image, self.size, self.channels, self.fit).tobytes())
            # One array of all takes less than one an image.
            rows = np.frombuffer(b"".join(made), np.uint8).reshape(-1, *self.size, self.channels)
            pixels = np.ascontiguousarray(rows.transpose(0, 3, 1, 2))
        with self.path.open("r+b") as file:
            file.seek(self.offset + start * pixels[0].nbytes)
            file.write(pixels.data)
        return bad


def _without(path: Path, kept: np.ndarray) -> Path:
    """The images' file without those that could not be read."""
    images = np.load(path, mmap_mode="r")
    whole = path.with_name("kept.npy")
    fewer = np.lib.format.open_memmap(whole, "w+", np.uint8, (int(kept.sum()), *images.shape[1:]))
    places = np.flatnonzero(kept)
    for start in range(0, len(places), CHUNK):
        fewer[start : start + CHUNK] = images[places[start : start + CHUNK]]
    fewer.flush()
    del fewer, images
    whole.replace(path)
    return path


def as_image(found: bytes | np.ndarray | Unreadable) -> Image.Image | Unreadable:
    """What a reader gives as an image of mode L or RGB, or the reason why it can't be one."""
    if isinstance(found, np.ndarray):
        return from_array(found)
    return found if isinstance(found, Unreadable) else decode(found)


def _size(wanted: int, sizes: Sequence[tuple[tuple[int, int], int]]) -> tuple[int, int]:
    """(height, width) of the images that are made."""
    if wanted:
        return wanted, wanted
    low, high = SIDES
    if len(sizes) == 1:
        width, height = sizes[0][0]
        if low <= min(width, height) and max(width, height) <= high:
            return height, width
    shorter = np.repeat([min(size) for size, _ in sizes], [count for _, count in sizes])
    side = int(np.clip(np.median(shorter), low, USUAL_SIDE))
    return side, side


def sorted_classes(names: set[str]) -> list[str]:
    """Numbers by their value, then names by their letters."""
    return sorted(names, key=lambda name: (not name.isdigit(), int(name) if name.isdigit() else 0, name))


def _classes(source: Source) -> dict[str, int]:
    if source.labels is None:
        return {}
    counts = Counter(source.labels)
    if len(counts) > MOST_CLASSES:
        raise SourceError(
            f"{source.path.name} has {len(counts):,} classes, and at most {MOST_CLASSES:,} are told apart"
        )
    return {name: counts[name] for name in sorted_classes(set(counts))}


def _groups(source: Source, places: np.ndarray) -> Iterator[np.ndarray]:
    """The places of each class's images."""
    if source.labels is None:
        yield places
        return
    yield from by_class(places, np.array([source.labels[i] for i in places]))


def _parts(source: Source, options: Options) -> tuple[np.ndarray, np.ndarray]:
    """Places of training and test images, sorted. SourceError where there are not two images."""
    every = np.arange(len(source.names))
    if len(every) < 2:
        raise SourceError("one image is too few: at least one to train on and one to test are needed")
    random = np.random.default_rng(options.seed)
    fewer = options.most / len(every) if 0 < options.most < len(every) else 1.0
    if source.parts is not None:
        tests = np.fromiter((part == "test" for part in source.parts), bool, len(every))
        train, test = (
            _sampled(source, part, max(1, round(fewer * len(part))), random)
            for part in (every[~tests], every[tests])
        )
        return train, test
    taken = _sampled(source, every, round(fewer * len(every)), random)
    held = [_share(random.permutation(group), options.test_share) for group in _groups(source, taken)]
    test = np.concatenate(held)
    if not len(test):
        test = random.choice(taken, 1)
    return np.setdiff1d(taken, test), np.sort(test)


def _share(group: np.ndarray, share: float) -> np.ndarray:
    """That part of a class's images, at least one where there are two."""
    count = round(share * len(group))
    return group[: max(count, 1) if len(group) > 1 else 0]


def _sampled(source: Source, places: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """`count` of the places, of each class in proportion."""
    if count == len(places):
        return places
    return in_proportion(list(_groups(source, places)), count, random)


def _spread(source: Source, reach: int, seed: int) -> list[int]:
    """Places of the images to look at, out of the first `reach`: of each class in turn."""
    random = np.random.default_rng(seed)
    groups = [random.permutation(group) for group in _groups(source, np.arange(reach))]
    turns = max(1, -(-LOOKED_AT // len(groups)))
    taken = [int(group[turn]) for turn in range(turns) for group in groups if turn < len(group)]
    return taken[:LOOKED_AT]
