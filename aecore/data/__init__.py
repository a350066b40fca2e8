"""Named data sets as uint8 tensors, how they are scaled for training, and how they are fetched."""

from aecore.cache import data_root
from aecore.data.catalog import DATASETS, DataNotFoundError, Dataset, datasets, find, load
from aecore.data.fetch import download
from aecore.data.images import (
    ImageData,
    classes_in_turn,
    first_of_each_class,
    in_parts,
    thumbnails,
    to_uint8,
    unit_range,
)
from aecore.data.normalization import Scaling, level_counts, scaling

__all__ = [
    "DATASETS",
    "DataNotFoundError",
    "Dataset",
    "ImageData",
    "Scaling",
    "classes_in_turn",
    "data_root",
    "datasets",
    "download",
    "find",
    "first_of_each_class",
    "in_parts",
    "level_counts",
    "load",
    "scaling",
    "thumbnails",
    "to_uint8",
    "unit_range",
]
