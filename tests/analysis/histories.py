"""Histories of faulty and of healthy runs: `python -m tests.analysis.histories` makes them anew.

Each is what a run of `benchmarks.alarms` has left: errors by epoch, and a part of its looks at the layers. Of
each fault there is one by which the limits were set, and two fresh ones.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from aecore.analysis.health import Baselines, Course
from aecore.config import Config
from aecore.looks import QUANTITIES, Layer, LayerHistory, look_dtype
from aecore.results import EpochRecord
from benchmarks._alarm_runs import FRESH, TUNING, Case
from benchmarks.alarms import course_of

FOLDER = Path(__file__).with_name("histories")


def read(file: Path) -> Course:
    """The course that `dump` wrote."""
    values = json.loads(file.read_text())
    layers = tuple(Layer.from_dict(layer) for layer in values["layers"])
    rows = np.zeros(len(values["epoch"]), look_dtype(len(layers)))
    for name in ("epoch", "total", *QUANTITIES):
        rows[name] = np.array(values[name], float)
    history = [
        EpochRecord(i, {"squared_error": t}, {"squared_error": e}, 1e-3, 1.0, 1.0)
        for i, (t, e) in enumerate(zip(values["train"], values["validation"], strict=True), 1)
    ]
    config, looks = Config.from_dict(values["config"]), LayerHistory(layers, rows)
    return Course(config, history, looks, Baselines(values["mean_image"], values["pca"]), values["failed"])


def dump(course: Course) -> dict[str, Any]:
    """Plain values, four digits each: the first ten looks, a tenth of the others, the last epoch's."""
    assert course.looks is not None
    rows = course.looks.rows
    kept = [i for i in range(len(rows)) if i < 10 or i % 10 == 0 or rows["epoch"][i] == rows["epoch"][-1]]
    rows = rows[kept]
    return {
        "config": course.config.to_dict(),
        "failed": course.failed,
        "mean_image": course.baselines.mean_image,
        "pca": course.baselines.pca,
        "train": [short(record.train["squared_error"]) for record in course.history],
        "validation": [short(record.squared_error) for record in course.history],
        "layers": [layer.to_dict() for layer in course.looks.layers],
        "epoch": rows["epoch"].tolist(),
        "total": rows["total"].tolist(),
        **{name: [[short(v) for v in row] for row in rows[name].tolist()] for name in QUANTITIES},
    }


def short(value: float) -> float:
    return float(f"{value:.4g}")


def cases() -> dict[str, Case]:
    """The runs by the names of their files, the kind before the first dot."""
    chosen = {"tuning": (TUNING, (0,), (0, 5, 8, 9, 15)), "fresh": (FRESH, (1, 4), (3, 10, 12, 18, 23))}
    return {
        f"{kind}.{name}.{i}": runs[kind][i]
        for name, (runs, faulty, healthy) in chosen.items()
        for kind in runs
        for i in (healthy if kind == "healthy" else faulty)
    }


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, case in cases().items():
        text = json.dumps(dump(course_of(case)), separators=(",", ":"))
        (FOLDER / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
