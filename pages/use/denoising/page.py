"""Test images with noise added, what a network makes of them, and what is had without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from aecore import kept
from aecore.config import TrainConfig
from aecore.presets import corruption_text
from aecore.store import weights_stamp
from pages.components.denoiser import HIGHEST, LOWEST, level_slider
from pages.shared import images, layout, loading, settings_form, state
from pages.shared.picker import pick_image
from pages.shared.twins import Network, draw_train_button, twin_of
from pages.use.denoising.ways import CURVE, SCORED, Way, classical_filter

if TYPE_CHECKING:
    from torch import Tensor

    from aecore.analysis.denoising import Attempt
    from aecore.data import ImageData
    from aecore.store.run import Run

NAMES = {
    "masking": "pixels black",
    "gaussian": "Gaussian noise",
    "salt_and_pepper": "salt and pepper",
    "blocks": "a block black",
    "blur": "blur",
}
"""The corruptions in the order of the choice, as people read them."""
STOPS = {"blur": [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0]}
ELSE = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
SHOWN = 8
"""Test images in a row, beside the one that is picked."""
LEVEL = "denoising_slider"
"""Key of the slider in the browser."""


def choose_kind(train: TrainConfig) -> str:
    """Which corruption."""
    return st.segmented_control(
        "Corruption",
        list(NAMES),
        default=train.corruption if train.corruption != "none" else "masking",
        format_func=lambda name: NAMES[name],
        required=True,
        wrap=True,
        key="denoising_corruption",
        bind="query-params",
    )


def first_level(train: TrainConfig, kind: str) -> float:
    """The level trained on; for other corruptions one in the middle."""
    stops = STOPS.get(kind, ELSE)
    return train.corruption_level if train.corruption == kind else stops[len(stops) // 2]


def choose_level(train: TrainConfig, kind: str) -> float:
    """The level by a slider whose pictures come from the server."""
    stops = STOPS.get(kind, ELSE)
    stops = sorted({*stops, train.corruption_level}) if train.corruption == kind else stops
    level = st.select_slider(
        "Level (pixels)" if kind == "blur" else "Level",
        stops,
        value=first_level(train, kind),
        key=f"denoising_stop_{kind}",
        format_func=lambda value: f"{value:g}",
        bind="query-params",
        help=settings_form.field_docs()["train.corruption_level"],
    )
    return float(level)


def level_key(kind: str) -> str:
    """The name of a corruption's level in the URL."""
    return f"denoising_level_{kind}"


def kept_level(train: TrainConfig, kind: str) -> float:
    """Where the slider in the browser was let go, or what the URL says, or the first one."""
    try:
        level = float(st.query_params.get(level_key(kind), ""))
    except ValueError:
        return first_level(train, kind)
    return level if LOWEST <= level <= HIGHEST else first_level(train, kind)


def take_level(kind: str) -> None:
    """Keeps the level in the URL; for the slider's callback."""
    level = st.session_state[LEVEL].level
    if level is not None:
        st.query_params[level_key(kind)] = f"{float(level):g}"


def in_browser(kind: str, compared: Sequence[Network]) -> dict[str, tuple[dict, dict]] | None:
    """Both halves of the networks by name where corruption and networks can run in the browser."""
    from aecore.corruption import FIELDS

    if kind not in FIELDS:
        return None
    try:
        return {n.name: (loading.browser_encoder(n.key), loading.browser_decoder(n.key)) for n in compared}
    except ValueError:
        return None


@st.cache_data(max_entries=64, show_spinner="Measuring the ways of denoising")
def figures(
    keys: tuple[tuple[str, int], ...], data_name: str, train: TrainConfig, split: tuple[float, int]
) -> tuple[dict[str, Attempt], tuple[float, float] | None]:
    """Each way's figures over the first test images, and the gain of the last over the one before, where
    both are networks."""
    from aecore.analysis import denoising
    from aecore.data import unit_range

    clean = unit_range(loading.load_data(data_name).test_images[:SCORED])
    runs = loaded([key for key, _ in keys])
    compared = ways(runs, data_name, train, split)

    def measure() -> tuple[dict[str, Attempt], tuple[float, float] | None]:
        seen = denoising.corrupted(clean, train)
        made = {name: way(seen) for name, way in compared.items()}
        found = {name: denoising.score(clean, result) for name, result in made.items()}
        two = list(made.values())[-2:] if len(keys) == 2 else None
        return found, denoising.gain(clean, two[1], two[0]) if two else None

    made_from = kept.digest(_made_from(runs, train), split, SCORED)
    return loading.keep("denoising", made_from, measure, denoising.Attempt)


@st.cache_data(max_entries=16, show_spinner="Measuring the ratio at each level")
def curves(
    keys: tuple[tuple[str, int], ...], data_name: str, train: TrainConfig, levels: tuple[float, ...]
) -> dict[str, list[float]]:
    """The ratio of doing nothing and of the networks at each level, over the first test images."""
    from aecore.analysis import denoising
    from aecore.data import unit_range

    clean = unit_range(loading.load_data(data_name).test_images[:CURVE])
    compared: dict[str, Way] = {"as they are": lambda seen: seen}
    runs = loaded([key for key, _ in keys])
    compared |= networks(runs)
    made_from = kept.digest(_made_from(runs, train), levels, CURVE)
    return loading.keep("denoising-curve", made_from, lambda: denoising.curve(compared, clean, train, levels))


def _made_from(runs: Mapping[str, Run], train: TrainConfig) -> str:
    """Names what is measured of these networks and a corruption."""
    return kept.digest(*(loading.run_digest(run) for run in runs.values()), train.to_dict())


