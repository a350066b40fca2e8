// Reads what packing.py of aecore/export/explorer wrote.

import { fromBase64 } from "../common.js";

// The data of a script element: its arrays as Uint8Array, each in a buffer of its own.
export async function unpack(text) {
  const stream = new Blob([fromBase64(text.trim())]).stream().pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(stream).arrayBuffer();
  const length = new DataView(buffer).getUint32(0, true);
  const content = new Uint8Array(buffer, 4 + length);
  const json = new TextDecoder().decode(new Uint8Array(buffer, 4, length));
  return JSON.parse(json, (_, value) => (value?.$bytes ? ordered(content, ...value.$bytes) : value));
}

// First all first bytes, then all second ones, ...: back into numbers of `size` bytes.
function ordered(content, start, length, size) {
  if (size === 1) return content.slice(start, start + length);
  const result = new Uint8Array(length);
  const count = length / size;
  for (let byte = 0, from = start; byte < size; byte++) {
    for (let i = 0; i < count; i++) result[i * size + byte] = content[from++];
  }
  return result;
}
