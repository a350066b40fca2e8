"""The auto-encoder explorer's core: configs, models, losses, training, and ways of looking. No Streamlit.

Names are loaded on first use, so that listing runs does not wait for torch.
"""

from importlib import import_module

_HOME = {
    "Config": "config",
    "DataConfig": "config",
    "ModelConfig": "config",
    "LossConfig": "config",
    "TrainConfig": "config",
    "PRESETS": "presets",
    "DATASETS": "data",
    "ImageData": "data",
    "load_data": "data",
    "train": "training.single",
    "load_run": "store",
    "list_runs": "store",
    "Run": "store.run",
    "Grid": "grid",
    "train_grid": "training.grids",
    "AutoencoderTransformer": "estimator",
    "train_run": "jobs.worker",
    "evaluate": "analysis.metrics",
    "pca_baseline": "analysis.projection",
    "picture": "figures.pictures",
}

__all__ = sorted(_HOME)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'aecore' has no attribute {name!r}")
    return getattr(import_module(f"aecore.{_HOME[name]}"), "load" if name == "load_data" else name)
