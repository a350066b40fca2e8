// Squared error against one field, everything else as on the sliders: the line through their place, its
// spread over seeds, PCA's, the elbow, and the other members, faintly. A click on a mark reports its member.
// `data` has the curves of all fields (payload.py), the member `k` at the sliders, and the `field` to begin with.

import { element, svgElement } from "../common.js";
import { frame, hasFocus, line, mark, ring, rove, stateOf, text } from "./plot.js";
import { offerSaving } from "../saving.js";

const curves = new WeakMap();

export default function mount({ data, parentElement, setTriggerValue, setStateValue }) {
  const root = parentElement.querySelector(".curve");
  const state = stateOf(curves, root, draw);
  Object.assign(state, { data, report: setTriggerValue, keep: setStateValue });
  state.field ??= data.field;
  if (!data.fields.some((field) => field.name === state.field)) state.field = data.fields[0]?.name;
  draw(root, state);
}

function draw(root, state) {
  const { data } = state, svg = root.querySelector("svg");
  drawChoice(root, state);
  const field = data.fields.find(({ name }) => name === state.field);
  if (!field) {
    root.querySelector(".words").textContent = "No axis of this grid is a number to draw the error against.";
    svg.style.display = "none";
    return;
  }
  const curve = field.curves[field.curveOf[data.k]];
  root.querySelector(".words").textContent = curve.words;
  svg.style.display = curve.points.length ? "block" : "none";
  if (!curve.points.length) return svg.replaceChildren();
  const focused = hasFocus(svg), { colors, names } = data;
  const own = (point) => (point.members.includes(data.k) ? data.k : point.best);
  const here = new Set(curve.points.map(own)), errors = curve.onTest ? data.test : data.validation;
  const others = names.map((_, k) => ({ k, x: field.x[k], error: errors[k] }))
    .filter(({ k, x, error }) => !here.has(k) && error !== null && (x > 0 || !curve.log));
  const known = curve.points.filter((point) => point.pca !== null);
  const { x, y, box } = frame(svg, {
    xs: [...curve.points, ...others].map((row) => row.x),
    ys: [...curve.points.flatMap((p) => [p.low, p.high, p.pca ?? p.error]), ...others.map((o) => o.error)],
    xTitle: field.label,
    yTitle: "squared error per image",
    xTicks: [...new Set([...curve.points, ...others].map((row) => row.x))].sort((a, b) => a - b),
    log: curve.log,
  });
  svg.setAttribute("aria-label", `Squared error against ${field.label}`);
  const pick = (k) => state.report("picked", k);
  const words = (k, error, value) => `${names[k]}: squared error ${error.toFixed(2)} at ${value}`;
  for (const o of others) svg.append(mark({ cx: x(o.x), cy: y(o.error), r: 4, fill: colors.member, "fill-opacity": 0.45 }, o.k, words(o.k, o.error, o.x), pick));
  const band = [...curve.points.map((p) => [x(p.x), y(p.high)]), ...curve.points.map((p) => [x(p.x), y(p.low)]).reverse()];
  if (curve.points.some((p) => p.high > p.low)) {
    svg.append(svgElement("polygon", { points: band.map((p) => p.join(",")).join(" "), fill: colors.member, opacity: 0.2 }));
  }
  if (known.length > 1) {
    svg.append(
      line(known.map((p) => [x(p.x), y(p.pca)]), { class: "pca", stroke: colors.pca, "stroke-width": 2, "stroke-dasharray": "5 3" }),
      text("PCA", { class: "strong", x: x(known[0].x) + 9, y: y(known[0].pca) - 6 }),
    );
  }
  if (curve.elbow !== null) {
    const right = x(curve.elbow) > (box.left + box.right) / 2;
    svg.append(
      svgElement("line", { class: "axis", "stroke-dasharray": "2 3", x1: x(curve.elbow), x2: x(curve.elbow), y1: box.top, y2: box.bottom }),
      text(`elbow: ${curve.elbow}`, { class: "strong", x: x(curve.elbow) + (right ? -6 : 6), y: box.top + 10, "text-anchor": right ? "end" : "start" }),
    );
  }
  svg.append(line(curve.points.map((p) => [x(p.x), y(p.error)]), { class: "line", stroke: colors.member, "stroke-width": 2 }));
  for (const p of curve.points) {
    svg.append(mark({ cx: x(p.x), cy: y(p.error), r: 6, fill: colors.member, "data-on-line": "" }, own(p), words(own(p), p.error, p.x), pick));
  }
  const place = curve.points.find((p) => p.x === field.x[data.k]);
  if (place) svg.append(ring(x(place.x), y(place.error), colors.chosen));
  root.dataset.member = data.k;
  rove(svg, data.k, focused);
  const row = (kind) => (p) => ({
    model: names[kind === "line" ? own(p) : p.k], [field.label]: p.x, "squared error": p.error, "lowest seed": p.low, "highest seed": p.high,
    PCA: p.pca, "on the line": kind === "line" ? "yes" : "no",
  });
  offerSaving(root, {
    name: `error-against-${field.name.split(".").pop()}`,
    title: `Squared error per image against ${field.label}`,
    drawing: () => svg,
    rows: [...curve.points.map(row("line")), ...others.map(row("other"))],
  });
}

function drawChoice(root, state) {
  const box = root.querySelector(".choice");
  box.hidden = state.data.fields.length < 1;
  const names = state.data.fields.map((field) => field.name).join();
  if (box.dataset.names !== names) {
    box.dataset.names = names;
    box.replaceChildren(element("span", "", "Squared error against"), ...state.data.fields.map((field) => {
      const button = element("button", "", field.label);
      button.type = "button";
      button.dataset.field = field.name;
      button.addEventListener("click", () => {
        state.field = field.name;
        state.keep("field", field.name);
        draw(root, state);
      });
      return button;
    }));
  }
  for (const button of box.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.field === state.field));
}
