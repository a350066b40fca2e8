"""What is known of runs: their list, a run's figures, its network as code."""

from __future__ import annotations

import json
from typing import Any

from aecore import jobs, store
from aecore.command_flags import Code, Evaluate, Runs
from aecore.presets import architecture, penalty_text
from aecore.results import Score
from aecore.store import GridInfo, RunInfo


def runs(command: Runs) -> int:
    active = jobs.active(command.out)
    found = [*store.list_runs(command.out), *store.list_grids(command.out)]
    for job in sorted(found, key=lambda job: 0.0 if isinstance(job, store.Unreadable) else -job.created):
        row = _row(job, active)
        if command.json:
            print(json.dumps(row))
            continue
        if (line := row.pop("in_line", None)) is not None:
            behind = f", behind {line['behind']}" if line["behind"] else ""
            row["status"] = f"{line['text']}{behind}"
        if "members" in row:
            row["members"] = f"{row.pop('members_done')} of {row['members']} members"
        print("  ".join(str(value) for value in row.values() if value is not None))
    return 0


def _row(job: RunInfo | GridInfo | store.Unreadable, active: list[jobs.Job]) -> dict[str, Any]:
    """What is listed of a run or grid, whose folder's name is under `run` or `grid`."""
    is_grid = store.is_grid(job.path)
    key = {"grid" if is_grid else "run": job.key}
    if isinstance(job, store.Unreadable):
        return {**key, "status": "unreadable", "reason": job.reason}
    row: dict[str, Any] = {
        **key,
        "name": job.name,
        "status": jobs.status(job),
        "data": job.config.data.name,
        "architecture": architecture(job.config.model),
    }
    if (place := jobs.place_of(job, active)) is not None:
        behind = place.behind.key if place.behind is not None else None
        line = {"place": place.number, "of": place.of, "device": place.device, "behind": behind}
        row["in_line"] = {**line, "text": place.text}
    if isinstance(job, GridInfo):
        return {**row, "members": len(job.grid.members), "members_done": len(job.members())}
    return {
        **row,
        "latent_size": job.config.model.latent_size,
        "penalty": penalty_text(job.config.loss),
        "squared_error": job.result.test.squared_error if job.result else None,
    }


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
