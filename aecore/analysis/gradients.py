"""Gradients layer by layer: those with which a training begins, and how far images agree on them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.func import functional_call, grad, vmap

from aecore import losses, models
from aecore.batch import Batch, Noise
from aecore.config import Config
from aecore.data import ImageData, scaling
from aecore.store.run import Run

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


AT_ONCE = 16
"""Images whose own gradients are held at once: each is as large as the model."""


def signal_to_noise(run: Run, data: ImageData, images: int = 256) -> dict[str, float]:
    """The gradients' signal-to-noise ratio in each layer's weights, input to output, by the weights' name.

    For each weight the squared mean of its gradient over training images, over the variance (Liu et al. 2020,
    "Understanding why neural networks generalize well through GSNR of parameters"); then the mean over the
    layer's weights, those without any variance left out (NaN where none is left). The gradients are of the
    loss of one image each, for the first of the training images, with the model as it is evaluated.
    """
    model, config = run.model, run.config
    names = models.weight_names(model)
    fixed = {name: t.detach() for name, t in (*model.named_parameters(), *model.named_buffers())}
    weights = {name: fixed.pop(name) for name in names}
    std = torch.tensor(run.scaling.std, dtype=torch.float32).view(-1, 1, 1)
    strengths = losses.strengths(config)

    def loss(weights: dict[str, Tensor], image: Tensor) -> Tensor:
        batch = Batch(image[None], image[None])
        output = functional_call(model, fixed | weights, (batch.input,))
        return losses.terms(config.loss, batch, output, list(weights.values()), strengths, std)["loss"]

    of_each = vmap(grad(loss), in_dims=(None, 0))
    chosen = run.scaling.normalize(data.train_images[:images], dtype=torch.float32)
    sums = {name: torch.zeros_like(w, dtype=torch.float64) for name, w in weights.items()}
    squares = {name: torch.zeros_like(w, dtype=torch.float64) for name, w in weights.items()}
    for part in chosen.split(AT_ONCE):
        for name, gradients in of_each(weights, part).items():
            sums[name] += gradients.double().sum(0)
            squares[name] += gradients.double().square().sum(0)
    found = {}
    for name in names:
        mean = sums[name] / len(chosen)
        variance = squares[name] / len(chosen) - mean.square()
        moves = variance > 1e-12 * squares[name].max() / len(chosen)
        ratios = mean[moves].square() / variance[moves]
        found[name] = ratios.mean().item() if len(ratios) else float("nan")
    return found
