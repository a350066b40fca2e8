"""Redraws in the browser: unit sliders with the decoder in JavaScript, and scrubbing ready-made frames.

Headless Chromium runs the app's own components on an empty page, 28 x 28 pixels, random weights, codes and
frames; epochs of a training come with ten reconstructions, 256 codes and 32 units' weights each. A slider is
moved once per screen frame, 60 times: `redraws_per_s` is what was drawn, and the screen's own rate is its
ceiling, which a busy machine does not reach. `decode_ms` is the decoder alone, the fastest of 40 times five,
since all slower ones measure the machine's other work. `kB` goes to the browser.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from aecore.data import Scaling
from aecore.models import build
from aecore.presets import PRESETS
from aecore.store.run import Run
from aecore.web.arrays import encoded
from aecore.web.decoder.payload import decoder_data
from aecore.web.sources import FOLDER, script
from pages.components.scrubber import Epochs, run_data

SHAPE = (1, 28, 28)
FRAMES = 60
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")

MOVE = """async ([script, html, css, data, frames]) => {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const module = await import(url);
  document.body.innerHTML = html + `<style>${css}</style>`;
  module.default({ data, parentElement: document.body, setStateValue() {}, setTriggerValue() {} });
  const root = document.querySelector("[class=sliders], [class=scrubber], [class=epochs]");
  const input = document.querySelector("input[type=range]");
  const frame = () => new Promise(requestAnimationFrame);
  for (let i = 0; i < 10; i++) await frame();
  const drawn = Number(root.dataset.drawn), start = performance.now();
  for (let i = 0; i < frames; i++) {
    input.value = Number(input.min) + ((input.max - input.min) * i) / (frames - 1);
    input.dispatchEvent(new Event("input"));
    await frame();
  }
  return [Number(root.dataset.drawn) - drawn, (performance.now() - start) / 1000];
}"""
DECODE = """async ([script, data, codes]) => {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const decode = (await import(url)).makeDecoder(data);
  return codes.map((code) => {
    const start = performance.now();
    // The clock is coarse, so five at a time.
    for (let i = 0; i < 5; i++) decode(code);
    return (performance.now() - start) / 5;
  });
}"""


def run(quick: bool = False) -> list[dict[str, Any]]:
    """A row for each preset's sliders and one for scrubbing; with `quick`, the post's network only."""
    from playwright.sync_api import sync_playwright

    executable = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if executable is None:
        raise RuntimeError("there is no Chromium on the PATH (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=executable, args=flags)
        page = browser.new_page()
        rows = [_sliders(page, name) for name in (["post"] if quick else PRESETS)]
        rows.append(_scrubbing(page))
        rows += [_epochs(page, runs) for runs in (1, 2)]
        browser.close()
    return rows


def _sliders(page: Any, preset: str) -> dict[str, Any]:
    config = PRESETS[preset]
    network = build(config.model, SHAPE).eval().requires_grad_(False)
    data = decoder_data(Run(Path(), preset, config, SHAPE, Scaling((0.5,), (0.5,)), network))
    size = config.model.latent_size
    codes = np.random.default_rng(0).normal(size=(40, size)).tolist()
    times = page.evaluate(DECODE, [script("decoder/decoder.js"), data, codes])
    start = {"name": "start", "code": codes[0]}
    units = [{"unit": i, "low": -3, "high": 3, "unused": False, "note": ""} for i in range(size)]
    panel = {"decoder": data, "units": units, "start": start, "presets": [start], "reference": None}
    drawn, seconds = _moved(page, "decoder/sliders", panel)
    weights = sum(p.numel() for p in network.decoder.parameters())
    return _row(f"unit sliders, {preset}", weights, panel, min(times), drawn, seconds)


def _scrubbing(page: Any) -> dict[str, Any]:
    frames = np.random.default_rng(0).integers(0, 256, (101, *SHAPE), dtype=np.uint8)
    data = {
        "frames": encoded(frames),
        "baseline": encoded(frames),
        "shape": SHAPE,
        "count": len(frames),
        "span": [0, 1],
        "names": {"decoded": "Decoded", "baseline": "Pixel cross-fade"},
        "ticks": [{"at": 0, "text": "A"}, {"at": 1, "text": "B"}],
        "curve": np.linspace(0, 2, len(frames)).tolist(),
        "band": [0.5, 1.5],
        "legend": "",
        "symbol": "t",
        "start": 0,
        "label": "Position",
    }
    return _row("scrubbing, any model", 0, data, 0.0, *_moved(page, "decoder/scrubber", data))


def _epochs(page: Any, runs: int) -> dict[str, Any]:
    rng, count = np.random.default_rng(0), 101
    shown = [
        Epochs(
            identity=str(number),
            name=f"run {number}",
            epochs=range(count),
            reconstructions=rng.integers(0, 256, (count, 10, *SHAPE), dtype=np.uint8),
            originals=rng.integers(0, 256, (10, *SHAPE), dtype=np.uint8),
            plane=rng.normal(size=(count, 256, 2)).astype(np.float32),
            labels=rng.integers(0, 10, 256),
            filters=rng.integers(-127, 128, (count, 32, 28, 28), dtype=np.int8),
            filter_scale=rng.uniform(0.1, 1, (count, 32)).astype(np.float32),
            curves={"validation": rng.uniform(10, 50, count).tolist()},
        )
        for number in range(runs)
    ]
    data = {"runs": [run_data(run, 0) for run in shown]}
    name = f"epochs of {runs} run{'s' * (runs > 1)}"
    return _row(name, 0, data, 0.0, *_moved(page, "scrubber/scrubber", data))


def _moved(page: Any, name: str, data: dict[str, Any]) -> tuple[int, float]:
    page.goto("about:blank")
    html, css = ((FOLDER / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("html", "css"))
    parts = [script(f"{name}.js"), html, css, data, FRAMES]
    return page.evaluate(MOVE, parts)


def _row(
    what: str, weights: int, data: dict[str, Any], decode: float, drawn: int, seconds: float
) -> dict[str, Any]:
    return {
        "what": what,
        "weights": weights,
        "kB": round(len(json.dumps(data)) / 1000),
        "decode_ms": decode,
        "drawn": drawn,
        "seconds": seconds,
        "redraws_per_s": drawn / seconds,
    }
