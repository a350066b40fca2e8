"""The switch for matrix products: on only where it is as exact, and put back as it was."""

import pytest
import torch

from aecore.training import products
from aecore.training.products import fast_products, is_exact

CPU = torch.device("cpu")


def switch() -> str:
    return torch.backends.mkldnn.matmul.fp32_precision


@pytest.fixture
def better(monkeypatch):
    monkeypatch.setattr(products, "_is_better", lambda: True)


def test_within_it_the_switch_is_on_and_afterwards_as_before(better):
    before = switch()
    with fast_products("float32", CPU):
        assert switch() == "bf16"
    assert switch() == before
    with pytest.raises(KeyError), fast_products("float32", CPU):
        raise KeyError
    assert switch() == before


@pytest.mark.parametrize(("precision", "way"), [("tf32", "tf32"), ("float32", "ieee"), ("bfloat16", "ieee")])
def test_on_cuda_products_and_convolutions_are_rounded_where_the_config_says_so(precision, way):
    switches = (torch.backends.cuda.matmul, torch.backends.cudnn.conv)
    before = [switch.fp32_precision for switch in switches]
    with fast_products(precision, torch.device("cuda")):
        assert {switch.fp32_precision for switch in switches} == {way}
    assert [switch.fp32_precision for switch in switches] == before


@pytest.mark.parametrize(
    ("precision", "device"), [("bfloat16", "cpu"), ("float64", "cpu"), ("float32", "cuda"), ("tf32", "mps")]
)
def test_other_precisions_and_devices_are_left_alone(better, precision, device):
    before = switch()
    with fast_products(precision, torch.device(device)):
        assert switch() == before


def test_a_product_that_rounds_to_bfloat16_is_found_out(monkeypatch):
    linear = torch.nn.functional.linear
    before = switch()
    monkeypatch.setattr(
        torch.nn.functional, "linear", lambda x, w: linear(x.bfloat16(), w.bfloat16()).float()
    )
    assert not is_exact()
    monkeypatch.setattr(torch.nn.functional, "linear", linear)
    assert switch() == before


@pytest.mark.skipif(not is_exact(), reason="this processor has bfloat16 products for float32 operands")
def test_products_by_the_switch_are_those_of_float32(better):
    x, w = torch.randn(2, 256, 256, generator=torch.Generator().manual_seed(0))
    with fast_products("float32", CPU):
        found = x @ w
    torch.testing.assert_close(found.double(), x.double() @ w.double(), rtol=1e-4, atol=1e-4)
