"""The words of a model card: a header in YAML that hubs read, and the text below it.

The header is that of Hugging Face (https://hf.co/docs/hub/model-cards); its figures are those of the run's
result, digit for digit. What a person or a data set is called is text, and never Markdown.
"""

from __future__ import annotations

import hashlib
import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from aecore import store
from aecore.analysis.projection import pca_baseline
from aecore.config import OWN_NAME, Config
from aecore.data import DATASETS, Dataset, ImageData, find
from aecore.events import Event, change_text, course
from aecore.files import StoreError
from aecore.own.sets import read_set
from aecore.presets import architecture
from aecore.results import Result, Score
from aecore.settings import effective_fields, label, show
from aecore.store.run import Run

UNSAID = ("data.name", "train.device", "train.record", "train.keep_weights")
"""Settings that stand elsewhere in the card, or change nothing of the weights."""

_LIVE = re.compile(r"([\\`*_\[\]<>#|~&$!{}])")


@dataclass(frozen=True)
class Facts:
    """All that a card tells."""

    run: Run
    result: Result
    data: ImageData | None
    """None where the images are not on this machine."""
    events: Sequence[Event]
    seeds: Sequence[float]
    """Squared errors on the test images of all finished runs with these settings but for the seed; this one's
    among them."""
    pictures: Sequence[str]

    @property
    def config(self) -> Config:
        return self.run.config


def card(facts: Facts) -> str:
    """The whole card."""
    header = yaml.safe_dump(_header(facts), sort_keys=False, allow_unicode=True, width=100)
    return f"---\n{header}---\n\n" + "\n\n".join(_sections(facts)) + "\n"


def plain(text: object) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _LIVE.sub(r"\\\1", " ".join(str(text).split()))


def seeds_of(run: Run) -> list[float]:
    """The squared errors of the finished runs beside this one that differ from it in their seed alone."""
    root = run.path.parent
    if store.is_grid(root):
        info = store.read_grid(root)
        others = [(info.grid.members[row.k], row.result) for row in info.members()]
    else:
        listed = [info for info in store.list_runs(root) if isinstance(info, store.RunInfo)]
        # What was changed on the way, or began elsewhere, is no repetition.
        others = [
            (info.config, info.result) for info in listed if info.origin is None and not _changed(info.path)
        ]
    alike = [result for config, result in others if result and _seedless(config) == _seedless(run.config)]
    return [result.test.squared_error for result in alike]


def _changed(path: Path) -> bool:
    try:
        return bool(course(store.read_events(path)))
    except StoreError:
        return True


def _seedless(config: Config) -> Config:
    return replace(config, train=replace(config.train, seed=0))


def _about(facts: Facts) -> Dataset | None:
    """What is known of the data set, None for images of one's own that are not here."""
    try:
        return find(facts.config.data.name)
    except ValueError:
        return None


def _title(facts: Facts) -> str:
    about = _about(facts)
    return about.title if about else facts.config.data.name


def _metrics(test: Score) -> Iterator[tuple[str, str, float]]:
    """Type, name and value of each figure."""
    yield "squared_error", "Squared error per image", test.squared_error
    yield "mse", "Mean squared error per pixel", test.mse
    values = test.to_dict()
    if values["psnr"] is not None:
        yield "psnr", "Peak signal-to-noise ratio (dB)", values["psnr"]
    if test.bound is not None:
        yield "elbo", "Evidence lower bound (nats per image)", test.bound.elbo


def _header(facts: Facts) -> dict[str, Any]:
    config, test = facts.config, facts.result.test
    kind = "variational-autoencoder" if config.model.variational else "autoencoder"
    known = config.data.name in DATASETS
    figures = [{"type": t, "name": name, "value": value} for t, name, value in _metrics(test)]
    results = {
        "task": {"type": "image-feature-extraction", "name": "Image reconstruction"},
        "dataset": {"type": config.data.name, "name": _title(facts), "split": "test"},
        "metrics": figures,
    }
    return {
        "library_name": "pytorch",
        "pipeline_tag": "image-feature-extraction",
        "tags": list(dict.fromkeys(["autoencoder", kind, "image-reconstruction", config.model.family])),
        **({"datasets": [config.data.name]} if known else {}),
        "metrics": [figure["type"] for figure in figures],
        "model-index": [{"name": facts.run.name, "results": [results]}],
    }


def _sections(facts: Facts) -> Iterator[str]:
    yield f"# {plain(facts.run.name)}"
    yield _opening(facts)
    if "reconstructions.png" in facts.pictures:
        yield "![Test images, their reconstructions, and PCA's](reconstructions.png)"
        yield (
            "Test images above what this network makes of them, and PCA with as many components as the code "
            "has units."
        )
    yield "## Use"
    yield _use(facts)
    yield "## Figures"
    yield _figures(facts)
    if "curve.png" in facts.pictures:
        yield "![Squared error after each epoch](curve.png)"
        yield "Squared error after each epoch: dashed on training images, solid on those held out; grey, PCA."
    if "map.png" in facts.pictures:
        yield "## Codes"
        yield "![Codes of test images](map.png)"
        labelled = facts.data is not None and facts.data.labelled
        coloured = ", coloured by their class, which training did not see" if labelled else ""
        yield f"The codes of test images{coloured}."
    yield "## Data"
    yield _data(facts)
    yield "## Training"
    yield _training(facts)
    yield "## Limits"
    yield _limits(facts)
    yield "## License"
    yield "No license is chosen here: whoever publishes these weights adds `license:` to this file's header."


