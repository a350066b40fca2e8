"""Pictures of what an auto-encoder is, and of its size."""

from __future__ import annotations

import streamlit as st

from aecore.gallery import experiments, shipped
from aecore.naming import data_title
from pages.shared import images, loading, trained_grids
from pages.understand.questions import material, words

IMAGES = 8
"""Test images in a row."""


def draw_auto_encoder() -> None:
    """Test images, what the network makes of them, and PCA."""
    from aecore.analysis.probe import probe_index
    from aecore.data import unit_range

    if (found := material.require_subject()) is None:
        return
    run, data = found.run, found.data
    x = unit_range(data.test_images[probe_index(data, IMAGES)])
    baseline = loading.pca_baseline(data.name)
    linear = baseline.reconstruct(x, run.latent_size)
    images.draw_rows({"test image": x, "network": run.reconstruct(x), f"PCA, {run.latent_size}": linear}, 72)
    error = loading.test_squared_errors(found.key).double().mean().item()
    st.markdown(words.squeezed(data.pixels, run.latent_size, error, baseline.error(run.latent_size)))
    material.made_from(found)


def draw_halves() -> None:
    """Two images, their codes, and what the decoder makes of these and of the code midway between."""
    from aecore.analysis.probe import probe_index
    from aecore.data import unit_range
    from aecore.figures.sparsity import code_bars
    from aecore.palette import CLASS_COLORS

    if (found := material.require_subject()) is None:
        return
    run, data = found.run, found.data
    x = unit_range(data.test_images[probe_index(data, 10)[[1, 8]]]) if len(data.test_images) > 9 else None
    if x is None:
        x = unit_range(data.test_images[:2])
    codes = run.encode(x)
    between = codes.mean(0, keepdim=True)
    rows = [
        ("first image", x[0], codes[0]),
        ("no image: midway", None, between[0]),
        ("second image", x[1], codes[1]),
    ]
    low, high = float(codes.min()), float(codes.max())
    domain = (min(low, 0.0), max(high, 0.0))
    for number, (name, image, code) in enumerate(rows):
        left, middle, right = st.columns([1, 4, 1], vertical_alignment="center")
        with left:
            if image is not None:
                st.html(images.tag(images.to_rgb(image), 88, name))
            st.caption(name)
        with middle:
            chart = code_bars(code.numpy(), CLASS_COLORS[0], domain)
            st.altair_chart(chart, key=f"questions_code_{number}", alt=f"Code of {name}, a bar a unit")
        with right:
            st.html(images.tag(images.to_rgb(run.decode(code[None])[0]), 88, f"decoded: {name}"))
            st.caption("decoded")
    st.markdown(
        f"Left to middle is the encoder: {data.pixels:,} pixels become {run.latent_size} numbers, a stem "
        "each. Middle to right is the decoder, and it needs no image: in the second row it is given the "
        "mean of the two codes."
    )
    material.made_from(found)


def _along_depth(found: list[material.Measured], activation: str) -> list[tuple[int, material.Measured]]:
    return [(len(m.values["model.hidden"]), m) for m in found if m.values["model.activation"] == activation]


def _depth_chart(series: dict[str, list[tuple[int, material.Measured]]], key: str) -> None:
    from aecore.figures.questions import lines

    rows = [
        {"x": n, "y": m.mean, "low": m.low, "high": m.high, "series": name}
        for name, along in series.items()
        for n, m in along
    ]
    mean = material.mean_image_error(experiments.BASE.data.name)
    ticks = sorted({row["x"] for row in rows})
    chart = lines(
        rows,
        "hidden layers a side",
        "squared error per image",
        log_x=True,
        ticks=ticks,
        rule=None if mean is None else (mean, f"the mean image {mean:.2f}"),
    )
    st.altair_chart(chart, key=key, alt="Squared error against hidden layers a side")
    st.caption(
        f"Digits, {experiments.WIDTH} units a layer, {experiments.BASE.train.epochs} epochs, test images; "
        f"band: lowest to highest of {len(experiments.SEEDS)} seeds."
    )


