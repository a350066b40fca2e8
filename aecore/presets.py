"""Named starting points, and the words by which a config is called on screen and in folder names."""

from __future__ import annotations

from dataclasses import replace

from aecore.config import PENALTIES, Config, DataConfig, LossConfig, ModelConfig, TrainConfig

PRESETS: dict[str, Config] = {
    "post": Config(),
    "hinton": Config(
        model=ModelConfig(latent_size=30, hidden=(1000, 500, 250), activation="silu"),
        train=TrainConfig(epochs=60),
    ),
    "conv": Config(
        data=DataConfig(normalization="zero_one"),
        model=ModelConfig(
            family="conv",
            latent_size=30,
            hidden=(256,),
            channels=(16, 32),
            activation="silu",
            output_activation="sigmoid",
            init="orthogonal",
        ),
        train=TrainConfig(
            epochs=40, batch_size=256, learning_rate=2e-3, schedule="one_cycle", precision="bfloat16"
        ),
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
}
"""Named starting points: the post's network, Hinton & Salakhutdinov's sizes, the convolutional recipe,
and the sparse dictionary."""


def architecture(config: ModelConfig) -> str:
    """The preset whose network this is, whatever the latent size, or the family with its widths."""
    for name, preset in PRESETS.items():
        if config == replace(preset.model, latent_size=config.latent_size, top_k=config.top_k):
            return name
    widths = [*(config.channels if config.family == "conv" else ()), *config.hidden]
    return "-".join([config.family, *map(str, widths)])


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


def slug(config: Config) -> str:
    """A readable folder name that still tells different configs apart by its hash."""
    # Cut, because file systems refuse names beyond 255 bytes and a network may have any number of layers.
    network = architecture(config.model)[:60].rstrip("-")
    parts = [config.data.name.replace("_", "-"), network, str(config.model.latent_size)]
    parts += [f"{name.replace('_', '-')}-{value:g}" for name, value in config.loss.penalties.items()]
    return "-".join([*parts, f"s{config.train.seed}", config.hash])


def title(config: Config) -> str:
    """What a run is called until somebody names it: `post · mnist · 12 units · L1 0.001`."""
    parts = [architecture(config.model), config.data.name, f"{config.model.latent_size} units"]
    return " · ".join(parts + ([penalty_text(config.loss)] if config.loss.penalties else []))
