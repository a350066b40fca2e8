import math
from dataclasses import replace
from typing import get_args

import pytest
import torch
from torch import nn

from aecore import models
from aecore.config import Init, ModelConfig
from aecore.losses import soft_threshold_
from aecore.presets import PRESETS
from aecore.training.stacking import ZERO_KEEPING
from tests.samples import tiny_config, tiny_data

FAMILIES = {
    "mlp": ModelConfig(hidden=(9, 7), latent_size=4),
    "conv": ModelConfig(family="conv", hidden=(9,), channels=(3, 4, 5), latent_size=4),
    "conv, no dense layer": ModelConfig(family="conv", hidden=(), channels=(3,), latent_size=4),
    "conv, kernels of 2": ModelConfig(family="conv", channels=(3, 4, 5), kernel_size=2, latent_size=4),
    "conv, kernels of 4": ModelConfig(family="conv", channels=(3, 4, 5), kernel_size=4, latent_size=4),
    "conv, kernels of 7": ModelConfig(family="conv", channels=(3, 4), kernel_size=7, latent_size=4),
    "dictionary": ModelConfig(family="dictionary", hidden=(9,), latent_size=4, output_activation="linear"),
    "linear": ModelConfig(hidden=(), latent_size=4),
}
SHAPES = [(1, 8, 8), (3, 7, 7), (1, 9, 4), (3, 5, 12), (1, 1, 1), (1, 28, 28), (3, 32, 31)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_gives_back_images_of_any_size(family, shape):
    config = FAMILIES[family]
    model = models.build(config, shape)
    x = torch.rand(5, *shape)
    output = model(x)
    assert output.code.shape == (5, 4)
    assert output.reconstruction.shape == x.shape
    assert torch.equal(model.encode(x), output.code)
    assert torch.equal(model.decode(output.code), output.reconstruction)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("family", FAMILIES)
def test_layer_sizes_and_parameter_count_are_those_of_the_model(family, shape):
    config = FAMILIES[family]
    model = models.build(config, shape)
    x = torch.rand(2, *shape)
    sizes = [math.prod(shape)]

    def note(module, inputs, output):
        sizes.append(output[0].numel())

    for module in model.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            module.register_forward_hook(note)
    model(x)
    assert models.layer_sizes(config, shape) == sizes
    assert models.parameter_count(config, shape) == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("kernel", range(2, 8))
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_each_transposed_convolution_mirrors_its_convolution(kernel, shape):
    config = ModelConfig(family="conv", channels=(3, 4, 5), kernel_size=kernel, hidden=(), latent_size=4)
    model = models.build(config, shape)
    down = [m for m in model.encoder if isinstance(m, nn.Conv2d)]
    up = [m for m in model.decoder if isinstance(m, nn.ConvTranspose2d)]
    x = torch.rand(2, *shape)
    for there, back in zip(down, reversed(up), strict=True):
        y = there(x)
        assert y.shape[2:] == tuple(-(-side // 2) for side in x.shape[2:])
        assert there.kernel_size == back.kernel_size == (kernel, kernel)
        # A transposed convolution is the gradient of a convolution with the same weights: its adjoint, which
        # it can be for this one only if strides, padding and sizes are the same.
        with torch.no_grad():
            there.bias.zero_()
            back.bias.zero_()
            back.weight.copy_(there.weight)
        other = torch.rand_like(y)
        found, expected = (back(other) * x).sum(), (there(x) * other).sum()
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
        x = y


def test_a_kernel_of_three_is_what_it_was_before_it_could_be_chosen():
    config = ModelConfig(family="conv", channels=(2, 3), hidden=(), latent_size=4)
    for shape in SHAPES:
        for layer in models.build(config, shape).modules():
            if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
                assert (layer.kernel_size, layer.stride, layer.padding) == ((3, 3), (2, 2), (1, 1))


def test_the_posts_network_has_its_layers_and_only_those():
    model = models.build(PRESETS["post"].model, (1, 28, 28))
    widths = [(m.in_features, m.out_features) for m in model.modules() if isinstance(m, nn.Linear)]
    assert widths == [(784, 128), (128, 64), (64, 12), (12, 64), (64, 128), (128, 784)]
    layers = " ".join(type(m).__name__ for half in (model.encoder, model.decoder) for m in half)
    assert layers == (
        "Flatten Linear ReLU Linear ReLU Linear Identity Linear ReLU Linear ReLU Linear Tanh Unflatten"
    )
    assert models.parameter_count(PRESETS["post"].model, (1, 28, 28)) == 219_804


@pytest.mark.parametrize("family", FAMILIES)
def test_weights_depend_on_the_seed_alone_and_leave_the_global_generator(family):
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    first = models.build(FAMILIES[family], (1, 8, 8), seed=3).state_dict()
    models.parameter_count(FAMILIES[family], (1, 8, 8))
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(2)
    again = models.build(FAMILIES[family], (1, 8, 8), seed=3).state_dict()
    other = models.build(FAMILIES[family], (1, 8, 8), seed=4).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first)


def test_soft_threshold_is_the_formula_after_a_batchnorm():
    u = torch.randn(40, 6, dtype=torch.float64) * 3 + 1
    layer = models.SoftThreshold(6, 0.7).double()
    z = layer(u)
    v = (u - u.mean(0)) / torch.sqrt(u.var(0, unbiased=False) + 1e-5)
    torch.testing.assert_close(z, v.sign() * (v.abs() - 0.7).clamp_min(0))
    assert not list(layer.parameters())
    # In evaluation a single image has its code from the running statistics.
    layer.eval()
    torch.testing.assert_close(layer(u[:1]), layer(u)[:1])


def test_top_k_keeps_the_k_largest_positive_values():
    u = torch.tensor([[3.0, -1.0, 2.0, 0.5], [-1.0, -2.0, 4.0, -3.0]])
    expected = torch.tensor([[3.0, 0.0, 2.0, 0.0], [0.0, 0.0, 4.0, 0.0]])
    assert torch.equal(models.TopK(2)(u), expected)
    u = torch.randn(50, 9)
    z = models.TopK(4)(u)
    for row, kept in zip(u, z, strict=True):
        best = sorted(row.clamp_min(0).tolist(), reverse=True)[:4]
        assert sorted(kept.tolist(), reverse=True) == [*best, 0, 0, 0, 0, 0]
    assert torch.equal(models.TopK(9)(u), u.relu())


def test_a_dictionarys_atoms_have_norm_one_and_stay_so_in_training():
    from aecore.training.single import Training

    config = tiny_config(
        model__family="dictionary",
        model__output_activation="linear",
        model__code_activation="relu",
        model__latent_size=7,
        loss__code_l1=1e-3,
        train__learning_rate=0.01,
    )
    data = tiny_data()
    training = Training(config, data)
    start = models.atoms(training.model).detach().clone()
    torch.testing.assert_close(start.norm(dim=0), torch.ones(7))
    list(training)
    atoms = models.atoms(training.model).detach()
    torch.testing.assert_close(atoms.norm(dim=0), torch.ones(7), atol=1e-6, rtol=0)
    assert (atoms - start).abs().max() > 0.01

    free = Training(config.with_values({"model.unit_norm": False}), data)
    list(free)
    assert (models.atoms(free.model).norm(dim=0) - 1).abs().max() > 0.01


def test_the_gradient_loses_exactly_its_part_along_the_atoms():
    matrix = models.unit_norm_(torch.randn(11, 4, dtype=torch.float64))
    gradient = torch.randn(11, 4, dtype=torch.float64)
    expected = torch.stack([g - (g @ d) * d for g, d in zip(gradient.T, matrix.T, strict=True)], dim=1)
    result = models.remove_parallel_(gradient, matrix)
    assert result is gradient
    torch.testing.assert_close(gradient, expected)
    torch.testing.assert_close((gradient * matrix).sum(0), torch.zeros(4, dtype=torch.float64))


def test_unit_norm_leaves_zero_columns_and_works_on_stacks():
    stack = torch.randn(3, 5, 4)
    stack[1, :, 2] = 0
    before = stack.clone()
    models.unit_norm_(stack)
    assert torch.equal(stack[1, :, 2], torch.zeros(5))
    norms = before.norm(dim=1, keepdim=True).clamp_min(1e-30)
    torch.testing.assert_close(stack, before / norms)


INITS = [init for init in get_args(Init) if init != "default"]


@pytest.mark.parametrize("family", ["mlp", "conv"])
@pytest.mark.parametrize("init", INITS)
def test_initial_weights_have_the_spread_that_their_scheme_says(family, init):
    config = ModelConfig(
        family=family, hidden=(200, 200), channels=(24, 32), latent_size=100, init=init, init_std=0.3
    )
    model = models.build(config, (1, 20, 20), seed=0)
    for layer in model.modules():
        if not isinstance(layer, models.WEIGHTED):
            continue
        if init == "orthogonal" and not isinstance(layer, nn.Linear):
            continue
        weight = layer.weight.detach()
        assert not layer.bias.any()
        # PyTorch counts a kernel's area in both fans; a transposed kernel has its input channels first.
        receptive = weight[0, 0].numel() if weight.ndim > 2 else 1
        fan_in, fan_out = weight.shape[1] * receptive, weight.shape[0] * receptive
        if init == "zeros":
            assert not weight.any()
        elif init.startswith("orthogonal"):
            matrix = weight.flatten(1)
            short = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
            torch.testing.assert_close(short @ short.T, 2 * torch.eye(len(short)), atol=1e-4, rtol=0)
        else:
            glorot, he = math.sqrt(2 / (fan_in + fan_out)), math.sqrt(2 / fan_in)
            lecun = math.sqrt(1 / fan_in)
            spread = {"xavier": glorot, "he": he, "lecun": lecun, "normal": 0.3}[init.split("_")[0]]
            assert weight.std().item() == pytest.approx(spread, rel=0.15)
            # A uniform distribution ends at sqrt(3) standard deviations, where a normal one goes on.
            uniform = init in ("xavier", "he_uniform")
            if uniform or weight.numel() > 10_000:
                assert (weight.abs().max().item() <= math.sqrt(3) * spread + 1e-6) == uniform


def test_initial_weights_that_can_not_be_are_refused_in_one_sentence():
    with pytest.raises(ValueError, match=r"init_std must be above 0 and at most 1000, not 0.0"):
        ModelConfig(init="normal", init_std=0.0)
    with pytest.raises(ValueError, match="leaves no atoms that could have norm 1"):
        ModelConfig(family="dictionary", output_activation="linear", init="zeros")
    free = ModelConfig(family="dictionary", output_activation="linear", init="zeros", unit_norm=False)
    assert not models.atoms(models.build(free, (1, 4, 4))).any()


# Sums of |w| of the first version of each scheme.
EARLIER = {
    ("mlp", "default"): 181.363203276,
    ("mlp", "xavier"): 224.777022719,
    ("mlp", "he"): 375.73303822,
    ("mlp", "orthogonal"): 236.64886695,
    ("mlp", "normal"): 1058.151916302,
    ("conv", "default"): 116.099881406,
    ("conv", "xavier"): 170.982106021,
    ("conv", "he"): 246.347087017,
    ("conv", "orthogonal"): 189.422325835,
    ("conv", "normal"): 608.477839311,
}


@pytest.mark.parametrize(("family", "init"), EARLIER)
def test_a_run_of_an_earlier_version_starts_from_the_same_weights_when_it_is_trained_again(family, init):
    config = ModelConfig(family, 4, hidden=(9, 7), channels=(3, 4), init=init)
    model = models.build(config, (1, 8, 8), seed=3)
    found = sum(p.double().abs().sum().item() for p in model.parameters())
    assert found == pytest.approx(EARLIER[family, init], rel=1e-6)


def test_default_initial_weights_are_pytorchs_own():
    model = models.build(ModelConfig(hidden=(300, 200), latent_size=100), (1, 20, 20))
    for layer in model.modules():
        if isinstance(layer, nn.Linear):
            bound = 1 / math.sqrt(layer.in_features)
            for tensor in (layer.weight.detach(), layer.bias.detach()):
                assert 0.9 * bound < tensor.abs().max() <= bound
            assert layer.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.05)


@pytest.mark.parametrize("name", sorted(ZERO_KEEPING))
def test_zero_keeping_activations_keep_zero(name):
    layer = models.TopK(2) if name == "top_k" else models.ACTIVATIONS[name]()
    assert not layer(torch.zeros(3, 4)).any()


def test_a_small_model_is_a_larger_one_padded_with_zeros():
    small = ModelConfig(hidden=(5,), latent_size=3, activation="silu")
    large = replace(small, hidden=(9,), latent_size=6)
    a, b = (models.build(c, (1, 4, 4)).double() for c in (small, large))
    with torch.no_grad():
        for wide, narrow in zip(b.parameters(), a.parameters(), strict=True):
            wide.zero_()
            wide[tuple(slice(0, n) for n in narrow.shape)] = narrow
    x = torch.rand(7, 1, 4, 4, dtype=torch.float64)
    torch.testing.assert_close(a(x).reconstruction, b(x).reconstruction)
    torch.testing.assert_close(a(x).code, b(x).code[:, :3])
    for model in (a, b):
        model(x).reconstruction.square().mean().backward()
    for wide, narrow in zip(b.parameters(), a.parameters(), strict=True):
        corner = tuple(slice(0, n) for n in narrow.shape)
        torch.testing.assert_close(wide.grad[corner], narrow.grad)
        if wide.ndim == 2:
            # Weights between a padded unit and anything get no gradient, so they stay zero.
            wide.grad[corner] = 0
            inner = wide.grad[: narrow.shape[0]] if narrow.shape[0] != 16 else wide.grad
            assert not inner[:, narrow.shape[1] :].any()


def test_weight_penalties_act_on_matrices_and_kernels():
    names = models.weight_names(models.build(FAMILIES["conv"], (1, 8, 8)))
    assert names
    assert all(name.endswith("weight") for name in names)
    assert soft_threshold_(torch.tensor([-2.0, 0.5]), 1.0).tolist() == [-1.0, 0.0]


def test_layer_outputs_end_each_layer_with_its_nonlinearity():
    model = models.build(ModelConfig(latent_size=3, hidden=(10, 5), output_activation="linear"), (1, 4, 4))
    x = torch.rand(2, 1, 4, 4)
    encoded, decoded = (
        models.layer_outputs(model.encoder, x),
        models.layer_outputs(model.decoder, model.encode(x)),
    )
    assert [tuple(v.shape) for v in encoded] == [(2, 10), (2, 5), (2, 3)]
    assert [tuple(v.shape) for v in decoded] == [(2, 5), (2, 10), (2, 1, 4, 4)]
    assert all(v.min() >= 0 for v in [*encoded[:-1], *decoded[:-1]])  # ReLU
    assert torch.equal(encoded[-1], model.encode(x))
    assert torch.equal(decoded[-1], model.decode(model.encode(x)))


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 9, 9)])
def test_feature_maps_keep_their_shape_in_both_halves(shape):
    config = ModelConfig(
        family="conv", channels=(4, 8), hidden=(6,), latent_size=2, output_activation="sigmoid"
    )
    model = models.build(config, shape)
    x = torch.rand(2, *shape)
    encoded, decoded = (
        models.layer_outputs(model.encoder, x),
        models.layer_outputs(model.decoder, model.encode(x)),
    )
    shapes = [tuple(v.shape[1:]) for v in encoded[:-1]]
    assert shapes[0][0] == 4
    assert shapes[-1] == (6,)
    assert [tuple(v.shape[1:]) for v in decoded] == [*reversed(shapes), shape]


