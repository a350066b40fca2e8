"""The one line under the picture, made from the figures. Pure: no Streamlit."""

from __future__ import annotations

from aecore.analysis.comparison import CLOSE
from aecore.results import Figures


def sentence(key: str, names: tuple[str, str], left: Figures, right: Figures, before: Figures | None) -> str:
    """What a lesson's two sides show. `before` is the left side of the shipped networks at the same strength
    (the unit-norm dictionary), where there is one.
    """
    match key:
        case "linear":
            return _linear(left, right)
        case "free" if before is not None:
            return _free(left, before)
        case "warm_up":
            return (
                f"With a warm-up {_units(right.dead_units)} end dead instead of {left.dead_units}, and "
                f"the squared error {_change(left, right)}."
            )
        case "whole_batch":
            return _whole_batch(left, right)
    return _active(names, left, right)


def _active(names: tuple[str, str], left: Figures, right: Figures) -> str:
    """Active units of both sides at the same, or not the same, squared error, and who never fires."""
    difference = right.squared_error / left.squared_error - 1
    if abs(difference) <= CLOSE:
        start = "At the same error "
    else:
        more = "more" if difference > 0 else "less"
        start = f"Not at the same error ({names[1]} has {abs(difference):.0%} {more}): "
    silent = left.units - left.alive_units
    return (
        f"{start}{names[0]} leaves {left.active_units:.1f} of {left.units} units active, {names[1]} "
        f"{right.active_units:.1f}; {silent or 'none'} of {names[0]}'s units never "
        f"fire{'s' if silent in (0, 1) else ''}, and {right.units - right.alive_units or 'none'} "
        f"of {names[1]}'s."
    )


def _linear(left: Figures, right: Figures) -> str:
    zeros = [f.exact_zeros for f in (left, right)]
    start = (
        "Without the ReLU no value is exactly 0, under L1 as little as under L2"
        if not any(zeros)
        else f"Without the ReLU {zeros[0]:.2%} of L1's values are exactly 0, and {zeros[1]:.2%} of L2's"
    )
    return (
        f"{start}: every image uses {left.active_units:.0f} units. L1 only makes more of them small "
        f"({left.near_zeros:.0%} below 5 % of the unit's largest value, L2 {right.near_zeros:.0%})."
    )


def _whole_batch(left: Figures, right: Figures) -> str:
    stronger = right.mean_absolute < left.mean_absolute
    why = ": relative to the mean loss, this penalty's weight grows with the batch" if stronger else ""
    return (
        "At the same strength and after as many updates, four times the batch leaves codes of mean |z| "
        f"{right.mean_absolute:.2f} instead of {left.mean_absolute:.2f}, {right.active_units:.1f} "
        f"active units instead of {left.active_units:.1f}, and the squared "
        f"error {_change(left, right)}{why}."
    )


def _free(left: Figures, before: Figures) -> str:
    return (
        f"Free atoms grow to a mean norm of {left.column_norm:.1f} while L1's code shrinks to a mean |z| "
        f"of {left.mean_absolute:.3f} (with unit-norm atoms {before.mean_absolute:.3f}): the penalty "
        f"is dodged, and {left.active_units:.0f} units stay active, not {before.active_units:.0f}."
    )


def _change(left: Figures, right: Figures) -> str:
    a, b = left.squared_error, right.squared_error
    return f"{'falls' if b < a else 'rises'} from {a:.1f} to {b:.1f}"


def _units(count: int) -> str:
    return f"{count} unit" if count == 1 else f"{count} units"


def weights(left: Figures, right: Figures, plain: Figures) -> str:
    """What the two penalties on weights do, beside the network without either."""
    rise = left.squared_error - plain.squared_error
    return (
        f"The proximal L1 step sets {left.weight_zeros:.0%} of the weights to exactly 0 for "
        f"{abs(rise):.1f} {'more' if rise > 0 else 'less'} squared error; AdamW's decay shrinks weights and "
        f"sets {right.weight_zeros:.0%} to 0."
    )


def difference(left_name: str, right_name: str, left: float, right: float) -> str:
    """How the squared errors of two networks that were not matched stand to each other."""
    share = right / left - 1
    if abs(share) <= CLOSE:
        return f"Squared errors are within {abs(share):.1%} of each other."
    return f"{right_name}: {abs(share):.0%} {'more' if share > 0 else 'less'} squared error than {left_name}."


def nearness(name: str, left: float, right: float) -> str:
    """How near the other side's squared error is, or that it has no run that is near."""
    difference = right / left - 1
    where = "above" if difference > 0 else "below"
    if abs(difference) <= CLOSE:
        return f"{name} matched: squared error {right:.1f}, {abs(difference):.1%} {where}."
    return (
        f"The nearest {name} is {abs(difference):.0%} {where} in squared error: the grid is too coarse here "
        f"for a match within {CLOSE:.0%}."
    )
