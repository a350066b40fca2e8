"""Encoder and decoder families: `build` makes one, `encode`, `decode` and `forward` run it.

A model works on normalized images (see `aecore.data.Scaling`) and knows neither losses nor data.
Every layer maps zero input units to zero contribution, so that a smaller model is a larger one padded
with zeros wherever the activation keeps zero (`training.stacking.ZERO_KEEPING`); stacking stands on this.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from aecore.config import ModelConfig

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "linear": nn.Identity,
}

WEIGHTED = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)
"""Layers that have weights."""


class Output(NamedTuple):
    """What `forward` returns."""

    code: Tensor  # N x latent_size; of a variational model the posterior's mean
    reconstruction: Tensor  # N x C x H x W, in the training normalization
    log_variance: Tensor | None = None  # of a variational model's posterior, N x latent_size
    log_std: Tensor | float | None = None  # of its pixels in [0, 1] around the reconstruction


class SoftThreshold(nn.Module):
    """z = sign(u) max(|u| - t, 0) with u = BatchNorm(input), without affine part.

    The BatchNorm keeps the scale of u fixed; without it a threshold above the first activations
    silences every unit for good.
    """

    def __init__(self, size: int, threshold: float) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(size, affine=False)
        self.threshold = threshold

    def forward(self, u: Tensor) -> Tensor:
        return nn.functional.softshrink(self.norm(u), self.threshold)


class TopK(nn.Module):
    """Keeps the k largest of ReLU(u) in each row, zeros the rest (Makhzani & Frey 2013)."""

    def __init__(self, k: int) -> None:
        super().__init__()
        self.k = k

    def forward(self, u: Tensor) -> Tensor:
        values, index = torch.topk(torch.relu(u), self.k, dim=-1)
        return torch.zeros_like(u).scatter(-1, index, values)


class AutoEncoder(nn.Module):
    """x_hat = decode(encode(x)); both halves are plain `nn.Sequential`s of well-known layers.

    A variational model has a second head, `log_variance`, beside the encoder's last layer, which gives the
    mean; its halves are those of a plain one, and so is all that is done with its mean code. `log_std`
    belongs to its pixels: a learned parameter of one value, or a fixed number.
    """

    def __init__(
        self,
        encoder: nn.Sequential,
        decoder: nn.Sequential,
        log_variance: nn.Linear | None = None,
        log_std: nn.Parameter | float | None = None,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.log_variance = log_variance
        self.log_std = log_std

    def encode(self, x: Tensor) -> Tensor:
        """Normalized images N x C x H x W to codes N x latent_size; of a variational model, the means."""
        return self.encoder(x)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of a variational model's normal posteriors, each N x latent_size."""
        assert self.log_variance is not None
        *hidden, mean, _ = self.encoder
        for module in hidden:
            x = module(x)
        return mean(x), self.log_variance(x)

    def decode(self, code: Tensor) -> Tensor:
        """Codes N x latent_size to normalized images N x C x H x W."""
        return self.decoder(code)

    def forward(self, x: Tensor, noise: Tensor | None = None) -> Output:
        """A variational model decodes mean + standard deviation x noise (N x latent_size), or the mean."""
        if self.log_variance is None:
            code = self.encode(x)
            return Output(code, self.decode(code))
        code, log_variance = self.posterior(x)
        drawn = code if noise is None else code + (log_variance / 2).exp() * noise
        return Output(code, self.decode(drawn), log_variance, self.log_std)


