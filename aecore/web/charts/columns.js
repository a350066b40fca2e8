// A unit's value a bar, with axes: what a file has of bars that stand on a page without them.

import { svgElement } from "../common.js";
import { roundTicks, short, text } from "./plot.js";

const WIDTH = 640, HEIGHT = 300;
const BOX = { left: 58, right: WIDTH - 14, top: 14, bottom: HEIGHT - 44 };

// `low` and `high` are the ends of the vertical axis, among them 0, and `at` makes heights of values; `fill(i)` is a
// bar's colour, and `before` are values marked by lines.
export function columns({ values, before = [], low, high, at = (value) => value, fill, xTitle, yTitle }) {
  const svg = svgElement("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "font-size": 12, fill: "currentColor" });
  const y = (value) => BOX.bottom - ((at(value) - at(low)) / (at(high) - at(low))) * (BOX.bottom - BOX.top);
  const step = (BOX.right - BOX.left) / values.length, x = (i) => BOX.left + step * i;
  const across = (value, look) => svgElement("line", { x1: BOX.left, x2: BOX.right, y1: y(value), y2: y(value), stroke: "currentColor", ...look });
  for (const tick of roundTicks(low, high)) {
    svg.append(across(tick, { opacity: 0.12 }), text(short(tick), { x: BOX.left - 7, y: y(tick) + 4, "text-anchor": "end" }));
  }
  values.forEach((value, i) => svg.append(svgElement("rect", {
    x: x(i + 0.12), width: 0.76 * step, y: Math.min(y(value), y(0)), height: Math.abs(y(value) - y(0)), fill: fill(i),
  })));
  before.forEach((value, i) => svg.append(svgElement("line", {
    x1: x(i + 0.05), x2: x(i + 0.95), y1: y(value), y2: y(value), stroke: "currentColor", "stroke-width": 1.5,
  })));
  svg.append(across(0, { opacity: 0.5 }));
  for (const i of roundTicks(0, values.length - 1).filter(Number.isInteger)) {
    svg.append(text(short(i), { x: x(i + 0.5), y: BOX.bottom + 18, "text-anchor": "middle" }));
  }
  const middle = (BOX.top + BOX.bottom) / 2;
  svg.append(
    text(xTitle, { x: (BOX.left + BOX.right) / 2, y: HEIGHT - 8, "text-anchor": "middle" }),
    text(yTitle, { "text-anchor": "middle", transform: `translate(13 ${middle}) rotate(-90)` }),
  );
  return svg;
}
