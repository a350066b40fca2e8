// Trainings' epochs under one slider. It never plays by itself, so there is nothing to hold back from those
// who ask for less motion.

import { frame, line, text } from "../charts/plot.js";
import { clamp, element, fromBase64, letBeEnlarged, oncePerFrame, paint, pictureAt, pointerShare, setAttributes, sharpContext, svgElement } from "../common.js";
import { digits, offerSaving } from "../saving.js";

const scrubbers = new WeakMap();
// Pictures and weights by the identity of their records: the server sends only those that are new.
const kept = new Map();
const PASS = 5000; // milliseconds in which all epochs are played, if a screen frame for each is enough
const SLOWEST = 300; // milliseconds an epoch at most
const ABOVE = [178, 24, 43], BELOW = [33, 102, 172];

export default function mount({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".epochs");
  if (!data.runs.map(keep).every(Boolean)) return setTriggerValue("missing", true);
  const shown = data.runs.map(({ identity }) => identity);
  for (const identity of kept.keys()) if (!shown.includes(identity)) kept.delete(identity);
  root.dataset.received = data.runs.reduce((sum, { epochs, known }) => sum + epochs.length - known, 0);
  const state = scrubbers.get(root) ?? start(root);
  scrubbers.set(root, state);
  show(root, state, data.runs);
}

// Adds what was sent to what is kept; whether nothing is missing before it.
function keep(run) {
  const have = kept.get(run.identity) ?? { frames: [], filters: [] };
  if (have.frames.length < run.known) return false;
  kept.set(run.identity, have);
  have.frames.length = have.filters.length = run.known;
  const added = run.epochs.length - run.known;
  const frames = fromBase64(run.frames), filters = new Int8Array(fromBase64(run.filters).buffer);
  for (let i = 0; i < added; i++) {
    have.frames.push(piece(frames, i, added));
    have.filters.push(piece(filters, i, added));
  }
  return true;
}

const piece = (values, i, count) => values.subarray((i * values.length) / count, ((i + 1) * values.length) / count);

function start(root) {
  const state = { at: null, playing: false };
  state.redraw = oncePerFrame(() => draw(root, state));
  const slider = root.querySelector("[data-epoch-slider]");
  slider.addEventListener("input", () => { pause(root, state); moveTo(state, slider.valueAsNumber); });
  root.querySelector("[data-play]").addEventListener("click", () => {
    if (state.playing) pause(root, state);
    else play(root, state);
  });
  const follow = (event) => {
    const chart = event.target.closest("[data-part=curves]");
    if (!chart || (event.type === "pointermove" && !event.buttons)) return;
    pause(root, state);
    const epoch = state.epochs[0] + clamp(pointerShare(event, chart)[0], 0, 1) * (state.epochs.at(-1) - state.epochs[0]);
    moveTo(state, Math.max(0, state.epochs.findLastIndex((one) => one <= Math.round(epoch))));
  };
  for (const kind of ["pointerdown", "pointermove"]) root.querySelector(".runs").addEventListener(kind, follow);
  new ResizeObserver(state.redraw).observe(root.querySelector("[data-part=codes]"));
  return state;
}

const last = (state) => state.epochs.length - 1;

function show(root, state, runs) {
  const followed = state.at !== null && state.at === last(state);
  const before = state.at === null ? null : state.epochs[state.at];
  state.runs = runs.map((run) => ({
    ...run,
    ...kept.get(run.identity),
    plane: new Float32Array(fromBase64(run.plane).buffer),
    scale: largest(new Float32Array(fromBase64(run.filterScale).buffer), run.filterCount),
  }));
  state.epochs = [...new Set(runs.flatMap(({ epochs }) => epochs))].sort((a, b) => a - b);
  root.querySelector("[data-epoch-slider]").max = last(state);
  const sections = root.querySelector(".runs");
  sections.classList.toggle("several", runs.length > 1);
  while (sections.children.length > runs.length) sections.lastChild.remove();
  while (sections.children.length < runs.length) sections.append(sections.firstElementChild.cloneNode(true));
  const known = runs.flatMap(({ curves }) => curves).flatMap(({ values }) => values.filter((value) => value > 0)).map(Math.log);
  const bounds = { low: Math.min(...known), high: Math.max(...known), first: state.epochs[0], last: state.epochs.at(-1) };
  state.runs.forEach((run, i) => furnish(sections.children[i], run, bounds, runs.length > 1));
  // Who stands at the end of a training that goes on stays at its end.
  moveTo(state, before === null || followed ? last(state) : Math.max(0, state.epochs.findLastIndex((epoch) => epoch <= before)));
}

