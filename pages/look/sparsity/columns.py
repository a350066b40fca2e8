"""The two columns: the same images under either network, on the same axes."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence

import numpy as np
import streamlit as st

from aecore.palette import text_css
from pages.look.sparsity.sources import Source
from pages.shared import images, layout

Sides = tuple[Source, Source]
A_CLASS = 20
"""Images of each class in a heat map."""
SPIKE_COLOR = "#8a8f98"
HEAT_HEIGHT = 175


def units_shown(source: Source, count_silent: bool) -> np.ndarray:
    """Indices of the units in the order of their use; without those that never fire unless they count."""
    order = source.look.order
    return order if count_silent else order[source.look.use[order] > 0]


def draw_codes(sides: Sides, data, image: int, count_silent: bool) -> None:
    """One image's code as stems over the codes of many as a heat map, units in the same order."""
    from aecore.data import first_of_each_class
    from aecore.figures import sparsity as charts

    labels = data.test_labels.numpy()[: min(len(s.look.codes) for s in sides)]
    rows = first_of_each_class(labels, A_CLASS)
    image = min(image, len(labels) - 1)
    values = [s.look.codes[image] for s in sides]
    low, high = min(0.0, *(z.min() for z in values)), max(1e-6, *(z.max() for z in values))
    domain = (float(low * 1.05), float(high * 1.05))
    for place, source, side in zip(st.columns(2, gap="large"), sides, ("left", "right"), strict=True):
        with place:
            units = units_shown(source, count_silent)
            _pair(source, data, image)
            layout.draw_chart(
                charts.code_bars(source.look.codes[image, units], source.color, domain),
                key=f"sparsity_bars_{side}",
                alt=f"Code of the image in {source.name}, a bar a unit",
            )
            limit = float(np.quantile(np.abs(source.look.codes), 0.995))
            picture = charts.heat_map(source.look.codes[rows][:, units], source.color, limit)
            _heat(picture, [data.class_names[c] for c in np.unique(labels[rows])], source.name)


def _pair(source: Source, data, image: int) -> None:
    original = images.to_rgb(data.test_images[image])
    rebuilt = images.to_rgb(source.reconstruct(np.array([image]))[0])
    active = int((source.look.codes[image] != 0).sum())
    st.html(
        '<div style="display:flex;gap:8px;align-items:center;font-size:0.9rem">'
        f"{images.tag(original, 44, 'test image')}{images.tag(rebuilt, 44, 'reconstruction')}"
        f'<span><b style="color:{text_css(source.color)}">{html.escape(source.name)}</b> '
        f"writes this image with <b>{active}</b> of {source.look.codes.shape[1]} units</span></div>"
    )


def _heat(picture: np.ndarray, classes: Sequence[str], name: str) -> None:
    """The heat map, stretched to its column, with the classes along its left edge."""
    source = base64.b64encode(images.png(picture)).decode()
    labels = "".join(
        '<span style="flex:1;min-height:0;line-height:1;display:flex;align-items:center;justify-content:end">'
        f"{html.escape(c)}</span>"
        for c in classes
    )
    alt = html.escape(f"codes of {len(picture)} test images under {name}, images by class and units by use")
    st.html(
        f'<div style="display:flex;gap:6px;height:{HEAT_HEIGHT}px"><div style="display:flex;'
        f'flex-direction:column;font-size:0.75rem;opacity:0.75;min-width:38px">{labels}</div>'
        f'<img alt="{alt}" src="data:image/png;base64,{source}" style="flex:1;min-width:0;height:100%;'
        'image-rendering:pixelated;box-shadow:0 0 0 1px rgba(128,128,128,0.3)"></div>'
    )


def draw_values(sides: Sides, count_silent: bool) -> None:
    """Histogram of values with the spike at zero, active units per image, and the use of the units."""
    from aecore.figures import sparsity as charts

    shown = [s.look.codes[:, units_shown(s, count_silent)] for s in sides]
    active = [(s.look.codes != 0).sum(1) for s in sides]
    edges = charts.value_edges(*shown)
    units = sides[0].look.codes.shape[1]
    top = max(charts.active_shares(a, units).max() for a in active) * 1.15
    places = st.columns(2, gap="large")
    for i, (place, source) in enumerate(zip(places, sides, strict=True)):
        with place:
            draw_name(source)
            use = source.look.use[units_shown(source, count_silent)]
            for kind, about, chart in (
                (
                    "values",
                    "Values of the codes",
                    charts.value_histogram(shown[i], edges, source.color, SPIKE_COLOR),
                ),
                (
                    "active",
                    "Active units per image",
                    charts.active_histogram(active[i], units, float(top), source.color),
                ),
                ("use", "Share of images that use each unit", charts.use_bars(use, source.color)),
            ):
                layout.draw_chart(chart, key=f"sparsity_{kind}_{i}", alt=f"{about} of {source.name}")


def draw_pictures(sides: Sides, data, count_silent: bool) -> None:
    """The same images rebuilt by either side, and the atoms by use."""
    from aecore.data import first_of_each_class, unit_range

    labels = data.test_labels.numpy()[: min(len(s.look.codes) for s in sides)]
    chosen = first_of_each_class(labels)[:12]
    originals = unit_range(data.test_images[chosen]).numpy()
    for place, source in zip(st.columns(2, gap="large"), sides, strict=True):
        with place:
            draw_name(source)
            rebuilt = source.reconstruct(chosen)
            both = np.concatenate([originals, rebuilt])
            label = f"test images above, their reconstructions by {source.name} below"
            st.html(images.tag(images.mosaic(both, len(chosen)), "100%", label))
            units = units_shown(source, count_silent)
            st.html(images.tag(atom_mosaic(source, units[:128]), "100%", f"atoms of {source.name}"))


def atom_mosaic(source: Source, units: np.ndarray, columns: int = 16) -> np.ndarray:
    """Atoms on one diverging scale, most used first; those of units that never fire are faded."""
    atoms = source.atoms()[units]
    limit = float(np.quantile(np.abs(atoms), 0.998)) or 1.0
    tiles = [
        _faded(images.difference_rgb(atom, limit)) if use == 0 else images.difference_rgb(atom, limit)
        for atom, use in zip(atoms, source.look.use[units], strict=True)
    ]
    return images.mosaic(np.stack(tiles).transpose(0, 3, 1, 2), columns)


def draw_name(source: Source) -> None:
    """The side's name in its colour."""
    st.html(
        f'<b style="color:{text_css(source.color)}">{html.escape(source.name)}</b> '
        f'<span style="opacity:0.7">{html.escape(source.setting)}</span>'
    )


def _faded(rgb: np.ndarray) -> np.ndarray:
    grey = rgb.mean(-1, keepdims=True)
    return (255 - 0.35 * (255 - np.repeat(grey, 3, -1))).astype(np.uint8)
