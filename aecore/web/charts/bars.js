// How much of the error's variance goes with each axis, and what chance makes of it (the line).

import { element } from "../common.js";

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
}
