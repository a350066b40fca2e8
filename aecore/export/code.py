"""A run's network as PyTorch code that runs by itself: the same state dict keys, the same outputs.

The code is written from the network's own modules, so that it can't come to differ from them. `pytorch_code`
is the network alone, `loading_code` reads its weights from a file beside it.
"""

from __future__ import annotations

import inspect

from torch import nn

from aecore import models
from aecore.config import ModelConfig
from aecore.data import Scaling

OWN = {
    models.SoftThreshold: lambda m: f"SoftThreshold({m.norm.num_features}, {m.threshold!r})",
    models.TopK: lambda m: f"TopK({m.k})",
}
"""Layers that PyTorch does not have, with the call that makes one."""

TORCH = """import torch
from torch import Tensor, nn"""

TORCH_AND_FILES = """from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn"""

TEMPLATE = '''"""{title}: images of {size} through a code of {latent_size} numbers."""

{imports}

{own}
class AutoEncoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
{encoder}
        )
        self.decoder = nn.Sequential(
{decoder}
        )
{heads}
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Normalized images, N x {channels} x {height} x {width}, to their codes and reconstructions."""
        code = self.encoder(x)
        return code, self.decoder(code)
{posterior}

def normalize(images: Tensor) -> Tensor:
    """From [0, 1] to the range the network was trained in."""
    return (images - {mean}) / {std}


def denormalize(images: Tensor) -> Tensor:
    """And back."""
    return images * {std} + {mean}
'''


MAIN = """

if __name__ == "__main__":
    model = AutoEncoder().eval()
    # The run's own weights: safetensors.torch.load_file("weights.safetensors")
    code, reconstruction = model(normalize(torch.rand(2, {channels}, {height}, {width})))
    print(tuple(code.shape), tuple(reconstruction.shape))
"""

LOADING = '''

class Pretrained(AutoEncoder):
    """The network with its weights: images in [0, 1] to codes and back."""

    @torch.no_grad()
    def encode(self, images: Tensor) -> Tensor:
        """Images N x {channels} x {height} x {width}, float in [0, 1], to codes N x {latent_size}."""
        return self.encoder(normalize(images))

    @torch.no_grad()
    def decode(self, code: Tensor) -> Tensor:
        """Codes to images; a linear output may leave [0, 1]."""
        return denormalize(self.decoder(code))

    def reconstruct(self, images: Tensor) -> Tensor:
        return self.decode(self.encode(images))


def load(weights: str | Path = Path(__file__).with_name("{weights}")) -> Pretrained:
    """The network in evaluation mode, with the weights of the file beside this one."""
    model = Pretrained()
    model.load_state_dict(load_file(weights))
    return model.eval().requires_grad_(False)


if __name__ == "__main__":
    model = load()
    code = model.encode(torch.rand(2, {channels}, {height}, {width}))
    print(tuple(code.shape), tuple(model.decode(code).shape))
'''

LOG_STD = (
    "        self.log_std = nn.Parameter(torch.zeros(1))  # of pixels in [0, 1] around a reconstruction\n"
)

POSTERIOR = '''
    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean, which is the code, and log-variance of each code's normal distribution."""
        hidden = self.encoder[:-2](x)
        return self.encoder[-2](hidden), self.log_variance(hidden)

    def draw(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """A code drawn from each image's distribution, as in training, and what it decodes to."""
        mean, log_variance = self.posterior(x)
        code = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        return code, self.decoder(code)
'''
"""What a variational network has beside."""


def pytorch_code(config: ModelConfig, shape: tuple[int, int, int], scaling: Scaling, title: str = "") -> str:
    """A module with the class `AutoEncoder`, for images of `shape` (C, H, W); it needs torch alone."""
    return (TEMPLATE + MAIN).format(imports=TORCH, **_parts(config, shape, scaling, title))


def loading_code(
    config: ModelConfig, shape: tuple[int, int, int], scaling: Scaling, title: str, weights: str
) -> str:
    """The same with `load`, which reads the safetensors file named `weights` that lies beside the module.

    What it gives takes images in [0, 1]. It needs torch and safetensors.
    """
    parts = _parts(config, shape, scaling, title)
    return (TEMPLATE + LOADING).format(imports=TORCH_AND_FILES, weights=weights, **parts)


def _parts(
    config: ModelConfig, shape: tuple[int, int, int], scaling: Scaling, title: str
) -> dict[str, object]:
    """What the templates are filled with."""
    model = models.outline(config, shape)
    used = {type(module) for module in model.modules()}
    own = "\n\n".join(inspect.getsource(kind) for kind in OWN if kind in used)
    channels, height, width = shape
    return {
        "title": _title(title) or "A network",
        "size": " x ".join(map(str, shape)),
        "latent_size": config.latent_size,
        "own": f"\n{own}\n" if own else "",
        "encoder": _calls(model.encoder),
        "decoder": _calls(model.decoder),
        "heads": _heads(model),
        "posterior": "" if model.log_variance is None else POSTERIOR,
        "channels": channels,
        "height": height,
        "width": width,
        "mean": _column(scaling.mean),
        "std": _column(scaling.std),
    }


def _heads(model: models.AutoEncoder) -> str:
    """What a variational network is made of beside its halves, as lines."""
    if model.log_variance is None:
        return ""
    line = f"        self.log_variance = {_call(model.log_variance)}\n"
    return line + (LOG_STD if isinstance(model.log_std, nn.Parameter) else "")


def _title(text: str) -> str:
    """A person's title on one line, without what could end the text it stands in."""
    return " ".join("".join(c if c.isprintable() and c not in '"\\' else " " for c in text).split())


def _calls(half: nn.Sequential) -> str:
    return "\n".join(f"            {_call(module)}," for module in half)


def _call(module: nn.Module) -> str:
    """PyTorch's layers print themselves as the call that makes them."""
    make = OWN.get(type(module))
    return make(module) if make is not None else f"nn.{module!r}"


def _column(values: tuple[float, ...]) -> str:
    """One number where all channels agree, else C x 1 x 1."""
    if len(set(values)) == 1:
        return repr(values[0])
    return f"torch.tensor({list(values)!r}).view(-1, 1, 1)"
