"""The noise source: a function of seed, epoch and step, with the distribution that it says."""

import torch
from scipy import stats

from aecore.batch import Batch, Noise, _hash

MASK = (1 << 64) - 1


def splitmix64(x: int) -> int:
    """The reference's output function, on unsigned integers (Steele et al. 2014)."""
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def test_the_hash_is_splitmix64():
    for value in (0, 1, 2, 12345678901234567, 2**63 - 1, -1, -5, -(2**63)):
        assert int(_hash(torch.tensor(value))) & MASK == splitmix64(value & MASK)


def test_the_same_seed_epoch_and_step_give_the_same_numbers_and_others_do_not():
    start = Noise(1, 2, 3)
    numbers = start.uniform(50, 4)
    torch.manual_seed(9)
    assert torch.equal(Noise(1, 2, 3).uniform(50, 4), numbers)
    others = [
        Noise(2, 2, 3).uniform(50, 4),
        Noise(1, 3, 3).uniform(50, 4),
        Noise(1, 2, 4).uniform(50, 4),
        Noise(2, 1, 3).uniform(50, 4),
        start.uniform(50, 4, stream=1),
        start.normal(50, 4),
    ]
    assert all(not (other == numbers).any() for other in others)


def test_numbers_are_uniform_and_normal():
    noise = Noise(0, 0, 0)
    uniform, normal = noise.uniform(100_000).numpy(), noise.normal(100_000).numpy()
    assert 0 < uniform.min() < uniform.max() < 1
    assert stats.kstest(uniform, "uniform").pvalue > 0.01
    assert stats.kstest(normal, "norm").pvalue > 0.01
    # Neighbouring places and steps are not related.
    later = Noise(0, 0, 1).uniform(100_000).numpy()
    for a, b in ((uniform[:-1], uniform[1:]), (uniform, later)):
        assert abs(stats.pearsonr(a, b).statistic) < 0.01


def test_a_stack_maps_over_seeds_and_a_batch_over_its_images():
    seeds = torch.tensor([4, 7])
    stacked = torch.func.vmap(lambda seed: Noise(seed, 1, 2).normal(3, 5))(seeds)
    for k, seed in enumerate((4, 7)):
        assert torch.equal(stacked[k], Noise(seed, 1, 2).normal(3, 5))
    # With an image's number in the step's place the noise is the image's, whatever batch it is in.
    images = torch.tensor([30, 8, 12])
    batch = Noise(1, 1, images.view(-1, 1)).uniform(1, 6)
    assert batch.shape == (3, 6)
    assert torch.equal(batch[1:2], Noise(1, 1, 8).uniform(1, 6))


def test_a_codes_noise_is_its_images_own_and_a_smaller_codes_the_first_of_a_larger_ones():
    x = torch.zeros(3, 1, 2, 2, dtype=torch.float64)
    batch = Batch(x, x, Noise(1, 4, torch.tensor([30, 8, 12])))
    noise = batch.code_noise(6)
    assert (noise.shape, noise.dtype) == ((3, 6), torch.float64)
    assert torch.equal(batch.code_noise(4), noise[:, :4])
    other = Batch(x[:1], x[:1], Noise(1, 4, torch.tensor([8])))
    assert torch.equal(other.code_noise(6), noise[1:2])
    assert Batch(x, x).code_noise(6) is None
    many = Batch(x, x, Noise(0, 0, torch.arange(20_000))).code_noise(2).numpy()
    assert stats.kstest(many.ravel(), "norm").pvalue > 0.01
    assert abs(stats.pearsonr(many[:, 0], many[:, 1]).statistic) < 0.02
