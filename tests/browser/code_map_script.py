"""A page with nothing but the map, for the tests and the benchmark of the map: `streamlit run` it.

With MNIST it shows 10,000 test images on their first two principal components, else the bundled digits.
"""

import sys
from pathlib import Path

import numpy as np
import streamlit as st

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from aecore.analysis.projection import fit_pca
from aecore.data import DATASETS, load
from aecore.web.code_map.payload import PointSet, Scale, thumbnail_atlas
from pages.components.code_map import code_map
from pages.shared.images import mosaic, png

st.set_page_config(layout="wide")


@st.cache_resource
def material():
    data = load("mnist" if DATASETS["mnist"].is_ready() else "digits")
    images = data.test_images.numpy()
    return images, data.test_labels.numpy(), thumbnail_atlas(images), fit_pca(images).transform(images, 6)


@st.fragment
def page():
    images, labels, atlas, scores = material()
    row = st.columns(4)
    colour = row[0].selectbox("Colour", ["class", "component 3"], key="colour")
    plane = row[1].selectbox("Plane", ["first", "second"], key="plane")
    second = row[2].toggle("Second set", key="second")
    decode = row[3].toggle("Decode", key="decode")
    axes = (0, 1) if plane == "first" else (2, 3)
    left, right = st.columns([2, 1])
    with left:
        state = code_map(
            PointSet(scores[:, axes], labels, scores[:, 2], name="first run"),
            key="map",
            identity="test images",
            atlas=atlas,
            class_names=[str(k) for k in range(10)],
            scale=Scale.of("component 3", scores[:, 2]) if colour == "component 3" else None,
            second=PointSet(
                scores[:300, axes] * 1.1, labels[:300], scores[:300, 2], name="second", marker="ring"
            )
            if second
            else None,
            rings={"neighbours": ("#d55e00", [1, 2, 3])} if second else None,
            axes=(f"component {axes[0] + 1}", f"component {axes[1] + 1}"),
            decode_plane=decode,
        )
    with right:
        st.code(f"selected {None if state.selected is None else len(state.selected)}")
        st.code(f"picked {state.picked}")
        st.code(f"decodes {decode}")
        st.code(f"place {state.place and tuple(round(v, 2) for v in state.place)}")
        if state.selected is not None and len(state.selected):
            counts = np.bincount(labels[state.selected], minlength=10)
            st.code(f"classes {' '.join(map(str, counts))}")
            st.image(png(mosaic(images[state.selected[:100]], 10)), width=300)


page()