def draw_depth() -> None:
    """Error against the number of layers, and what the deepest makes of images."""
    info = trained_grids.require(experiments.DEPTH.grid, experiments.DEPTH.name)
    if info is None:
        return
    relu = _along_depth(material.measured(info), "relu")
    if not relu:
        return
    _depth_chart({"ReLU": relu}, "questions_depth")
    pictures = material.pictures(info)
    rows = {words.layers(n): pictures[m.ks[0]][:IMAGES] for n, m in relu}
    images.draw_rows(rows, 48)
    other = trained_grids.find(experiments.INITIAL_WEIGHTS.grid)
    rescued = (
        next((m for m in material.measured(other) if m.values["model.init"] == "orthogonal"), None)
        if other
        else None
    )
    st.markdown(words.depth(relu, rescued))


def draw_approximation() -> None:
    """A function, and the network of the chosen width nearest to it."""
    from aecore.analysis.approximation import FUNCTIONS, fit
    from aecore.figures.questions import fitted_function

    names = list(FUNCTIONS)
    left, right = st.columns([3, 4], vertical_alignment="bottom", gap="large")
    name = left.segmented_control(
        "Function", names, default=names[0], required=True, key="questions_function", bind="query-params"
    )
    width = right.slider("Hidden units", 1, 64, 8, key="questions_width", bind="query-params")
    found = fit(name, width)
    st.altair_chart(
        fitted_function(found), key="questions_fit", alt="The function, and what the network makes of it"
    )
    st.markdown(words.fitted(width, found.error, fit(name, 2 * width).error))
    st.caption(
        "Grey: the function. Blue: d + sum of c max(x - t, 0) over the units. Ticks: where a unit begins to "
        "be active (t), fixed and evenly spaced; c and d by least squares, so nothing depends on a training."
    )


def draw_code_size() -> None:
    """Error against the number of units, with PCA's."""
    from aecore.analysis import selection
    from aecore.figures.questions import lines

    info = trained_grids.find(shipped.UNITS.grid)
    if info is None:
        st.info(
            "The shipped grid of code sizes is not here; `make gallery` trains it, or New grid any other."
        )
        return
    found = selection.candidates(info.grid, info.members())
    groups = selection.groups(found)
    without = info.grid.base.with_values({"loss.code_l1": 0.0, "loss.code_l2": 0.0})
    through = [g for g in selection.along_field(groups, without) if g.test is not None]
    if len(through) < 2:
        return
    sizes = [g.config.model.latent_size for g in through]
    rows = [{"x": n, "y": g.test, "series": "network"} for n, g in zip(sizes, through, strict=True)]
    known = [
        (n, g.test, g.members[0].pca)
        for n, g in zip(sizes, through, strict=True)
        if g.members[0].pca is not None
    ]
    rows += [{"x": n, "y": pca, "series": "PCA"} for n, _, pca in known]
    chart = lines(rows, "units in the code", "squared error per image", log_x=True, ticks=sizes)
    st.altair_chart(chart, key="questions_sizes", alt="Squared error against units in the code, beside PCA's")
    pictures = material.pictures(info)
    images.draw_rows(
        {f"{n} units": pictures[g.best.k][:IMAGES] for n, g in zip(sizes, through, strict=True)}, 48
    )
    bend = selection.elbow(sizes, [g.validation for g in through])
    narrowest = min(info.grid.base.model.hidden, default=None)
    st.markdown(words.code_size(known, None if bend is None else sizes[bend], narrowest))
    config = info.grid.base
    st.caption(
        f"{data_title(config.data.name)}, {'-'.join(map(str, config.model.hidden))} hidden, "
        f"{config.train.epochs} epochs, one seed, test images; the bend is found on validation images."
    )


def draw_activations() -> None:
    """ReLU and sigmoid by depth."""
    info = trained_grids.require(experiments.DEPTH.grid, experiments.DEPTH.name)
    if info is None:
        return
    found = material.measured(info)
    relu, sigmoid = _along_depth(found, "relu"), _along_depth(found, "sigmoid")
    _depth_chart({"ReLU": relu, "sigmoid": sigmoid}, "questions_activations")
    pictures = material.pictures(info)
    rows = {
        f"{name}, {n} layer{'s' * (n > 1)}": pictures[m.ks[0]][:IMAGES]
        for name, along in (("ReLU", relu), ("sigmoid", sigmoid))
        for n, m in along
        if n in (1, 8)
    }
    images.draw_rows(rows, 48)
    mean = material.mean_image_error(experiments.BASE.data.name)
    if relu and len(relu) == len(sigmoid):
        st.markdown(words.activations(relu, sigmoid, mean))
