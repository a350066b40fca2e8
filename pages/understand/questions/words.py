"""What a picture shows, in one or two sentences made from its figures; silent where they say nothing.

Pure: no Streamlit. Models are compared over seeds: one is called better only where no seed of the other
reaches it, of three seeds at least; a single network and PCA only where they differ by more than another seed
may change.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from aecore.analysis.against_pca import ALIKE, ranked

if TYPE_CHECKING:
    from aecore.analysis.uses import Denoised
    from aecore.results import Figures
    from pages.understand.questions.material import Measured


SEEDS_NEEDED = 3
"""Seeds below which no recipe is called better than another."""
NOTHING_BELOW = 2.0
"""Standard errors that a difference must exceed before it is spoken of."""


def squeezed(pixels: int, units: int, error: float, pca: float) -> str:
    """How many numbers an image goes through, and what that costs beside PCA."""
    return (
        f"{pixels:,} numbers go through {units} and come back with a squared error of {error:.2f}; PCA, the "
        f"best linear way through {units} numbers, leaves {pca:.2f}."
    )


def apart(better: Measured, worse: Measured) -> bool:
    """Whether no seed of the one does as badly as any seed of the other, with enough seeds on both sides."""
    enough = min(len(better.ks), len(worse.ks)) >= SEEDS_NEEDED
    return enough and better.high < worse.low


def depth(found: Sequence[tuple[int, Measured]], rescued: Measured | None) -> str:
    """What more layers did; `rescued` is the deepest network again, from orthogonal initial weights."""
    best_layers, best = min(found, key=lambda pair: pair[1].mean)
    most, deepest = max(found, key=lambda pair: pair[0])
    if best is deepest:
        return f"No fewer layers do better here than {most} a side."
    if not apart(best, deepest):
        return f"Whether fewer layers do better than {most} a side can't be told here: their seeds overlap."
    text = (
        f"From PyTorch's own initial weights {layers(best_layers)} a side "
        f"{'do' if best_layers > 1 else 'does'} best here, squared error {best.mean:.2f}, and {most} leave "
        f"{deepest.mean:.2f}."
    )
    if rescued is not None and apart(rescued, deepest):
        text += f" From orthogonal initial weights the same {most} leave {rescued.mean:.2f}."
    return text


def layers(count: int) -> str:
    return f"{count} hidden layer{'s' * (count != 1)}"


def fitted(width: int, error: float, twice: float) -> str:
    """What twice the width does for the fit."""
    if error < 1e-9:
        return (
            f"With {width} units the network is the function itself: it is made of as many straight pieces."
        )
    change = f"{error:.4f}" if error < 0.01 else f"{error:.3f}"
    after = f"{twice:.4f}" if twice < 0.01 else f"{twice:.3f}"
    units = f"{width} unit{'s' * (width != 1)}"
    return f"With {units} it is off by {change} (root mean square); with {2 * width}, by {after}."


def code_size(found: Sequence[tuple[int, float, float]], bend: int | None, narrowest: int | None) -> str:
    """Where the curve turns flat, and where PCA does better; `found` holds units, error and PCA's error."""
    text = "" if bend is None else f"The curve turns flat at {bend} units. "
    ranks = {units: ranked(error, pca) for units, error, pca in found}
    parts = []
    for rank, verb in ((-1, "does better than"), (0, "does about as well as"), (1, "does worse than")):
        if sizes := [units for units, one in ranks.items() if one == rank]:
            where = "at every size" if len(sizes) == len(ranks) else f"at {listed(sizes)} units"
            parts.append(f"{verb} PCA with as many components {where}")
    text += f"The network {', '.join(parts)}"
    beaten = [units for units, rank in ranks.items() if rank == 1]
    if beaten and narrowest is not None and narrowest <= max(beaten):
        text += f"; its narrowest hidden layer is {narrowest} wide"
    return f"{text}. Errors within {ALIKE:.0%} count as alike: one network a size can't tell more."


def listed(values: Sequence[int]) -> str:
    """`2, 4 and 8`."""
    *most, last = map(str, values)
    return f"{', '.join(most)} and {last}" if most else last


