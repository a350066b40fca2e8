import numpy as np
import pytest
import torch

from aecore.data import scaling
from aecore.models import build
from aecore.store import run as module
from aecore.store.run import Run
from tests.samples import tiny_config, tiny_data

DATA = tiny_data(shape=(3, 6, 5))


@pytest.fixture(params=["minus_one_one", "zero_one", "standardized"])
def run(request, tmp_path) -> Run:
    config = tiny_config(data__normalization=request.param, model__output_activation="linear")
    model = build(config.model, DATA.shape, 0).eval().requires_grad_(False)
    return Run(tmp_path, "name", config, DATA.shape, scaling(request.param, DATA), model)


def test_codes_and_images_are_float32_in_the_promised_shapes(run):
    x = DATA.test_images.float() / 255
    code = run.encode(x)
    assert (code.shape, code.dtype) == ((20, 3), torch.float32)
    back = run.decode(code)
    assert (back.shape, back.dtype) == (x.shape, torch.float32)
    assert not code.requires_grad
    assert not back.requires_grad
    assert torch.equal(run.reconstruct(x), back)
    assert run.latent_size == 3


def test_whole_and_floating_images_and_arrays_give_the_same_codes(run):
    expected = run.encode(DATA.test_images)
    x = DATA.test_images.float() / 255
    for images in (x, x.double(), x.numpy(), DATA.test_images.numpy()):
        torch.testing.assert_close(run.encode(images), expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(run.decode(expected.numpy()), run.decode(expected))
    torch.testing.assert_close(run.decode(expected.double().numpy()), run.decode(expected))


def test_images_given_are_left_as_they_were(run):
    x = torch.rand(4, *DATA.shape)
    before = x.clone()
    run.reconstruct(x)
    assert torch.equal(x, before)


def test_the_normalization_is_undone_exactly_where_the_network_passes_its_input_on(run):
    x = DATA.test_images.float() / 255
    torch.testing.assert_close(run.scaling.denormalize(run.scaling.normalize(x)), x, atol=1e-6, rtol=0)
    code = run.encode(x)
    inner = run.model.decode(code)
    mean, std = (torch.tensor(v).view(-1, 1, 1) for v in (run.scaling.mean, run.scaling.std))
    torch.testing.assert_close(run.decode(code), inner * std + mean)


def test_long_inputs_go_in_parts_and_empty_ones_go_through(run, monkeypatch):
    x = DATA.test_images
    expected = run.reconstruct(x)
    monkeypatch.setattr(module, "BATCH", 7)
    torch.testing.assert_close(run.reconstruct(x), expected)
    assert run.encode(x[:0]).shape == (0, 3)
    assert run.decode(torch.zeros(0, 3)).shape == (0, *DATA.shape)


@pytest.mark.parametrize("shape", [(3, 6, 5), (1, 1, 6, 5), (1, 3, 5, 6), (4,)])
def test_images_of_another_shape_are_refused_in_one_sentence(run, shape):
    with pytest.raises(ValueError, match="images must have the shape N x 3 x 6 x 5, not"):
        run.encode(torch.zeros(shape))


@pytest.mark.parametrize("shape", [(3,), (2, 4), (1, 1, 3)])
def test_codes_of_another_shape_are_refused_in_one_sentence(run, shape):
    with pytest.raises(ValueError, match="codes must have the shape N x 3, not"):
        run.decode(np.zeros(shape))