def _opening(facts: Facts) -> str:
    model, size = facts.config.model, " x ".join(map(str, facts.run.shape))
    kind = "A variational auto-encoder" if model.variational else "An auto-encoder"
    noise = facts.config.train.corruption
    task = f" It was trained to give clean images from corrupted ones ({noise})." if noise != "none" else ""
    numbers = f"{model.latent_size} number{'s' * (model.latent_size != 1)}"
    return (
        f"{kind} ({architecture(model)}) of images of {size} pixels (channels, height, width) from "
        f"{plain(_title(facts))}, with a code of {numbers} and "
        f"{facts.result.parameters:,} trained parameters.{task}"
    )


def _use(facts: Facts) -> str:
    size = ", ".join(map(str, facts.run.shape))
    mean = " The code is the mean of each image's posterior." if facts.config.model.variational else ""
    return f"""```python
import torch
from autoencoder import load  # the file beside this one; it needs torch and safetensors

model = load()
images = torch.rand(4, {size})  # N x C x H x W, float in [0, 1]
codes = model.encode(images)  # N x {facts.run.latent_size}
pictures = model.decode(codes)  # N x C x H x W
```

Images go in and come out in [0, 1]; the scaling to the range of the training is part of the code.{mean}"""


def _figures(facts: Facts) -> str:
    test, run = facts.result.test, facts.run
    pixels = int(np.prod(run.shape))
    rows = [("this network", test.squared_error, test.mse)]
    if test.pca_squared_error is not None:
        pca = test.pca_squared_error
        rows.append((f"PCA, {run.latent_size} component{'s' * (run.latent_size != 1)}", pca, pca / pixels))
    if facts.data is not None:
        mean = pca_baseline(facts.data).error(0)
        rows.append(("the mean training image", mean, mean / pixels))
    lines = [
        "On the test images, with pixels in [0, 1]; lower is better.",
        "",
        "| | Squared error per image | Mean squared error per pixel |",
        "|---|---|---|",
        *(f"| {name} | {error:.4f} | {mse:.6f} |" for name, error, mse in rows),
        "",
        "The squared error per image is the sum over an image's pixels, averaged over images.",
    ]
    if test.bound is not None:
        lines += ["", f"{test.bound} on the test images."]
    if (denoised := facts.result.denoised) is not None:
        lines += [
            "",
            f"From test images corrupted as in training it comes to {denoised.squared_error:.4f} against the "
            "clean ones.",
        ]
    if len(facts.seeds) > 1:
        lines += [
            "",
            f"Over {len(facts.seeds)} seeds of the same settings the squared error is "
            f"{statistics.fmean(facts.seeds):.4f} on average, with a standard deviation of "
            f"{statistics.stdev(facts.seeds):.4f}.",
        ]
    else:
        lines += ["", "One seed: how much another one would differ is not known."]
    return "\n".join(lines)


def _data(facts: Facts) -> str:
    about, name = _about(facts), facts.config.data.name
    lines = []
    if about is not None:
        classes = f" in {about.classes} classes" if about.classes > 1 else ""
        lines += [
            f"{plain(about.title)} (`{name}`): {plain(about.description)}",
            f"{about.train_size:,} training images and {about.test_size:,} test images{classes}.",
        ]
        if held := facts.config.data.validation_fraction:
            lines.append(f"Of the training images {held:.1%} were held out for validation.")
        if about.origin:
            lines.append(f"Made by: {plain(about.origin)}.")
        if about.license:
            lines.append(f"Terms of its makers: {plain(about.license)}.")
    else:
        lines.append(
            f"`{name}`, a set of one's own images that is not on the machine this card was written on."
        )
    if facts.data is not None:
        lines.append(f"SHA-256 of its pixels, labels and parts: `{content_hash(facts.data)}`.")
    return " ".join(lines)


def content_hash(data: ImageData) -> str:
    """SHA-256 of a data set's content; of one's own images, the hash that their set is named by."""
    if OWN_NAME.fullmatch(data.name):
        return read_set(data.name).content
    digest = hashlib.sha256(repr((data.shape, data.class_names, len(data.train_images))).encode())
    for part in (data.train_images, data.test_images, data.train_labels, data.test_labels):
        digest.update(np.ascontiguousarray(part.numpy()).data)
    return digest.hexdigest()


def _training(facts: Facts) -> str:
    config, result = facts.config, facts.result
    rows = {
        label(field): _shown(config.get(field)) for field in effective_fields(config) if field not in UNSAID
    }
    rows |= {
        "Epochs": f"{result.epochs}",
        "Trained parameters": f"{result.parameters:,}",
        "Training time": f"{result.seconds:.1f} s{f' on {result.device}' if result.device else ''}",
    }
    lines = ["| | |", "|---|---|", *(f"| {name} | {plain(value)} |" for name, value in rows.items())]
    lines += ["", "`config.json` holds every setting."]
    if changes := course(facts.events):
        told = "; ".join(f"{change_text(c.values)} from epoch {c.epoch:.3g}" for c in changes)
        lines += ["", f"Changed while it was trained: {plain(told)}."]
    return "\n".join(lines)


def _shown(value: object) -> str:
    return ("no", "yes")[value] if isinstance(value, bool) else show(value)


def _limits(facts: Facts) -> str:
    size = " x ".join(map(str, facts.run.shape))
    limits = [
        f"It takes images of {size} alone; others have to be brought to that size and to [0, 1] first.",
        "It was trained on the images named above, and its figures are of test images of the same kind. Of "
        "other images nothing is known.",
        "The squared error weighs every pixel alike: a reconstruction with a small error may be blurred.",
    ]
    if facts.config.model.output_activation == "linear":
        limits.append("Its output is linear, so that a reconstructed pixel may leave [0, 1].")
    if facts.data is None:
        limits.append(
            "The images were not at hand when this card was written: it lacks their pictures, the map of "
            "codes, and the figure of the mean image."
        )
    return "\n".join(f"- {limit}" for limit in limits)