def activations(
    relu: Sequence[tuple[int, Measured]], sigmoid: Sequence[tuple[int, Measured]], mean: float | None
) -> str:
    """Where the sigmoid falls behind, and where it learns nothing."""
    pairs = [(n, r, s) for (n, r), (_, s) in zip(relu, sigmoid, strict=True)]
    behind = [n for n, r, s in pairs if apart(r, s)]
    if len(behind) < len(pairs):
        overlap = [n for n, _, _ in pairs if n not in behind]
        return (
            f"With {listed(overlap)} hidden layers the sigmoid can't be told from ReLU here: seeds overlap."
        )
    text = "At every depth the sigmoid's network leaves more error than ReLU's, whatever the seed"
    if mean is not None:
        stuck = [n for n, _, s in pairs if s.low > 0.98 * mean]
        if stuck:
            text += (
                f"; with {layers(min(stuck))} and more it does no better than one picture for all images, "
            )
            text += f"the mean image ({mean:.2f})"
    return text + "."


def penalties(plain: Figures, code: Figures, weights: Figures) -> str:
    """Which penalty makes zeros where."""
    if not (code.exact_zeros > plain.exact_zeros and (weights.weight_zeros or 0) > (code.weight_zeros or 0)):
        return ""
    return (
        f"L1 on the code makes {code.exact_zeros:.0%} of the code's values exactly 0 (without it "
        f"{plain.exact_zeros:.0%}); L1 on the weights makes {weights.weight_zeros:.0%} of the weights "
        "exactly 0."
    )


def l1_l2(left: Figures, right: Figures, close: float) -> str:
    """Active units of a pair at the same error."""
    difference = right.squared_error / left.squared_error - 1
    if abs(difference) > close:
        return ""
    return (
        f"At the same squared error ({left.squared_error:.1f} and {right.squared_error:.1f}) L1 leaves "
        f"{left.active_units:.1f} of {left.units} units active for an image, L2 {right.active_units:.1f}."
    )


def hardness(needed: Mapping[str, int | None], share: float) -> str:
    """How many components each data set needs."""
    known = {name: n for name, n in needed.items() if n is not None}
    if len(known) < 2:
        return ""
    order = sorted(known, key=lambda name: known[name])
    listed = "; ".join(f"{name}, {known[name]}" for name in order)
    return f"Components that PCA needs to leave {share:.0%} of the test images' variance: {listed}."


def ranges(found: Mapping[str, Measured], floor: float, reached: float) -> str:
    """Whether the three ranges differ for a linear output, and what a sigmoid could not give."""
    best = min(found.values(), key=lambda m: m.mean)
    worst = max(found.values(), key=lambda m: m.mean)
    text = (
        "With a linear output the ranges can't be told apart here: seeds of the best and the worst overlap."
    )
    if apart(best, worst):
        difference = f"{worst.mean - best.mean:.2f}"
        text = f"With a linear output the range makes {difference} of difference here, more than seeds do."
    wrong = (
        f"a sigmoid can't go below 0, so against [-1, 1] even a perfect one leaves {floor:.1f}, where these "
        f"networks leave {reached:.1f}."
    )
    if floor - reached > worst.mean - best.mean:
        return f"{text} The wrong output costs more: {wrong}"
    return f"{text} {wrong[0].upper()}{wrong[1:]}"


def by_measure(scores: Mapping[str, Mapping[str, tuple[float, float, float]]], seeds: int) -> str:
    """Which network is best by each measure; (mean, lowest, highest seed) by loss, then measure.

    `seeds` is how many each was trained with, at least.
    """
    if seeds < SEEDS_NEEDED:
        return f"Which loss is best to train with, {seeds} seed{'s' * (seeds != 1)} can't tell."
    parts = []
    for measure in next(iter(scores.values()), {}):
        best = min(scores, key=lambda name: scores[name][measure][0])
        rest = [name for name in scores if scores[name][measure][1] <= scores[best][measure][2]]
        near = [name for name in rest if name != best]
        seeds = f", its seeds among those of {' and '.join(near)}" if near else ", whatever the seed"
        parts.append(f"by {measure}, {best}{seeds}")
    return f"The best loss to train with: {'; '.join(parts)}." if parts else ""


def initial_weights(found: Mapping[str, Measured], mean: float | None) -> str:
    """Best and worst scheme, and which fail altogether."""
    best = min(found, key=lambda name: found[name].mean)
    failed = [] if mean is None else [name for name, m in found.items() if m.low > mean]
    rest = {name: m for name, m in found.items() if name not in failed and name != best}
    near = [name for name, m in rest.items() if not apart(found[best], m)]
    among = f", its seeds among those of {' and '.join(near)}" if near else ""
    text = f"Lowest{' on average' if near else ''}: {best}, {found[best].mean:.2f}{among}"
    if rest:
        last = max(rest, key=lambda name: rest[name].mean)
        if apart(found[best], rest[last]):
            text += f"; {last} leaves {rest[last].mean:.2f}, whatever the seed"
    text += "."
    if failed:
        text += f" Worse than the mean image ({mean:.2f}): {' and '.join(failed)}."
    return text