def loaded(keys: Sequence[str]) -> dict[str, Run]:
    """Runs by their keys."""
    return {key: loading.load_run(key) for key in keys}


def networks(runs: Mapping[str, Run]) -> dict[str, Way]:
    """The networks as ways, by name."""
    return {Network(key, run.config).name: run.reconstruct for key, run in runs.items()}


def ways(
    runs: Mapping[str, Run], data_name: str, train: TrainConfig, split: tuple[float, int]
) -> dict[str, Way]:
    """Every way by name: doing nothing, the classical filter, the networks."""
    import torch

    chosen = classical_filter(data_name, train, *split)
    return {
        "as they are": lambda seen: seen,
        f"classical filter ({chosen.name})": lambda seen: torch.from_numpy(
            chosen.apply(seen.clamp(0, 1).numpy())
        ),
        **networks(runs),
    }


def draw_first(clean: Tensor, seen: Tensor, compared: Mapping[str, Way]) -> None:
    """What is had at once while figures are measured and a filter is chosen, whose row is grey till then."""
    rows = {"as they are": seen, "classical filter, being chosen": seen * 0 + 0.5}
    rows |= {name: way(seen) for name, way in compared.items()}
    draw_rows(clean, {name: (pictures, None) for name, pictures in rows.items()})


def draw_rows(clean: Tensor, rows: Mapping[str, tuple[Tensor, Attempt | None]]) -> None:
    """One row of images a way, its name and figures above."""
    parts = [_row("clean", clean, None)]
    parts += [_row(name, pictures, attempt) for name, (pictures, attempt) in rows.items()]
    st.html(f'<div style="display:grid;gap:10px">{"".join(parts)}</div>')


def _row(name: str, pictures: Tensor, attempt: Attempt | None) -> str:
    figure = f" · {attempt.psnr:.1f} dB · SSIM {attempt.ssim:.2f}" if attempt else ""
    picture = images.mosaic(pictures.clamp(0, 1).numpy(), len(pictures), gap=2)
    return (
        f'<div><div style="font-size:0.85rem"><b>{name}</b>{figure}</div>'
        f"{images.tag(picture, '100%', f'{len(pictures)} test images, {name}')}</div>"
    )


def picked_images(data: ImageData) -> Tensor:
    """The image that is picked or drawn, then the first test images: N x C x H x W in [0, 1]."""
    import torch

    from aecore.data import unit_range

    picked = pick_image("denoising_image", "First image", data, default=SHOWN)
    return torch.cat([picked.image[None], unit_range(data.test_images[:SHOWN])])


def main() -> None:
    from aecore.analysis import denoising
    from aecore.figures.denoising import ratio_chart, verdict

    run, data = layout.require_run(
        "Denoising",
        "Test images are corrupted, and the network is asked for the clean ones. Beside it: doing nothing, a "
        "classical filter, and the same network trained without noise.",
    )
    key = state.chosen_key()
    row = layout.controls()
    with row:
        kind = choose_kind(run.config.train)
        clean = picked_images(data)
    own = Network(key, run.config)
    twin = twin_of(key, run.config, kind)
    # The one that was shown noise is last.
    compared = [network for network in (own, twin) if network is not None]
    compared.sort(key=lambda network: network.config.train.corruption != "none")
    keys = tuple((network.key, weights_stamp(network.key)) for network in compared)
    split = (run.config.data.validation_fraction, run.config.data.split_seed)
    halves = in_browser(kind, compared)
    with row:
        level = (choose_level if halves is None else kept_level)(run.config.train, kind)
    train = TrainConfig(corruption=kind, corruption_level=level)
    left, right = layout.picture_and_figures()
    with left:
        if halves is not None:
            level_slider(
                kind,
                level,
                clean[0],
                denoising.noise_of_first(kind, data.shape),
                halves,
                key=LEVEL,
                on_level=partial(take_level, kind),
            )
        # The first picture is picked: its noise is that of its place in the row.
        seen = denoising.corrupted(clean, train)
        order = [network.key for network in compared]
        place = st.empty()
        with place:
            draw_first(clean, seen, networks(loaded(order)))
        attempts, gain = figures(keys, data.name, train, split)
        with place:
            made = ways(loaded(order), data.name, train, split)
            draw_rows(clean, {name: (way(seen), attempts[name]) for name, way in made.items()})
    with right:
        scored = min(SCORED, len(data.test_images))
        if gain is not None:
            st.markdown(f"**{verdict(gain, scored, corruption_text(compared[-1].config.train))}**")
        elif run.config.train.corruption == "none":
            st.info("This network was never shown noise. Trained on it, it could be compared.")
            draw_train_button(run.config, train.corruption, train.corruption_level)
        else:
            st.info("The same network trained on clean images is not here: it shows what the noise added.")
            draw_train_button(run.config, "none", 0.0)
        levels = tuple(STOPS.get(train.corruption, ELSE))
        # The level is drawn as a rule and is no part of what the curves depend on.
        of_kind = replace(train, corruption_level=levels[0])
        trained = next(
            (n.config.train for n in compared if n.config.train.corruption == train.corruption), None
        )
        layout.draw_chart(
            ratio_chart(
                levels,
                curves(keys, data.name, of_kind, levels),
                train.corruption_level,
                trained.corruption_level if trained else None,
            ),
            width="stretch",
            alt="PSNR against the level of the corruption",
        )
        st.caption(
            f"Figures are over the first {scored:,} test images, curves over {min(CURVE, scored):,}. PSNR is "
            "10 log10(1 / mean squared error) with pixels in [0, 1], nothing clipped. The filter was chosen "
            "among medians and non-local means on validation images with the same corruption."
        )


main()
