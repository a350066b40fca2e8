"""Inference on a fixed dictionary against scikit-learn, its optimality conditions, and MNIST."""

import pytest
import torch
from sklearn.decomposition import sparse_encode
from sklearn.linear_model import Lasso, Ridge
from torch.nn.functional import softshrink

from aecore.analysis.dictionary_inference import l1_codes, reconstruct, ridge_codes


def problem(pixels=30, units=12, images=8, seed=0, dtype=torch.float64):
    g = torch.Generator().manual_seed(seed)
    dictionary = torch.randn(pixels, units, generator=g, dtype=dtype)
    x = torch.randn(images, pixels, generator=g, dtype=dtype) * 3
    bias = torch.randn(pixels, generator=g, dtype=dtype)
    return x, dictionary, bias


@pytest.mark.parametrize("shape", [(30, 12), (12, 30)])
def test_l1_codes_are_scikit_learns_lasso(shape):
    pixels, units = shape
    x, dictionary, bias = problem(pixels, units)
    strength = 4.0
    found = l1_codes(
        x,
        dictionary,
        strength,
        bias,
        tolerance=1e-13,
        max_iterations=200_000,
    )
    assert found.converged
    lasso = Lasso(alpha=strength / pixels, fit_intercept=False, tol=1e-14, max_iter=1_000_000)
    expected = torch.stack(
        [torch.from_numpy(lasso.fit(dictionary.numpy(), (row - bias).numpy()).coef_.copy()) for row in x]
    )
    assert torch.allclose(found.codes, expected, atol=1e-5)
    assert torch.equal(found.codes == 0, expected == 0), "the same units are exactly zero"
    assert (found.codes == 0).any()