def optimizers(found: Mapping[str, Mapping[float, float]], mean: float | None) -> str:
    """Each one's best rate, and over how many rates it gets anywhere."""
    parts = []
    for name, by_rate in found.items():
        rate = min(by_rate, key=lambda r: by_rate[r])
        parts.append(f"{name} is at its best at {rate:g} ({by_rate[rate]:.2f})")
    text = " and ".join(parts) + ", one seed each"
    if mean is not None:
        failed = [
            f"{name} at {', '.join(f'{r:g}' for r, e in by_rate.items() if e > mean)}"
            for name, by_rate in found.items()
            if any(e > mean for e in by_rate.values())
        ]
        if failed:
            text += f"; worse than the mean image ({mean:.2f}): {'; '.join(failed)}"
    return text + "."


def vanishing(ratios: Mapping[str, float]) -> str:
    """First layer's gradient over the last's."""
    listed = "; ".join(f"{name} {ratio:.1g}" for name, ratio in ratios.items() if ratio > 0)
    if not listed:
        return ""
    return f"Gradient of the first layer over that of the last, before the first step: {listed}."


def proposed(chosen: str, error: float, best: float, standard_error: float, is_best: bool) -> str:
    """The one-standard-error rule's proposal."""
    if is_best:
        return f"Proposed: {chosen}, which has the lowest validation error, {error:.2f}."
    return (
        f"Proposed: {chosen}. Its validation error, {error:.2f}, is within one standard error "
        f"({standard_error:.2f}) of the best, {best:.2f}, and no smaller code's is."
    )


def neighbours(scores: Mapping[str, float], images: int) -> str:
    """Which of the spaces keeps classes together best, where that is more than chance over so many images."""
    best, second, *_ = sorted(scores, key=lambda name: -scores[name])
    listed = ", ".join(f"{name} {score:.1%}" for name, score in scores.items())
    text = f"Images whose class is the commonest among their 5 nearest neighbours: {listed}"
    share = scores[best]
    error = math.sqrt(2 * share * (1 - share) / images)
    if share - scores[second] > 2 * error:
        return f"{text}; {best} keep classes together best."
    return f"{text}. {best[0].upper()}{best[1:]} and {second} are not clearly apart."


def denoised(found: Denoised, gain: tuple[float, float], shown: str) -> str:
    """Whether a network removes noise; `shown` is the corruption it was trained on, empty for none.

    `gain` is by how many decibels its images are nearer to the clean ones than the noisy ones are, with its
    standard error.
    """
    change, spread = gain
    text = (
        f"Noisy images {found.noisy:.1f} dB, through the network {found.network:.1f} dB, through PCA "
        f"{found.pca:.1f} dB; clean images through the network {found.clean:.1f} dB. "
    )
    if not abs(change) > NOTHING_BELOW * spread:
        return text + "Whether it takes noise away these images can't tell."
    if change > 0:
        return (
            text + f"It takes {change:.1f} dB of the noise away{'' if shown else ', though never shown any'}."
        )
    return (
        text + "At this noise doing nothing is better: the network loses more of the image than of the noise."
    )


def few_labels(counts: Sequence[int], accuracy: Mapping[str, Sequence[tuple[float, float, float]]]) -> str:
    """Code against pixels at the fewest and the most labels a class; (mean, low, high) over draws of each."""
    code, pixels = accuracy["code"], accuracy["pixels"]
    parts = []
    for i in (0, len(counts) - 1):
        (c, c_low, c_high), (p, p_low, p_high) = code[i], pixels[i]
        if c_low > p_high:
            verdict = "better than pixels in every draw"
        elif p_low > c_high:
            verdict = "worse than pixels in every draw"
        else:
            verdict = "not clearly different from pixels"
        labels = f"{counts[i]:,} label{'s' * (counts[i] != 1)} a class"
        parts.append(f"with {labels} the code reaches {c:.0%}, pixels {p:.0%}: {verdict}")
    text = "; ".join(parts)
    return text[0].upper() + text[1:] + "."
