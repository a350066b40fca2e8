"""Altair charts from arrays and tables; no Streamlit."""
