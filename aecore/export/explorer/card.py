"""The run in lines, and its whole configuration."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np

from aecore.export.explorer.material import Material
from aecore.models import layer_sizes
from aecore.presets import architecture, beta_text, corruption_text, penalty_text
from aecore.store.folders import FORMAT


def card(material: Material) -> dict[str, Any]:
    """What `card.js` shows: lines of a name and a text, and the configuration as JSON."""
    return {"lines": [list(line) for line in lines(material)], "config": _config_text(material)}


def lines(material: Material) -> list[tuple[str, str]]:
    """What there is to say of the run, in words."""
    run, data, config = material.run, material.data, material.run.config
    model, train = config.model, config.train
    size = " x ".join(map(str, run.shape[1:])) + (", colour" if run.shape[0] == 3 else ", grey")
    classes = f", {len(data.class_names)} classes" if data.labelled else ""
    error, pca = (float(e.mean(dtype=np.float64)) for e in (material.errors, material.pca_errors))
    found = [
        ("Name", run.name),
        (
            "Data set",
            f"{data.name}: {len(data.train_images):,} training and {len(data.test_images):,} test images of "
            f"{size}{classes}",
        ),
        ("Network", f"{architecture(model)}: {'-'.join(map(str, layer_sizes(model, run.shape)))}"),
        ("Units in the code", f"{run.latent_size}, of which {material.units.used} are in use"),
        ("Loss", f"{config.loss.reconstruction}, penalties: {penalty_text(config.loss)}"),
        ("Beta", beta_text(config)),
        ("Corruption of the input", corruption_text(train)),
        (
            "Training",
            f"{train.epochs} epochs, batches of {train.batch_size}, {train.optimizer}, learning rate "
            f"{train.learning_rate:g}, seed {train.seed}",
        ),
        ("Squared error per test image", f"{error:.2f} (PCA with {run.latent_size}: {pca:.2f})"),
    ]
    if run.result is not None:
        bound = run.result.test.bound
        found.append(("Bound on test images", str(bound) if bound is not None else ""))
        found.append(("Parameters", f"{run.result.parameters:,}"))
    else:
        found.append(("State", "not trained to its end"))
    when = datetime.fromtimestamp(material.created, UTC)
    found.append(("Made", f"{when:%Y-%m-%d} by the auto-encoder explorer, run format {FORMAT}"))
    return [(name, text) for name, text in found if text]


def _config_text(material: Material) -> str:
    return json.dumps(material.run.config.to_dict(), indent=2, ensure_ascii=False)
