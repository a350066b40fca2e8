"""The frame of every page: what the title line says of a run."""

from streamlit.testing.v1 import AppTest

from aecore.config import Config


def header_alone():
    from pathlib import Path

    import streamlit as st

    from aecore.config import Config
    from aecore.results import Progress
    from aecore.store import RunInfo
    from pages.shared import layout

    config = Config.from_dict(st.session_state["config"])
    layout.draw_header("Title", "A sentence.", RunInfo(Path("x"), "x", config, 0.0, Progress(), None, False))


def caption_of(**values) -> str:
    app = AppTest.from_function(header_alone, default_timeout=60)
    app.session_state["config"] = (
        Config().with_values({k.replace("__", "."): v for k, v in values.items()}).to_dict()
    )
    app.run()
    assert not app.exception
    sentence, run = app.caption
    assert sentence.value == "A sentence."
    return run.value


def test_a_runs_figures_stand_below_all_that_makes_them():
    assert caption_of() == "post · MNIST · 12 units · seed 0 · 10 epochs"
    assert caption_of(loss__code_l1=0.01) == "post · MNIST · 12 units · L1 0.01 · seed 0 · 10 epochs"
    assert caption_of(train__shift=0.5).endswith(" · seed 0 · 10 epochs · trained on shifted images")
