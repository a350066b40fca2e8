"""Pictures of penalties, data, losses and what happens during a training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from aecore import store
from aecore.analysis import comparison
from aecore.gallery import experiments
from aecore.gallery import sparsity as gallery
from aecore.settings import show
from pages.shared import further_figures, grid_source, images, loading, trained_grids
from pages.understand.questions import material, words

if TYPE_CHECKING:
    from aecore.analysis.comparison import Member
    from aecore.results import Figures

IMAGES = 8


def _dictionaries() -> list[Member]:
    """The networks behind the Sparsity page; none, with a line that says so, where they are not here."""
    folder = store.find_figures()
    try:
        found = [] if folder is None else gallery.read_members(folder)
    except store.StoreError:
        found = []
    if not found:
        st.info("The shipped networks of the Sparsity page are not here; `make gallery` trains them.")
    return found


def draw_penalties() -> None:
    """Shares of exact zeros, in the code and in the weights, under the strongest penalty of each kind."""
    members = _dictionaries()
    if not members:
        return
    post = gallery.config(gallery.POST, 0)
    kinds = (
        ("dictionary", gallery.BASE, None, "no penalty"),
        ("dictionary", gallery.BASE, "code_l1", "L1 {:g} on the code"),
        ("post's network", post, None, "no penalty"),
        ("post's network", post, "weight_l1", "L1 {:g} on the weights"),
        ("post's network", post, comparison.WEIGHT_DECAY, "AdamW's decay {:g}"),
    )
    found: dict[str, Figures] = {}
    for network, base, penalty, text in kinds:
        if path := comparison.along_strength(members, base, penalty):
            strength = sum(comparison.penalties(path[-1].config).values())
            found[f"{network}, {text.format(strength)}"] = path[-1].figures
    bar = {"format": "percent", "min_value": 0.0, "max_value": 1.0}
    st.dataframe(
        [
            {
                "Network": name,
                "Squared error": figures.squared_error,
                "Zeros in the code": figures.exact_zeros,
                "Zeros in the weights": figures.weight_zeros,
            }
            for name, figures in found.items()
        ],
        hide_index=True,
        key="questions_penalties",
        column_config={
            "Squared error": st.column_config.NumberColumn(format="%.1f"),
            "Zeros in the code": st.column_config.ProgressColumn(**bar),
            "Zeros in the weights": st.column_config.ProgressColumn(**bar),
        },
        alt="Squared error and exact zeros under penalties",
    )
    if len(found) == len(kinds):
        plain, code, _, weights, _ = found.values()
        st.markdown(words.penalties(plain, code, weights))
    st.caption("MNIST's test images; a value counts as zero only where it is exactly 0.")


def draw_l1_l2() -> None:
    """Active units against error for both, and one image's code under a matched pair."""
    from aecore.figures.questions import lines
    from aecore.figures.sparsity import code_bars
    from aecore.palette import L1_COLOR, L2_COLOR

    members = _dictionaries()
    if not members:
        return
    paths = {
        name: comparison.along_strength(members, gallery.BASE, penalty)
        for name, penalty in (("L1", "code_l1"), ("L2", "code_l2"))
    }
    rows = [
        {"x": m.squared_error, "y": m.figures.active_units, "series": name}
        for name, path in paths.items()
        for m in path
    ]
    left, right = st.columns(2, gap="large")
    left.altair_chart(
        lines(rows, "squared error per image", "active units per image"),
        key="questions_l1_l2",
        alt="Active units against squared error, under L1 and under L2",
    )
    pairs = [
        (m, paths["L2"][match.index])
        for m in paths["L1"]
        if m.key is not None
        and (match := comparison.match(m.figures, [o.figures for o in paths["L2"]])).close
        and paths["L2"][match.index].key is not None
    ]
    if not pairs:
        return
    pair = pairs[-1]
    st.markdown(words.l1_l2(pair[0].figures, pair[1].figures, comparison.CLOSE))
    try:
        image = loading.load_data(gallery.BASE.data.name).test_images[:1]
    except ValueError:
        right.caption("The codes of an image are here when the images of MNIST are.")
        return
    codes = [loading.load_run(m.key).encode(image)[0].numpy() for m in pair]
    domain = (0.0, float(max(code.max() for code in codes)))
    with right:
        for name, color, code in zip(("L1", "L2"), (L1_COLOR, L2_COLOR), codes, strict=True):
            st.caption(f"The code of one image, {name}: a stem for each unit that is not exactly 0")
            st.altair_chart(
                code_bars(code, color, domain),
                key=f"questions_stems_{name}",
                alt=f"Code of one image under {name}, a stem a unit",
            )


