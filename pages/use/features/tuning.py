"""The encoder taught further with few labels against the same network from its initial weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import background, layout
from pages.use.features import material, preview, words
from pages.use.features.material import Subject

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def draw_tuning(subject: Subject, row: DeltaGenerator) -> None:
    """The encoder taught further against the same network from its initial weights."""
    name = material.teaching(subject)
    work = background.works().get(name)

    def draw() -> None:
        draw_taught(subject)

    if work is not None and work.running:
        background.draw_progress(name, "Teaching networks", draw)
        return
    from aecore.analysis import finetuning

    background.draw_problem(name)
    counts = [count for count in finetuning.COUNTS if count in subject.task.drawn]
    done = material.taught(subject)
    if len(done) < len(counts) * len(finetuning.WAYS):
        with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
            st.button(
                "Teach the rest" if done else "Fine-tune the encoder",
                type="primary",
                key="features_teach",
                icon=":material/play_arrow:",
                on_click=material.teach,
                args=(subject,),
            )
            st.caption(
                f"{finetuning.steps(subject.task)} small trainings with {words.labels(counts)}, a second or "
                "two each; they run beside the pages and can be stopped."
            )
    if not done:
        preview.draw(subject, [material.code(subject)])
    draw()


def draw_taught(subject: Subject) -> None:
    """The two ways by the number of labels, and what they say."""
    from aecore.analysis import features, finetuning
    from aecore.figures.features import COLORS, OTHER_CODE
    from aecore.figures.questions import lines

    test, found = subject.task.test, list(material.taught(subject))
    if not found:
        return
    points = []
    for one in found:
        shares = (one.given == test).mean(1)
        low, high = float(shares.min()), float(shares.max())
        points.append(
            {"x": one.count, "y": float(shares.mean()), "low": low, "high": high, "series": one.way}
        )
    left, right = layout.picture_and_figures()
    with left:
        st.altair_chart(
            lines(
                points,
                "labels a class",
                "share of test images named rightly",
                log_x=True,
                ticks=sorted({one.count for one in found}),
                zero=False,
                colors={finetuning.TUNED: COLORS["code"], finetuning.SCRATCH: OTHER_CODE},
                height=380,
            ),
            key="features_tuning",
            alt="Share of test images named rightly against labels a class, fine-tuned and from scratch",
        )
    with right:
        by_place = {(one.way, one.count): one.given for one in found}
        both = {
            count: features.difference(
                by_place[finetuning.TUNED, count], by_place[finetuning.SCRATCH, count], test
            )
            for way, count in by_place
            if way == finetuning.SCRATCH and (finetuning.TUNED, count) in by_place
        }
        if said := words.against("The fine-tuned network", "the same network from scratch", both):
            st.markdown(said)
        held_out = min(finetuning.CHOSEN_ON, len(subject.split.validation))
        st.caption(
            f"Both are the run's encoder with a linear layer on the code, trained by Adam for "
            f"{finetuning.STEPS} steps at most, from the run's weights or from new initial ones. Learning "
            f"rate (one of {len(finetuning.RATES)}) and the step to stop at are chosen on {held_out:,} "
            f"validation images, with their labels. Band: lowest to highest of the first {finetuning.DRAWS} "
            f"draws. {words.CONDITION}"
        )
