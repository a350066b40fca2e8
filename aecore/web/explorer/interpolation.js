// A straight path between two test images' codes, decoded here, and the pixel cross-fade of the two.

import { element } from "../common.js";
import { makeDecoder } from "../decoder/decoder.js";
import { remoteness } from "../decoder/distance.js";
import { floats, imageChoice, startImages } from "./pictures.js";

const STEPS = 101;
const SLICE = 25; // milliseconds of decoding after which the page has its turn

export default async function show({ node, shared, place }) {
  if (!shared.decoder) return;
  const images = startImages(shared);
  const row = element("div", "row"), path = element("div");
  node.append(row, path);
  const ends = [0, Math.min(1, images.count - 1)];
  let update = null, turn = 0;
  const draw = async () => {
    const mine = ++turn;
    const data = await pathData(shared, images, ends, () => mine !== turn);
    if (!data) return;
    if (update) update(data);
    else update = await place(path, "decoder/scrubber", data);
  };
  for (const [k, label] of ["A", "B"].entries()) {
    await imageChoice({ parent: row, place, shared, label, first: ends[k], take: (i) => { ends[k] = i; draw(); } });
  }
  await draw();
}

// What the scrubber takes; null where another path was asked for meanwhile.
async function pathData({ decoder, reference, band, legend, shape }, images, ends, overtaken) {
  const decode = makeDecoder(decoder);
  const [a, b] = ends.map(images.code), [from, to] = ends.map(images.pixels);
  const size = from.length;
  const frames = new Uint8ClampedArray(STEPS * size), baseline = new Uint8ClampedArray(STEPS * size);
  const codes = reference && floats(reference.codes);
  const curve = [];
  let began = performance.now();
  for (let step = 0; step < STEPS; step++) {
    const t = step / (STEPS - 1);
    const code = a.map((value, j) => value + t * (b[j] - value));
    frames.set(decode(code).map((value) => 255 * value), step * size);
    for (let i = 0; i < size; i++) baseline[step * size + i] = from[i] + t * (to[i] - from[i]);
    if (reference) curve.push(remoteness(code, codes, reference.typical));
    if (performance.now() - began < SLICE) continue;
    await new Promise((done) => setTimeout(done));
    if (overtaken()) return null;
    began = performance.now();
  }
  return {
    frames: new Uint8Array(frames.buffer), baseline: new Uint8Array(baseline.buffer), shape, count: STEPS,
    span: [0, 1], names: { decoded: "Decoded", baseline: "Pixel cross-fade" },
    ticks: [{ at: 0, text: "A" }, { at: 1, text: "B" }],
    curve: reference ? curve : null, band: reference ? band : null, legend, symbol: "t",
    start: (STEPS - 1) / 2, label: "Position on the path",
  };
}