SHARE = 0.1
"""Of the variance, that PCA is allowed to leave."""
MOST_SETS = 4


def draw_data_sets() -> None:
    """A row of images of each data set that is here, and how fast PCA's error falls on it."""
    from aecore.data import DATASETS, thumbnails
    from aecore.figures.questions import lines

    here = [name for name, dataset in DATASETS.items() if dataset.is_ready()][:MOST_SETS]
    rows, needed, pictures = [], {}, {}
    for name in here:
        data, baseline = loading.load_data(name), loading.pca_baseline(name)
        title = DATASETS[name].title
        pictures[title] = thumbnails(data, IMAGES)
        left = baseline.squared_error / baseline.squared_error[0]
        counts = np.unique(np.geomspace(1, len(left) - 1, 40).round().astype(int))
        rows += [{"x": int(n), "y": float(left[n]), "series": title} for n in counts]
        enough = np.flatnonzero(left <= SHARE)
        needed[title] = int(enough[0]) if len(enough) else None
    images.draw_rows(pictures, 56)
    chart = lines(
        rows, "components of PCA", "share of the variance left", log_x=True, ticks=(1, 4, 16, 64, 256)
    )
    st.altair_chart(
        chart, key="questions_sets", alt="Variance left against components of PCA, a line a data set"
    )
    st.markdown(words.hardness(needed, SHARE))
    st.caption(
        "Fitted to the training images, measured on the test images; of the data sets on this machine."
    )


OUTPUTS = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "linear": (-np.inf, np.inf)}
"""What each output activation can give."""


def draw_normalization() -> None:
    """Histograms of the pixels in each range, with what an output can give, and what networks reach."""
    from aecore.data import scaling, unit_range
    from aecore.figures.questions import pixel_histogram

    data = loading.load_data(experiments.BASE.data.name)
    output = st.segmented_control(
        "Output activation",
        list(OUTPUTS),
        default="sigmoid",
        required=True,
        key="questions_output",
        bind="query-params",
    )
    low, high = OUTPUTS[output]
    x = unit_range(data.test_images)
    floors = {}
    for name, place in zip(("zero_one", "minus_one_one", "standardized"), st.columns(3), strict=True):
        normalization = scaling(name, data)
        values = normalization.normalize(x)
        nearest = normalization.denormalize(values.clamp(low, high))
        floors[name] = (nearest - x).square().flatten(1).sum(1).double().mean().item()
        with place:
            st.markdown(f"**{show(name)}**")
            st.altair_chart(
                pixel_histogram(values.numpy().ravel(), (low, high)),
                key=f"questions_pixels_{name}",
                alt=f"Histogram of the pixels, {show(name)}, with the range of the output",
            )
            st.caption(f"Least squared error that a {output} output can leave: {floors[name]:.2f}")
    info = trained_grids.require(experiments.NORMALIZATION.grid, experiments.NORMALIZATION.name)
    if info is None:
        return
    found = {show(m.values["data.normalization"]): m for m in material.measured(info)}
    if len(found) == 3:
        values = scaling("minus_one_one", data).normalize(x)
        floor = ((values.clamp(0, 1) - values) / 2).square().flatten(1).sum(1).double().mean().item()
        listed = ", ".join(f"{name} {m.mean:.2f} ({m.low:.2f} to {m.high:.2f})" for name, m in found.items())
        st.markdown(f"Squared error with a linear output, {len(experiments.SEEDS)} seeds: {listed}.")
        st.markdown(words.ranges(found, floor, min(m.mean for m in found.values())))
    st.caption(
        "Digits' test images; the range that the output can give is shaded, the axis ends at -3 and 3."
    )


