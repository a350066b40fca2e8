import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from aecore.config import Config
from aecore.data import scaling
from aecore.training.images import batch_slices, epoch_order, resolve_device
from aecore.training.loop import Position
from aecore.training.single import NonFiniteLossError, Training, train
from tests.samples import tiny_config, tiny_data

DATA = tiny_data()
STEPS = len(Training(tiny_config(), DATA).slices)


def weights(training: Training) -> dict[str, torch.Tensor]:
    return {name: t.clone() for name, t in training.model.state_dict().items()}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def timeless(records: list) -> list[dict]:
    keep = ("epoch", "train", "validation", "learning_rate")
    return [{name: r.to_dict()[name] for name in keep} for r in records]


KINDS = {
    "adam": {},
    "adamw": {"train__optimizer": "adamw", "train__weight_decay": 0.1, "train__schedule": "cosine"},
    "sgd, one cycle": {
        "train__optimizer": "sgd",
        "train__schedule": "one_cycle",
        "train__learning_rate": 0.05,
    },
    "warm-up": {
        "loss__code_l1": 0.1,
        "loss__code_l2": 0.01,
        "loss__warmup_delay": 0.4,
        "loss__warmup_epochs": 1.3,
    },
    "batch norm": {
        "model__code_activation": "soft_threshold",
        "model__threshold": 0.2,
        "train__batch_size": 23,
    },
    "dictionary": {
        "model__family": "dictionary",
        "model__output_activation": "linear",
        "model__code_activation": "top_k",
        "model__top_k": 2,
        "loss__weight_l1": 1e-4,
    },
    "conv": {"model__family": "conv", "model__channels": (3, 4), "loss__code_whole_batch_norm": 1e-3},
    "variational": {
        "model__variational": True,
        "model__output_std": 0.0,
        "loss__beta": 0.5,
        "loss__free_bits": 0.02,
        "loss__warmup_epochs": 1.3,
        "train__learning_rate": 0.01,
    },
    "variational, binarized": {
        "model__family": "conv",
        "model__channels": (3, 4),
        "model__output_activation": "sigmoid",
        "model__variational": True,
        "data__normalization": "zero_one",
        "loss__reconstruction": "bce",
        "train__binarize": True,
    },
    "bfloat16": {"train__precision": "bfloat16"},
    "bfloat16 on maps of 1 x 1": {
        "model__family": "conv",
        "model__channels": (3, 3, 3, 3),
        "train__precision": "bfloat16",
    },
    "variational, bfloat16": {"model__variational": True, "train__precision": "bfloat16"},
    "float64": {"train__precision": "float64", "loss__weight_l2": 1e-4},
}


def kind(name: str) -> Config:
    return tiny_config(**KINDS[name])


@pytest.mark.parametrize("name", KINDS)
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(name):
    config = kind(name)
    one, two = Training(config, DATA), Training(config, DATA)
    assert timeless(list(one)) == timeless(list(two))
    assert same(weights(one), weights(two))
    other = Training(config.with_values({"train.seed": 1}), DATA)
    list(other)
    assert not same(weights(one), weights(other))


@pytest.mark.parametrize("name", KINDS)
def test_the_loss_falls(name):
    config = kind(name).with_values({"train.epochs": 12, "loss.warmup_delay": 0.0, "loss.warmup_epochs": 0.0})
    records = list(Training(config, DATA))
    assert [r.epoch for r in records] == list(range(1, 13))
    for part in ("train", "validation"):
        first, last = getattr(records[0], part), getattr(records[-1], part)
        assert last["loss"] < first["loss"]
        assert last["squared_error"] < first["squared_error"]


@pytest.mark.parametrize("name", KINDS)
def test_a_stop_at_any_step_and_a_resume_give_the_bits_of_never_stopping(name):
    config = kind(name)
    whole = Training(config, DATA)
    records = list(whole)
    steps = len(whole.slices)
    for stop_at in (1, steps - 1, steps, steps + 1, 2 * steps, 3 * steps - 1):
        halted, parts = _stopped(config, stop_at)
        state = halted.state()
        resumed = Training(config, DATA, state=state)
        assert (resumed.epoch, resumed.step) == divmod(stop_at, steps)
        parts += list(resumed)
        assert same(weights(resumed), weights(whole)), stop_at
        assert timeless(parts) == timeless(records), stop_at


