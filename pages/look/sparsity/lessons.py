"""What the Sparsity page can put side by side: two rows of networks, each lesson changing one thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aecore.analysis import comparison
from aecore.analysis.comparison import Member
from aecore.gallery import sparsity as gallery
from aecore.palette import CLASS_COLORS, L1_COLOR, L2_COLOR

BATCH_COLOR = CLASS_COLORS[3]
TOP_K_COLOR, THRESHOLD_COLOR = CLASS_COLORS[2], CLASS_COLORS[3]
OWN_COLORS = (L1_COLOR, L2_COLOR)


@dataclass(frozen=True)
class Side:
    """One column: a name, its colour, and the row of networks that its slider moves along."""

    name: str
    color: str
    values: dict[str, Any] = field(default_factory=dict)
    """How the recipe differs from the shipped base."""
    penalty: str | None = None
    from_none: bool = False
    """Whether the row begins with the network without the penalty."""

    def networks(self, members: Sequence[Member], seed: int = 0) -> list[Member]:
        """The side's networks of a seed, from none or weak to strong."""
        base = gallery.BASE.with_values(self.values)
        found = comparison.along_strength(members, base, self.penalty, seed)
        if found and self.from_none:
            found = comparison.along_strength(members, base, None, seed) + found
        return found

    def drawn(self, members: Sequence[Member]) -> list[Member]:
        """Those of the first seed that have weights."""
        return [m for m in self.networks(members) if m.key is not None]


@dataclass(frozen=True)
class Lesson:
    key: str
    """Names its sentence in `words` and its widgets."""
    left: Side
    right: Side
    help: str
    control: dict[str, Any] = field(default_factory=dict)
    """Fields that undo what the lesson is about: a sentence that names a cause looks at both sides so."""


def _both(values: dict[str, Any], from_none: bool = False) -> tuple[Side, Side]:
    return (
        Side("L1", L1_COLOR, values, "code_l1", from_none),
        Side("L2", L2_COLOR, values, "code_l2", from_none),
    )


EXACT, OWN = "Exact codes", "Your own runs"

LESSONS = {
    "ReLU code": Lesson(
        "dictionary",
        *_both({}, from_none=True),
        "A ReLU code and one linear decoder layer whose columns, the atoms, have norm 1.",
    ),
    "Linear code": Lesson(
        "linear", *_both(gallery.LINEAR), "The same without the ReLU: nothing lands on zero."
    ),
    "Free decoder": Lesson(
        "free",
        *_both(gallery.FREE),
        "Atoms of any norm: the code may shrink while the decoder grows.",
        {"model.unit_norm": True},
    ),
    "Warm-up": Lesson(
        "warm_up",
        Side("L1 from the start", L1_COLOR, gallery.LONGER, "code_l1"),
        Side("L1 after a warm-up", L1_COLOR, gallery.WARM_UP, "code_l1"),
        "The strength is 0 in the first epoch and rises over the second and third; both sides train for 6.",
    ),
    "Whole-batch norm": Lesson(
        "whole_batch",
        Side("Batches of 128", BATCH_COLOR, {}, "code_whole_batch_norm"),
        Side("Batches of 512", BATCH_COLOR, gallery.LARGE_BATCH, "code_whole_batch_norm"),
        "The norm of a whole batch's codes as penalty, at one strength and two sizes of batch; 4 epochs and "
        "16, so that both take as many steps.",
        {"loss.code_whole_batch_norm": 0.0},
    ),
    "TopK, BatchNorm": Lesson(
        "hard",
        Side("TopK", TOP_K_COLOR, gallery.HARD | gallery.top_k(10)),
        Side("BatchNorm", THRESHOLD_COLOR, gallery.HARD | gallery.threshold(1.5)),
        "Sparse by construction, without a penalty; both before the same deep decoder, trained for 6 epochs.",
    ),
}
"""By the name on the switch."""


def available(members: Sequence[Member]) -> list[str]:
    """Lessons of which both sides are there."""
    return [
        name for name, lesson in LESSONS.items() if lesson.left.drawn(members) and lesson.right.drawn(members)
    ]