class AllLayers(nn.Module):
    """An auto-encoder whose output is that of each of its layers, as `layer_outputs` gives them."""

    def __init__(self, model: AutoEncoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> list[Tensor]:
        encoded = layer_outputs(self.model.encoder, x)
        return [*encoded, *layer_outputs(self.model.decoder, encoded[-1])]


def build(config: ModelConfig, shape: tuple[int, int, int], seed: int = 0) -> AutoEncoder:
    """A model for images of `shape` (C, H, W), on the CPU, in float32.

    The initial weights depend on `seed` alone; the global random state is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _assemble(config, shape)
        _initialize_(model, config)
    if config.family == "dictionary" and config.unit_norm:
        unit_norm_(atoms(model))
    return model


def _assemble(config: ModelConfig, shape: tuple[int, int, int]) -> AutoEncoder:
    """The model with PyTorch's own initial weights."""
    encoder, decoder = FAMILIES[config.family](config, shape)
    if not config.variational:
        return AutoEncoder(encoder, decoder)
    mean = encoder[-2]
    assert isinstance(mean, nn.Linear)
    head = nn.Linear(mean.in_features, mean.out_features)
    if config.output_std:
        return AutoEncoder(encoder, decoder, head, math.log(config.output_std))
    return AutoEncoder(encoder, decoder, head, nn.Parameter(torch.full((1,), math.log(FIRST_STD))))


FIRST_STD = 0.2
"""Standard deviation of a pixel around its reconstruction that learning it starts from."""


def layer_sizes(config: ModelConfig, shape: tuple[int, int, int]) -> list[int]:
    """Number of values after each layer from image through code to reconstruction."""
    features = _feature_shapes(config, shape) if config.family == "conv" else [shape]
    encoder = [*(math.prod(s) for s in features), *config.hidden]
    decoder = [] if config.family == "dictionary" else encoder[:0:-1]
    return [*encoder, config.latent_size, *decoder, math.prod(shape)]


def has_single_pixel_maps(config: ModelConfig, shape: tuple[int, int, int]) -> bool:
    """Whether a convolution goes from a map of 1 x 1 to a map of 1 x 1."""
    if config.family != "conv":
        return False
    sizes = [size for _, *size in _feature_shapes(config, shape)]
    return any(before == after == [1, 1] for before, after in pairwise(sizes))


def outline(config: ModelConfig, shape: tuple[int, int, int]) -> AutoEncoder:
    """The model as `build` makes it, but on the meta device: it has shapes and no memory for its weights.

    Nothing is computed there, not even initial weights: for that PyTorch imports its compiler, which takes
    seconds, and 160 MB.
    """
    with torch.device("meta"):
        return _assemble(config, shape).eval()


def parameter_count(config: ModelConfig, shape: tuple[int, int, int]) -> int:
    """Number of trained weights and biases, counted without allocating them."""
    return sum(p.numel() for p in outline(config, shape).parameters())


def layer_outputs(half: nn.Sequential, x: Tensor) -> list[Tensor]:
    """What each layer of an encoder or decoder puts out, its nonlinearity included; the last is the result.

    Feature maps come as N x C x H x W, dense layers as N x size.
    """
    outputs: list[Tensor] = []
    held: Tensor | None = None
    for module in half:
        if isinstance(module, WEIGHTED) and held is not None:
            outputs.append(held)
        x = module(x)
        # Flattening changes nothing but the shape, and the shape it had is the one to draw.
        if not isinstance(module, nn.Flatten):
            held = x
    return outputs if held is None else [*outputs, held]


def weight_names(model: nn.Module) -> list[str]:
    """Parameters that weight penalties act on: matrices and kernels, not biases."""
    return [name for name, p in model.named_parameters() if p.ndim >= 2]


ATOMS = "decoder.0.weight"
"""Name of a dictionary's decoder matrix, pixels x latent_size; its columns are the atoms."""


def atoms(model: nn.Module) -> Tensor:
    """The decoder matrix of a dictionary model, pixels x latent_size."""
    return model.get_parameter(ATOMS)


@torch.no_grad()
def unit_norm_(matrix: Tensor) -> Tensor:
    """Scales each column of (..., rows, columns) to Euclidean norm 1, in place; zero columns stay."""
    norm = torch.linalg.vector_norm(matrix, dim=-2, keepdim=True)
    return matrix.div_(torch.where(norm > 0, norm, 1.0))


@torch.no_grad()
def remove_parallel_(gradient: Tensor, matrix: Tensor) -> Tensor:
    """Takes from each column of `gradient` its part along that (unit-norm) column of `matrix`, in place."""
    return gradient.sub_(matrix * (gradient * matrix).sum(dim=-2, keepdim=True))


def _code_activation(config: ModelConfig) -> nn.Module:
    if config.code_activation == "soft_threshold":
        return SoftThreshold(config.latent_size, config.threshold)
    if config.code_activation == "top_k":
        return TopK(config.top_k)
    return ACTIVATIONS[config.code_activation]()


def _dense(widths: list[int], activation: str) -> list[nn.Module]:
    """Linear layers between successive widths, each followed by the activation."""
    return [m for a, b in pairwise(widths) for m in (nn.Linear(a, b), ACTIVATIONS[activation]())]


Shape = tuple[int, int, int]
Halves = tuple[nn.Sequential, nn.Sequential]


def _mlp_encoder(config: ModelConfig, shape: Shape) -> nn.Sequential:
    widths = [math.prod(shape), *config.hidden]
    return nn.Sequential(
        nn.Flatten(),
        *_dense(widths, config.activation),
        nn.Linear(widths[-1], config.latent_size),
        _code_activation(config),
    )


def _mlp(config: ModelConfig, shape: Shape) -> Halves:
    widths = [config.latent_size, *reversed(config.hidden)]
    decoder = nn.Sequential(
        *_dense(widths, config.activation),
        nn.Linear(widths[-1], math.prod(shape)),
        ACTIVATIONS[config.output_activation](),
        nn.Unflatten(1, shape),
    )
    return _mlp_encoder(config, shape), decoder


def _dictionary(config: ModelConfig, shape: Shape) -> Halves:
    decoder = nn.Sequential(nn.Linear(config.latent_size, math.prod(shape)), nn.Unflatten(1, shape))
    return _mlp_encoder(config, shape), decoder


def _feature_shapes(config: ModelConfig, shape: Shape) -> list[Shape]:
    """(C, H, W) of the image and after each stride-2 convolution, which halves a side, rounding up.

    `_padding` sees to that for kernels of any size.
    """
    shapes = [shape]
    for channels in config.channels:
        _, height, width = shapes[-1]
        shapes.append((channels, -(-height // 2), -(-width // 2)))
    return shapes


def _padding(shape: Shape, kernel: int) -> tuple[int, int]:
    """Padding of rows and columns with which a stride-2 convolution halves the sides, rounding up."""
    _, height, width = shape
    return (kernel - 1 + height % 2) // 2, (kernel - 1 + width % 2) // 2


def _conv(config: ModelConfig, shape: Shape) -> Halves:
    shapes = _feature_shapes(config, shape)
    kernel = config.kernel_size
    widths = [math.prod(shapes[-1]), *config.hidden]
    convolutions = [
        m
        for a, b in pairwise(shapes)
        for m in (
            nn.Conv2d(a[0], b[0], kernel, stride=2, padding=_padding(a, kernel)),
            ACTIVATIONS[config.activation](),
        )
    ]
    encoder = nn.Sequential(
        *convolutions,
        nn.Flatten(),
        *_dense(widths, config.activation),
        nn.Linear(widths[-1], config.latent_size),
        _code_activation(config),
    )
    transposed: list[nn.Module] = []
    for a, b in pairwise(reversed(shapes)):
        # m pixels came from n = 2m or n = 2m - 1, and with the convolution's padding this restores either.
        extra = ((b[1] + kernel) % 2, (b[2] + kernel) % 2)
        layer = nn.ConvTranspose2d(
            a[0], b[0], kernel, stride=2, padding=_padding(b, kernel), output_padding=extra
        )
        transposed += [layer, ACTIVATIONS[config.activation]()]
    transposed[-1] = ACTIVATIONS[config.output_activation]()
    decoder = nn.Sequential(
        *_dense([config.latent_size, *reversed(widths)], config.activation),
        nn.Unflatten(1, shapes[-1]),
        *transposed,
    )
    return encoder, decoder


FAMILIES = {"mlp": _mlp, "conv": _conv, "dictionary": _dictionary}


def _initialize_(model: nn.Module, config: ModelConfig) -> None:
    """Sets weights as `config.init` says and biases to zero; `default` keeps PyTorch's own.

    xavier: Glorot & Bengio 2010. he: He et al. 2015. orthogonal: Saxe et al. 2014; of a kernel, the matrix
    with one row for each of its first axis. lecun_normal: LeCun et al. 1998, variance 1 / inputs. normal:
    standard deviation `init_std`; at 1, and zeros at any width, they are the warning examples.
    """
    if config.init == "default":
        return
    # Rectifiers lose half of the signal's variance at each layer; a gain of sqrt(2) gives it back.
    gain = 1.0 if config.activation in ("tanh", "sigmoid") else math.sqrt(2)
    orthogonal = partial(nn.init.orthogonal_, gain=gain)
    fills: dict[str, Callable[[Tensor], Tensor]] = {
        "xavier": nn.init.xavier_uniform_,
        "xavier_normal": nn.init.xavier_normal_,
        "he": nn.init.kaiming_normal_,
        "he_uniform": nn.init.kaiming_uniform_,
        "orthogonal": orthogonal,
        "orthogonal_all": orthogonal,
        "lecun_normal": partial(nn.init.kaiming_normal_, nonlinearity="linear"),
        "normal": partial(nn.init.normal_, std=config.init_std),
        "zeros": nn.init.zeros_,
    }
    for layer in model.modules():
        if isinstance(layer, nn.Linear if config.init == "orthogonal" else WEIGHTED):
            fills[config.init](layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
