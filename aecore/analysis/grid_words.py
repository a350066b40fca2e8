"""What a grid's members say of one another, in words: the proposal, the curve, the front, what matters.

Imports no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aecore.analysis import selection
from aecore.analysis.grid_charts import Curve
from aecore.analysis.selection import Candidate
from aecore.grid import Grid, axis_text
from aecore.settings import axis_label, label, member_name

SHOWN = 0.0005
"""Shares of the variance below this are not spoken of."""

DASHED = "A dashed cell has no figure."
HEAT = "Squared error on the validation images; the darker, the larger. The frame is where the sliders are."
NO_FRONT = "Active units are counted on validation images at a training's end; no model here has that figure."


@dataclass(frozen=True)
class Proposed:
    """What is proposed, or why nothing is."""

    title: str
    """`Proposed: 12 units, L1 0.001`; empty where nothing is."""
    text: str
    """What follows it: why, and how sure that is."""
    found: selection.Proposal | None = None


def curve_words(curve: Curve) -> str:
    """How to read a curve, or why there is none."""
    if len(curve.values) < 2:
        return lone_value(curve)
    images = "test" if curve.on_test else "validation"
    words = [f"Line: {images} images, everything but this setting as on the sliders"]
    words.append(
        f"band: lowest to highest of {curve.seeds} seeds" if curve.seeds > 1 else "one seed, so no spread"
    )
    if any(point.pca is not None for point in curve.points):
        words.append("grey: PCA with as many components")
    text = "; ".join(words) + "."
    if curve.elbow is not None:
        text += (
            f" Elbow: from here to the next size, each further unit lowers the validation error by less than "
            f"{selection.GAIN:.0%}. It depends on the sizes between which is chosen, not on the largest."
        )
    return text


def lone_value(curve: Curve) -> str:
    """Why there is no curve along a field: fewer than two values of it beside what the sliders say."""
    where = f"at {axis_text(curve.field, curve.values[0])} alone" if curve.values else "not at all"
    return (
        f"With everything else as on the sliders, this grid has {label(curve.field)} {where} so far, "
        "so there is no curve along it. Move the other sliders to see its values."
    )


def front_words(front: Sequence[tuple[Candidate, bool]]) -> str:
    """What the marks of the front are."""
    if not front:
        return NO_FRONT
    return (
        f"In colour: {sum(best for _, best in front)} of {len(front)} models. For each grey one there is "
        "another that is at least as good in validation error, in active units on validation images and in "
        "parameters (the mark's size), and better in one of them."
    )


def importance_words(found: selection.Importance | None) -> str:
    """What the axes' shares say; that they say nothing, where shuffled errors give as much."""
    if found is None:
        return "There are not enough different models yet to say which setting matters."
    chance = (
        f"with the errors shuffled among the models, the largest bar is at most {found.noise:.0%} in 99 "
        "of 100 draws"
    )
    if not found.telling:
        return f"No setting stands out from chance: {chance}, and no setting here has more."
    names = [f"“{axis_label(name)}”" for name in found.telling]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    text = f"The validation error goes with {listed} more than by chance: {chance} (the line)."
    if found.interactions > SHOWN:
        text += " “Together” is the settings' joint effect, chance included."
    return text


def proposal(grid: Grid, members: Sequence[Candidate], further: Sequence[Candidate] = ()) -> Proposed:
    """The sentences that propose a member, say why and how sure that is, with the proposal.

    `further` are members of other grids, for the seeds that this one lacks.
    """
    found = selection.groups(members, further)
    soon = "A proposal comes when the first models are done."
    if not found:
        if members or not grid.base.data.validation_fraction:
            return Proposed(
                "",
                "No validation images were held out, so nothing here can choose: test images only report.",
            )
        return Proposed("", soon)
    proposed = selection.propose(found)
    if proposed is not None:
        title = f"Proposed: {member_name(grid, proposed.chosen.best.k)}"
        return Proposed(title, _reason(grid, proposed, found), proposed)
    if all(group.finished for group in found):
        return Proposed("", "Nothing is proposed: how uncertain the validation errors are is not known here.")
    return Proposed("", soon)


def _reason(grid: Grid, proposed: selection.Proposal, found: Sequence[selection.Group]) -> str:
    chosen, best = proposed.chosen, proposed.best
    over = f"over {best.seeds} seeds" if proposed.over_seeds else "over the validation images"
    error = f"{best.standard_error:.2f}, {over}"
    own = ""
    if chosen.seeds > 1 and chosen.best.validation is not None:
        own = f" (by itself {chosen.best.validation:.2f} on validation images)"
    if chosen is best:
        why = (
            f"{_validation(best)} is the lowest, and no smaller code comes within one standard error of it "
            f"({error})"
        )
    else:
        why = (
            f"{_validation(chosen)} is within one standard error ({error}) of the lowest, "
            f"{best.validation:.2f} with {member_name(grid, best.best.k)}, and no smaller code is"
        )
    return f"{own}: {why}.{_doubt(found)}"


def _validation(group: selection.Group) -> str:
    if group.seeds == 1:
        return f"its validation error, {group.validation:.2f},"
    return f"the mean validation error of its {group.seeds} seeds, {group.validation:.2f},"


def _doubt(found: Sequence[selection.Group]) -> str:
    """What the standard error leaves out, where settings were trained with one seed."""
    single = sum(group.seeds == 1 for group in found)
    if not single:
        return ""
    if single < len(found):
        return " Other settings were trained with one seed only; another seed of them may choose otherwise."
    return (
        " Every setting was trained with one seed: the standard error says what other images would change, "
        "not what another seed would, and another seed may choose otherwise."
    )
