"""A page with nothing but a map of many points, for the benchmark of maps: `streamlit run` it.

AECORE_BENCHMARK_POINTS points in ten heaps, each with the picture of one of the bundled digits.
"""

import os
import sys
from pathlib import Path

import numpy as np
import streamlit as st

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from aecore.web.code_map.payload import PointSet, thumbnail_atlas  # noqa: E402
from pages.components.code_map import code_map  # noqa: E402

st.set_page_config(layout="wide")


@st.cache_resource
def material():
    count = int(os.environ["AECORE_BENCHMARK_POINTS"])
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, count)
    centres, spread = random.normal(0, 3, (10, 2)), random.normal(0, 1, (count, 2))
    # As large as MNIST's, a picture for each point.
    digits = np.load(ROOT / "aecore/data/digits.npz")["images"].reshape(-1, 1, 8, 8)
    tiles = np.kron(digits, np.full((3, 3), 15))
    atlas = thumbnail_atlas(tiles[np.arange(count) % len(tiles)].astype(np.uint8))
    return PointSet((centres[labels] + spread).astype(np.float32), labels), atlas


points, atlas = material()
names = [str(k) for k in range(10)]
code_map(points, key="map", identity="heaps", atlas=atlas, class_names=names, mode="pan")
