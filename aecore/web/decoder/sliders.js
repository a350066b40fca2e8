// One slider a unit; the picture is decoded here, in the browser, at every movement.

import { element, fromBase64, oncePerFrame, paint } from "../common.js";
import { makeDecoder } from "./decoder.js";

const panels = new WeakMap();
const STEPS = 200;

export default function mount({ data, parentElement }) {
  const root = parentElement.querySelector(".sliders");
  if (!panels.has(root)) panels.set(root, {});
  const state = panels.get(root);
  state.redraw ??= oncePerFrame(() => draw(root, state));
  const decode = makeDecoder(data.decoder);
  const again = state.data?.decoder.key === data.decoder.key && state.data.start.name === data.start.name;
  Object.assign(state, { data, decode });
  state.reference = data.reference && new Float32Array(fromBase64(data.reference.codes).buffer);
  makeButtons(root, state);
  if (again) return;
  state.code = Float32Array.from(data.start.code);
  makeSliders(root, state);
  state.redraw();
}

function makeButtons(root, state) {
  const buttons = state.data.presets.map((preset) => {
    const button = element("button", "", preset.name);
    button.type = "button";
    button.addEventListener("click", () => {
      state.code = Float32Array.from(preset.code);
      for (const input of root.querySelectorAll("input")) showValue(input, state.code[input.dataset.unit]);
      state.redraw();
    });
    return button;
  });
  root.querySelector(".buttons").replaceChildren(...buttons);
}

function makeSliders(root, state) {
  const cells = state.data.units.map(({ unit, low, high, note }) => {
    const cell = element("label"), name = element("span", "", `unit ${unit}`);
    const value = element("output"), input = element("input");
    cell.title = note;
    // A unit that never varies has no range to move in.
    const still = !(high > low);
    Object.assign(input, {
      type: "range", min: low, max: still ? low + 1 : high, step: still ? 1 : (high - low) / STEPS, disabled: still,
    });
    input.dataset.unit = unit;
    input.addEventListener("input", () => {
      state.code[unit] = input.valueAsNumber;
      value.textContent = shown(input.valueAsNumber);
      state.redraw();
    });
    cell.append(name, value, input);
    cell.classList.toggle("unused", Boolean(state.data.units.find((u) => u.unit === unit).unused));
    showValue(input, state.code[unit]);
    return cell;
  });
  root.querySelector(".grid").replaceChildren(...cells);
}

const shown = (value) => (Math.abs(value) < 0.005 ? "0.00" : value.toFixed(2));

// The slider stops at its end; the number, like the code, keeps a value beyond it.
function showValue(input, value) {
  input.value = value;
  input.parentElement.querySelector("output").textContent = shown(value);
}

function draw(root, state) {
  state.pixels = state.decode(state.code);
  paint(root.querySelector("canvas"), state.pixels, state.data.decoder.shape);
  const distance = state.reference && remoteness(state.code, state.reference, state.data.reference.typical);
  const outside = distance > state.data.reference?.limit;
  const readout = root.querySelector(".readout");
  readout.classList.toggle("outside", Boolean(outside));
  readout.textContent = state.reference
    ? `Nearest training code ${distance.toFixed(2)} times as far as usual${outside ? ": outside the data" : ""}` : "";
  root.dataset.drawn = Number(root.dataset.drawn ?? 0) + 1;
}

function remoteness(code, codes, typical) {
  let best = Infinity;
  for (let start = 0; start < codes.length; start += code.length) {
    let squared = 0;
    for (let j = 0; j < code.length && squared < best; j++) squared += (code[j] - codes[start + j]) ** 2;
    if (squared < best) best = squared;
  }
  return Math.sqrt(best) / typical;
}
