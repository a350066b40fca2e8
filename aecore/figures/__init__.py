"""Altair charts from arrays and tables; no Streamlit."""

from aecore.figures import theme as theme
