"""Named starting points, and the words by which a config is called on screen and in folder names."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

from aecore import glossary
from aecore.config import PENALTIES, Config, DataConfig, LossConfig, ModelConfig, TrainConfig

PRESETS: dict[str, Config] = {
    "post": Config(),
    "hinton": Config(
        data=DataConfig(normalization="zero_one"),
        model=ModelConfig(
            latent_size=30,
            hidden=(1000, 500, 250),
            activation="silu",
            output_activation="sigmoid",
            init="orthogonal",
        ),
        train=TrainConfig(epochs=60, batch_size=256, learning_rate=2e-3, schedule="one_cycle", shift=0.5),
    ),
    "conv": Config(
        data=DataConfig(normalization="zero_one"),
        model=ModelConfig(
            family="conv",
            latent_size=30,
            hidden=(512,),
            channels=(16, 32),
            kernel_size=4,
            activation="silu",
            output_activation="sigmoid",
            init="orthogonal",
        ),
        train=TrainConfig(epochs=40, batch_size=256, learning_rate=6e-3, schedule="one_cycle", shift=0.5),
    ),
    "dictionary": Config(
        model=ModelConfig(
            family="dictionary",
            latent_size=64,
            hidden=(128, 64),
            code_activation="relu",
            output_activation="linear",
        ),
        loss=LossConfig(code_l1=1e-3),
        train=TrainConfig(epochs=4),
    ),
    "denoising": Config(
        model=ModelConfig(latent_size=64, hidden=(512, 256)),
        train=TrainConfig(corruption="masking", corruption_level=0.5),
    ),
    "vae": Config(
        data=DataConfig(normalization="zero_one"),
        model=ModelConfig(
            hidden=(400, 200),
            activation="silu",
            output_activation="sigmoid",
            init="orthogonal",
            variational=True,
        ),
        loss=LossConfig(reconstruction="bce"),
        train=TrainConfig(epochs=8, learning_rate=2e-3, schedule="one_cycle", binarize=True),
    ),
}
"""Named starting points: the post's network, Hinton & Salakhutdinov's sizes, the convolutional recipe,
the sparse dictionary, a network that learns to take noise away, and a variational one."""

DESCRIPTIONS = {
    "post": f"The small network of the blog post {glossary.POST}, from which this app grew: dense layers "
    "784-128-64-12 and back, a linear code. It trains in seconds.",
    "hinton": "The layer widths 784-1000-500-250-30 of [Hinton & Salakhutdinov 2006]"
    "(https://doi.org/10.1126/science.1127647), who showed that deep auto-encoders beat PCA; trained on "
    "shifted images, for several minutes.",
    "conv": "Two convolutions and a dense layer to 30 units, trained on shifted images, for several minutes.",
    "dictionary": "Sparse codes: a dense encoder with ReLU, and a decoder of one linear layer that adds up "
    "atoms, pictures of which each image uses a few.",
    "denoising": "Half of each image's pixels are black, and the whole image is to come out.",
    "vae": "A variational auto-encoder, whose codes of all images together resemble a normal distribution.",
}
"""Each preset in a sentence or two of Markdown."""

SMALLEST_MAP = 8
"""Side in pixels down to which convolutions halve an image before the dense layers."""
WIDEST = 128
"""Most channels of a convolution that is chosen here."""


def channels_for(shape: tuple[int, int, int]) -> tuple[int, ...]:
    """Channels of the stride-2 convolutions for images (C, H, W), which bring the larger side to 8 pixels.

    At least two, with 16 channels and then twice as many each: (16, 32) at 28 pixels, (16, 32, 64) at 64.
    """
    halvings = max(2, math.ceil(math.log2(max(shape[1:]) / SMALLEST_MAP)))
    return tuple(min(16 << i, WIDEST) for i in range(halvings))


def adapted(config: Config, shape: tuple[int, int, int]) -> Config:
    """The same with the convolutions that images (C, H, W) ask for; without convolutions as it is."""
    if config.model.family != "conv":
        return config
    return config.with_values({"model.channels": channels_for(shape)})


def for_images(shape: tuple[int, int, int]) -> Config:
    """Where to start with images (C, H, W): the post's network for small grey ones, else convolutions."""
    if shape[0] == 1 and max(shape[1:]) <= 32:
        return PRESETS["post"]
    return adapted(PRESETS["conv"], shape).with_values({"model.latent_size": 64})


def preset_of(config: Config) -> str | None:
    """The preset whose network this is, whatever the latent size, and that sees its images corrupted or
    clean as this does; None where there is none."""
    return _preset_with(config.model, config.train.corruption)


def architecture(config: ModelConfig) -> str:
    """The preset whose network this is, whatever the latent size, or the family with its widths."""
    widths = [*(config.channels if config.family == "conv" else ()), *config.hidden]
    kind = f"vae-{config.family}" if config.variational else config.family
    # A network is not named for what is done to the images that it sees.
    return _preset_with(config, "none") or "-".join([kind, *map(str, widths)])


# Asked of every run of a list.
@lru_cache(maxsize=4096)
def _preset_with(model: ModelConfig, corruption: str) -> str | None:
    for name, preset in PRESETS.items():
        as_large = replace(preset.model, latent_size=model.latent_size, top_k=model.top_k)
        if (model, corruption) == (as_large, preset.train.corruption):
            return name
    return None


MAX_DEPTH = 16
"""Hidden layers a side that `hidden_widths` makes; a list may hold more."""


def hidden_widths(depth: int, width: int, code: int | None = None) -> tuple[int, ...]:
    """Widths of `depth` hidden layers, input to code: all `width`, or falling by a constant factor to `code`.

    The code itself is not among them: from 128 to a code of 8 in 3 layers is 128, 51, 20. ValueError for a
    depth outside 0 to 16.
    """
    if not 0 <= depth <= MAX_DEPTH:
        raise ValueError(f"the depth is from 0 to {MAX_DEPTH} hidden layers a side, not {depth}")
    factor = 1.0 if code is None else (code / width) ** (1 / max(depth, 1))
    return tuple(max(1, round(width * factor**i)) for i in range(depth))


def penalty_text(config: LossConfig) -> str:
    """`L1 0.001`, `L1 0.001 + L2 0.01` or `none`."""
    used = config.penalties
    return " + ".join(f"{PENALTIES[name].name} {value:g}" for name, value in used.items()) or "none"


def corruption_text(config: TrainConfig) -> str:
    """`masking 0.5`, or nothing where the network sees clean images."""
    if config.corruption == "none":
        return ""
    return f"{config.corruption.replace('_', ' ')} {config.corruption_level:g}"


def beta_text(config: Config) -> str:
    """`beta 4`, or nothing where it is 1 or the network is not variational."""
    return f"beta {config.loss.beta:g}" if config.model.variational and config.loss.beta != 1 else ""


def slug(config: Config) -> str:
    """A readable folder name that still tells different configs apart by its hash."""
    # Cut, because file systems refuse names beyond 255 bytes and a network may have any number of layers.
    network = architecture(config.model)[:60].rstrip("-")
    parts = [config.data.name.replace("_", "-"), network, str(config.model.latent_size)]
    parts += [f"{name.replace('_', '-')}-{value:g}" for name, value in config.loss.penalties.items()]
    parts += [text.replace(" ", "-") for text in (beta_text(config), corruption_text(config.train)) if text]
    return "-".join([*parts, f"s{config.train.seed}", config.hash])
