"""What is kept of every epoch: reconstructions and codes of fixed test images, the first layer's weights."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from aecore.analysis.probe import probe_index
from aecore.config import Config
from aecore.data import ImageData, to_uint8
from aecore.looks import CODES, FrameHeader, filter_index, frame_dtype
from aecore.models import WEIGHTED, AutoEncoder
from aecore.training.loop import EpochLoop, corner

LARGEST_HALF = 65_504.0
"""Of float16, in which codes are kept."""


def frame_header(model: AutoEncoder, config: Config, data: ImageData) -> FrameHeader:
    """What a run's rows of pictures are of.

    The pictures are of the images that all runs are shown on, the codes of these and of the first of the
    test images.
    """
    pictures = len(probe_index(data))
    weight = model.get_parameter(first_weight(model))
    return FrameHeader(
        pictures=pictures,
        shape=data.shape,
        codes=pictures + min(CODES - pictures, len(data.test_images)),
        latent_size=config.model.latent_size,
        filters=len(filter_index(len(weight))),
        filter_shape=data.shape if weight.ndim == 2 else tuple(weight.shape[1:]),
    )


def first_weight(model: AutoEncoder) -> str:
    """Name of the weights that see the image."""
    index = next(i for i, module in enumerate(model.encoder) if isinstance(module, WEIGHTED))
    return f"encoder.{index}.weight"


class FrameCamera:
    """Takes the pictures of K members as they are now."""

    def __init__(self, training: EpochLoop, data: ImageData) -> None:
        self.training = training
        self.headers = [frame_header(training.model, config, data) for config in training.configs]
        self.weight = first_weight(training.model)
        pictures, others = self.headers[0].pictures, self.headers[0].codes - self.headers[0].pictures
        images = torch.cat([data.test_images[probe_index(data)], data.test_images[:others]])
        self.images = training.images.normalize(images.to(training.device))
        self.pictures = pictures
        self.code_layer = sum(isinstance(module, WEIGHTED) for module in training.model.encoder) - 1

    def take(self) -> list[np.ndarray]:
        """One row for each member, `looks.frame_dtype`; none for one that failed."""
        training = self.training
        outputs = training.layer_outputs(self.images)
        pictures = training.images.scaling.denormalize(outputs[-1][:, : self.pictures].float())
        codes = outputs[self.code_layer].float().clamp(-LARGEST_HALF, LARGEST_HALF)
        rows = []
        for k, config in enumerate(training.configs):
            row = np.zeros(0 if training.failed[k] else 1, frame_dtype(self.headers[k]))
            row["epoch"] = training.epoch
            row["reconstructions"] = to_uint8(pictures[k])
            row["codes"] = codes[k, :, : config.model.latent_size].cpu().numpy()
            row["filters"], row["filter_scale"] = self._filters(k)
            rows.append(row)
        return rows

    def _filters(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        weight: Tensor = corner(self.training.tensors[self.weight][k], self.training.shapes[k][self.weight])
        kept = weight[list(filter_index(len(weight)))].float().cpu()
        scale = kept.flatten(1).abs().amax(1)
        divisor = torch.where(scale > 0, scale, 1.0).view(-1, *[1] * (kept.ndim - 1))
        whole = (kept / divisor * 127).round().to(torch.int8)
        return whole.view(len(kept), *self.headers[k].filter_shape).numpy(), scale.numpy()
