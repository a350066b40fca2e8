"""Questions: one at a time, each with an answer, a live picture, a way to try it, and its sources."""

from __future__ import annotations

import streamlit as st

from pages.shared import layout
from pages.understand.questions.entries import BY_KEY, QUESTIONS, Question

LINK = "question"
"""In the URL, the key of the open question."""
OPEN = "_questions_open"
"""The same in the session, for a return to this page."""


def opened() -> Question:
    """The question that the URL names, else the one open before, else the first."""
    linked = st.query_params.get(LINK)
    if linked is not None and linked not in BY_KEY:
        st.warning("The link names a question that is not here; another is shown instead.")
    key = linked if linked in BY_KEY else st.session_state.get(OPEN, QUESTIONS[0].key)
    st.session_state[OPEN] = key
    if linked != key:
        st.query_params[LINK] = key
    return BY_KEY[key]


def show(key: str) -> None:
    """Opens a question; for the buttons."""
    st.session_state[OPEN] = st.query_params[LINK] = key


def draw_neighbours(question: Question) -> None:
    """The place in the list, and the ways to the questions before and after."""
    number = QUESTIONS.index(question)
    before, after = QUESTIONS[number - 1], QUESTIONS[(number + 1) % len(QUESTIONS)]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Question {number + 1} of {len(QUESTIONS)}", width="stretch")
        for key, label, icon, target in (
            ("questions_before", "Previous", "arrow_back", before),
            ("questions_after", "Next", "arrow_forward", after),
        ):
            st.button(
                label,
                key=key,
                icon=f":material/{icon}:",
                help=target.title,
                on_click=show,
                args=(target.key,),
            )


def draw_question(question: Question) -> None:
    """The open question."""
    draw_neighbours(question)
    st.subheader(question.title, anchor=False)
    st.markdown(question.answer)
    with st.container(key="questions_picture"):
        question.draw()
    question.link.draw()
    listed = " · ".join(f"[{source.text}]({source.url})" for source in question.sources)
    # No caption: its words fade, and links in it would be too faint to read.
    st.markdown(f"Sources: {listed}" if len(question.sources) > 1 else f"Source: {listed}")


def draw_list(open_one: Question) -> None:
    """Every title as a button; the open one is named and not to be pressed."""
    st.markdown("**All questions**")
    with st.container(gap="xxsmall", key="questions_list"):
        for question in QUESTIONS:
            st.button(
                question.title,
                key=f"questions_open_{question.key}",
                type="tertiary",
                icon=":material/chevron_right:" if question is open_one else None,
                disabled=question is open_one,
                on_click=show,
                args=(question.key,),
            )


def main() -> None:
    layout.draw_header(
        "Questions",
        "What one asks when building an auto-encoder, each answered on models that you can change.",
    )
    question = opened()
    left, right = layout.picture_and_figures()
    # The list first: a picture may take a moment, and the way to the others should not wait for it.
    with right:
        draw_list(question)
    with left:
        draw_question(question)


main()