def test_l1_codes_are_scikit_learns_sparse_encode():
    x, dictionary, _ = problem(seed=3)
    found = l1_codes(x, dictionary, 6.0, tolerance=1e-13)
    expected = sparse_encode(
        x.numpy(), dictionary.T.numpy(), algorithm="lasso_lars", alpha=6.0, max_iter=10_000
    )
    assert torch.allclose(found.codes, torch.from_numpy(expected), atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_l1_codes_meet_the_optimality_conditions(seed):
    x, dictionary, bias = problem(seed=seed)
    z = l1_codes(x, dictionary, 5.0, bias, tolerance=1e-14).codes
    slope = (x - bias - z @ dictionary.T) @ dictionary
    assert torch.allclose(slope[z != 0], 5.0 * torch.sign(z[z != 0]), atol=1e-4)
    assert (slope[z == 0].abs() <= 5.0 + 1e-4).all()


def test_for_an_orthonormal_dictionary_l1_is_the_soft_threshold_and_ridge_a_shrinkage():
    x, dictionary, _ = problem()
    basis = torch.linalg.qr(dictionary).Q
    assert torch.allclose(l1_codes(x, basis, 1.5).codes, softshrink(x @ basis, 1.5), atol=1e-10)
    assert torch.allclose(ridge_codes(x, basis, 1.5), x @ basis / 4, atol=1e-12)


def test_the_gap_bounds_the_distance_to_the_best_objective():
    x, dictionary, bias = problem(seed=7)

    def objective(z):
        return (x - bias - z @ dictionary.T).square().sum(1) / 2 + 3 * z.abs().sum(1)

    best = objective(l1_codes(x, dictionary, 3.0, bias, tolerance=1e-14).codes)
    for iterations in (0, 1, 3, 10, 30):
        found = l1_codes(x, dictionary, 3.0, bias, tolerance=1e-12, max_iterations=iterations)
        excess = objective(found.codes) - best
        assert found.iterations == iterations
        assert (excess <= found.relative_gap * (x - bias).square().sum(1) / 2 + 1e-9).all()


def test_a_strength_above_the_largest_correlation_gives_zero_codes_at_once():
    x, dictionary, _ = problem()
    found = l1_codes(x, dictionary, 1.001 * (x @ dictionary).abs().max().item())
    assert (found.codes == 0).all()
    assert found.iterations == 0
    assert found.converged


def plain_iterations(x, dictionary, best, strength=1.0, tolerance=1e-8):
    """Steps of the same iteration without acceleration until no image is farther from the best than told."""

    def objective(z):
        return (x - z @ dictionary.T).square().sum(1) / 2 + strength * z.abs().sum(1)

    step = 1 / torch.linalg.eigvalsh(dictionary.T @ dictionary)[-1]
    allowed = objective(best) + tolerance * x.square().sum(1) / 2
    z, done = torch.zeros_like(best), 0
    while (objective(z) > allowed).any():
        z = softshrink(z + step * (x - z @ dictionary.T) @ dictionary, (step * strength).item())
        done += 1
    return done


def test_acceleration_saves_iterations_and_an_early_stop_is_told():
    x, dictionary, _ = problem(60, 50, seed=1)
    found = l1_codes(x, dictionary, 1.0, tolerance=1e-8)
    assert found.converged
    assert found.iterations < plain_iterations(x, dictionary, found.codes) / 3
    early = l1_codes(x, dictionary, 1.0, tolerance=1e-12, max_iterations=5)
    assert early.iterations == 5
    assert not early.converged


def test_images_come_in_their_own_shape_and_codes_in_their_type():
    x, dictionary, bias = problem(36)
    images = x.float().reshape(8, 1, 6, 6)
    found = l1_codes(images, dictionary.float(), 2.0, bias.float().reshape(1, 6, 6))
    assert found.codes.dtype == torch.float32
    assert torch.allclose(found.codes, l1_codes(x, dictionary, 2.0, bias).codes.float(), atol=1e-2)
    assert ridge_codes(images, dictionary.float(), 2.0).shape == (8, 12)


@pytest.mark.parametrize("shape", [(30, 12), (12, 30)])
@pytest.mark.parametrize("strength", [0.01, 1.0, 100.0])
def test_ridge_codes_are_scikit_learns_ridge_and_never_zero(shape, strength):
    x, dictionary, bias = problem(*shape)
    ridge = Ridge(alpha=2 * strength, fit_intercept=False, solver="svd")
    expected = torch.from_numpy(ridge.fit(dictionary.numpy(), (x - bias).T.numpy()).coef_)
    found = ridge_codes(x, dictionary, strength, bias)
    assert torch.allclose(found, expected, atol=1e-9)
    assert (found != 0).all()


def test_ridge_without_strength_is_least_squares_even_for_a_degenerate_dictionary():
    x, dictionary, bias = problem()
    doubled = torch.cat([dictionary, dictionary], 1)
    codes = ridge_codes(x, doubled, 0.0, bias)
    plain = torch.linalg.lstsq(dictionary, (x - bias).T).solution.T
    assert torch.allclose(codes[:, :12] + codes[:, 12:], plain, atol=1e-9)
    assert torch.allclose(reconstruct(codes, doubled, bias), reconstruct(plain, dictionary, bias))


def test_blank_images_and_a_blank_dictionary_have_zero_codes():
    x, dictionary, bias = problem()
    blank = l1_codes(bias.expand(2, -1), dictionary, 1.0, bias)
    assert blank.converged
    assert (blank.codes == 0).all()
    assert (l1_codes(x, torch.zeros_like(dictionary), 1.0).codes == 0).all()


def test_bad_input_is_refused_in_words():
    x, dictionary, bias = problem()
    with pytest.raises(ValueError, match="one row for each of 30 pixels"):
        l1_codes(x, dictionary[:5], 1.0)
    with pytest.raises(ValueError, match="4 values for 30 pixels"):
        ridge_codes(x, dictionary, 1.0, bias[:4])
    with pytest.raises(ValueError, match="above 0"):
        l1_codes(x, dictionary, 0.0)
    with pytest.raises(ValueError, match="at least 0"):
        ridge_codes(x, dictionary, -1.0)
    with pytest.raises(ValueError, match="tolerance"):
        l1_codes(x, dictionary, 1.0, tolerance=0)
    with pytest.raises(ValueError, match="finite"):
        l1_codes(x * float("nan"), dictionary, 1.0)


@pytest.mark.mnist
def test_on_mnist_l1_trades_error_for_zeros_and_ridge_has_none_at_any_error():
    from sklearn.decomposition import PCA

    from aecore.data import load

    data = load("mnist")
    pca = PCA(36, svd_solver="covariance_eigh").fit(data.train_images.flatten(1).numpy() / 255.0)
    dictionary, mean = torch.from_numpy(pca.components_.T.copy()), torch.from_numpy(pca.mean_)
    images = data.test_images[:2000].flatten(1).double() / 255

    def error(codes):
        return (reconstruct(codes, dictionary, mean) - images).square().sum(1).mean().item()

    found = [l1_codes(images, dictionary, strength, mean) for strength in (0.2, 0.44, 1.0)]
    assert all(f.converged for f in found)
    assert [(f.codes == 0).double().mean().item() for f in found] == pytest.approx(
        [0.20, 0.41, 0.74], abs=0.015
    )
    assert [error(f.codes) for f in found] == pytest.approx([13.6, 17.4, 28.5], abs=0.3)
    for strength in (0.05, 0.5, 2.0):
        assert (ridge_codes(images, dictionary, strength, mean) != 0).all()
