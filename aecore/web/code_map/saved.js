// What is saved of a map: its picture with the legend, and a row for every point.

import { element } from "../common.js";
import { digits } from "../saving.js";
import { readable } from "./geometry.js";

const NO_CLASS = 65535;
const LINE = 22, GAP = 18, SIDE = 12; // of the legend, in pixels
const RAMP = 120;

// All points, whatever is hidden or out of sight.
export function rowsOf({ data, n, x, y, label, number, setOf, value, selected }) {
  const { classes, sets, scale, projection, point_name: name } = data;
  return Array.from({ length: n }, (_, i) => ({
    [name]: number[i],
    ...(sets.length > 1 && { set: sets[setOf[i]].name }),
    class: label[i] === NO_CLASS ? null : classes[label[i]],
    x: digits(x[i]),
    y: digits(y[i]),
    ...(scale && { [scale.title]: Number.isFinite(value[i]) ? digits(value[i]) : null }),
    ...(selected && { selected: selected[i] ? "yes" : "no" }),
    projection,
  }));
}

// The map as it is seen, with its legend below.
export function pictureOf(map) {
  const { below, above, plot, theme } = map, canvas = element("canvas"), context = canvas.getContext("2d");
  const width = plot.clientWidth, height = plot.clientHeight, ratio = below.width / width;
  const font = `13px ${theme.font}`;
  context.font = font;
  const lines = [[]];
  let end = SIDE;
  for (const entry of legendOf(map)) {
    const wide = entry.before + context.measureText(entry.name).width;
    if (end + wide > width - SIDE && lines.at(-1).length) {
      lines.push([]);
      end = SIDE;
    }
    lines.at(-1).push({ ...entry, x: end });
    end += wide + GAP;
  }
  Object.assign(canvas, { width: below.width, height: Math.round(below.height + ratio * (LINE * lines.length + SIDE)) });
  context.drawImage(below, 0, 0);
  context.drawImage(above, 0, 0);
  context.scale(ratio, ratio);
  Object.assign(context, { font, textBaseline: "middle" });
  lines.forEach((line, k) => line.forEach(({ name, x, before, draw }) => {
    const y = height + LINE * (k + 0.5);
    draw(context, x, y);
    context.fillStyle = theme.text;
    context.fillText(name, x + before, y);
  }));
  return canvas;
}

// What is drawn `before` pixels wide, and named.
function legendOf({ data, label, hidden, hiddenSets, theme }) {
  const { classes, colors, scale, sets, rings } = data;
  const dot = (paint) => (context, x, y) => {
    context.beginPath();
    context.arc(x + 5, y, 5, 0, 2 * Math.PI);
    paint(context);
  };
  const filled = (color) => dot((context) => ((context.fillStyle = color), context.fill()));
  const ringed = (color) => dot((context) => (Object.assign(context, { strokeStyle: color, lineWidth: 1.5 }), context.stroke()));
  const entry = (name, draw, before = 16) => ({ name, draw, before });
  const present = [...new Set(label)].filter((k) => k !== NO_CLASS && !hidden.has(k)).sort((a, b) => a - b);
  const ramp = (context, x, y) => {
    context.fillStyle = context.createLinearGradient(x, 0, x + RAMP, 0);
    scale.palette.forEach((color, k) => context.fillStyle.addColorStop(k / (scale.palette.length - 1), color));
    context.fillRect(x, y - 6, RAMP, 12);
  };
  return [
    ...(scale
      ? [entry(`${scale.title}: ${readable(scale.low)} to ${readable(scale.high)}`, ramp, RAMP + 8)]
      : present.map((k) => entry(classes[k], filled(colors[k % colors.length])))),
    ...(sets.length > 1 ? sets.filter((_, k) => !hiddenSets.has(k)) : [])
      .map(({ name, marker }) => entry(name, (marker === "dot" ? filled : ringed)(theme.text))),
    ...rings.map(({ name, color }) => entry(name, ringed(color === "currentColor" ? theme.text : color))),
  ];
}
