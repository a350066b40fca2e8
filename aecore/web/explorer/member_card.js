// What the member under the sliders is: its settings and figures, and its configuration.

import card from "./card.js";
import { follow } from "./position.js";

export default function show({ node, data }) {
  let shown = null;
  follow(({ k }) => {
    if (k === shown) return;
    shown = k;
    // Whether the configuration is unfolded stays as it was.
    const open = node.querySelector("details")?.open;
    node.replaceChildren();
    const lines = data.lines.map(([name, texts]) => [name, typeof texts === "string" ? texts : texts[k]]);
    card({ node, data: { lines: lines.filter(([, text]) => text), config: data.configs[k] } });
    if (open) node.querySelector("details").open = true;
  });
}