LOSSES = {"mse": "squared error", "mae": "absolute error", "bce": "cross-entropy"}


@st.cache_data(max_entries=4, show_spinner="Measuring the networks")
def _scores(
    path: str, stamp: float, _members: dict[str, tuple[str, ...]]
) -> dict[str, dict[str, tuple[float, float, float]]]:
    """Each measure per pixel, (mean, lowest, highest seed), by loss trained with, then by measure."""
    from aecore.data import unit_range
    from aecore.losses import RECONSTRUCTIONS

    x = unit_range(loading.load_data(experiments.BASE.data.name).test_images)
    scores: dict[str, dict[str, tuple[float, float, float]]] = {}
    for loss, keys in _members.items():
        made = [loading.load_run(key).reconstruct(x) for key in keys]
        for name, measure in RECONSTRUCTIONS.items():
            values = [measure(y, x).item() for y in made]
            scores.setdefault(LOSSES[loss], {})[LOSSES[name]] = (
                float(np.mean(values)),
                min(values),
                max(values),
            )
    return scores


def draw_losses() -> None:
    """The same images under three losses, and every network by every measure."""
    info = trained_grids.require(experiments.LOSS.grid, experiments.LOSS.name)
    if info is None:
        return
    found = material.measured(info)
    pictures = material.pictures(info)
    rows = {}
    if (probe := grid_source.probe(info)) is not None:
        rows["test image"] = probe.images[:IMAGES]
    rows |= {LOSSES[m.values["loss.reconstruction"]]: pictures[m.ks[0]][:IMAGES] for m in found}
    images.draw_rows(rows, 72)
    members = {m.values["loss.reconstruction"]: tuple(info.member_key(k) for k in m.ks) for m in found}
    scores = _scores(str(info.path), info.created, members)
    st.dataframe(
        [
            {"Trained with": trained, **{name: mean for name, (mean, _, _) in values.items()}}
            for trained, values in scores.items()
        ],
        hide_index=True,
        key="questions_losses",
        column_config={name: st.column_config.NumberColumn(format="%.4f") for name in LOSSES.values()},
        alt="Every network by every measure",
    )
    st.markdown(words.by_measure(scores, min(map(len, members.values()), default=0)))
    st.caption(
        f"Per pixel in [0, 1], digits' test images, mean of {len(experiments.SEEDS)} seeds; lower is "
        "better. Sigmoid output; everything but the loss is the same."
    )


def draw_initial_weights() -> None:
    """Validation error by epoch from each scheme, the mean over seeds."""
    from aecore.figures.questions import lines

    info = trained_grids.require(experiments.INITIAL_WEIGHTS.grid, experiments.INITIAL_WEIGHTS.name)
    if info is None:
        return
    histories = material.histories(info)
    found = {show(m.values["model.init"]): m for m in material.measured(info)}
    rows = [
        {
            "x": epoch + 1,
            "y": float(np.mean(errors)),
            "low": min(errors),
            "high": max(errors),
            "series": name,
        }
        for name, m in found.items()
        for epoch in range(min(len(histories[k]) for k in m.ks))
        if (errors := [histories[k][epoch].squared_error for k in m.ks])
    ]
    mean = material.mean_image_error(experiments.BASE.data.name)
    rule = None if mean is None else (mean, f"the mean image {mean:.2f}")
    chart = lines(rows, "epoch", "validation squared error", log_y=True, rule=rule)
    st.altair_chart(
        chart, key="questions_init", alt="Validation squared error by epoch, a line a kind of initial weights"
    )
    if found:
        st.markdown(words.initial_weights(found, mean))
    st.caption(
        f"Digits, eight hidden layers of {experiments.WIDTH} ReLU units a side; band: lowest to highest of "
        f"{len(experiments.SEEDS)} seeds. normal: standard deviation 1. The sentence is on test images."
    )


