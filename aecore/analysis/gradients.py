"""The gradients with which a training begins, layer by layer."""

from __future__ import annotations

import torch
from torch import Tensor

from aecore import losses, models
from aecore.batch import Batch, Noise
from aecore.config import Config
from aecore.data import ImageData, scaling

IMAGES = 128
"""Training images that the gradients are of."""


def first_gradients(config: Config, data: ImageData) -> list[float]:
    """Euclidean norm of the loss's gradient in each layer's weights before the first step, input to output.

    Of the model that a training of `config` starts from, on the first images of the training set, in float64,
    so that a gradient is only zero where it is. Biases are left out.
    """
    model = models.build(config.model, data.shape, config.train.seed).double()
    normalization = scaling(config.data.normalization, data)
    x = normalization.normalize(data.train_images[:IMAGES], dtype=torch.float64)
    std = torch.tensor(normalization.std, dtype=torch.float64).view(-1, 1, 1)
    weights: list[Tensor] = [model.get_parameter(name) for name in models.weight_names(model)]
    batch = Batch(x, x, Noise(config.train.seed, 0, torch.arange(len(x))))
    output = model(x, batch.code_noise(config.model.latent_size))
    terms = losses.terms(config.loss, batch, output, weights, losses.strengths(config, 0.0), std)
    gradients = torch.autograd.grad(terms["loss"], weights)
    return [torch.linalg.vector_norm(g).item() for g in gradients]
