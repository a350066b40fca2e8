"""Named data sets as uint8 tensors, rows of numbers as floats, their scaling, their download."""

from aecore.cache import data_root
from aecore.data.catalog import DATASETS, DataNotFoundError, Dataset, datasets, find, load
from aecore.data.fetch import download
from aecore.data.floats import FloatData, TrainingData
from aecore.data.images import (
    ImageData,
    classes_in_turn,
    first_of_each_class,
    some_of,
    thumbnails,
    to_uint8,
    unit_range,
)
from aecore.data.normalization import Scaling, level_counts, scaling

__all__ = [
    "DATASETS",
    "DataNotFoundError",
    "Dataset",
    "FloatData",
    "ImageData",
    "Scaling",
    "TrainingData",
    "classes_in_turn",
    "data_root",
    "datasets",
    "download",
    "find",
    "first_of_each_class",
    "level_counts",
    "load",
    "scaling",
    "some_of",
    "thumbnails",
    "to_uint8",
    "unit_range",
]
