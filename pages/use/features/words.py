"""What the figures of features say, in sentences; silent where they say nothing. Pure: no Streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aecore.analysis.features import Part, Share

CONDITION = (
    "Better or worse is said where the difference exceeds two of its standard errors, with the same draws "
    "and test images for both."
)
"""When `against` names a difference."""


def against(subject: str, other: str, differences: Mapping[Part, Share]) -> str:
    """Where the subject names more images rightly than the other, where fewer, and where it can't be told.

    `differences` are shares of test images by the labels a class, or all of them.
    """
    better = {part: share for part, share in differences.items() if share.is_clear and share.mean > 0}
    worse = {part: share for part, share in differences.items() if share.is_clear and share.mean < 0}
    neither = [part for part in differences if part not in better and part not in worse]
    said = [
        f"{word} with {labels(list(found))} ({points([abs(share.mean) for share in found.values()])})"
        for word, found in (("better", better), ("worse", worse))
        if found
    ]
    if neither:
        where = "" if len(neither) == len(differences) else f" with {labels(neither)}"
        said.append(f"no difference can be told{where}")
    return f"{subject} against {other}: {'; '.join(said)}." if said else ""


def labels(parts: Sequence[Part]) -> str:
    """`1, 2 and 5 labels a class and with all labels`."""
    counts = [f"{part:,}" for part in parts if isinstance(part, int)]
    every = [] if len(counts) == len(parts) else ["all labels"]
    if not counts:
        return every[0]
    listed = " and ".join([", ".join(counts[:-1]), counts[-1]] if len(counts) > 1 else counts)
    few = f"{listed} label{'s' * (counts != ['1'])} a class"
    return " and with ".join([few, *every])


def points(shares: Sequence[float]) -> str:
    """`by 0.4 to 6.1 points`, or one figure where they agree."""
    low, high = (f"{100 * share:.1f}" for share in (min(shares), max(shares)))
    return f"by {low} points" if low == high else f"by {low} to {high} points"


def mistakes(right: float, images: int, worst: tuple[str, str, int] | None) -> str:
    """How many are named rightly, and which class is most often taken for which."""
    text = f"{right:.1%} of the {images:,} test images are named rightly."
    if worst is None:
        return text
    true, given, count = worst
    return f"{text} The commonest mistake: {true} named {given}, {count:,} image{'s' * (count != 1)}."
