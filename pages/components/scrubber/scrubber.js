// A training's epochs under one slider. It never plays by itself, so there is nothing to hold back from those
// who ask for less motion.

import { clamp, element, fromBase64, oncePerFrame, paint, pictureAt, pointerShare, setAttributes, sharpContext, svgElement } from "../common.js";

const scrubbers = new WeakMap();
const PASS = 5000; // milliseconds in which all epochs are played, if a screen frame for each is enough
const SLOWEST = 300; // milliseconds an epoch at most
const ABOVE = [178, 24, 43], BELOW = [33, 102, 172];

export default function mount({ data, parentElement }) {
  const root = parentElement.querySelector(".epochs");
  const state = scrubbers.get(root) ?? start(root);
  scrubbers.set(root, state);
  show(root, state, data);
}

function start(root) {
  const state = { at: null, playing: false };
  state.redraw = oncePerFrame(() => draw(root, state));
  const slider = root.querySelector("[data-epoch-slider]");
  slider.addEventListener("input", () => { pause(root, state); moveTo(state, slider.valueAsNumber); });
  root.querySelector("[data-play]").addEventListener("click", () => {
    if (state.playing) pause(root, state);
    else play(root, state);
  });
  const chart = root.querySelector("[data-part=curves]");
  const follow = (event) => {
    if (event.type === "pointermove" && !event.buttons) return;
    pause(root, state);
    moveTo(state, Math.round(clamp(pointerShare(event, chart)[0], 0, 1) * last(state)));
  };
  for (const kind of ["pointerdown", "pointermove"]) chart.addEventListener(kind, follow);
  new ResizeObserver(state.redraw).observe(root.querySelector("[data-part=codes]"));
  return state;
}

const last = (state) => state.data.epochs.length - 1;

function show(root, state, data) {
  const followed = state.at !== null && state.at === last(state);
  Object.assign(state, { data, frames: fromBase64(data.frames), filters: new Int8Array(fromBase64(data.filters).buffer) });
  state.plane = new Float32Array(fromBase64(data.plane).buffer);
  const slider = root.querySelector("[data-epoch-slider]");
  slider.max = last(state);
  fillRow(root, "reconstructions", data.pictures);
  fillRow(root, "originals", data.originals ? data.pictures : 0);
  root.querySelector("[data-name=originals]").hidden = !data.originals;
  if (data.originals) {
    const pixels = fromBase64(data.originals);
    root.querySelectorAll("[data-row=originals] canvas").forEach((canvas, i) => {
      paint(canvas, pictureAt(pixels, i, data.shape), data.shape, 1);
      canvas.setAttribute("aria-label", `test image ${i + 1}`);
    });
  }
  drawCurves(root, data);
  // Who stands at the end of a training that goes on stays at its end.
  moveTo(state, state.at === null || followed ? last(state) : Math.min(state.at, last(state)));
}

function fillRow(root, name, count) {
  const row = root.querySelector(`[data-row=${name}]`);
  row.hidden = !count;
  while (row.children.length > count) row.lastChild.remove();
  while (row.children.length < count) {
    const canvas = element("canvas");
    canvas.setAttribute("role", "img");
    row.append(canvas);
  }
}

function moveTo(state, at) {
  state.at = at;
  state.redraw();
}

function draw(root, state) {
  const { data, at, frames } = state, epoch = data.epochs[at];
  root.querySelectorAll("[data-row=reconstructions] canvas").forEach((canvas, i) => {
    paint(canvas, pictureAt(frames, at * data.pictures + i, data.shape), data.shape, 1);
    canvas.setAttribute("aria-label", `reconstruction ${i + 1} after epoch ${epoch}`);
  });
  drawCodes(root, state);
  drawFilters(root, state);
  for (const line of root.querySelectorAll("[data-cursor]")) {
    const x = last(state) ? (1000 * at) / last(state) : 0;
    setAttributes(line, { x1: x, x2: x });
  }
  const errors = data.curves.filter(({ values }) => values[at] !== null);
  const text = [`epoch ${epoch} of ${data.epochs.at(-1)}`, ...errors.map(({ name, values }) => `${name} ${values[at].toFixed(2)}`)];
  const slider = root.querySelector("[data-epoch-slider]");
  slider.value = at;
  slider.setAttribute("aria-valuetext", text.join(", "));
  root.querySelector("output").textContent = text.join(" · ");
  root.dataset.epoch = epoch;
}

