"""Named data sets as uint8 tensors, how they are scaled for training, and how they are fetched."""

from aecore.data.catalog import DATASETS, DataNotFoundError, Dataset, data_root, load
from aecore.data.fetch import download
from aecore.data.images import ImageData, thumbnails
from aecore.data.normalization import Scaling, scaling

__all__ = [
    "DATASETS",
    "DataNotFoundError",
    "Dataset",
    "ImageData",
    "Scaling",
    "data_root",
    "download",
    "load",
    "scaling",
    "thumbnails",
]