// Each weight's scale, epochs x count, with the largest of each unit over all epochs.
function largest(values, count) {
  const most = new Float32Array(count);
  values.forEach((value, i) => { most[i % count] = Math.max(most[i % count], value); });
  return { values, most };
}

// What does not change with the epoch.
function furnish(section, run, bounds, several) {
  section.querySelector("[data-run-name]").textContent = several ? run.name : "";
  fillRow(section, "reconstructions", run.pictures);
  fillRow(section, "originals", run.originals ? run.pictures : 0);
  section.querySelector("[data-name=originals]").hidden = !run.originals;
  if (run.originals) {
    const pixels = fromBase64(run.originals);
    section.querySelectorAll("[data-row=originals] canvas").forEach((canvas, i) => {
      paint(canvas, pictureAt(pixels, i, run.shape), run.shape, 1);
      canvas.setAttribute("aria-label", `test image ${i + 1}`);
    });
  }
  drawCurves(section, run, bounds);
  offerCodes(section, run);
}

// The picture of the codes as it is seen, and where they lie after every epoch.
function offerCodes(section, { epochs, plane, points }) {
  const canvas = section.querySelector("[data-part=codes]");
  offerSaving(canvas.parentElement, {
    name: "codes-by-epoch",
    title: `Codes of ${points} test images by epoch`,
    picture: () => canvas,
    rows: () => epochs.flatMap((epoch, at) => Array.from({ length: points }, (_, i) => {
      const [x, y] = plane.subarray(2 * (at * points + i));
      return { epoch, image: i + 1, x: digits(x), y: digits(y) };
    })),
  });
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
  letBeEnlarged([...row.children]);
}

function moveTo(state, at) {
  state.at = at;
  state.redraw();
}

function draw(root, state) {
  const epoch = state.epochs[state.at], first = state.epochs[0], end = state.epochs.at(-1);
  const told = state.runs.map((run, i) => {
    const section = root.querySelector(".runs").children[i];
    const at = Math.max(0, run.epochs.findLastIndex((one) => one <= epoch));
    const figures = drawRun(section, run, at, epoch);
    const x = end > first ? (1000 * (run.epochs[at] - first)) / (end - first) : 0;
    for (const line of section.querySelectorAll("[data-cursor]")) setAttributes(line, { x1: x, x2: x });
    return state.runs.length > 1 ? `${run.name}: ${figures}` : figures;
  });
  const slider = root.querySelector("[data-epoch-slider]"), text = `epoch ${epoch} of ${end}`;
  slider.value = state.at;
  slider.setAttribute("aria-valuetext", [text, ...told].join(", "));
  root.querySelector("output").textContent = text;
  root.dataset.epoch = epoch;
  root.dataset.drawn = 1 + Number(root.dataset.drawn ?? 0);
}

// One run's pictures at its row `at`, and its errors in words.
function drawRun(section, run, at, epoch) {
  section.querySelectorAll("[data-row=reconstructions] canvas").forEach((canvas, i) => {
    paint(canvas, pictureAt(run.frames[at], i, run.shape), run.shape, 1);
    canvas.setAttribute("aria-label", `reconstruction ${i + 1} after epoch ${run.epochs[at]}`);
  });
  drawCodes(section, run, at);
  drawFilters(section, run, at);
  const errors = run.curves.filter(({ values }) => values[at] !== null);
  const text = errors.map(({ name, values }) => `${name} ${values[at].toFixed(2)}`);
  const late = run.epochs[at] < epoch ? [`its last epoch is ${run.epochs[at]}`] : [];
  const words = [...(text.length ? [`squared error ${text.join(" · ")}`] : []), ...late].join(" · ");
  section.querySelector("[data-figures]").textContent = words;
  return words;
}

function drawCodes(section, { bounds, colors, epochs, plane, points }, at) {
  const canvas = section.querySelector("[data-part=codes]");
  const { clientWidth: width, clientHeight: height } = canvas;
  const context = sharpContext(canvas, width, height);
  const [left, low, right, high] = bounds, margin = 8;
  // One scale for both axes: distances in the plane are those of the codes.
  const scale = Math.min((width - 2 * margin) / (right - left || 1), (height - 2 * margin) / (high - low || 1));
  for (let i = 0; i < points; i++) {
    const place = 2 * (at * points + i);
    const x = width / 2 + scale * (plane[place] - (left + right) / 2);
    const y = height / 2 - scale * (plane[place + 1] - (low + high) / 2);
    context.fillStyle = colors[i];
    context.beginPath();
    context.arc(x, y, 2.5, 0, 2 * Math.PI);
    context.fill();
  }
  canvas.setAttribute("aria-label", `codes of ${points} test images after epoch ${epochs[at]}`);
}

