"""What is said of a gain, just inside and just outside of what can be told, and the chart's lines."""

import math

import pytest

from aecore.figures.denoising import NOTHING_BELOW, ratio_chart, verdict


@pytest.mark.parametrize("sign", [1, -1])
def test_a_gain_is_spoken_of_only_beyond_its_uncertainty(sign):
    inside, outside = sign * (0.5 * NOTHING_BELOW - 1e-6), sign * (0.5 * NOTHING_BELOW + 1e-6)
    assert "No difference can be told" in verdict((inside, 0.5), 300, "masking 0.5")
    said = verdict((outside, 0.5), 300, "masking 0.5")
    assert ("dB more" if sign > 0 else "dB less") in said
    assert "300 test images" in said
    assert said.startswith("The network trained on masking 0.5 reaches")
    assert "No difference" in verdict((3.0, math.nan), 1, "blur 2")


def test_the_chart_draws_a_line_a_way_and_a_rule_a_level():
    spec = ratio_chart([0.1, 0.5], {"nothing": [20, 6], "network": [18, math.inf]}, 0.3, 0.5).to_dict()
    (values,) = (layer["data"]["values"] for layer in spec["layer"] if "color" in layer["encoding"])
    assert [(row["way"], row["level"], row["psnr"]) for row in values] == [
        ("nothing", 0.1, 20), ("nothing", 0.5, 6), ("network", 0.1, 18),
    ]  # fmt: skip
    assert len(spec["layer"]) == 3
