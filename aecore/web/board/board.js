// A grid of trained models under sliders: every position's pictures and figures are here already, so that
// a move is a look-up. What is moved is told to Python on release, for the link and the charts.

import { columns } from "../charts/columns.js";
import { element, fromBase64, letBeEnlarged, paint, pictureAt, svgElement, themeOf } from "../common.js";
import { digits, offerSaving } from "../saving.js";

const boards = new WeakMap();
const SECONDS_PER_STEP = 0.6;

export default function mount({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".board");
  const state = boards.get(root) ?? { before: null, playing: null, gesture: false };
  boards.set(root, state);
  state.report = setStateValue;
  if (state.stamp !== data.stamp) load(root, state, data);
  // Python moves the sliders by another number; its own echo of what was reported here is old news.
  if (state.move !== data.move) {
    if (state.at) state.before = memberAt(state);
    Object.assign(state, { move: data.move, at: [...data.at], probe: Math.min(data.probe, data.count - 1) });
    stop(root, state);
  }
  draw(root, state);
}

function load(root, state, data) {
  const previous = state.data;
  Object.assign(state, {
    data,
    stamp: data.stamp,
    pictures: fromBase64(data.pictures),
    originals: fromBase64(data.originals),
    pca: Object.fromEntries(Object.entries(data.pca).map(([n, text]) => [n, fromBase64(text)])),
    codes: new Float32Array(fromBase64(data.codes).buffer),
  });
  if (previous && previous.grid !== data.grid) Object.assign(state, { before: null, move: null, at: null });
  if (!previous || previous.grid !== data.grid) {
    makeSliders(root, state);
    makePictures(root, state);
  }
}

function makeSliders(root, state) {
  root.querySelector(".sliders").replaceChildren(...state.data.axes.map((axis, i) => {
    const box = element("div", "slider"), line = element("div", "line");
    const label = element("label", "", axis.name), output = element("output"), input = element("input");
    Object.assign(input, { type: "range", min: 0, max: axis.values.length - 1, step: 1, id: `axis-${i}` });
    input.dataset.axis = i;
    label.htmlFor = input.id;
    input.disabled = axis.values.length < 2;
    input.addEventListener("input", () => {
      stop(root, state);
      begin(state);
      moveTo(root, state, i, input.valueAsNumber);
    });
    input.addEventListener("change", () => finish(state));
    line.append(label, output);
    if (axis.values.length > 1) {
      const play = element("button", "", "Play");
      play.type = "button";
      play.dataset.play = i;
      play.setAttribute("aria-label", `Play along ${axis.name}`);
      play.addEventListener("click", () => (state.playing?.axis === i ? stop(root, state) : start(root, state, i)));
      line.append(play);
    }
    box.append(line, input);
    return box;
  }));
}

const ROWS = ["original", "here", "before", "pca"];

function makePictures(root, state) {
  const { count } = state.data, box = root.querySelector(".pictures");
  box.style.setProperty("--count", count);
  box.replaceChildren();
  for (const row of ROWS) {
    const name = element("div", "name");
    name.dataset.name = row;
    box.append(name);
    for (let i = 0; i < count; i++) {
      const canvas = element("canvas");
      canvas.dataset.row = row;
      if (row !== "original") {
        canvas.setAttribute("role", "img");
        box.append(canvas);
        continue;
      }
      // The button around it says what it shows.
      canvas.setAttribute("aria-hidden", "true");
      const button = element("button");
      button.type = "button";
      button.dataset.probe = i;
      button.title = "Show this image's code";
      button.setAttribute("aria-label", `Show the code of test image ${i + 1}, class ${state.data.labels[i]}`);
      button.addEventListener("click", () => {
        state.probe = i;
        state.report("probe", i);
        draw(root, state);
      });
      button.append(canvas);
      box.append(button);
    }
    if (row !== "original") letBeEnlarged([...box.querySelectorAll(`[data-row=${row}]`)]);
  }
  const known = state.originals.length > 0;
  root.querySelectorAll("[data-row=original]").forEach((canvas, i) => {
    canvas.classList.toggle("none", !known);
    show(canvas, known ? state.originals : null, i, state);
  });
}

