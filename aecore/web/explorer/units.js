// Unit sliders, set from a test image or from the mean code.

import { imageChoice, startImages } from "./pictures.js";

export default async function show({ node, data, shared, place }) {
  if (!shared.decoder) return;
  const images = startImages(shared), mean = data.sliders.presets[0];
  const slidersFrom = (i) => {
    const start = { name: images.name(i), code: [...images.code(i)] };
    return { ...data.sliders, decoder: shared.decoder, reference: shared.reference, start, presets: [start, mean] };
  };
  let update = null;
  await imageChoice({ parent: node, place, shared, label: "Start from", first: 0, take: (i) => update(slidersFrom(i)) });
  update = await place(node, "decoder/sliders", slidersFrom(0));
}
