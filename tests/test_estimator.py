"""An auto-encoder among scikit-learn's own: its checks, its searches, and PCA beside it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import aecore
from aecore.data import FloatData

DIGITS = load_digits()
TRAIN, TEST, TRAIN_LABELS, TEST_LABELS = train_test_split(
    DIGITS.data, DIGITS.target, test_size=0.25, random_state=0, stratify=DIGITS.target
)
TABLE = np.random.default_rng(0).normal(size=(60, 3)) @ np.random.default_rng(1).normal(size=(3, 6))


def estimator(**values) -> aecore.AutoencoderTransformer:
    """A network that is fitted in a moment."""
    return aecore.AutoencoderTransformer(
        **{"latent_size": 3, "hidden": (16,), "epochs": 3, "device": "cpu", "random_state": 0} | values
    )


# No check is expected to fail. Few epochs: what is checked is the estimator, not how far it comes.
@parametrize_with_checks([aecore.AutoencoderTransformer(epochs=2, device="cpu")])
def test_it_is_an_estimator(estimator, check):
    check(estimator)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_digits_are_rebuilt_better_than_by_as_many_principal_components(seed):
    units = 8
    pca = PCA(units).fit(TRAIN)
    ours = estimator(
        latent_size=units, hidden=(128, 64), image_shape=(1, 8, 8), epochs=30, random_state=seed
    ).fit(TRAIN)
    error, baseline = (
        np.square(TEST - m.inverse_transform(m.transform(TEST))).sum(1).mean() for m in (ours, pca)
    )
    assert error < 0.9 * baseline


def test_a_linear_network_comes_to_what_principal_components_explain():
    ours = estimator(latent_size=2, hidden=(), epochs=400, learning_rate=0.02).fit(TABLE)
    rows = StandardScaler().fit_transform(TABLE)
    explained = PCA(2).fit(rows).explained_variance_ratio_.sum()
    assert explained - 0.01 < ours.score(TABLE) <= explained + 1e-6


def test_it_works_in_a_pipeline():
    ours = make_pipeline(
        StandardScaler(), estimator(latent_size=12, hidden=(64,), epochs=12), LogisticRegression(max_iter=300)
    )
    assert ours.fit(TRAIN, TRAIN_LABELS).score(TEST, TEST_LABELS) > 0.85


def test_a_search_finds_the_size_that_explains_most():
    search = GridSearchCV(estimator(epochs=100), {"latent_size": np.array([1, 3]), "hidden": [(8,)]}, cv=2)
    search.fit(TABLE)
    assert search.best_params_["latent_size"] == 3
    assert search.best_estimator_.transform(TABLE).shape == (60, 3)
    assert search.best_score_ > search.cv_results_["mean_test_score"].min()


def test_a_clone_is_fitted_to_the_same_bits():
    fitted = estimator().fit(TABLE)
    again = clone(fitted)
    assert again.get_params() == fitted.get_params()
    assert not hasattr(again, "model_")
    assert np.array_equal(again.fit(TABLE).transform(TABLE), fitted.transform(TABLE))


def test_it_is_trained_by_the_same_loop_as_a_run():
    ours = estimator().fit(TABLE)
    rows = torch.from_numpy(((TABLE - ours.mean_) / ours.scale_).astype(np.float32)).view(-1, 1, 1, 6)
    training = aecore.train(ours.config_, FloatData(rows))
    assert [r.train for r in training] == [r.train for r in ours.history_]
    assert all(t.equal(ours.model_.state_dict()[n]) for n, t in training.model.state_dict().items())


def test_the_seed_decides_and_nothing_else_is_drawn_from():
    states = torch.get_rng_state(), np.random.get_state()[1].copy()
    codes = [
        estimator(random_state=seed).fit(TABLE).transform(TABLE)
        for seed in (0, 0, 1, np.random.RandomState(3), np.random.RandomState(3))
    ]
    assert np.array_equal(codes[0], codes[1])
    assert not np.array_equal(codes[0], codes[2])
    assert np.array_equal(codes[3], codes[4])
    assert torch.get_rng_state().equal(states[0])
    assert np.array_equal(np.random.get_state()[1], states[1])


def test_the_unit_of_a_column_makes_no_difference():
    factors, offsets = np.array([1e-6, 1, 50, 1e4, 3, 7]), np.array([0, 1e5, -3, 2e6, 0, 1])
    plain, other = (estimator(epochs=30).fit(X) for X in (TABLE, TABLE * factors + offsets))
    codes = other.transform(TABLE * factors + offsets)
    np.testing.assert_allclose(codes, plain.transform(TABLE), atol=1e-2)
    rebuilt = (other.inverse_transform(codes) - offsets) / factors
    np.testing.assert_allclose(rebuilt, plain.inverse_transform(plain.transform(TABLE)), atol=5e-2)


def test_a_constant_column_is_given_back_as_it_is():
    rows = np.column_stack([TABLE, np.full(60, 4.25), np.zeros(60)])
    ours = estimator(epochs=150).fit(rows)
    assert ours.scale_[-2:].tolist() == [1, 1]
    np.testing.assert_allclose(ours.inverse_transform(ours.transform(rows))[:, -2:], rows[:, -2:], atol=0.3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_type_of_the_rows_is_kept(dtype):
    rows = TABLE.astype(dtype)
    ours = estimator().fit(rows)
    assert ours.transform(rows).dtype == ours.inverse_transform(ours.transform(rows)).dtype == dtype
    assert ours.transform(np.arange(12).reshape(2, 6)).dtype == np.float64


def test_images_are_scaled_by_channel_and_may_be_convolved():
    images = np.concatenate([TRAIN[:60], 100 + 3 * TRAIN[:60]], axis=1)
    ours = estimator(family="conv", channels=(4,), image_shape=(2, 8, 8), epochs=2).fit(images)
    for start in (0, 64):
        assert set(ours.mean_[start : start + 64]) == {ours.mean_[start]}
        channel = images[:, start : start + 64]
        assert ours.mean_[start] == pytest.approx(channel.mean())
        assert ours.scale_[start] == pytest.approx(channel.std())
    assert ours.transform(images).shape == (60, 3)
    assert ours.inverse_transform(ours.transform(images)).shape == images.shape


@pytest.mark.parametrize(
    "values",
    [
        {"family": "dictionary", "code_activation": "relu", "code_l1": 1e-2},
        {"code_activation": "top_k", "top_k": 1, "reconstruction": "mae"},
        {"code_activation": "soft_threshold", "threshold": 0.1},
        {"corruption": "masking", "optimizer": "adamw", "weight_decay": 1e-2},
    ],
    ids=str,
)
def test_what_a_config_offers_acts(values):
    ours = estimator(**values).fit(TABLE)
    assert all(ours.config_.get(path) == v for path, v in _dotted(values).items())
    assert np.isfinite(ours.score(TABLE))
    assert not np.allclose(ours.transform(TABLE), estimator().fit(TABLE).transform(TABLE))
    if values.get("code_activation") == "top_k":
        assert ((ours.transform(TABLE) != 0).sum(1) <= 1).all()


def _dotted(values):
    return {
        path: v for path in aecore.config.field_paths() for n, v in values.items() if path.endswith(f".{n}")
    }


def test_as_many_epochs_make_the_updates_unless_they_are_named(monkeypatch):
    monkeypatch.setattr("aecore.estimator.UPDATES", 20)
    ours = estimator(epochs=None, batch_size=20).fit(TABLE)
    assert ours.config_.train.epochs == 7 == len(ours.history_)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"latent_size": 0}, "latent_size must be from 1"),
        ({"latent_size": 2.5}, "latent_size must be a whole number"),
        ({"hidden": (0,)}, "every width is from 1"),
        ({"reconstruction": "bce"}, "reconstruction must be mse or mae"),
        ({"family": "conv"}, "conv needs image_shape"),
        ({"image_shape": (1, 8, 8)}, "C x H x W = 6"),
        ({"image_shape": 6}, "image_shape must be"),
        ({"corruption": "blur"}, "are for images"),
        ({"code_activation": "top_k"}, "top_k is 10, but the code has only 3"),
        ({"random_state": -1}, "seed must be from 0"),
    ],
    ids=str,
)
def test_a_setting_that_is_not_allowed_is_refused_in_a_sentence(values, words):
    with pytest.raises(ValueError, match=words):
        estimator(**values).fit(TABLE)


def test_rows_that_can_not_be_learnt_from_are_refused():
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        estimator().fit(sparse.csr_array(TABLE))
    with pytest.raises(ValueError, match="minimum of 2"):
        estimator().fit(TABLE[:1])
    with pytest.raises(ValueError, match="too large"), np.errstate(over="ignore", invalid="ignore"):
        estimator().fit(TABLE * 1e200)
    with pytest.raises(ValueError, match="codes must have 3 units, not 6"):
        estimator().fit(TABLE).inverse_transform(TABLE)
