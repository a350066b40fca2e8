// One image under a slider of the corruption's level: corrupted, encoded and decoded here at every movement.
// The random numbers come from the server and stay the same, so the level only scales or thresholds them;
// CORRUPTIONS are those of aecore/corruption.py.

import { element, fromBase64, oncePerFrame, paint } from "../common.js";
import { makeDecoder, makeEncoder } from "../decoder/decoder.js";

const panels = new WeakMap();

// Each is given a pixel's value, its random number and the level.
export const CORRUPTIONS = {
  gaussian: (value, noise, level) => value + level * noise,
  masking: (value, noise, level) => (noise >= level ? value : 0),
  salt_and_pepper: (value, noise, level) => (noise >= level ? value : noise < level / 2 ? 1 : 0),
};

// Pixels C x H x W with noise of as many values, or of one a place for all channels.
export function corrupt(kind, image, noise, level, out = new Float32Array(image.length)) {
  const f = CORRUPTIONS[kind];
  // Where the server compares the level with its draws, it is a float32 number.
  const single = Math.fround(level);
  for (let i = 0; i < image.length; i++) out[i] = f(image[i], noise[i % noise.length], single);
  return out;
}

export default function mount({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".level");
  if (!panels.has(root)) panels.set(root, start(root));
  const state = panels.get(root);
  const subject = JSON.stringify([data.corruption, data.shape, data.networks.map(({ name }) => name)]);
  const floats = (text) => new Float32Array(fromBase64(text).buffer);
  Object.assign(state, { data, send: setStateValue, image: floats(data.image), noise: floats(data.noise) });
  state.networks = data.networks.map(({ encoder, decoder }) => {
    const encode = makeEncoder(encoder), decode = makeDecoder(decoder);
    return (pixels) => decode(encode(pixels));
  });
  if (state.subject !== subject) {
    state.subject = subject;
    const [min, max, step] = data.range;
    Object.assign(state.input, { min, max, step, value: data.level });
    makePictures(root, state);
  }
  state.redraw();
}

function start(root) {
  const state = { input: root.querySelector("input") };
  state.redraw = oncePerFrame(() => draw(root, state));
  state.input.addEventListener("input", state.redraw);
  state.input.addEventListener("change", () => state.send("level", state.input.valueAsNumber));
  return state;
}

function makePictures(root, state) {
  const names = ["clean", "corrupted", ...state.data.networks.map(({ name }) => name)];
  root.querySelector(".pictures").replaceChildren(...names.map((name) => {
    const figure = element("figure"), canvas = element("canvas"), caption = element("figcaption", "", name);
    canvas.setAttribute("role", "img");
    canvas.dataset.enlarge = "";
    canvas.tabIndex = 0;
    canvas.setAttribute("aria-label", name);
    caption.append(element("span"));
    figure.append(canvas, caption);
    return figure;
  }));
}

function draw(root, { data, input, image, noise, networks }) {
  const level = input.valueAsNumber;
  root.querySelector("output").textContent = level.toFixed(2);
  const seen = corrupt(data.corruption, image, noise, level);
  const figures = root.querySelectorAll("figure");
  [image, seen, ...networks.map((network) => network(seen))].forEach((pixels, i) => {
    paint(figures[i].querySelector("canvas"), pixels, data.shape);
    figures[i].querySelector("span").textContent = i ? `${psnr(image, pixels).toFixed(1)} dB` : "\u00a0";
  });
  root.dataset.drawn = Number(root.dataset.drawn ?? 0) + 1;
}

function psnr(clean, pixels) {
  let sum = 0;
  for (let i = 0; i < clean.length; i++) sum += (clean[i] - pixels[i]) ** 2;
  return 10 * Math.log10(clean.length / sum);
}
