"""Whatever config is accepted trains, is written and read, and resumes; what is refused is one sentence."""

import json
import os
from typing import get_args, get_origin

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aecore.config import Config, field_paths
from aecore.data import ImageData
from aecore.jobs.recording import updates
from tests.samples import tiny_data

EXAMPLES = int(os.environ.get("AECORE_TRUST_EXAMPLES", "40"))
"""How many configs are drawn; always the same ones."""

DATA = tiny_data(40, shape=(1, 8, 8))

widths = st.lists(st.sampled_from([0, 1, 2, 5, 9, 16_385]), max_size=3).map(tuple)
SMALL = {
    "data.name": st.sampled_from(["digits", "no such set"]),
    "model.latent_size": st.sampled_from([0, 1, 2, 5, 9]),
    "model.hidden": widths,
    "model.channels": widths,
    "model.kernel_size": st.integers(1, 8),
    "model.top_k": st.integers(0, 6),
    "train.epochs": st.integers(0, 3),
    "train.batch_size": st.sampled_from([0, 1, 7, 16]),
    "train.device": st.sampled_from(["auto", "cpu", "abacus"]),
}
"""Values of what would else take long, with some that are not allowed."""

NUMBERS = [-1.0, 0.0, 1e-3, 0.5, 1.0, 2.0, 1e3, 1e9]


def values_of(path: str, kind: object) -> st.SearchStrategy:
    if path in SMALL:
        return SMALL[path]
    if kind is bool:
        return st.booleans()
    if kind is int:
        return st.integers(-1, 9)
    if get_origin(kind) is not None:
        return st.sampled_from([*get_args(kind), "neither"])
    return st.sampled_from(NUMBERS)


CHANGES = st.fixed_dictionaries(
    {}, optional={path: values_of(path, kind) for path, kind in field_paths().items()}
)


def state_after(steps: int, config: Config, data: ImageData, state=None) -> dict[str, torch.Tensor]:
    """All that resuming needs, after that many further steps."""
    done = 0

    def on_step(_: object) -> bool:
        nonlocal done
        done += 1
        return done >= steps

    *_, last = updates([config], data, state, on_step)
    return last.state


def bits(state: dict[str, torch.Tensor]) -> dict[str, bytes]:
    """As bytes, so that what is no number equals itself; without the time it took."""
    return {name: t.contiguous().numpy().tobytes() for name, t in state.items() if name != "seconds"}


def attempt(make):
    """What `make` gives, or None and what the ValueError says."""
    try:
        return make(), ""
    except ValueError as error:
        return None, str(error)


def is_sentence(text: str) -> bool:
    return 0 < len(text) < 400 and "\n" not in text


@settings(
    max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(changes=CHANGES)
def test_a_config_is_refused_in_a_sentence_or_trains_and_resumes_to_the_same_bits(changes):
    config, refused = attempt(
        lambda: Config().with_values({"data.name": "digits", "train.batch_size": 16} | changes)
    )
    if config is None:
        assert is_sentence(refused), refused
        return
    assert Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    whole, refused = attempt(lambda: state_after(2, config, DATA))
    if whole is None:
        # Accepted for other images, such as larger ones.
        assert is_sentence(refused), refused
        return
    half = state_after(1, config, DATA)
    assert bits(state_after(1, config, DATA, half)) == bits(whole)
