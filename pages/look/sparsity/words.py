"""The sentences of the page, made from the figures. Pure: no Streamlit.

Each compares two sides, given as figures of one network a seed, with the seeds in the same order. What is
called more or less is so at every one of several seeds; otherwise the figures stand without a verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aecore.analysis.comparison import CLOSE, matched_on
from aecore.results import Figures

Seeds = Sequence[Figures]
"""Figures of the same recipe, one entry a seed; the first is the network that is drawn."""

NEAR_COUNT = 0.1
"""Counts of active units that differ by at most this share are near enough to compare errors at."""
SEEDS_NEEDED = 3
"""Seeds below which nothing is called more or less."""
SAME = "Both sides show the same network, without a penalty: move the slider."
NUMBERS = ("no", "one", "two", "three", "four", "five", "six")


def sentence(
    key: str, names: tuple[str, str], left: Seeds, right: Seeds, control: tuple[Seeds, Seeds] | None = None
) -> str:
    """What a lesson's two sides show.

    `control` are both sides without what the lesson is about: with atoms of norm 1, or without the penalty.
    """
    match key:
        case "linear":
            return _linear(left, right)
        case "free" if control is not None:
            return _free(left, control[0])
        case "warm_up":
            return _warm_up(left, right)
        case "whole_batch":
            return _whole_batch(left, right, control)
        case "hard":
            return _hard(names, left, right)
    return _active(names, left, right)


def direction(left: Seeds, right: Seeds, value: Callable[[Figures], float]) -> int:
    """1 where `value` is larger on the right at every seed, -1 where smaller, 0 where seeds do not agree.

    0 as well where there are fewer than `SEEDS_NEEDED`, or where the sides do not hold the same seeds.
    """
    if len(left) != len(right) or len(left) < SEEDS_NEEDED:
        return 0
    signs = {(value(b) > value(a)) - (value(b) < value(a)) for a, b in zip(left, right, strict=True)}
    return signs.pop() if len(signs) == 1 else 0


def strength_label(name: str) -> str:
    """`Strength of L1`; `Strength with batches of 128`, which are no penalty themselves."""
    return f"Strength of {name}" if name in ("L1", "L2") else f"Strength with {name[:1].lower()}{name[1:]}"


def matched(left: Seeds, right: Seeds) -> bool:
    """Whether squared errors are within `CLOSE` of each other at every seed."""
    return all(abs(share) <= CLOSE for share in _shares(left, right))


def nearness(name: str, left: Seeds, right: Seeds, strengths: Sequence[float]) -> str:
    """On which images and at which strengths the other side was matched, and how near its errors are."""
    farthest = max(map(abs, _shares(left, right)))
    where = f" at each of {_seeds(left)}" if len(left) > 1 else ""
    images = matched_on([*left, *right])
    used = _span(strengths, "g")
    if matched(left, right):
        return (
            f"{name} matched on {images} images{where}, strength {used}: squared error on test images within "
            f"{farthest:.1%}."
        )
    return (
        f"{name} matched on {images} images{where}, strength {used}, is off by up to {farthest:.1%} on test "
        f"images: more than {CLOSE:.0%}, so that the two don't compare."
    )


def difference(names: tuple[str, str], left: Seeds, right: Seeds) -> str:
    """How the squared errors of two sides that were not matched stand to each other."""
    if matched(left, right):
        return f"Squared errors are within {max(map(abs, _shares(left, right))):.1%} of each other."
    change = _change_range(left, right)
    return f"Squared error{_over(left)}: that of {names[1]} lies {change} that of {names[0]}."


def _active(names: tuple[str, str], left: Seeds, right: Seeds) -> str:
    """Active units of both sides and who never fires; which is sparser only at the same squared error."""
    a, b = (_range(side, _active_units, ".1f") for side in (left, right))
    counts = f"{names[0]} leaves {a} of {left[0].units} units active, {names[1]} {b}{_over(left)}"
    silent = [_range(side, _silent, ".0f") for side in (left, right)]
    never = f"Units that never fire: {silent[0]} under {names[0]}, {silent[1]} under {names[1]}."
    if not matched(left, right):
        change = _change_range(left, right)
        return (
            f"Not at the same squared error, so this does not say which is sparser (that of {names[1]} lies "
            f"{change} that of {names[0]}): {counts}. {never}"
        )
    word = {1: "more", -1: "fewer"}.get(direction(left, right, _active_units))
    return f"At the same squared error {counts}: {_verdict(left, word)}. {never}"


def _hard(names: tuple[str, str], left: Seeds, right: Seeds) -> str:
    """Which of two ways without a penalty has less error at about as many active units."""
    counts = [_range(side, _active_units, ".1f") for side in (left, right)]
    errors = [_range(side, _error, ".1f") for side in (left, right)]
    facts = (
        f"{names[0]} has a squared error of {errors[0]} with {counts[0]} of {left[0].units} units active, "
        f"{names[1]} {errors[1]} with {counts[1]}{_over(left)}"
    )
    apart = max(abs(b.active_units / a.active_units - 1) for a, b in zip(left, right, strict=True))
    if apart > NEAR_COUNT:
        return f"{facts}. The counts are too far apart to compare the errors."
    sign = direction(left, right, _error)
    if not sign:
        return f"{facts}: {_verdict(left, None)}."
    return f"{facts}: at about as many active units {names[sign < 0]} has less error at every seed."


def _linear(left: Seeds, right: Seeds) -> str:
    zeros = [max(f.exact_zeros for f in side) for side in (left, right)]
    start = (
        "Without the ReLU no value is exactly 0, under L1 as little as under L2: every image uses all "
        f"{left[0].units} units."
        if not any(zeros)
        else f"Without the ReLU {zeros[0]:.2%} of L1's values are exactly 0, and {zeros[1]:.2%} of L2's."
    )
    near = [_range(side, _near_zeros, ".0%") for side in (left, right)]
    smaller = {-1: "L1 makes more of them small: ", 1: "L2 makes more of them small: "}
    verdict = smaller.get(direction(left, right, _near_zeros), "")
    return (
        f"{start} {verdict}{near[0]} of L1's values and {near[1]} of L2's lie below 5 % of the unit's largest"
        f"{_over(left)}."
    )


def _free(left: Seeds, before: Seeds) -> str:
    """L1 with atoms of any norm beside L1 with atoms of norm 1, at one strength."""
    size = [_range(side, _size, ".2f") for side in (left, before)]
    active = [_range(side, _active_units, ".1f") for side in (left, before)]
    facts = (
        f"Atoms of any norm come to a mean norm of {_range(left, _norm, '.1f')}; L1 then leaves a mean |z| "
        f"of {size[0]} and {active[0]} units active, at the same strength with atoms of norm 1 {size[1]} and "
        f"{active[1]}{_over(left)}."
    )
    dodged = (
        direction(before, left, _norm) == 1
        and direction(before, left, _size) == -1
        and direction(before, left, _active_units) == 1
    )
    return f"{facts} The penalty sees a smaller code and switches fewer units off." if dodged else facts


def _warm_up(left: Seeds, right: Seeds) -> str:
    dead = [_range(side, _dead, ".0f") for side in (right, left)]
    error = [_range(side, _error, ".1f") for side in (right, left)]
    facts = (
        f"With a warm-up {dead[0]} units end dead instead of {dead[1]}, and the squared error is {error[0]} "
        f"instead of {error[1]}{_over(left)}"
    )
    if direction(left, right, _dead) == direction(left, right, _error) == -1:
        return f"{facts}: fewer dead units and less error at every seed."
    return f"{facts}."


def _whole_batch(left: Seeds, right: Seeds, plain: tuple[Seeds, Seeds] | None) -> str:
    """Two sizes of batch at one strength; `plain` the same two without the penalty."""
    size = [_range(side, _size, ".2f") for side in (right, left)]
    error = [_range(side, _error, ".1f") for side in (right, left)]
    facts = (
        f"At the same strength and after as many steps, four times the batch leaves a mean |z| of {size[0]} "
        f"instead of {size[1]}, and a squared error of {error[0]} instead of {error[1]}{_over(left)}."
    )
    if plain is None:
        return facts
    without = [_range(side, _error, ".1f") for side in reversed(plain)]
    facts += f" Without the penalty the same two have {without[0]} and {without[1]}."
    rises, plain_rises = _rises(left, right), _rises(*plain)
    stronger = (
        direction(left, right, _size) == -1
        and direction(left, right, _error) == 1
        and all(rise > other for rise, other in zip(rises, plain_rises, strict=True))
    )
    why = " The loss is a mean over images and this penalty is not: in a larger batch it weighs more."
    return facts + why if stronger else facts


def weights(left: Seeds, right: Seeds, plain: Seeds) -> str:
    """What the two penalties on weights do, beside the network without either."""
    if list(left) == list(plain) == list(right):
        zeros = _range(plain, _weight_zeros, ".0%")
        return f"Both columns show the network without a penalty; {zeros} of its weights are exactly 0."
    sides = [_range(side, _weight_zeros, ".0%") for side in (left, right)]
    return (
        f"The proximal L1 step sets {sides[0]} of the weights to exactly 0 {_price(plain, left)}; AdamW's "
        f"decay sets {sides[1]} of them to 0 {_price(plain, right)}{_over(plain)}."
    )


def _price(plain: Seeds, penalized: Seeds) -> str:
    """The squared error that a penalty costs at each seed, called more or less where all seeds agree."""
    rises = _rises(plain, penalized)
    if not (sign := direction(plain, penalized, _error)):
        return f"at {_span(rises, '+.1f')} squared error, of which seeds do not agree whether it is a cost"
    return f"for {_span([abs(r) for r in rises], '.1f')} {'more' if sign > 0 else 'less'} squared error"


def exact(left: Seeds, right: Seeds, mean_image: float) -> str:
    """Exact codes of L1 and L2, or that one does no better than the mean image on the same images."""
    worse = [name for name, side in (("L1", left), ("L2", right)) if side[0].squared_error >= mean_image]
    if worse:
        return (
            f"At this strength {' and '.join(worse)} reconstructs no better than the mean image, whose "
            f"squared error is {mean_image:.1f}: too strong for a comparison."
        )
    return _active(("L1", "L2"), left, right)


def _error(figures: Figures) -> float:
    return figures.squared_error


def _active_units(figures: Figures) -> float:
    return figures.active_units


def _dead(figures: Figures) -> int:
    return figures.dead_units


def _near_zeros(figures: Figures) -> float:
    return figures.near_zeros


def _norm(figures: Figures) -> float:
    return figures.column_norm


def _silent(figures: Figures) -> int:
    return figures.units - figures.alive_units


def _size(figures: Figures) -> float:
    return figures.mean_absolute


def _weight_zeros(figures: Figures) -> float:
    return figures.weight_zeros or 0.0


def _rises(left: Seeds, right: Seeds) -> list[float]:
    """Right's squared error less left's, one a seed."""
    return [b.squared_error - a.squared_error for a, b in zip(left, right, strict=True)]


def _range(side: Seeds, value: Callable[[Figures], float], form: str) -> str:
    """`5.8 to 7.1`, least and largest over the seeds, or one number where they read the same."""
    return _span(sorted(value(f) for f in side), form)


def _span(values: Sequence[float], form: str) -> str:
    low, high = (f"{end(values):{form}}" for end in (min, max))
    return low if low == high else f"{low} to {high}"


def _shares(left: Seeds, right: Seeds) -> list[float]:
    """(right's squared error - left's) / left's, one a seed."""
    return [b.squared_error / a.squared_error - 1 for a, b in zip(left, right, strict=True)]


def _change_range(left: Seeds, right: Seeds) -> str:
    """`14.1% to 17.0% above`, or `from 1.2% below to 8.0% above`."""
    shares = sorted(_shares(left, right))
    if shares[0] >= 0:
        return f"{_span(shares, '.1%')} above"
    if shares[-1] <= 0:
        return f"{_span([-s for s in shares], '.1%')} below"
    return f"from {-shares[0]:.1%} below to {shares[-1]:.1%} above"


def _seeds(side: Seeds) -> str:
    count = len(side)
    return f"{NUMBERS[count] if count < len(NUMBERS) else count} seeds"


def _over(side: Seeds) -> str:
    return f" over {_seeds(side)}" if len(side) > 1 else ""


def _verdict(side: Seeds, word: str | None) -> str:
    """`fewer at every seed`, or why nothing can be said."""
    if len(side) < SEEDS_NEEDED:
        return f"{'one seed' if len(side) == 1 else _seeds(side)}, so that another may differ"
    return f"{word} at every seed" if word else f"{_seeds(side)} do not agree which has more"
