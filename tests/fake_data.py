"""Small files in the formats of the real data sets, for tests of reading and downloading."""

from pathlib import Path

import numpy as np

from aecore import data

ALWAYS = ("digits", "sprites")
IDX_FILES = data.DATASETS["mnist"].files


def idx(array: np.ndarray) -> bytes:
    return (
        bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()
    )


def idx_arrays(files: tuple[str, ...], first_label: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    sizes = {True: 7, False: 4}
    arrays = {}
    for file in files:
        n = sizes["train" in file]
        labels = (np.arange(n) % 3 + first_label).astype(np.uint8)
        arrays[file] = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8) if "images" in file else labels
    return arrays


def cifar_files(images: int = 3) -> dict[str, bytes]:
    rng = np.random.default_rng(0)
    return {
        file: b"".join(bytes([i % 10]) + rng.bytes(3072) for i in range(images))
        for file in data.DATASETS["cifar10"].files
    }


def fill(name: str, contents: dict[str, bytes]) -> Path:
    folder = data.DATASETS[name].folder()
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in contents.items():
        (folder / file).write_bytes(content)
    return folder