@pytest.mark.parametrize("name", ["mlp", "conv", "linear"])
def test_a_variational_model_has_a_second_head_and_decodes_draws_from_its_posterior(name):
    config = replace(FAMILIES[name], variational=True)
    model, plain = models.build(config, (1, 8, 8), seed=3), models.build(FAMILIES[name], (1, 8, 8), seed=3)
    # What it shares with a plain model starts from the same weights.
    assert all(torch.equal(model.state_dict()[key], t) for key, t in plain.state_dict().items())
    x, noise = torch.rand(5, 1, 8, 8), torch.randn(5, 4)
    mean, log_variance = model.posterior(x)
    assert torch.equal(mean, model.encode(x))
    assert torch.equal(mean, plain.encode(x))
    for given, code in ((None, mean), (noise, mean + (log_variance / 2).exp() * noise)):
        output = model(x, given)
        assert torch.equal(output.code, mean)
        assert torch.equal(output.log_variance, log_variance)
        assert torch.equal(output.reconstruction, model.decode(code))
    assert output.log_std == math.log(0.1)
    count = sum(p.numel() for p in model.parameters())
    assert models.parameter_count(config, (1, 8, 8)) == count
    head = model.log_variance
    assert count == sum(p.numel() for p in plain.parameters()) + head.weight.numel() + 4
    learned = models.build(replace(config, output_std=0.0), (1, 8, 8))
    assert learned.log_std.exp().tolist() == pytest.approx([0.2])
    assert learned.log_std.requires_grad
