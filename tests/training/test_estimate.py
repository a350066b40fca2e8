"""The time of an epoch, told before it is trained."""

import time
from itertools import pairwise

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from aecore import data, models
from aecore.config import Config
from aecore.presets import PRESETS
from aecore.training import estimate
from aecore.training.single import Training


def test_operations_of_a_dense_network_are_two_a_weight():
    sizes = [784, 128, 64, 12, 64, 128, 784]
    expected = 2 * sum(a * b for a, b in pairwise(sizes))
    assert estimate.forward_operations(PRESETS["post"], (1, 28, 28)) == expected


def test_operations_of_convolutions_count_every_place_of_the_kernel():
    config = PRESETS["conv"]
    # 4 x 4 kernels, stride 2: 28 -> 14 -> 7; then dense 1568-512-30 and the mirror of all that.
    encoder = 14 * 14 * 16 * 1 * 16 + 7 * 7 * 16 * 16 * 32 + 1568 * 512 + 512 * 30
    decoder = 30 * 512 + 512 * 1568 + 7 * 7 * 16 * 32 * 16 + 14 * 14 * 16 * 16 * 1
    assert estimate.forward_operations(config, (1, 28, 28)) == 2 * (encoder + decoder)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 37, 50)])
def test_operations_are_those_that_pytorch_counts(name, shape):
    config = PRESETS[name]
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        models.outline(config.model, shape)(torch.empty(1, *shape))
    assert estimate.forward_operations(config, shape) == counter.get_total_flops()


def test_estimate_is_near_the_time_of_real_steps():
    config = Config().with_values({"data.name": "digits", "train.epochs": 12, "train.device": "cpu"})
    images = data.load("digits")
    told = estimate.epoch_seconds(config, images.shape, len(images.train_images), threads=1)
    started = time.thread_time()
    for _ in Training(config, images):
        pass
    real = (time.thread_time() - started) / 12
    assert real / 4 < told < real * 4


def test_threads_are_left_as_they_were_and_a_second_look_is_free(monkeypatch):
    config = Config().with_values({"train.batch_size": 33, "train.device": "cpu"})
    before = torch.get_num_threads()
    first = estimate.epoch_seconds(config, (1, 8, 8), 1000, threads=before + 1)
    assert torch.get_num_threads() == before

    def never(*arguments):
        raise AssertionError("measured again")

    monkeypatch.setattr(estimate, "Training", never)
    again = config.with_values({"train.seed": 4, "train.epochs": 77, "train.learning_rate": 0.5})
    assert estimate.epoch_seconds(again, (1, 8, 8), 1000, threads=before + 1) == first
    assert estimate.epoch_seconds(again, (1, 8, 8), 10_000, threads=before + 1) > 8 * first


def test_a_giant_is_estimated_without_being_built(monkeypatch):
    def never(*arguments):
        raise AssertionError("built")

    monkeypatch.setattr(estimate, "Training", never)
    small, large = (
        Config().with_values({"model.hidden": widths, "train.device": "cpu"})
        for widths in ((8192, 4096), (16384, 16384))
    )
    times = [estimate.epoch_seconds(config, (1, 28, 28), 60_000) for config in (small, large)]
    assert times[0] > 10
    assert times[1] > 3 * times[0]


def test_a_device_that_is_not_there_is_one_sentence():
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    config = Config().with_values({"train.device": "cuda"})
    with pytest.raises(ValueError, match="not on this machine"):
        estimate.epoch_seconds(config, (1, 28, 28), 100)
