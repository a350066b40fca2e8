"""What the decoder's scripts are sent: half a network, unit sliders, a path of decoded images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from aecore.web.arrays import encoded

if TYPE_CHECKING:
    from aecore.analysis.units import Units
    from aecore.store.run import Run
    from aecore.web.decoder.decoder import DecoderExport
    from aecore.web.decoder.encoder import EncoderExport

LARGEST = 5_000_000
"""Weights of a half that are sent to a browser at most (27 MB); a larger one would not follow a slider."""


def decoder_data(run: Run) -> dict[str, Any]:
    """What `makeDecoder` takes. Raises ValueError for a decoder that can't or should not run in a browser."""
    from aecore.web.decoder.decoder import export_decoder

    return _half_data(export_decoder(run), "decoder")


def encoder_data(run: Run) -> dict[str, Any]:
    """What `makeEncoder` takes. Raises ValueError for an encoder that can't or should not run there."""
    from aecore.web.decoder.encoder import export_encoder

    return _half_data(export_encoder(run), "encoder")


def _half_data(half: DecoderExport | EncoderExport, name: str) -> dict[str, Any]:
    if half.weights.size > LARGEST:
        raise ValueError(
            f"this {name} has {half.weights.size:,} weights, too many to run in the browser "
            f"({LARGEST:,} at most)"
        )
    return {
        "key": half.key,
        "latent_size": half.latent_size,
        "shape": list(half.shape),
        "layers": list(half.layers),
        "mean": list(half.mean),
        "std": list(half.std),
        "weights": encoded(half.weights),
    }


def scrubber_data(
    frames: np.ndarray,
    baseline: np.ndarray,
    span: tuple[float, float],
    *,
    names: tuple[str, str],
    ticks: Sequence[tuple[float, str]],
    curve: np.ndarray | None = None,
    band: tuple[float, float] | None = None,
    legend: str = "",
    symbol: str = "t",
    start: float = 0.5,
    label: str = "Position on the path",
) -> dict[str, Any]:
    """T decoded images and T of the baseline (T x C x H x W in [0, 1]) under a slider with play and loop.

    `span` holds the first and the last position, `ticks` positions with the words under them. `curve` (T
    values) is drawn below with the usual `band`; where it is above, it is marked as outside the data.
    `start` is the share of the span where the slider stands at first.
    """
    from aecore.data import to_uint8

    return {
        "frames": encoded(to_uint8(frames)),
        "baseline": encoded(to_uint8(baseline)),
        "shape": list(frames.shape[1:]),
        "count": len(frames),
        "span": list(span),
        "names": dict(zip(("decoded", "baseline"), names, strict=True)),
        "ticks": [{"at": at, "text": text} for at, text in ticks],
        "curve": None if curve is None or not np.isfinite(curve).all() else np.round(curve, 4).tolist(),
        "band": None if band is None else list(band),
        "legend": legend,
        "symbol": symbol,
        "start": round(start * (len(frames) - 1)),
        "label": label,
    }


def sliders_data(
    decoder: dict[str, Any],
    units: Units,
    start: tuple[str, np.ndarray],
    *,
    reference: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """One slider a unit, most important first, with the decoded image that follows.

    `start` is a name and the code the sliders stand at; they go there again when the name changes. For
    `reference` see `code_reference`.
    """
    presets = [{"name": start[0], "code": start[1].tolist()}]
    presets.append({"name": "Mean code", "code": units.mean.tolist()})
    return {
        "decoder": decoder,
        "units": [
            {
                "unit": int(unit),
                "low": float(units.low[unit]),
                "high": float(units.high[unit]),
                "unused": bool(units.cause[unit]),
                "note": f"1st to 99th percentile: {units.low[unit]:.2f} to {units.high[unit]:.2f}; "
                f"replacing it by its mean raises the squared error by {units.importance[unit]:.2f}",
            }
            for unit in units.order
        ],
        "start": presets[0],
        "presets": presets if start[0] != "Mean code" else presets[:1],
        "reference": reference,
    }


def code_reference(codes: np.ndarray, typical: float, limit: float) -> dict[str, Any] | None:
    """Training codes (N x D) for the distance that `unit_sliders` shows, in units of `typical`.

    Beyond `limit` of those a place is said to be outside the data. None where there is no unit of distance.
    """
    if not typical > 0:
        return None
    return {"codes": encoded(codes.astype(np.float32)), "typical": typical, "limit": limit}
