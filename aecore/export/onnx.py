"""A run's network as ONNX, in three files, each for any number of images.

`encoder.onnx` takes `images` and gives `code`; of a variational network `mean`, which is its code, and
`log_variance`. `decoder.onnx` takes `code` and gives `images`. `autoencoder.onnx` takes `images` and gives
`reconstruction`. Images are N x C x H x W float32 in [0, 1] on both sides, since the network's scaling is
part of the graph; a linear output may leave [0, 1], as that of the run does.

Needs the packages of `requirements-onnx.txt`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from aecore.files import write_whole
from aecore.version import VERSION

if TYPE_CHECKING:
    from onnx import ModelProto

    from aecore.store.run import Run

OPSET = 18
"""Version of ONNX's operators, the one that PyTorch's exporter writes without converting."""
TOLERANCE = 1e-5
"""How far ONNX Runtime's figures may be from PyTorch's, absolute and relative to the largest: both compute in
float32 and add in another order."""
LARGEST = (2 << 30) - (16 << 20)
"""Bytes of weights in one file: a message of Protocol Buffers ends at 2 GiB."""
CHECKED_ON = 3
"""Images of the comparison; another number than the one that the network was traced with."""


@dataclass(frozen=True)
class Written:
    """What was written, and how it was checked."""

    files: tuple[Path, ...]
    difference: float | None
    """Largest difference between ONNX Runtime and PyTorch; None where ONNX Runtime is not installed."""

    @property
    def text(self) -> str:
        """The check in one sentence."""
        if self.difference is None:
            return "not checked, since ONNX Runtime is not installed (pip install onnxruntime)"
        return f"ONNX Runtime agrees with PyTorch to {self.difference:.1g}"


class Encoder(nn.Module):
    """Images in [0, 1] to codes, or to the mean and log-variance of each."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.model, self.scaling = run.model, run.scaling

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        x = self.scaling.normalize(images)
        return self.model.encode(x) if self.model.log_variance is None else self.model.posterior(x)


class Decoder(nn.Module):
    """Codes to images in [0, 1]."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.model, self.scaling = run.model, run.scaling

    def forward(self, code: Tensor) -> Tensor:
        return self.scaling.denormalize(self.model.decode(code))


class Whole(nn.Module):
    """Images in [0, 1] to their reconstructions; of a variational network, from the mean."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.model, self.scaling = run.model, run.scaling

    def forward(self, images: Tensor) -> Tensor:
        return self.scaling.denormalize(self.model.decode(self.model.encode(self.scaling.normalize(images))))


@dataclass(frozen=True)
class Part:
    """One of the files."""

    file: str
    make: Callable[[Run], nn.Module]
    takes: str
    gives: str

    def names(self, run: Run) -> list[str]:
        """Of the outputs."""
        two = self.gives == "code" and run.config.model.variational
        return ["mean", "log_variance"] if two else [self.gives]

    def example(self, run: Run, count: int) -> Tensor:
        """Inputs with a fixed seed."""
        draw = torch.Generator().manual_seed(0)
        if self.takes == "images":
            return torch.rand(count, *run.shape, generator=draw)
        return torch.randn(count, run.latent_size, generator=draw)


PARTS = (
    Part("encoder.onnx", Encoder, "images", "code"),
    Part("decoder.onnx", Decoder, "code", "images"),
    Part("autoencoder.onnx", Whole, "images", "reconstruction"),
)


def missing() -> list[str]:
    """The packages that are needed and not installed."""
    return [name for name in ("onnx", "onnxscript") if importlib.util.find_spec(name) is None]


def write(run: Run, target: Path, on_progress: Callable[[float], None] = lambda share: None) -> Written:
    """Writes the three files into the folder `target`, which is there, and compares each with PyTorch.

    `on_progress` is told the share that is done. RuntimeError in one sentence where a package is missing or
    the outputs differ by more than `TOLERANCE`; ValueError for a network that one file can't hold.
    """
    if lacking := missing():
        raise RuntimeError(f"ONNX needs {' and '.join(lacking)}: pip install {' '.join(lacking)} onnxruntime")
    if (size := sum(t.nbytes for t in run.model.state_dict().values())) > LARGEST:
        raise ValueError(
            f"the network has {size / 2**30:.1f} GiB of weights, and an ONNX file holds less than 2"
        )
    contents, differences = {}, []
    for i, part in enumerate(PARTS):
        content = _traced(part, run).SerializeToString()
        differences.append(_difference(part, run, content))
        contents[target / part.file] = content
        on_progress((i + 1) / len(PARTS))
    # All or none: one that computes something else tells of the others too.
    for file, content in contents.items():
        write_whole(file, content)
    known = [d for d in differences if d is not None]
    return Written(tuple(contents), max(known) if known else None)


def _traced(part: Part, run: Run) -> ModelProto:
    """The part as ONNX, with what it is and how it was made in its metadata."""
    import onnx

    with _quiet():
        # Two images: a dimension of 1 would be taken for a constant.
        program = torch.onnx.export(
            part.make(run).eval(),
            (part.example(run, 2),),
            input_names=[part.takes],
            output_names=part.names(run),
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    proto = program.model_proto
    # The exporter notes where in whose folders each operator comes from.
    graph = proto.graph
    for noted in (
        proto,
        graph,
        *graph.node,
        *graph.input,
        *graph.output,
        *graph.value_info,
        *graph.initializer,
    ):
        del noted.metadata_props[:]
    onnx.helper.set_model_props(
        proto,
        {
            "name": run.name,
            "config": json.dumps(run.config.to_dict()),
            "aecore_version": VERSION,
            "images": f"N x {' x '.join(map(str, run.shape))}, float32 in [0, 1]",
        },
    )
    proto.producer_name, proto.producer_version = "aecore", VERSION
    proto.doc_string = f"{part.file} of {run.name}: {part.takes} to {', '.join(part.names(run))}"
    onnx.checker.check_model(proto)
    return proto


def _difference(part: Part, run: Run, content: bytes) -> float | None:
    """How far ONNX Runtime is from PyTorch at most; RuntimeError beyond `TOLERANCE`."""
    if importlib.util.find_spec("onnxruntime") is None:
        return None
    import onnxruntime

    x = part.example(run, CHECKED_ON)
    with torch.inference_mode():
        expected = part.make(run)(x)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    found = session.run(None, {part.takes: x.numpy()})
    largest = 0.0
    for wanted, got in zip(expected if isinstance(expected, tuple) else (expected,), found, strict=True):
        difference = float((wanted - torch.from_numpy(got)).abs().max())
        scale = max(1.0, float(wanted.abs().max()))
        if not difference <= TOLERANCE * scale:
            raise RuntimeError(
                f"{part.file} was not written: ONNX Runtime differs from PyTorch by {difference:.2g}"
            )
        largest = max(largest, difference / scale)
    return largest


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the exporter's reports off the terminal: where it fails it raises."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