def draw_optimizers() -> None:
    """Error against the learning rate, for both."""
    from aecore.figures.questions import lines

    info = trained_grids.require(experiments.OPTIMIZER.grid, experiments.OPTIMIZER.name)
    if info is None:
        return
    found: dict[str, dict[float, float]] = {}
    for m in material.measured(info):
        found.setdefault(show(m.values["train.optimizer"]), {})[m.values["train.learning_rate"]] = m.mean
    rows = [
        {"x": rate, "y": error, "series": name}
        for name, by_rate in found.items()
        for rate, error in by_rate.items()
    ]
    mean = material.mean_image_error(experiments.BASE.data.name)
    chart = lines(
        rows,
        "learning rate",
        "squared error per image",
        log_x=True,
        log_y=True,
        ticks=sorted({row["x"] for row in rows}),
        rule=None if mean is None else (mean, f"the mean image {mean:.2f}"),
    )
    st.altair_chart(
        chart, key="questions_optimizers", alt="Squared error against learning rate, a line an optimizer"
    )
    if found:
        st.markdown(words.optimizers(found, mean))
    st.caption(
        f"The post's network on digits, {experiments.BASE.train.epochs} epochs, test images. SGD with "
        f"momentum {experiments.BASE.train.momentum:g}; the rate stays constant."
    )


def draw_training_error() -> None:
    """The run's curves, and the gap with the final weights."""
    if (found := material.require_subject()) is None:
        return
    from aecore.figures.training import error_curve

    if not found.run.history:
        st.caption("This run has no history.")
        return
    pca = loading.pca_baseline(found.data.name).error(found.run.latent_size)
    st.altair_chart(
        error_curve(found.run.history, found.run.config.train.epochs, pca, 280),
        key="questions_curve",
        alt="Squared error by epoch",
    )
    st.markdown(further_figures.gap_sentence(loading.quality(found.key)))
    material.made_from(
        found,
        "Solid: validation images, after each epoch. Dashed: training images, while the weights moved, "
        "which is why it may lie above. Grey: PCA on test images.",
    )


@dataclass(frozen=True)
class Start:
    """A network before its first step."""

    name: str
    activation: str
    init: str


STARTS = (
    Start("sigmoid", "sigmoid", "default"),
    Start("ReLU", "relu", "default"),
    Start("ReLU, He", "relu", "he"),
    Start("ReLU, orthogonal", "relu", "orthogonal"),
)


@st.cache_data(max_entries=64, show_spinner=False)
def _gradients(depth: int) -> dict[str, list[float]]:
    from aecore.analysis.gradients import first_gradients

    data = loading.load_data(experiments.BASE.data.name)
    return {
        start.name: first_gradients(
            experiments.BASE.with_values(
                {
                    "model.hidden": experiments.layers(depth),
                    "model.activation": start.activation,
                    "model.init": start.init,
                }
            ),
            data,
        )
        for start in STARTS
    }


def draw_gradients() -> None:
    """Gradient of each layer before the first step, by activation and initial weights."""
    from aecore.figures.questions import lines

    depth = st.slider("Hidden layers a side", 1, 12, 8, key="questions_depth_live", bind="query-params")
    found = _gradients(depth)
    rows = [
        {"x": layer + 1, "y": norm, "series": name}
        for name, norms in found.items()
        for layer, norm in enumerate(norms)
    ]
    chart = lines(rows, "layer, from the image", "norm of its gradient", log_y=True)
    st.altair_chart(chart, key="questions_gradients", alt="Gradient norm of each layer, a line an activation")
    st.markdown(
        words.vanishing({name: norms[0] / norms[-1] for name, norms in found.items() if norms[-1] > 0})
    )
    st.caption(
        f"Computed now, on 128 digits: layers of {experiments.WIDTH} units, the squared error's gradient in "
        "each layer's weights. A small ratio alone does not mean that a network can't learn; see what it "
        "reaches."
    )


def draw_metrics() -> None:
    """The run's further figures."""
    if (found := material.require_subject()) is None:
        return
    error = loading.test_squared_errors(found.key).double().mean().item()
    pca = loading.pca_baseline(found.data.name).error(found.run.latent_size)
    st.markdown(words.squeezed(found.data.pixels, found.run.latent_size, error, pca))
    further_figures.draw(found.key)
    material.made_from(found)
