// A path as ready-made frames under a slider: no decoder runs while the slider moves, so that every model
// is equally fast and the frames are exactly the server's.

import { frame, line } from "../charts/plot.js";
import { clamp, element, fromBase64, oncePerFrame, paint, pictureAt, pointerShare, svgElement, themeOf } from "../common.js";
import { offerSaving } from "../saving.js";

const scrubbers = new WeakMap();
const SECONDS_PER_PASS = 2;

export default function mount({ data, parentElement }) {
  const root = parentElement.querySelector(".scrubber");
  const state = scrubbers.get(root) ?? start(root);
  scrubbers.set(root, state);
  show(root, state, data);
}

function start(root) {
  const state = { frame: null, playing: false };
  state.redraw = oncePerFrame(() => draw(root, state));
  const slider = root.querySelector("[data-position]");
  slider.addEventListener("input", () => { pause(root, state); moveTo(state, slider.valueAsNumber); });
  root.querySelector("[data-play]").addEventListener("click", () => {
    if (state.playing) pause(root, state);
    else play(root, state);
  });
  const curve = root.querySelector(".curve svg");
  const follow = (event) => {
    if (event.type === "pointermove" && !event.buttons) return;
    const share = clamp(pointerShare(event, curve)[0], 0, 1);
    pause(root, state);
    moveTo(state, Math.round(share * (state.data.count - 1)));
  };
  for (const kind of ["pointerdown", "pointermove"]) curve.addEventListener(kind, follow);
  return state;
}

function show(root, state, data) {
  state.data = data;
  state.decoded = fromBase64(data.frames);
  state.baseline = fromBase64(data.baseline);
  const slider = root.querySelector("[data-position]");
  Object.assign(slider, { min: 0, max: data.count - 1, step: 1 });
  slider.setAttribute("aria-label", data.label);
  const names = [data.names.decoded, data.names.baseline];
  root.querySelectorAll("figcaption").forEach((caption, i) => { caption.textContent = names[i]; });
  root.querySelectorAll("canvas").forEach((canvas, i) => canvas.setAttribute("aria-label", names[i]));
  const place = (t) => (t - data.span[0]) / (data.span[1] - data.span[0]);
  root.querySelector(".ticks").replaceChildren(...data.ticks.map(({ at, text }) => {
    const tick = element("span", "", text);
    tick.style.left = `${100 * place(at)}%`;
    return tick;
  }));
  drawCurve(root, data);
  moveTo(state, Math.min(state.frame ?? data.start, data.count - 1));
}

function moveTo(state, frame) {
  state.frame = frame;
  state.redraw();
}

function draw(root, { data, frame, decoded, baseline }) {
  const t = data.span[0] + (frame / (data.count - 1)) * (data.span[1] - data.span[0]);
  for (const [name, frames] of [["decoded", decoded], ["baseline", baseline]]) {
    paint(root.querySelector(`[data-picture=${name}]`), pictureAt(frames, frame, data.shape), data.shape, 1);
  }
  const slider = root.querySelector("[data-position]");
  slider.value = frame;
  const text = [`${data.symbol} = ${t.toFixed(2)}`];
  if (data.curve) {
    const distance = data.curve[frame];
    const left = data.band && distance > data.band[1];
    text.push(`nearest training code ${distance.toFixed(2)} times as far as usual${left ? ": outside the data" : ""}`);
    root.querySelector(".controls output").classList.toggle("outside", Boolean(left));
    const x = (1000 * frame) / (data.count - 1);
    const now = root.querySelector("[data-part=now]");
    now.setAttribute("x1", x);
    now.setAttribute("x2", x);
  }
  root.querySelector(".controls output").textContent = text.join(" · ");
  slider.setAttribute("aria-valuetext", text.join(", "));
  root.dataset.drawn = Number(root.dataset.drawn ?? 0) + 1;
}

function play(root, state) {
  const last = state.data.count - 1;
  let position = state.frame >= last ? 0 : state.frame, step = 1, before = null;
  state.playing = true;
  root.querySelector("[data-play]").textContent = "Pause";
  const tick = (now) => {
    if (!state.playing || !root.isConnected) return;
    position += before === null ? 0 : (step * last * (now - before)) / (1000 * SECONDS_PER_PASS);
    before = now;
    if (position >= last || position <= 0) {
      const loop = root.querySelector("[data-loop]").checked;
      if (position >= last && !loop) pause(root, state);
      step = position >= last ? -1 : 1;
      position = clamp(position, 0, last);
    }
    state.frame = Math.round(position);
    draw(root, state);
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}

function pause(root, state) {
  state.playing = false;
  root.querySelector("[data-play]").textContent = "Play";
}

function drawCurve(root, { curve, band, legend, span, symbol }) {
  const box = root.querySelector(".curve");
  box.hidden = !curve;
  if (!curve) return;
  const top = 1.1 * Math.max(...curve, band?.[1] ?? 0, 0.001);
  const y = (value) => 100 - (100 * value) / top;
  const x = (i) => (1000 * i) / (curve.length - 1);
  const part = (name) => root.querySelector(`[data-part=${name}]`);
  part("line").setAttribute("points", curve.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(2)}`).join(" "));
  if (band) {
    part("band").setAttribute("y", y(band[1]));
    part("band").setAttribute("height", y(band[0]) - y(band[1]));
  }
  // The stretches outside the data again, in the warning colour, over the line.
  const pieces = [];
  curve.forEach((value, i) => {
    if (!band || value <= band[1]) return;
    if (i && curve[i - 1] > band[1]) pieces.at(-1).push(i);
    else pieces.push([i]);
  });
  part("outside").replaceChildren(...pieces.map((piece) => {
    const half = 500 / (curve.length - 1);
    const width = x(piece.at(-1)) - x(piece[0]) + 2 * half;
    return svgElement("rect", { x: x(piece[0]) - half, width, y: 0, height: 100 });
  }));
  root.querySelector(".legend").textContent = legend;
  const place = (i) => span[0] + ((span[1] - span[0]) * i) / (curve.length - 1);
  offerSaving(box, {
    name: "distance-along-the-path",
    title: "Distance to the nearest training code along the path",
    drawing: () => drawn(curve.map((value, i) => [place(i), value]), band, symbol, themeOf(root)),
    rows: curve.map((value, i) => ({ place: place(i), distance: value })),
  });
}

// The curve with its axes, to be saved.
function drawn(points, band, symbol, theme) {
  const svg = svgElement("svg", { fill: "currentColor" }), high = band?.[1] ?? 0;
  const { x, y, box } = frame(svg, {
    width: 640, xs: points.map(([place]) => place), ys: [0, high, ...points.map(([, value]) => value)],
    xTitle: `place on the path, ${symbol}`, yTitle: "times the usual distance",
  });
  if (band) {
    svg.append(svgElement("rect", { x: box.left, width: box.right - box.left, y: y(high), height: y(band[0]) - y(high), opacity: 0.12 }));
  }
  svg.append(line(points.map(([place, value]) => [x(place), y(value)]), { stroke: theme.primary, "stroke-width": 2 }));
  return svg;
}
