// The map of codes with its choices, and beside it what was selected, clicked or decoded.

import { textToMask } from "../code_map/geometry.js";
import { element } from "../common.js";
import { makeDecoder } from "../decoder/decoder.js";
import { distanceWords, remoteness } from "../decoder/distance.js";
import { choice } from "./controls.js";
import { floats, imageName, picture } from "./pictures.js";
import { Points } from "./points.js";

const MOSAIC = 180; // pictures of a selection
const NO_CLASS = 65535;

export default async function show({ node, shared, place }) {
  const points = new Points(shared);
  await points.load();
  const state = { by: points.map.classes.length ? "class" : "error", plane: "first", across: points.units[0], up: points.units[1] };
  const row = element("div", "row"), sides = element("div", "sides");
  const left = element("div"), right = element("div", "panel");
  right.setAttribute("aria-live", "polite");
  node.append(row, sides);
  sides.append(left, right);
  const data = () => mapData(points, shared, state);
  hint(right, data());
  const update = await place(left, "code_map/map", data(), (name, value) => {
    if (name === "selection") selection(right, points, value);
    else pick(right, points, shared, state, value);
    if (!right.childNodes.length) hint(right, data());
  });
  controls(row, points, state, () => update(data()));
}

function controls(row, points, state, changed) {
  const set = (name, parse = String) => (value) => {
    state[name] = parse(value);
    changed();
  };
  const units = [...points.units].sort((a, b) => a - b).map((unit) => [unit, `unit ${unit}`]);
  const colours = [["error", "squared error"], ...units];
  if (points.map.classes.length) colours.unshift(["class", "class"]);
  choice(row, "Colour by", colours, set("by"));
  if (units.length < 2) return;
  const pair = element("span", "row");
  choice(row, "Map", [["first", "principal components"], ["units", "two units"]], (value) => {
    pair.hidden = value !== "units";
    set("plane")(value);
  });
  pair.hidden = true;
  for (const [name, label] of [["across", "Across"], ["up", "Up"]]) {
    choice(pair, label, units, set(name, Number)).value = state[name];
  }
  row.append(pair);
}

function mapData(points, shared, { by, plane, across, up }) {
  const base = points.map, { scale, values } = points.colours(by);
  const two = plane === "units" ? points.onUnits(across, up) : null;
  const decodes = shared.decoder !== null && (two ? points.units.length === 2 && across !== up : points.plane !== null);
  const set = { ...base.sets[0], ...(two && { xy: two.xy }), ...(values && { values }) };
  const projection = `units ${across} and ${up} of the code`;
  const places = two && { plane: two.plane, axes: two.axes, projection, name_classes: false };
  return { ...base, ...places, sets: [set], scale, decode_plane: decodes && points.all.all_units };
}

function hint(panel, { decode_plane: decodes }) {
  panel.replaceChildren(element("p", "faint",
    "Draw around points with the lasso or the rectangle: their images appear here. Click a point to see what comes " +
    `out of the network${decodes ? ", an empty place to decode it" : ""}.`));
}

function selection(panel, points, { mask }) {
  if (!mask) return panel.replaceChildren();
  const bits = textToMask(mask, points.n);
  const chosen = [...bits.keys()].filter((i) => bits[i]);
  if (!chosen.length) return panel.replaceChildren(element("p", "", "The outline holds no point."));
  const mean = chosen.reduce((sum, i) => sum + points.errors[i], 0) / chosen.length;
  const shown = chosen.slice(0, MOSAIC);
  const about = `${chosen.length.toLocaleString("en")} selected; squared error per image ${mean.toFixed(2)} on average`;
  const box = element("div", "wide");
  box.append(points.mosaic(shown, `${shown.length} of the selected images`));
  panel.replaceChildren(element("p", "selected", about), ...classCounts(points, chosen), box);
  if (shown.length < chosen.length) panel.append(element("p", "faint", `The first ${shown.length} of them.`));
}

function classCounts(points, chosen) {
  const counts = new Map();
  for (const i of chosen) counts.set(points.labels[i], (counts.get(points.labels[i]) ?? 0) + 1);
  counts.delete(NO_CLASS);
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  const words = sorted.slice(0, 10).map(([label, count]) => `${points.map.classes[label]}: ${count}`);
  return words.length ? [element("p", "faint", `Of class ${words.join(", ")}${sorted.length > 10 ? ", …" : ""}`)] : [];
}

function pick(panel, points, shared, state, value) {
  if (value === null) return panel.replaceChildren();
  if (value.index !== undefined) return point(panel, points, shared, value.index);
  const code = state.plane === "units" ? unitPlace(state, value) : points.unproject(value.x, value.y);
  panel.replaceChildren(element("h3", "", "This place, decoded"), decoded(shared, code));
  if (!shared.reference) return;
  const { codes, typical, limit } = shared.reference;
  panel.append(element("p", "", distanceWords(remoteness(code, floats(codes), typical), limit)));
}

function unitPlace({ across, up }, { x, y }) {
  const code = new Float32Array(2);
  code[across] = x;
  code[up] = y;
  return code;
}

function point(panel, points, shared, i) {
  const name = imageName(points.numbers[i], points.map.classes[points.labels[i]]);
  const code = points.code(i), pictures = element("div", "row pair");
  const original = points.mosaic([i], `test ${name}`);
  original.style.width = "112px";
  pictures.append(original);
  if (code && shared.decoder) pictures.append(decoded(shared, code, `${name}, decoded`));
  panel.replaceChildren(element("h3", "", name), pictures, element("p", "", `Squared error ${points.errors[i].toFixed(1)}`));
  if (!code && shared.decoder) {
    const held = `the ${points.units.length} most important units of each point's code`;
    panel.append(element("p", "faint", `Not decoded: to stay small, the file holds only ${held}.`));
  }
}

function decoded({ decoder, shape }, code, label = "the place, decoded") {
  return picture(makeDecoder(decoder)(code), shape, label, { scale: 255, least: 112 });
}
