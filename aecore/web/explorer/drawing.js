// A drawing by hand: encoded, decoded and placed among the codes, all here.

import { element, fromBase64 } from "../common.js";
import { makeDecoder, makeEncoder } from "../decoder/decoder.js";
import { centredDrawing } from "../picker/centre.js";
import { picture } from "./pictures.js";
import { Points, bytesOf } from "./points.js";

const SIDE = 112; // of the ink that draw.js reports
const NO_CLASS = 65535;

export default async function show({ node, shared, place }) {
  if (!shared.decoder || !shared.encoder) return;
  const sides = element("div", "drawing"), result = element("div", "result"), map = element("div", "place");
  result.setAttribute("aria-live", "polite");
  node.append(sides);
  const pad = element("div");
  sides.append(pad, result, map);
  const points = new Points(shared);
  let update = null;
  await place(pad, "picker/draw", { ink: "", side: SIDE }, async (_, ink) => {
    const found = ink && through(fromBase64(ink), shared);
    if (!found) return tell(result);
    tellOf(result, found, shared.shape);
    if (!points.plane) return;
    const data = mapWith(points, found.code);
    if (update) update(data);
    else update = await place(map, "code_map/map", data);
  });
  tell(result);
}

function through(ink, { shape, encoder, decoder }) {
  const pixels = centredDrawing(ink, SIDE, shape[1], shape[2]);
  if (!pixels) return null;
  const code = makeEncoder(encoder)(pixels).slice();
  const rebuilt = makeDecoder(decoder)(code).slice();
  return { pixels, code, rebuilt, error: pixels.reduce((sum, value, i) => sum + (value - rebuilt[i]) ** 2, 0) };
}

function tell(result) {
  result.replaceChildren(element("p", "faint", "Draw with the pointer: what the network sees and gives back appears here."));
}

function tellOf(result, { pixels, rebuilt, error }, shape) {
  const pictures = element("div", "row pair");
  for (const [values, name] of [[pixels, "what the network sees"], [rebuilt, "its reconstruction"]]) {
    const figure = element("figure");
    figure.append(picture(values, shape, name, { scale: 255, least: 112 }), element("figcaption", "faint", name));
    pictures.append(figure);
  }
  result.replaceChildren(pictures, element("p", "", `Squared error ${error.toFixed(1)}`));
}

// The map with the drawing as a second set of one point.
function mapWith(points, code) {
  const one = {
    n: 1, name: "your drawing", marker: "cross", xy: bytesOf(Float32Array.from(points.project(code))),
    labels: bytesOf(Uint16Array.of(NO_CLASS)), pictures: bytesOf(Int32Array.of(-1)), numbers: bytesOf(Int32Array.of(0)),
  };
  return {
    ...points.map, key: "drawing", plane: `drawing ${code.join(" ")}`, sets: [points.map.sets[0], one], height: 360,
    rings: [{ name: "where it lies", color: "currentColor", indices: [points.n] }], label: "Map of codes with your drawing",
  };
}
