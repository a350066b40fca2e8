// Variational networks under a slider of beta. Everything is here already, so that a move is a look-up.

import { columns } from "../charts/columns.js";
import { element, fromBase64, letBeEnlarged, oncePerFrame, paint, pictureAt, setAttributes, sharpContext, svgElement, themeOf } from "../common.js";
import { digits, offerSaving } from "../saving.js";

const sliders = new WeakMap();

export default function mount({ data, parentElement }) {
  const root = parentElement.querySelector(".betas");
  const state = sliders.get(root) ?? start(root);
  sliders.set(root, state);
  load(root, state, data);
}

function start(root) {
  const state = { at: null };
  state.redraw = oncePerFrame(() => draw(root, state));
  const slider = root.querySelector("[data-beta]");
  slider.addEventListener("input", () => {
    state.at = slider.valueAsNumber;
    state.redraw();
  });
  new ResizeObserver(state.redraw).observe(root.querySelector("[data-part=codes]"));
  return state;
}

function load(root, state, data) {
  state.data = data;
  state.members = data.members.map((member) => ({
    ...member,
    reconstructions: fromBase64(member.reconstructions),
    samples: fromBase64(member.samples),
    codes: new Float32Array(fromBase64(member.codes).buffer),
  }));
  const last = state.members.length - 1;
  root.querySelector("[data-beta]").max = last;
  state.at = Math.min(state.at ?? data.start, last);
  fillRow(root, "originals", data.pictures);
  fillRow(root, "reconstructions", data.pictures);
  fillRow(root, "samples", data.samples);
  paintRow(root, "originals", fromBase64(data.originals), data.shape, "test image");
  state.redraw();
}

function fillRow(root, name, count) {
  const row = root.querySelector(`[data-row=${name}]`);
  row.replaceChildren(...Array.from({ length: count }, () => {
    const canvas = element("canvas");
    canvas.setAttribute("role", "img");
    return canvas;
  }));
  letBeEnlarged([...row.children]);
}

function paintRow(root, name, pixels, shape, words) {
  root.querySelectorAll(`[data-row=${name}] canvas`).forEach((canvas, i) => {
    paint(canvas, pictureAt(pixels, i, shape), shape, 1);
    canvas.setAttribute("aria-label", `${words} ${i + 1}`);
  });
}

function draw(root, state) {
  const { data, at } = state, member = state.members[at];
  const slider = root.querySelector("[data-beta]");
  slider.value = at;
  slider.setAttribute("aria-valuetext", `beta ${member.beta}`);
  root.querySelector("output").textContent = member.beta;
  root.querySelector(".meaning").textContent = member.sentence;
  paintRow(root, "reconstructions", member.reconstructions, data.shape, `reconstruction, beta ${member.beta},`);
  paintRow(root, "samples", member.samples, data.shape, `sample, beta ${member.beta},`);
  drawUnits(root, member, data.largest);
  drawCodes(root, member, data.colors);
  offerAll(root, state, member);
  root.dataset.beta = member.beta;
}

// Of the drawings what is seen; of the data all betas'.
function offerAll(root, { data, members }, { kl, active, beta }) {
  const { primary, faint } = themeOf(root);
  const all = (rowsOf) => () => members.flatMap((member) => rowsOf(member).map((row) => ({ beta: Number(member.beta), ...row })));
  const [units, codes] = ["units", "codes"].map((part) => root.querySelector(`[data-part=${part}]`));
  offerSaving(units.parentElement, {
    name: `kl-divergence-beta-${beta}`,
    title: `KL divergence of each unit at beta ${beta}`,
    drawing: () => columns({
      values: kl.map((value) => Math.max(value, 0)), low: 0, high: data.largest, at: Math.sqrt,
      fill: (i) => (active[i] ? primary : faint), xTitle: `unit, sorted, at beta ${beta} (grey: collapsed)`, yTitle: "KL divergence in nats, square-root scale",
    }),
    rows: all((member) => member.kl.map((value, place) => ({ place, "KL divergence in nats": value, active: member.active[place] ? "yes" : "no" }))),
  });
  offerSaving(codes.parentElement, {
    name: `codes-beta-${beta}`,
    title: `Codes of test images beside the prior at beta ${beta}`,
    picture: () => codes,
    rows: all((member) => data.colors.map((_, i) => ({ image: i + 1, x: digits(member.codes[2 * i]), y: digits(member.codes[2 * i + 1]) }))),
  });
}

function drawUnits(root, { kl, active, beta }, largest) {
  const chart = root.querySelector("[data-part=units]"), step = 1000 / kl.length;
  chart.replaceChildren(...kl.map((value, i) => {
    // Square roots, so that a unit of a tenth of a nat can be seen beside one of ten.
    const height = Math.max(2, 480 * Math.sqrt(Math.max(value, 0) / largest));
    const bar = svgElement("rect", {
      x: step * (i + 0.1), width: step * 0.8, y: 500 - height, height, class: active[i] ? "active" : "collapsed",
    });
    const title = svgElement("title");
    title.textContent = `${value.toFixed(2)} nats${active[i] ? "" : ", collapsed"}`;
    bar.append(title);
    return bar;
  }));
  const count = active.filter(Boolean).length;
  setAttributes(chart, { "aria-label": `KL divergence of ${kl.length} units at beta ${beta}, ${count} of them active` });
  chart.nextElementSibling.textContent =
    `KL divergence of each unit from the prior, sorted, on a square-root scale up to ${largest.toFixed(1)} nats; ` +
    `here ${kl[0].toFixed(1)} at most, collapsed units are grey`;
}

function drawCodes(root, { codes, reach, beta }, colors) {
  const canvas = root.querySelector("[data-part=codes]");
  const { clientWidth: width, clientHeight: height } = canvas;
  const context = sharpContext(canvas, width, height), theme = themeOf(root);
  const scale = Math.min(width, height) / 2 / reach;
  for (let i = 0; i < codes.length / 2; i++) {
    context.fillStyle = colors[i];
    context.beginPath();
    context.arc(width / 2 + scale * codes[2 * i], height / 2 - scale * codes[2 * i + 1], 2, 0, 2 * Math.PI);
    context.fill();
  }
  context.strokeStyle = theme.text;
  context.lineWidth = 1;
  for (const radius of [1, 2, 3]) {
    context.globalAlpha = 0.7;
    context.beginPath();
    context.arc(width / 2, height / 2, scale * radius, 0, 2 * Math.PI);
    context.stroke();
  }
  context.globalAlpha = 1;
  canvas.setAttribute("aria-label", `codes of ${codes.length / 2} test images beside the prior at beta ${beta}`);
}
