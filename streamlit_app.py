"""Entry point: names the pages and draws the shared sidebar. Start with `streamlit run streamlit_app.py`."""

import pandas  # noqa: F401  Two visitors' threads that enter it by different doors find it half imported.
import streamlit as st

from pages.shared import sidebar

st.set_page_config(page_title="Auto-encoder explorer", page_icon=":material/hourglass:", layout="wide")

PAGES = {
    "": [
        st.Page("pages/home/home.py", title="Home", icon=":material/home:", default=True),
    ],
    "Train": [
        st.Page("pages/train/train.py", title="Train", icon=":material/model_training:", url_path="train"),
        st.Page("pages/train/new_grid.py", title="New grid", icon=":material/grid_on:", url_path="new_grid"),
        st.Page("pages/train/runs.py", title="Runs", icon=":material/list:", url_path="runs"),
    ],
    "Look": [
        st.Page(
            "pages/look/reconstructions.py",
            title="Reconstructions",
            icon=":material/compare:",
            url_path="reconstructions",
        ),
        st.Page("pages/look/codes.py", title="Codes", icon=":material/scatter_plot:", url_path="codes"),
        st.Page(
            "pages/look/interpolation.py",
            title="Interpolation",
            icon=":material/timeline:",
            url_path="interpolation",
        ),
        st.Page("pages/look/units.py", title="Units", icon=":material/tune:", url_path="units"),
        st.Page("pages/look/sparsity.py", title="Sparsity", icon=":material/blur_off:", url_path="sparsity"),
        st.Page("pages/look/choose.py", title="Choose", icon=":material/rule:", url_path="choose"),
    ],
}

page = st.navigation(PAGES)
sidebar.draw()
page.run()
