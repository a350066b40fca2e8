"""Entry point: names the pages and draws the shared sidebar.

Start with `streamlit run streamlit_app.py`; for others to reach, with `streamlit run serve.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas  # noqa: F401  Two threads that import it at once find it half imported.
import streamlit as st

from pages.components.enlarge import let_pictures_be_enlarged
from pages.shared import (
    collection,
    first_link,
    going,
    heavy,
    leaving,
    links,
    notices,
    sidebar,
    styles,
    visitors,
)

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

# Before anything is done for a visitor: the core asks who it is.
visitors.serve()

heavy.take_share()
collection.keep_little()
# A Material icon here would be fetched from a font server.
st.set_page_config(page_title="Auto-encoder explorer", page_icon=str(sidebar.LOGO), layout="wide")


def page(folder: str, title: str, icon: str) -> StreamlitPage:
    """The page in a folder of `pages`; the folder's own name is its path in the URL."""
    path = Path("pages") / folder
    return st.Page(
        path / "page.py",
        title=title,
        icon=f":material/{icon}:",
        url_path=path.name,
        default=folder == "home",
    )


PAGES = {
    "": [
        page("home", "Home", "home"),
    ],
    "Train": [
        page("train/train", "Train", "model_training"),
        page("train/new_grid", "New grid", "grid_on"),
        page("train/runs", "Runs", "list"),
    ],
    "Look": [
        page("look/reconstructions", "Reconstructions", "compare"),
        page("look/codes", "Codes", "scatter_plot"),
        page("look/interpolation", "Interpolation", "timeline"),
        page("look/units", "Units", "tune"),
        page("look/sparsity", "Sparsity", "blur_off"),
        page("look/choose", "Choose", "rule"),
    ],
    "Understand": [
        page("understand/questions", "Questions", "quiz"),
        page("understand/contrasts", "Contrasts", "contrast"),
        page("understand/training", "Training", "monitoring"),
        page("understand/network", "Network", "hub"),
        page("understand/data", "Data", "photo_library"),
    ],
    "Use": [
        page("use/denoising", "Denoising", "blur_on"),
        page("use/features", "Features", "category"),
        page("use/generation", "Generation", "casino"),
        page("use/own_images", "Your images", "add_photo_alternate"),
    ],
}

for style in styles.FILES:
    st.html(style)
# All pages in sight: what is folded away is not found.
chosen = st.navigation(PAGES, expanded=True)
first_link.draw()
links.drop_unusable_values()
notices.draw()
is_leaving = leaving.is_leaving(chosen.url_path)
sidebar.draw(live=not is_leaving)
with st.sidebar:
    let_pictures_be_enlarged()
if is_leaving:
    leaving.wait_for_browser()
else:
    going.telling(chosen.run)()