def _stopped(config: Config, after: int) -> tuple[Training, list]:
    done = 0

    def on_step(position: Position) -> bool:
        nonlocal done
        done += 1
        return done == after

    training = Training(config, DATA, on_step)
    records = list(training)
    assert training.stopped
    assert done == after
    return training, records


def test_a_run_cut_into_single_steps_is_the_same_run():
    config = kind("warm-up")
    whole = Training(config, DATA)
    list(whole)
    state = None
    for _ in range(3 * STEPS):
        piece = Training(config, DATA, on_step=lambda position: True, state=state)
        list(piece)
        state = piece.state()
    assert same(weights(piece), weights(whole))
    assert list(Training(config, DATA, state=state)) == []


def test_a_state_is_a_copy_and_a_foreign_one_is_refused():
    training = Training(tiny_config(), DATA)
    state = training.state()
    before = {name: t.clone() for name, t in state.items()}
    list(training)
    assert same(state, before)
    for foreign in (
        {},
        {"position": torch.zeros(2)},
        Training(tiny_config(model__latent_size=4), DATA).state(),
    ):
        with pytest.raises(ValueError, match="the saved state does not fit the config") as caught:
            Training(tiny_config(), DATA, state=foreign)
        assert "\n" not in str(caught.value)


def test_positions_count_steps_and_epochs():
    seen = []
    list(train(tiny_config(), DATA, on_step=seen.append))
    assert [(p.epoch, p.step, p.steps) for p in seen] == [
        (epoch, step + 1, STEPS) for epoch in range(3) for step in range(STEPS)
    ]
    assert all(p.images_per_second > 0 for p in seen)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("normalization", ["zero_one", "minus_one_one", "standardized"])
@pytest.mark.parametrize("loss", ["mse", "mae"])
def test_squared_error_is_in_pixels_from_0_to_1_whatever_the_normalization(normalization, channels, loss):
    data = tiny_data(shape=(channels, 6, 5))
    config = tiny_config(
        data__normalization=normalization, model__output_activation="linear", loss__reconstruction=loss
    )
    training = Training(config, data)
    list(training)
    scale = scaling(normalization, data)
    x = data.test_images.float() / 255
    with torch.no_grad():
        training.model.eval()
        reconstruction = training.model(scale.normalize(data.test_images)).reconstruction
    mean, std = (torch.tensor(v).view(-1, 1, 1) for v in (scale.mean, scale.std))
    expected = ((reconstruction * std + mean - x) ** 2).sum(dim=(1, 2, 3)).mean().item()
    (found,) = training.evaluate(data.test_images)
    assert found["squared_error"] == pytest.approx(expected, rel=1e-5)
    # Means over images do not depend on how they are cut into batches.
    (again,) = training.evaluate(data.test_images, batch_size=7)
    assert again["squared_error"] == pytest.approx(expected, rel=1e-5)


def test_records_hold_every_term_and_the_terms_add_up():
    config = tiny_config(loss__code_l1=0.1, loss__weight_l2=0.01, train__schedule="cosine")
    records = list(Training(config, DATA))
    for record in records:
        for part in (record.train, record.validation):
            assert next(iter(part)) == "loss"
            assert set(part) == {"loss", "reconstruction", "code_l1", "weight_l2", "squared_error"}
            total = part["reconstruction"] + part["code_l1"] + part["weight_l2"]
            assert part["loss"] == pytest.approx(total, rel=1e-5)
        assert record.images_per_second > 0
        assert record.seconds > 0
    rates = [r.learning_rate for r in records]
    assert rates == sorted(rates, reverse=True)
    # 58 training images in [-1, 1]: squared error = pixels x mse / 4.
    assert records[0].train["squared_error"] == pytest.approx(
        30 * records[0].train["reconstruction"] / 4, rel=1e-5
    )