// What counts as "before" is the member at which a movement began, not the last one it passed.
function begin(state) {
  if (state.gesture) return;
  state.gesture = true;
  state.from = memberAt(state);
}

function moveTo(root, state, axis, value) {
  state.at[axis] = value;
  if (state.from !== undefined && state.from !== memberAt(state)) state.before = state.from;
  draw(root, state);
  // For what lies beside it on the same page; Python is told on release.
  root.dispatchEvent(new CustomEvent("passing", { detail: [...state.at], bubbles: true, composed: true }));
}

function finish(state) {
  state.gesture = false;
  state.from = undefined;
  state.report("at", state.at.join("-"));
}

function start(root, state, axis) {
  stop(root, state);
  const last = state.data.axes[axis].values.length - 1;
  if (state.at[axis] === last) step(0);
  state.playing = { axis, timer: setInterval(() => {
    if (!root.isConnected) return stop(root, state);
    if (state.at[axis] < last) return step(state.at[axis] + 1);
    stop(root, state);
    return finish(state);
  }, 1000 * SECONDS_PER_STEP) };
  root.querySelector(`[data-play="${axis}"]`).textContent = "Pause";

  function step(value) {
    state.gesture = false;
    begin(state);
    moveTo(root, state, axis, value);
  }
}

function stop(root, state) {
  if (!state.playing) return;
  clearInterval(state.playing.timer);
  state.playing = null;
  state.gesture = false;
  root.querySelectorAll("[data-play]").forEach((button) => { button.textContent = "Play"; });
  if (root.isConnected) finish(state);
}

function memberAt({ data, at }) {
  return data.index[data.axes.reduce((place, axis, i) => place * axis.values.length + at[i], 0)];
}

function draw(root, state) {
  const { data } = state, k = memberAt(state), here = data.members[k];
  const before = state.before === null ? null : data.members[state.before];
  data.axes.forEach((axis, i) => {
    const input = root.querySelector(`[data-axis="${i}"]`);
    input.value = state.at[i];
    input.setAttribute("aria-valuetext", axis.values[state.at[i]]);
    input.parentElement.querySelector("output").textContent = axis.values[state.at[i]];
  });
  const names = {
    original: state.originals.length ? "test image" : "test image: not here",
    here: here.name,
    before: before ? `before: ${before.name}` : "before",
    pca: `PCA, ${here.units}`,
  };
  for (const [row, name] of Object.entries(names)) root.querySelector(`[data-name=${row}]`).textContent = name;
  const sources = {
    here: here.pictured && [state.pictures, k * data.count],
    before: before?.pictured && [state.pictures, state.before * data.count],
    pca: state.pca[here.units] && [state.pca[here.units], 0],
  };
  for (const [row, source] of Object.entries(sources)) {
    root.querySelectorAll(`[data-row=${row}]`).forEach((canvas, i) => {
      canvas.classList.toggle("none", !source);
      show(canvas, source ? source[0] : null, source ? source[1] + i : 0, state);
      canvas.setAttribute("aria-label", `${names[row]}, image ${i + 1}`);
    });
  }
  root.querySelectorAll("[data-probe]").forEach((button, i) => button.setAttribute("aria-pressed", String(i === state.probe)));
  drawTable(root, data, here, before);
  drawCode(root, state, here, before);
  root.querySelector(".meaning").textContent = here.sentence;
  root.dataset.member = k;
}

function show(canvas, pictures, i, { data }) {
  const blank = () => new Uint8Array(data.shape.reduce((a, b) => a * b));
  paint(canvas, pictures ? pictureAt(pictures, i, data.shape) : blank(), data.shape, 1);
}

