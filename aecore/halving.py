"""Successive halving: members of a grid that are clearly beaten stop early (Jamieson & Talwalkar 2016).

After a quarter and after half of their epochs members are compared with their rivals by the squared error of
the validation images, and the worse half of each group of rivals is trained no further. Rivals are members
with equal codes, penalties and reconstruction losses: a smaller or sparser code is not beaten by a larger
one, since on Choose it is just these that one weighs against the error. Imports no torch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean

from aecore.config import Config

SHARES = (1 / 4, 1 / 2)
"""Parts of the epochs after which rivals are compared."""


def rungs(epochs: int) -> list[int]:
    """The epochs after which rivals are compared; none where that would be the last."""
    found = sorted({max(1, math.floor(share * epochs)) for share in SHARES})
    return [epoch for epoch in found if epoch < epochs]


def rivals(members: Sequence[Config]) -> list[list[int]]:
    """The members' numbers, those that are compared with each other together."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for k, config in enumerate(members):
        model, train = config.model, config.train
        what = (model.latent_size, model.code_activation, model.threshold, model.top_k, config.loss)
        seen = (config.data, train.corruption, train.corruption_level, train.binarize, model.variational)
        groups.setdefault((*what, *seen), []).append(k)
    return list(groups.values())


def beaten(members: Sequence[Config], errors: Mapping[int, float]) -> list[int]:
    """Of the members that are still in the race, by their number with the error, those that leave it now.

    The seeds of one config stay or go together, by their mean, so that no mean over seeds is one over the
    lucky ones. Of each group of rivals the better half stays, the larger half of an odd number. Of equal
    errors the earlier member's counts as the better one: the answer depends on the errors alone.
    """
    found = []
    for group in rivals(members):
        seeds: dict[Config, list[int]] = {}
        for k in group:
            if k in errors:
                seeds.setdefault(members[k].with_values({"train.seed": 0}), []).append(k)
        racing = sorted(seeds.values(), key=lambda same: (fmean(errors[k] for k in same), same))
        found += [k for same in racing[math.ceil(len(racing) / 2) :] for k in same]
    return sorted(found)
