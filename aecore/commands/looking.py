"""What is known of runs: their list, a run's figures, its network as code."""

from __future__ import annotations

import json
from typing import Any

from aecore import jobs, store
from aecore.command_flags import Code, Evaluate, Runs
from aecore.presets import architecture, penalty_text
from aecore.results import Score


def runs(command: Runs) -> int:
    for run in store.list_runs(command.out):
        if isinstance(run, store.Unreadable):
            row: dict[str, Any] = {"run": run.key, "status": "unreadable", "reason": run.reason}
        else:
            row = {
                "run": run.key,
                "name": run.name,
                "status": jobs.status(run),
                "data": run.config.data.name,
                "architecture": architecture(run.config.model),
                "latent_size": run.config.model.latent_size,
                "penalty": penalty_text(run.config.loss),
                "squared_error": run.result.test.squared_error if run.result else None,
            }
        print(json.dumps(row) if command.json else "  ".join(str(v) for v in row.values() if v is not None))
    return 0


def evaluate(command: Evaluate) -> int:
    from aecore import data
    from aecore.analysis import metrics, variational
    from aecore.analysis.projection import pca_baseline

    run = store.load_run(command.run)
    images = data.load(run.config.data.name)
    test, pca = metrics.evaluate(run, images), pca_baseline(images).error(run.latent_size)
    values: dict[str, Any] = {"run": str(run.path), "test": test.to_dict(), "pca": {"squared_error": pca}}
    text = f"{run.name}: {figures(test)}; PCA with {run.latent_size} components has {pca:.3f}"
    if run.config.model.variational:
        likelihood = variational.log_likelihood(run, images.test_images)
        values["log_likelihood"] = vars(likelihood)
        text += (
            f"; log-likelihood {likelihood.value:.2f} ± {likelihood.standard_error:.2f} nats by importance "
            f"sampling with {likelihood.draws} draws"
        )
    print(json.dumps(values) if command.json else text)
    return 0


def code(command: Code) -> int:
    from aecore.export.code import pytorch_code

    run = store.load_run(command.run)
    text = pytorch_code(run.config.model, run.shape, run.scaling, run.name)
    print(json.dumps({"run": str(run.path), "code": text}) if command.json else text.rstrip())
    return 0


def figures(test: Score) -> str:
    text = (
        f"squared error per image {test.squared_error:.3f}, mse {test.mse:.5f}, "
        f"psnr {test.psnr:.2f} dB on the test images"
    )
    return text if test.bound is None else f"{text}; {test.bound}"