// Each row: key, name, format, whether less is better (null: neither), explanation. Of figures that a member
// can't have, such as a plain network's ELBO, there is no row.
const percent = (v) => `${(100 * v).toFixed(1)} %`;
const FIGURES = [
  ["test", "squared error", (v) => v.toFixed(2), true, "per test image, pixels in [0, 1]; lower is better"],
  ["validation", "on validation images", (v) => v.toFixed(2), true, "the same on held-out training images: this is what chooses"],
  ["elbo", "ELBO, nats", (v) => v.toFixed(2), false, "evidence lower bound of a variational network on the test images, beta at 1 whatever it was trained with; higher is better"],
  ["kl", "KL, nats", (v) => v.toFixed(2), null, "divergence of its posteriors from the prior, mean over test images: how much its codes say of an image at most"],
  ["active", "active units", (v) => v.toFixed(1), null, "units of the code that are not zero, mean over test images; dead units left out"],
  ["zeros", "exact zeros", percent, null, "share of the codes' values that are exactly zero"],
  ["hoyer", "Hoyer sparsity", (v) => v.toFixed(2), null, "0: all units equally large; 1: a single unit carries the code"],
  ["parameters", "parameters", (v) => v.toLocaleString("en"), null, "weights and biases of encoder and decoder; for PCA its components and mean"],
];

function drawTable(root, data, here, before) {
  root.querySelector("[data-pca]").textContent = `PCA, ${here.units}`;
  const rows = FIGURES.filter(([key]) => key in here.figures);
  root.querySelector("tbody").replaceChildren(...rows.map(([key, name, format, lessIsBetter, help]) => {
    const row = element("tr"), head = element("th", "", name);
    head.scope = "row";
    head.title = help;
    const cells = [here.figures, before?.figures, here.pca].map((figures) => {
      const value = figures?.[key];
      return element("td", "", value === null || value === undefined ? "–" : format(value));
    });
    const change = (here.figures[key] ?? NaN) - (before?.figures[key] ?? NaN);
    if (lessIsBetter !== null && change && format(Math.abs(change)) !== format(0)) {
      cells[0].append(element("small", (change < 0) === lessIsBetter ? "better" : "worse", `${change < 0 ? "−" : "+"}${format(Math.abs(change))}`));
    }
    row.append(head, ...cells);
    row.dataset.figure = key;
    return row;
  }));
}

function drawCode(root, state, here, before) {
  const svg = root.querySelector("svg");
  const code = codeOf(state, here), old = before && before.units === here.units ? codeOf(state, before) : [];
  const limit = Math.max(1e-6, ...code.map(Math.abs), ...old.map(Math.abs));
  const scale = code.length ? `, scale ±${limit.toPrecision(3)}` : "";
  root.querySelector("figcaption").textContent =
    `code of image ${state.probe + 1}: ${here.units} units${scale}${old.length ? " (lines: before)" : ""}`;
  const y = (value) => 50 - (47 * value) / limit;
  const gap = code.length > 40 ? 0.1 : 0.25;
  svg.setAttribute("viewBox", `0 0 ${Math.max(code.length, 1)} 100`);
  svg.setAttribute("aria-label", `Code of image ${state.probe + 1}, from ${(-limit).toFixed(2)} to ${limit.toFixed(2)}`);
  svg.replaceChildren(
    svgElement("line", { class: "zero", x1: 0, x2: Math.max(code.length, 1), y1: 50, y2: 50 }),
    ...code.map((v, i) => svgElement("rect", {
      class: "bar", x: i + gap, width: 1 - 2 * gap, y: Math.min(y(v), 50), height: Math.abs(y(v) - 50),
    })),
    ...old.map((v, i) => svgElement("line", { class: "ghost", x1: i + gap / 2, x2: i + 1 - gap / 2, y1: y(v), y2: y(v) })),
  );
  root.querySelector("figure .save")?.toggleAttribute("hidden", !code.length);
  if (!code.length) return;
  offerSaving(root.querySelector("figure"), {
    name: `code-of-image-${state.probe + 1}`,
    title: `Code of image ${state.probe + 1}`,
    drawing: () => columns({
      values: code, before: old, low: Math.min(0, ...code, ...old), high: Math.max(0, ...code, ...old, 1e-6),
      fill: () => themeOf(root).primary, xTitle: "unit", yTitle: `code of image ${state.probe + 1}${old.length ? " (lines: before)" : ""}`,
    }),
    rows: () => code.map((value, unit) => ({
      unit, value: digits(value), ...(old.length && { before: digits(old[unit]) }), model: here.name,
    })),
  });
}

function codeOf({ codes, probe }, member) {
  if (!member.pictured) return [];
  const start = member.code + probe * member.units;
  return [...codes.subarray(start, start + member.units)];
}
