// Frames of a map that is still forming. They arrive in messages of their own, and the maps find them here.

import { fromBase64 } from "../common.js";

const KEPT = 4;
const STEPS = 65535;

export const latest = new Map(); // name of a flow -> its last frame, {iteration, x, y}
export const followers = new Set(); // what is told (name, frames, milliseconds)

export function receive({ flow, frames, seconds }) {
  const known = latest.get(flow)?.iteration ?? -1;
  const fresh = frames.filter(({ iteration }) => iteration > known).map(read);
  if (!fresh.length) return;
  latest.delete(flow);
  latest.set(flow, fresh.at(-1));
  for (const name of [...latest.keys()].slice(0, -KEPT)) latest.delete(name);
  followers.forEach((follow) => follow(flow, fresh, 1000 * seconds));
}

function read({ iteration, xy }) {
  const steps = new Uint16Array(fromBase64(xy).buffer);
  const place = (offset) => Float32Array.from({ length: steps.length / 2 }, (_, i) => (2 * steps[2 * i + offset]) / STEPS - 1);
  return { iteration, x: place(0), y: place(1) };
}
