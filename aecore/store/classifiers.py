"""Small classifiers: one file each, weights with the record of what they were trained on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from aecore.files import StoreError, check_tensors, parse_json, write_tensors
from aecore.results import ClassifierRecord

if TYPE_CHECKING:
    from torch import Tensor

LARGEST_CLASSIFIER = 64 << 20
"""Bytes of such a file."""
_RECORD = "record"


def write_classifier(path: Path, tensors: Mapping[str, Tensor], record: ClassifierRecord) -> None:
    """Writes the file, and its folder where there is none; raises OSError when that is not possible."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_tensors(path, tensors, {_RECORD: json.dumps(record.to_dict())})


def read_classifier(path: Path) -> tuple[dict[str, Tensor], ClassifierRecord] | None:
    """The tensors by name and the record, or None where there is no file; StoreError for a damaged one."""
    from safetensors import SafetensorError, safe_open

    try:
        check_tensors(path, LARGEST_CLASSIFIER)
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        record = ClassifierRecord.from_dict(parse_json(metadata.get(_RECORD, "null"), path.name))
    except FileNotFoundError:
        return None
    except StoreError:
        raise
    except (SafetensorError, OSError, ValueError) as error:
        raise StoreError(f"{path.name} is damaged: {error}") from error
    return tensors, record
