"""Is this training going well? The checks in words: alarms first, then notes, then the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import loading
from pages.shared.plain import plain

if TYPE_CHECKING:
    from aecore.analysis.health import Finding
    from aecore.looks import LayerHistory
    from aecore.results import EpochRecord
    from aecore.store import RunInfo

ALARM, NOTE = ":material/error:", ":material/info:"


def numbers_in_words(finding: Finding) -> str:
    """`squared error 12.3, of the mean image 52.7`."""
    return ", ".join(f"{name} {value:.4g}" for name, value in finding.numbers.items())


def rule_in_words(finding: Finding) -> str:
    """The rule with its source."""
    return f"It fires where {finding.rule} ({finding.source})."


def draw_fired(finding: Finding) -> None:
    """A check whose rule holds, with what to try."""
    text = f"**{finding.title}** · {plain(numbers_in_words(finding))} · Try: {plain(finding.advice)}."
    if finding.verdict == "alarm":
        st.warning(text, icon=ALARM)
    else:
        st.info(f"{text} The run does well all the same, so this is no alarm.", icon=NOTE)
    st.caption(plain(rule_in_words(finding)))


def draw_quiet(findings: Sequence[Finding]) -> None:
    """Checks whose rule does not hold, a line each."""
    lines = [
        f"- **{finding.title}**"
        + (f": {plain(numbers)}" if (numbers := numbers_in_words(finding)) else "")
        + f"  \n  {plain(rule_in_words(finding))}"
        for finding in findings
    ]
    st.markdown("\n".join(lines))


def draw_health(info: RunInfo, history: Sequence[EpochRecord], looks: LayerHistory | None) -> None:
    """All checks of a run as far as its folder tells."""
    from aecore.analysis import health

    if not history:
        st.caption("No epoch has ended yet; the checks come with the first.")
        return
    try:
        course = loading.course(info, history, looks)
    except ValueError as error:
        st.caption(f"The checks need the images: {plain(error)}")
        return
    findings, outcome = health.check(course), health.outcome(course)
    alarms = [f for f in findings if f.verdict == "alarm"]
    notes = [f for f in findings if f.verdict == "note"]
    fine = [f for f in findings if f.verdict == "fine"]
    unknown = [f for f in findings if f.verdict == "unknown"]
    if outcome.fails:
        st.markdown(f"This run fails by its outcome: {plain('; '.join(outcome.reasons))}.")
    elif not alarms:
        st.markdown(
            f"No alarm: after epoch {history[-1].epoch} the squared error is {course.errors[-1]:.2f}, the "
            f"mean image's is {course.baselines.mean_image:.2f}."
        )
    for finding in [*alarms, *notes]:
        draw_fired(finding)
    if fine:
        with st.expander(f"Fine: {len(fine)}", icon=":material/check:"):
            draw_quiet(fine)
    if unknown:
        with st.expander(f"Do not apply, or lack records: {len(unknown)}", icon=":material/help:"):
            draw_quiet(unknown)
