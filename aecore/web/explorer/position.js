// Where the sliders of a grid stand: one place for all parts of the page, told to whoever listens.

export const position = { board: null, axes: [], index: [], at: [], k: 0 };
const listeners = [];

// `board` is what board.js is given: its axes and index are the grid's.
export function begin({ board, at }) {
  Object.assign(position, { board, axes: board.axes, index: board.index, at: [...at] });
  position.k = memberAt(at);
}

// Calls `take(position, source)` now and after each move; `source` is what moved it.
export function follow(take) {
  listeners.push(take);
  take(position, null);
}

export function moveTo(at, source) {
  position.at = [...at];
  position.k = memberAt(at);
  for (const take of listeners) take(position, source);
}

// To member k: where several places name it, to the one that leaves most of the sliders where they are.
export function moveToMember(k, source) {
  const sizes = position.axes.map((axis) => axis.values.length);
  let best = null, most = -1;
  position.index.forEach((member, place) => {
    if (member !== k) return;
    const at = sizes.map(() => 0);
    for (let i = sizes.length - 1, rest = place; i >= 0; i--) {
      at[i] = rest % sizes[i];
      rest = Math.floor(rest / sizes[i]);
    }
    const same = at.filter((value, i) => value === position.at[i]).length;
    if (same > most) [best, most] = [at, same];
  });
  if (best) moveTo(best, source);
}

function memberAt(at) {
  return position.index[position.axes.reduce((place, axis, i) => place * axis.values.length + at[i], 0)];
}
