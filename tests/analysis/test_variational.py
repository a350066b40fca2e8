"""Figures of a variational model: each against a model whose truth is known, or another estimate."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import distributions

from aecore import models
from aecore.analysis import metrics, variational
from aecore.analysis.variational import Posterior
from aecore.data import load, scaling
from aecore.jobs.recording import updates
from aecore.results import Score
from aecore.store.run import Run
from aecore.training.single import Training
from tests.samples import tiny_config, tiny_data

DATA = tiny_data(300)


def as_run(training: Training, data) -> Run:
    model = training.model.float().eval().requires_grad_(False)
    return Run(Path(), "a run", training.config, data.shape, training.images.scaling, model)


@pytest.fixture(scope="module")
def digits() -> tuple[Run, object]:
    """A trained model of binarized digits, and the digits."""
    data = load("digits")
    config = tiny_config(
        data__normalization="zero_one",
        model__output_activation="sigmoid",
        model__variational=True,
        model__hidden=(32,),
        model__latent_size=6,
        loss__reconstruction="bce",
        train__binarize=True,
        train__epochs=20,
        train__learning_rate=3e-3,
    )
    training = Training(config, data)
    list(training)
    return as_run(training, data), data


def linear_gaussian(noise: float = 0.3) -> tuple[Run, torch.Tensor]:
    """x = W z + noise with z of N(0, I): its likelihood and exact posterior are known in closed form."""
    config = tiny_config(
        data__normalization="zero_one",
        model__hidden=(),
        model__output_activation="linear",
        model__variational=True,
        model__output_std=noise,
        model__latent_size=2,
    )
    model = models.build(config.model, DATA.shape).eval().requires_grad_(False)
    w, b = model.decoder[0].weight, model.decoder[0].bias
    precision = torch.eye(2) + w.T @ w / noise**2
    covariance = precision.inverse()
    gain = covariance @ w.T / noise**2
    model.encoder[1].weight.copy_(gain)
    model.encoder[1].bias.copy_(-gain @ b)
    # The posterior that the model can state is diagonal; this makes the true one so.
    assert (covariance - torch.diag(covariance.diag())).abs().max() > 1e-6
    model.log_variance.weight.zero_()
    model.log_variance.bias.copy_(covariance.diag().log())
    run = Run(Path(), "linear", config, DATA.shape, scaling("zero_one", DATA), model)
    marginal = distributions.MultivariateNormal(
        b.double(), w.double() @ w.double().T + noise**2 * torch.eye(len(b), dtype=torch.float64)
    )
    x = DATA.test_images.double().flatten(1) / 255
    return run, marginal.log_prob(x)


def test_importance_sampling_finds_the_likelihood_of_a_model_that_has_one_in_closed_form():
    run, exact = linear_gaussian()
    found = variational.log_likelihood(run, DATA.test_images, draws=500)
    assert found.value == pytest.approx(exact.mean().item(), abs=0.01)
    assert found.standard_error == pytest.approx(exact.std().item() / math.sqrt(len(exact)), rel=0.05)
    assert (found.images, found.draws) == (20, 500)


def test_the_bound_lies_below_the_likelihood_by_what_the_posterior_is_off():
    run, exact = linear_gaussian()
    many = DATA.test_images.repeat(200, 1, 1, 1)
    found = variational.bound(run, many)
    off = _divergence_of_diagonal(run)
    # 4,000 draws of a spread of about one nat.
    assert found.elbo == pytest.approx(exact.mean().item() - off, abs=0.1)
    assert found.elbo == pytest.approx(-(found.reconstruction + found.kl))


def _divergence_of_diagonal(run: Run) -> float:
    """KL of the stated posterior from the true one, the same for all images."""
    w, noise = run.model.decoder[0].weight, run.config.model.output_std
    true = distributions.MultivariateNormal(
        torch.zeros(2), precision_matrix=torch.eye(2) + w.T @ w / noise**2
    )
    stated = distributions.MultivariateNormal(torch.zeros(2), torch.diag(run.model.log_variance.bias.exp()))
    return distributions.kl_divergence(stated, true).item()


def test_more_draws_come_nearer_to_the_likelihood_and_chunks_change_nothing(digits, monkeypatch):
    run, data = digits
    images = data.test_images[:100]
    values = [variational.log_likelihood(run, images, draws).value for draws in (1, 10, 100)]
    assert variational.bound(run, images).elbo < values[1] < values[2]
    assert values[0] == pytest.approx(variational.bound(run, images).elbo, abs=1.5)
    monkeypatch.setattr(variational, "CHUNK", 37)
    assert variational.log_likelihood(run, images, 10).value == pytest.approx(values[1], rel=1e-6)


def test_the_result_of_a_training_holds_the_bound_of_the_test_images(digits):
    run, data = digits
    score = metrics.evaluate(run, data)
    assert score.bound == variational.bound(run, data.test_images)
    assert Score.from_dict(score.to_dict()) == score
    assert {"elbo", "reconstruction", "kl"} <= score.to_dict().keys()
    (result,) = list(updates([run.config.with_values({"train.epochs": 1})], data))[-1].outcomes
    assert result.test.bound is not None
    terms = result.validation["reconstruction"] + result.validation["kl"]
    assert result.validation["elbo"] == pytest.approx(-terms)
    plain = run.config.with_values({"model.variational": False, "train.epochs": 1})
    (other,) = list(updates([plain], data))[-1].outcomes
    assert other.test.bound is None
    assert "elbo" not in other.test.to_dict()


def test_validation_figures_are_those_of_the_trained_run(digits):
    run, data = digits
    config = run.config.with_values({"train.epochs": 2})
    training = Training(config, data)
    *_, last = training
    run = as_run(training, data)
    images = data.train_images[data.split(config.data.validation_fraction, config.data.split_seed)[1]]
    bound = variational.bound(run, images)
    for name in ("elbo", "reconstruction", "kl"):
        assert last.validation[name] == pytest.approx(getattr(bound, name), rel=1e-5)
    assert last.validation["squared_error"] == pytest.approx(
        metrics.errors_on(run, images).mean().item(), rel=1e-5
    )
    assert last.validation["active_units"] == variational.posterior(run, images).active.sum()


def test_units_that_carry_nothing_have_no_divergence_and_are_not_active(digits):
    run, data = digits
    found = variational.posterior(run, data.test_images)
    assert found.kl.sum() == pytest.approx(variational.bound(run, data.test_images).kl, rel=1e-5)
    mean, log_variance = found.mean.clone(), found.log_variance.clone()
    mean[:, 2] = log_variance[:, 2] = 0
    muted = Posterior(mean, log_variance)
    assert (muted.kl[2], muted.active[2]) == (0, False)
    assert np.delete(muted.active, 2).all()


def test_information_is_that_of_codes_that_tell_all_images_apart_or_none():
    apart = Posterior(100.0 * torch.arange(64.0)[:, None], torch.zeros(64, 1))
    found = variational.information(apart)
    assert found.mutual == pytest.approx(math.log(64), abs=1e-6)
    assert found.mutual + found.aggregate == pytest.approx(apart.kl.sum())
    same = variational.information(Posterior(torch.full((64, 3), 0.5), torch.full((64, 3), -1.0)))
    assert same.mutual == pytest.approx(0, abs=1e-9)
    # Means of N(0, .75) with a spread of .25 add up to the prior: all of the KL is information.
    random = torch.Generator().manual_seed(0)
    mean = math.sqrt(0.75) * torch.randn(4_000, 1, generator=random)
    prior = variational.information(Posterior(mean, torch.full((4_000, 1), math.log(0.25))))
    assert prior.mutual == pytest.approx(math.log(2), abs=0.05)
    assert prior.aggregate == pytest.approx(0, abs=0.05)


def test_a_plain_run_is_refused_in_one_sentence():
    training = Training(tiny_config(train__epochs=1), DATA)
    run = as_run(training, DATA)
    for ask in (variational.posterior, variational.bound, variational.log_likelihood):
        with pytest.raises(ValueError, match="a run is not variational: its code has no distribution"):
            ask(run, DATA.test_images)
