// The worst, best and random reconstructions, with PCA's beside.

import { element, pictureAt } from "../common.js";
import { buttons } from "./controls.js";
import { imageName, picture } from "./pictures.js";

export default function show({ node, data }) {
  const row = element("div", "row"), pictures = element("div", "rebuilt");
  node.append(row);
  buttons(row, "Which images", [["worst", "Worst"], ["best", "Best"], ["random", "Random"]], (order) => {
    pictures.replaceChildren(...figures(data.orders[order], data.shape));
  });
  row.append(element("span", "faint", "original · network · PCA, with the squared error of each"));
  node.append(pictures, ...data.words.map((text) => element("p", "", text)));
}

function figures(part, shape) {
  return part.numbers.map((number, i) => {
    const figure = element("figure"), name = imageName(number, part.names[i]);
    const kinds = [
      [part.originals, `test ${name}`],
      [part.rebuilt, `reconstruction of ${name} by the network`],
      [part.pca, `reconstruction of ${name} by PCA`],
    ];
    figure.append(...kinds.map(([pixels, label]) => picture(pictureAt(pixels, i, shape), shape, label)));
    for (const text of [part.names[i] ?? String(number), part.errors[i].toFixed(1), part.pca_errors[i].toFixed(1)]) {
      figure.append(element("span", "", text));
    }
    return figure;
  });
}