def test_without_validation_images_there_is_no_validation_record():
    records = list(Training(tiny_config(data__validation_fraction=0.0), DATA))
    assert [r.validation for r in records] == [{}, {}, {}]


def test_warm_up_holds_the_penalty_back():
    config = tiny_config(loss__code_l1=0.5, loss__warmup_delay=1.0, loss__warmup_epochs=1.0)
    records = list(Training(config, DATA))
    assert records[0].train["code_l1"] == 0
    assert records[0].validation["code_l1"] > 0
    assert records[1].train["code_l1"] > 0


@pytest.mark.parametrize("n", [1, 2, 10, 1000])
def test_the_order_of_an_epoch_is_a_permutation_of_seed_and_epoch(n):
    order = epoch_order(3, 5, n)
    assert sorted(order.tolist()) == list(range(n))
    torch.manual_seed(123)
    assert torch.equal(order, epoch_order(3, 5, n))
    if n == 1000:
        for seed, epoch in ((3, 6), (4, 5), (5, 3), (2**32 - 1, 5)):
            other = epoch_order(seed, epoch, n)
            assert (other == order).float().mean() < 0.02


@pytest.mark.parametrize(
    ("n", "size"), [(10, 3), (10, 10), (10, 100), (1, 4), (9, 4), (8, 4), (5, 1), (1, 1)]
)
def test_batches_cover_the_epoch_but_for_a_lone_last_image(n, size):
    seen = [i for cut in batch_slices(n, size) for i in range(n)[cut]]
    alone = n % size == 1 and n > size > 1
    assert seen == list(range(n - alone))


def test_images_stay_one_tensor_and_batches_are_gathered_whole():
    training = Training(tiny_config(), DATA)
    assert training.images.train.data_ptr() == DATA.train_images.data_ptr()
    assert training.images.train.dtype == torch.uint8
    index = torch.tensor([3, 0, 3])
    batch = training.images.at(index)
    assert torch.equal(batch, DATA.train_images[index].float() / 127.5 - 1)
    assert training.images.at(index.view(3, 1)).shape == (3, 1, *DATA.shape)


def test_validation_images_are_not_trained_on():
    training = Training(tiny_config(data__validation_fraction=0.3), DATA)
    held_out = set(training.images.validation_index.tolist())
    assert len(held_out) == 21
    for epoch in range(3):
        assert not held_out & set(training.images.epoch_index(0, epoch).tolist())
    spoiled = DATA.train_images.clone()
    spoiled[list(held_out)] = 255
    other = Training(training.config, replace(DATA, train_images=spoiled))
    list(training)
    list(other)
    assert same(weights(training), weights(other))


@pytest.mark.parametrize("validation", [0.0, 0.1])
def test_a_loss_that_is_not_finite_says_where_and_keeps_the_last_good_weights(validation):
    config = tiny_config(
        train__optimizer="sgd",
        train__learning_rate=1e6,
        model__output_activation="linear",
        data__validation_fraction=validation,
    )
    training = Training(config, DATA)
    start = weights(training)
    with pytest.raises(
        NonFiniteLossError, match=r"finite in epoch 1 \(learning rate 1e\+06\); no weights are kept"
    ) as caught:
        list(training)
    assert "\n" not in str(caught.value)
    assert same(weights(training), start)
    assert (training.epoch, training.step) == (0, 0)


@pytest.mark.parametrize("validation", [0.0, 0.1])
def test_weights_broken_by_an_epochs_last_step_are_not_kept(validation):
    broken = []

    def on_step(position: Position) -> None:
        if (position.epoch, position.step) == (1, position.steps):
            broken.append(True)
            with torch.no_grad():
                next(training.model.parameters()).fill_(math.nan)

    training = Training(tiny_config(data__validation_fraction=validation), DATA, on_step)
    records = iter(training)
    next(records)
    good = weights(training)
    with pytest.raises(NonFiniteLossError, match=r"epoch 2 .* those of epoch 1\."):
        next(records)
    assert broken
    assert same(weights(training), good)


