// What the member under the sliders is: its settings and figures, its units to be moved, its configuration.

import { element } from "../common.js";
import card from "./card.js";
import { follow, position } from "./position.js";

export default async function show({ node, data, place }) {
  const lines = element("div"), units = element("div");
  node.append(units, lines);
  const draw = data.sliders.some(Boolean) ? await unitSliders(units, data.sliders, place) : () => {};
  let shown = null;
  follow(({ k }) => {
    if (k === shown) return;
    shown = k;
    // Whether the configuration is unfolded stays as it was.
    const open = lines.querySelector("details")?.open;
    lines.replaceChildren();
    const said = data.lines.map(([name, texts]) => [name, typeof texts === "string" ? texts : texts[k]]);
    card({ node: lines, data: { lines: said.filter(([, text]) => text), config: data.configs[k] } });
    if (open) lines.querySelector("details").open = true;
    draw(k);
  });
}

// Returns a function that shows the sliders of member k, set to the code of the board's first image.
async function unitSliders(node, sliders, place) {
  const missing = element("p", "faint", "This model's decoder is not in this file, so its units can't be moved here.");
  const panel = element("div");
  const words = "Move a unit of its code, and see what its decoder makes of that. A slider spans the unit's values for " +
    "the images that the grid keeps pictures of, and a quarter of that range beyond at each end; other images may lie outside.";
  node.append(element("h3", "", "Its units"), element("p", "", words), missing, panel);
  node.append(element("h3", "", "Its settings and figures"));
  const dataOf = (k) => {
    const presets = codesOf(k).map((code, i) => ({ name: `Image ${i + 1}`, code }));
    return { ...sliders[k], reference: null, start: presets[0], presets };
  };
  const first = sliders[position.k] ? position.k : sliders.findIndex(Boolean);
  const update = await place(panel, "decoder/sliders", dataOf(first));
  return (k) => {
    missing.hidden = Boolean(sliders[k]);
    panel.hidden = !sliders[k];
    if (sliders[k]) update(dataOf(k));
  };
}

// The codes of the board's images.
function codesOf(k) {
  const { codes, count, members } = position.board, { code: start, units, pictured } = members[k];
  if (!pictured) return [];
  const all = new Float32Array(codes.buffer);
  return Array.from({ length: count }, (_, i) => [...all.subarray(start + i * units, start + (i + 1) * units)]);
}
