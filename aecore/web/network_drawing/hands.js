// The drawing under the hand: the code's bars can be moved, and what the decoder makes of it is computed here.

import { ARROWS, clamp, element, pointerShare } from "../common.js";
import { traceDecoder } from "../decoder/decoder.js";
import { decoders } from "./decoders.js";
import { SHOWN_UNITS } from "./layout.js";

const STEP = 1 / 20, LEAP = 1 / 4; // of the largest value, by an arrow key and by a page key

// A frame behind the others that `decode(model, code)` fills, so that it is drawn as they are.
export function addFrame(model) {
  model.live = model.frames;
  for (const layer of model.decoder) {
    const cells = new Uint8Array(layer.cells.length + layer.cells.length / model.frames);
    cells.set(layer.cells);
    layer.cells = cells;
  }
  const outputs = new Uint8Array(model.outputs.length + model.outputs.length / model.frames);
  outputs.set(model.outputs);
  model.outputs = outputs;
}

function decode(model, trace, code) {
  const { live } = model, { layers, pixels } = trace(code);
  model.codes[live] = [...code];
  new Uint8ClampedArray(model.outputs.buffer, live * pixels.length, pixels.length).set(pixels.map((value) => 255 * value));
  model.decoder.forEach((layer, i) => {
    const plane = layer.rows * layer.columns, size = layer.maps * plane;
    const cells = new Uint8ClampedArray(layer.cells.buffer, live * size, size);
    // A dense layer's last row may be short; of feature maps some are drawn.
    if (layer.chosen.length) {
      layer.chosen.forEach((map, k) => {
        for (let j = 0; j < plane; j++) cells[k * plane + j] = (255 * Math.abs(layers[i][map * plane + j])) / layer.scale;
      });
    } else {
      for (let j = 0; j < layer.size; j++) cells[j] = (255 * Math.abs(layers[i][j])) / layer.scale;
    }
  });
}

// Sliders over the bars. `moved(unit, value)` is called after each move, `codeNow()` gives the code that is shown.
export class Hands {
  constructor(place, model, { codeNow, moved, back }) {
    Object.assign(this, { place, model, codeNow, moved, back });
    this.count = Math.min(model.units, SHOWN_UNITS);
    this.bars = Array.from({ length: this.count }, (_, unit) => this.bar(unit));
    place.replaceChildren(...this.bars);
    this.enter(0);
    place.onpointerdown = (event) => {
      if (event.button || !this.ready()) return;
      event.preventDefault();
      const [x] = pointerShare(event, place);
      this.held = clamp(Math.floor(x * this.count), 0, this.count - 1);
      place.setPointerCapture(event.pointerId);
      this.bars[this.held].focus({ preventScroll: true });
      this.drag(event);
    };
    place.onpointermove = (event) => place.hasPointerCapture(event.pointerId) && this.drag(event);
  }

  // Whether the decoder has come, and can run here.
  ready() {
    return decoders.has(this.model.hand);
  }

  bar(unit) {
    const bar = element("div");
    bar.tabIndex = -1;
    bar.setAttribute("role", "slider");
    bar.setAttribute("aria-label", `Code unit ${unit}`);
    bar.setAttribute("aria-orientation", "vertical");
    bar.setAttribute("aria-valuemin", (-this.model.largest).toFixed(2));
    bar.setAttribute("aria-valuemax", this.model.largest.toFixed(2));
    bar.onfocus = () => this.enter(unit);
    bar.onkeydown = (event) => this.press(event, unit);
    return bar;
  }

  // One of the bars is reached by Tab, the others from it by the arrow keys.
  enter(unit) {
    this.bars.forEach((bar, i) => { bar.tabIndex = i === unit ? 0 : -1; });
  }

  press(event, unit) {
    const { largest } = this.model, [across, down] = ARROWS[event.key] ?? [0, 0];
    const leap = { PageUp: LEAP, PageDown: -LEAP }[event.key] ?? -down * STEP;
    const end = { Home: -largest, End: largest }[event.key];
    if (across) this.bars[clamp(unit + across, 0, this.count - 1)].focus();
    else if (end !== undefined) this.set(unit, end);
    else if (leap) this.set(unit, this.codeNow()[unit] + leap * largest);
    else if (event.key === "Escape") this.back();
    else return;
    event.preventDefault();
  }

  drag(event) {
    // The bars end three pixels before their frame does.
    const half = this.place.clientHeight / 2, reach = half / (half - 3);
    this.set(this.held, (1 - 2 * pointerShare(event, this.place)[1]) * reach * this.model.largest);
  }

  set(unit, value) {
    if (!this.ready()) return;
    this.trace ??= traceDecoder(decoders.get(this.model.hand));
    const code = Float32Array.from(this.codeNow());
    code[unit] = clamp(value, -this.model.largest, this.model.largest);
    decode(this.model, this.trace, code);
    this.moved(unit, code[unit]);
  }

  // Onto the bars of the drawing, `frame` being what it shows.
  lay({ bars }, frame) {
    this.place.hidden = !this.ready();
    const numbers = bars.width / this.count >= 25;
    Object.assign(this.place.style, {
      left: `${bars.x}px`, top: `${bars.y}px`, width: `${bars.width}px`, height: `${bars.height - (numbers ? 16 : 0)}px`,
    });
    this.bars.forEach((bar, unit) => bar.setAttribute("aria-valuenow", this.model.codes[frame][unit].toFixed(2)));
  }
}