def test_bfloat16_trains_near_float32_over_float32_weights():
    half, full = (
        Training(tiny_config(train__precision=p, train__epochs=8), DATA) for p in ("bfloat16", "float32")
    )
    a, b = list(half)[-1], list(full)[-1]
    assert {p.dtype for p in half.model.parameters()} == {torch.float32}
    assert not same(weights(half), weights(full))
    assert a.validation["squared_error"] == pytest.approx(b.validation["squared_error"], rel=0.1)


def test_tf32_is_float32_where_there_is_no_card_for_it():
    rounded, full = (Training(tiny_config(train__precision=p), DATA) for p in ("tf32", "float32"))
    assert timeless(list(rounded)) == timeless(list(full))
    assert same(weights(rounded), weights(full))


@pytest.mark.parametrize("channels", [(3, 3, 3), (3, 3, 3, 3)])
def test_on_a_cpu_convolutions_of_single_pixels_are_float32s(channels):
    """Of 6 x 5 pixels the third map is the first of 1 x 1, and the fourth convolution stays on it."""
    values = {"model__family": "conv", "model__channels": channels, "train__epochs": 2}
    half, full = (Training(tiny_config(train__precision=p, **values), DATA) for p in ("bfloat16", "float32"))
    list(half), list(full)
    assert same(weights(half), weights(full)) == (len(channels) == 4)
    assert all(t.isfinite().all() for t in weights(half).values())


def test_float64_is_float64_throughout():
    training = Training(tiny_config(train__precision="float64"), DATA)
    assert {t.dtype for t in training.model.state_dict().values()} == {torch.float64}
    assert training.images.at(torch.tensor([0])).dtype == torch.float64


def test_a_device_that_is_not_there_is_one_sentence(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert resolve_device("auto") == resolve_device("cpu") == torch.device("cpu")
    for name in ("cuda", "mps"):
        with pytest.raises(ValueError, match=f"train.device {name} is not on this machine; use cpu or auto"):
            Training(tiny_config(train__device=name), DATA)


def test_training_leaves_the_global_generator_alone():
    torch.manual_seed(9)
    before = torch.random.get_rng_state()
    list(Training(tiny_config(), DATA))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_one_training_step_is_the_optimizers_on_the_gradient_of_the_loss():
    config = tiny_config(
        train__optimizer="sgd", train__momentum=0.0, train__learning_rate=0.1, loss__code_l1=0.2
    )
    training = Training(config, DATA, on_step=lambda position: True)
    start = {name: p.detach().clone().requires_grad_() for name, p in training.parameters.items()}
    index = training.images.epoch_index(0, 0)[:16]
    x = DATA.train_images[index].float() / 127.5 - 1
    output = torch.func.functional_call(training.model, start, (x,))
    loss = (output.reconstruction - x).square().mean() + 0.2 * output.code.abs().sum(1).mean()
    gradients = torch.autograd.grad(loss, list(start.values()))
    list(training)
    for (name, p), gradient in zip(start.items(), gradients, strict=True):
        torch.testing.assert_close(training.parameters[name].detach(), p.detach() - 0.1 * gradient, msg=name)


@pytest.mark.mnist
def test_the_posts_network_learns_mnist_in_an_epoch():
    from aecore.data import load
    from aecore.presets import PRESETS

    config = PRESETS["post"].with_values({"train.epochs": 1, "train.device": "cpu"})
    data = load("mnist")
    training = Training(config, data)
    (record,) = training
    # PCA with 12 components has 24.5; the mean image has 52.7.
    assert training.evaluate(data.test_images)[0]["squared_error"] < 30
    assert record.validation["squared_error"] < 30
    assert np.isfinite(record.train["loss"])


@pytest.mark.parametrize("name", ["batch norm", "variational"])
def test_without_validation_images_every_kind_trains(name):
    """What the last step broke is then looked for in the weights, a BatchNorm's counts among them."""
    records = list(Training(kind(name).with_values({"data.validation_fraction": 0.0}), DATA))
    assert [bool(r.validation) for r in records] == [False] * 3