function drawCodes(root, { data, at, plane }) {
  const canvas = root.querySelector("[data-part=codes]");
  const { clientWidth: width, clientHeight: height } = canvas;
  const context = sharpContext(canvas, width, height);
  const [left, low, right, high] = data.bounds, margin = 8;
  // One scale for both axes: distances in the plane are those of the codes.
  const scale = Math.min((width - 2 * margin) / (right - left || 1), (height - 2 * margin) / (high - low || 1));
  for (let i = 0; i < data.points; i++) {
    const place = 2 * (at * data.points + i);
    const x = width / 2 + scale * (plane[place] - (left + right) / 2);
    const y = height / 2 - scale * (plane[place + 1] - (low + high) / 2);
    context.fillStyle = data.colors[i];
    context.beginPath();
    context.arc(x, y, 2.5, 0, 2 * Math.PI);
    context.fill();
  }
  canvas.setAttribute("aria-label", `codes of ${data.points} test images after epoch ${data.epochs[at]}`);
}

function drawFilters(root, { data, at, filters }) {
  const canvas = root.querySelector("[data-part=filters]");
  const [height, width] = data.filterShape, count = data.filterCount, columns = Math.min(8, count);
  const rows = Math.ceil(count / columns), gap = 1;
  const size = { width: columns * (width + gap) - gap, height: rows * (height + gap) - gap };
  if (canvas.width !== size.width || canvas.height !== size.height) Object.assign(canvas, size);
  const context = canvas.getContext("2d");
  for (let unit = 0; unit < count; unit++) {
    const image = context.createImageData(width, height);
    const start = (at * count + unit) * width * height;
    for (let i = 0; i < width * height; i++) {
      const value = filters[start + i] / 127, color = value > 0 ? ABOVE : BELOW;
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = 255 + (color[c] - 255) * Math.abs(value);
      image.data[4 * i + 3] = 255;
    }
    context.putImageData(image, (unit % columns) * (width + gap), Math.floor(unit / columns) * (height + gap));
  }
  canvas.setAttribute("aria-label", `weights of ${count} units of the first layer after epoch ${data.epochs[at]}`);
}

function drawCurves(root, { curves, epochs }) {
  const figure = root.querySelector("[data-curves]"), chart = figure.querySelector("svg");
  figure.hidden = !curves.length;
  if (!curves.length) return;
  const known = curves.flatMap(({ values }) => values.filter((value) => value !== null && value > 0)).map(Math.log);
  const low = Math.min(...known), high = Math.max(...known);
  const lines = curves.map(({ values, color, dashed }) => {
    const points = values.map((value, i) => value > 0
      ? `${(1000 * i) / Math.max(1, epochs.length - 1)},${480 - (460 * (Math.log(value) - low)) / (high - low || 1)}` : "");
    const line = svgElement("polyline", { points: points.filter(Boolean).join(" "), stroke: color });
    if (dashed) line.setAttribute("stroke-dasharray", "6 4");
    return line;
  });
  chart.replaceChildren(...lines, svgElement("line", { "data-cursor": "", y1: 0, y2: 500 }));
  chart.setAttribute("aria-label", `squared error by epoch on a log scale: ${curves.map(({ name }) => name).join(", ")}`);
  const caption = figure.querySelector("figcaption");
  caption.replaceChildren(`Squared error, log scale, ${Math.exp(low).toPrecision(3)} to ${Math.exp(high).toPrecision(3)}`);
  for (const { name, color, dashed } of curves) {
    const sample = element("i", dashed ? "dashed" : "");
    sample.style.color = color;
    caption.append(sample, name);
  }
}

function play(root, state) {
  if (!last(state)) return;
  const each = Math.min(PASS / last(state), SLOWEST);
  let due = null;
  if (state.at >= last(state)) state.at = 0;
  state.playing = true;
  const run = state.run = {};
  root.querySelector("[data-play]").textContent = "Pause";
  draw(root, state);
  const tick = (now) => {
    if (state.run !== run || !state.playing || !root.isConnected) return;
    due ??= now + each;
    // One epoch a screen frame at most: a slow screen makes it longer, and skips none.
    if (now >= due) {
      due = Math.max(due + each, now);
      state.at += 1;
      draw(root, state);
      if (state.at >= last(state)) return pause(root, state);
    }
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}

function pause(root, state) {
  state.playing = false;
  root.querySelector("[data-play]").textContent = "Play";
}
