// How much of the error's variance goes with each axis, and what chance makes of it (the line).

import { element, svgElement } from "../common.js";
import { text } from "./plot.js";
import { offerSaving } from "../saving.js";

export default function mount({ data, parentElement }) {
  const { shares, noise, title, words, colors } = data;
  const largest = Math.max(1e-9, noise, ...shares.map((row) => row.share));
  const width = (share) => `${(100 * Math.max(share, 0)) / largest}%`;
  parentElement.querySelector(".plot").replaceChildren(...shares.map(({ name, share, telling }) => {
    const line = element("div", "line"), track = element("div", "track"), bar = element("div", "bar"), limit = element("div", "limit");
    bar.style.width = width(share);
    bar.style.background = telling ? colors.member : colors.pca;
    limit.style.left = width(noise);
    const value = element("b", "", `${(100 * share).toFixed(1)}%`);
    value.style.left = width(Math.max(share, share > 0.7 * noise && share < noise ? noise : share));
    track.append(bar, limit, value);
    line.append(element("span", "", name), track);
    return line;
  }), ...(shares.length ? [element("p", "title", title)] : []));
  parentElement.querySelector(".words").textContent = words;
  if (!shares.length) return;
  offerSaving(parentElement.querySelector(".bars"), {
    name: "importance",
    title,
    drawing: () => drawn(data, largest),
    rows: shares.map(({ name, share }) => ({ axis: name, "share of the variance": share, "by chance": noise })),
  });
}

// The bars as a drawing, to be saved.
function drawn({ shares, noise, title, colors }, largest) {
  const left = 160, room = 320, tall = 30, width = left + room + 70, height = tall * shares.length + 34;
  const svg = svgElement("svg", { viewBox: `0 0 ${width} ${height}`, "font-size": 12, fill: "currentColor" });
  const at = (share) => (room * Math.max(share, 0)) / largest;
  shares.forEach(({ name, share, telling }, i) => {
    const y = 6 + tall * i;
    svg.append(
      text(name, { x: left - 10, y: y + 16, "text-anchor": "end" }),
      svgElement("rect", { x: left, y, width: Math.max(at(share), 1), height: tall - 6, fill: telling ? colors.member : colors.pca }),
      text(`${(100 * share).toFixed(1)}%`, { x: left + Math.max(at(share), at(noise)) + 6, y: y + 16 }),
      svgElement("line", { x1: left + at(noise), x2: left + at(noise), y1: y - 3, y2: y + tall - 3, stroke: "currentColor", "stroke-dasharray": "4 3" }),
    );
  });
  svg.append(text(title, { x: left + room / 2, y: height - 10, "text-anchor": "middle" }));
  return svg;
}
