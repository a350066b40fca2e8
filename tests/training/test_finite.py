"""A loss that is no longer finite is seen at once, or one look later where nothing may wait."""

import pytest
import torch
from torch.overrides import TorchFunctionMode

from aecore.training import loop
from aecore.training.finite import FiniteWatch
from aecore.training.grids import open_training
from tests.samples import tiny_config, tiny_data

FINE, BROKEN = torch.tensor([1.0, float("nan")]), torch.tensor([float("inf"), float("nan")])


def test_one_finite_loss_is_enough():
    watch = FiniteWatch(late=False)
    looks = [watch.look(losses) for losses in (FINE, BROKEN, FINE, torch.tensor(1.0))]
    assert looks == [True, False, True, True]


@pytest.mark.parametrize("broken", [BROKEN, torch.tensor(float("nan"))])
def test_late_looks_tell_what_the_one_before_saw(broken):
    watch = FiniteWatch(late=True)
    assert [watch.look(losses) for losses in (FINE, broken, broken)] == [True, True, False]


WAITING = {
    getattr(torch.Tensor, name)
    for name in ("item", "tolist", "numpy", "cpu", "nonzero", "__bool__", "__int__", "__float__", "__index__")
}


class Asked(TorchFunctionMode):
    """Counts what asks a tensor for its values."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.count += func in WAITING
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"model__family": "conv", "model__channels": (3, 4)},
        {"train__optimizer": "muon", "train__schedule": "one_cycle", "train__shift": 0.5},
        {"loss__code_l1": 0.1, "loss__weight_l1": 1e-4, "loss__warmup_epochs": 1.3},
        {"train__corruption": "gaussian"},
        {"train__corruption": "masking"},
        {"train__corruption": "salt_and_pepper"},
        {"train__corruption": "blocks"},
        {"train__corruption": "blur"},
        {
            "train__binarize": True,
            "data__normalization": "zero_one",
            "model__output_activation": "sigmoid",
            "loss__reconstruction": "bce",
        },
        {"model__variational": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("members", [1, 3])
def test_nothing_is_read_back_within_an_epoch(values, members, monkeypatch):
    """Each number that the program asks of a tensor is one for which it waits for an accelerator."""
    monkeypatch.setattr(loop, "FiniteWatch", lambda late: FiniteWatch(late=False))
    config = tiny_config(train__epochs=1, train__batch_size=2, train__record=False, **values)
    configs = [config.with_values({"train.seed": seed}) for seed in range(members)]

    def asked(images: int) -> int:
        training = open_training(configs, tiny_data(images))
        with Asked() as mode:
            list(training.epochs())
        return mode.count

    # Of looks at the loss there is one in every fifty steps.
    assert asked(240) == asked(60) + 2
