// Decoders that have come for the drawings. They are large, so they come after the page has been drawn.

export const decoders = new Map(); // name -> what traceDecoder takes
export const waiting = new Set(); // what is to be called when one has come

export function receive({ name, decoder }) {
  decoders.delete(name);
  decoders.set(name, decoder);
  for (const old of [...decoders.keys()].slice(0, -3)) decoders.delete(old);
  waiting.forEach((refresh) => refresh());
}