function drawFilters(section, { epochs, filterCount: count, filterShape, filters, scale }, at) {
  const canvas = section.querySelector("[data-part=filters]");
  const [height, width] = filterShape, columns = Math.min(8, count);
  const rows = Math.ceil(count / columns), gap = 1;
  const size = { width: columns * (width + gap) - gap, height: rows * (height + gap) - gap };
  if (canvas.width !== size.width || canvas.height !== size.height) Object.assign(canvas, size);
  const context = canvas.getContext("2d");
  for (let unit = 0; unit < count; unit++) {
    const image = context.createImageData(width, height);
    const start = unit * width * height;
    const share = scale.values[at * count + unit] / (127 * (scale.most[unit] || 1));
    for (let i = 0; i < width * height; i++) {
      const value = share * filters[at][start + i], color = value > 0 ? ABOVE : BELOW;
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = 255 + (color[c] - 255) * Math.abs(value);
      image.data[4 * i + 3] = 255;
    }
    context.putImageData(image, (unit % columns) * (width + gap), Math.floor(unit / columns) * (height + gap));
  }
  canvas.setAttribute("aria-label", `weights of ${count} units of the first layer after epoch ${epochs[at]}`);
}

// On the scales that all runs share.
function drawCurves(section, { curves, epochs }, { low, high, first, last }) {
  const figure = section.querySelector("[data-curves]"), chart = figure.querySelector("svg");
  figure.hidden = !curves.length;
  if (!curves.length) return;
  const lines = curves.map(({ values, color, dashed }) => {
    const points = values.map((value, i) => value > 0
      ? `${(1000 * (epochs[i] - first)) / (last - first || 1)},${480 - (460 * (Math.log(value) - low)) / (high - low || 1)}` : "");
    const line = svgElement("polyline", { points: points.filter(Boolean).join(" "), stroke: color });
    if (dashed) line.setAttribute("stroke-dasharray", "6 4");
    return line;
  });
  chart.replaceChildren(...lines, svgElement("line", { "data-cursor": "", y1: 0, y2: 500 }));
  offerSaving(figure, {
    name: "squared-error-by-epoch",
    title: "Squared error by epoch",
    drawing: () => drawnCurves(curves, epochs),
    rows: epochs.map((epoch, i) => ({ epoch, ...Object.fromEntries(curves.map(({ name, values }) => [name, values[i]])) })),
  });
  chart.setAttribute("aria-label", `squared error by epoch on a log scale: ${curves.map(({ name }) => name).join(", ")}`);
  const caption = figure.querySelector("figcaption");
  caption.replaceChildren(`Squared error, log scale, ${Math.exp(low).toPrecision(3)} to ${Math.exp(high).toPrecision(3)}`);
  for (const { name, color, dashed } of curves) {
    const sample = element("i", dashed ? "dashed" : "");
    sample.style.color = color;
    const entry = element("span");
    entry.append(sample, name);
    caption.append(" ", entry);
  }
}

// The curves with their axes and names, to be saved.
function drawnCurves(curves, epochs) {
  const svg = svgElement("svg", { fill: "currentColor" });
  const known = curves.map(({ values, ...curve }) => ({ ...curve, points: epochs.map((epoch, i) => [epoch, values[i]]).filter(([, value]) => value > 0) }));
  const all = known.flatMap(({ points }) => points);
  const { x, y, box } = frame(svg, {
    width: 640, xs: all.map(([epoch]) => epoch), ys: all.map(([, value]) => value), yLog: true,
    xTitle: "epoch", yTitle: "squared error per image (log)",
  });
  known.forEach(({ name, color, dashed, points }, i) => svg.append(
    line(points.map(([epoch, value]) => [x(epoch), y(value)]), { stroke: color, "stroke-width": 2, ...(dashed && { "stroke-dasharray": "6 4" }) }),
    text(name, { x: box.right - 4, y: box.top + 14 + 16 * i, "text-anchor": "end", style: `fill: ${color}` }),
  ));
  return svg;
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
