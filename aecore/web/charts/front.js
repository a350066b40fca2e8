// Validation error against active units, the mark's area the parameters: which members no other beats.

import { frame, hasFocus, line, mark, ring, rove, stateOf } from "./plot.js";
import { offerSaving } from "../saving.js";

const fronts = new WeakMap();

export default function mount({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".front");
  const state = stateOf(fronts, root, draw);
  Object.assign(state, { data, report: setTriggerValue });
  draw(root, state);
}

function draw(root, { data, report }) {
  const svg = root.querySelector("svg"), { marks, colors, k } = data;
  root.querySelector(".words").textContent = data.words;
  svg.style.display = marks.length ? "block" : "none";
  if (!marks.length) return;
  const focused = hasFocus(svg);
  const { x, y } = frame(svg, {
    xs: marks.map((m) => m.units),
    ys: marks.map((m) => m.error),
    xTitle: "active units per image",
    yTitle: "validation error",
  });
  const counts = marks.map((m) => m.parameters), least = Math.min(...counts), most = Math.max(...counts);
  const area = (count) => (most > 1.2 * least ? 18 + (110 * (count - least)) / (most - least) : 36);
  const best = marks.filter((m) => m.front).sort((a, b) => a.units - b.units);
  const steps = best.flatMap((m, i) => (i ? [[x(m.units), y(best[i - 1].error)], [x(m.units), y(m.error)]] : [[x(m.units), y(m.error)]]));
  svg.append(line(steps, { stroke: colors.front, opacity: 0.5, "stroke-dasharray": "4 3" }));
  const sorted = [...marks].sort((a, b) => a.front - b.front || b.parameters - a.parameters);
  for (const m of sorted) {
    const attributes = { cx: x(m.units), cy: y(m.error), r: Math.sqrt(area(m.parameters)), fill: m.front ? colors.front : colors.pca, "fill-opacity": m.front ? 1 : 0.4 };
    const words = `${m.name}: validation error ${m.error.toFixed(2)}, ${m.units.toFixed(1)} active units, ${m.parameters.toLocaleString("en")} parameters`;
    svg.append(mark(attributes, m.k, words, (picked) => report("picked", picked)));
  }
  const here = marks.find((m) => m.k === k);
  if (here) svg.append(ring(x(here.units), y(here.error), colors.chosen));
  rove(svg, k, focused);
  offerSaving(root, {
    name: "pareto-front",
    title: "Validation error against active units per image",
    drawing: () => svg,
    rows: marks.map((m) => ({
      model: m.name, "active units": m.units, "validation error": m.error, parameters: m.parameters, "beaten by none": m.front ? "yes" : "no",
    })),
  });
}
