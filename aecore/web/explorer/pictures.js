// Pictures in the sections' own markup, and the test images that sections start from.

import { element, fromBase64, paint, pictureAt } from "../common.js";

// A canvas with an image, at least `least` pixels wide on the screen and a whole multiple of its own.
export function picture(pixels, shape, label, { scale = 1, least = 56 } = {}) {
  const canvas = element("canvas");
  canvas.setAttribute("role", "img");
  canvas.dataset.enlarge = "";
  canvas.setAttribute("aria-label", label);
  canvas.style.width = `${shape[2] * Math.max(1, Math.round(least / shape[2]))}px`;
  paint(canvas, pixels, shape, scale);
  return canvas;
}

export function floats(bytes) {
  return new Float32Array(fromBase64(bytes).buffer);
}

// The test images to start from: how many, and of each its pixels (bytes), code and name.
export function startImages({ images, shape, decoder }) {
  const codes = floats(images.codes), size = decoder.latent_size;
  return {
    count: images.numbers.length,
    pixels: (i) => pictureAt(images.pixels, i, shape),
    code: (i) => codes.slice(i * size, (i + 1) * size),
    name: (i) => imageName(images.numbers[i], images.names[i]),
  };
}

export function imageName(number, className) {
  return className === undefined ? `image ${number}` : `image ${number}, class ${className}`;
}

// A disclosure that shows the chosen test image, and all of them when it is opened. Calls `take` with the index.
export async function imageChoice({ parent, place, shared, label, first, take }) {
  const { images, shape } = shared, start = startImages(shared);
  const box = element("details", "choice"), summary = element("summary");
  box.append(summary);
  parent.append(box);
  const data = (chosen) => ({ images: images.pixels, shape, numbers: images.numbers, chosen: images.numbers[chosen] });
  const show = (chosen) => {
    const text = element("span", "", `${label}: ${start.name(chosen)}`.trim());
    summary.replaceChildren(picture(start.pixels(chosen), shape, start.name(chosen)), text);
  };
  show(first);
  const update = await place(box, "picker/thumbnails", data(first), (_, number) => {
    const chosen = images.numbers.indexOf(number);
    show(chosen);
    update(data(chosen));
    box.open = false;
    summary.focus();
    take(chosen);
  });
}
