// Where everything lies. One square is one number, and all squares of the drawing have one size.

import { clamp } from "../common.js";

const LABELS = 22;      // height kept for the sizes above the layers
const BARS = 76;        // height of the code's bars
const LARGEST = 190;    // an image is never drawn taller than this
export const SHIFT = 1.6; // squares between two feature maps of a stack
export const SHOWN_UNITS = 128;

// Squares that a layer takes, { width, height }.
function squares({ maps, rows, columns }) {
  const behind = (maps - 1) * SHIFT;
  return { width: columns + behind, height: rows + behind };
}

// Boxes { x, y, width, height } for the layers, left to right, on one axis, and for the code's bars.
export function arrange(layers, codeIndex, width) {
  const sizes = layers.map(squares);
  const across = sizes.reduce((sum, s) => sum + s.width, 0);
  const tallest = Math.max(...sizes.map((s) => s.height));
  const gaps = layers.length - 1;
  // A deep network's many gaps must leave its layers some room.
  const least = Math.min(Math.max(6, width * 0.03), (0.4 * width) / gaps);
  const cell = Math.min((width - gaps * least) / across, LARGEST / tallest);
  const gap = (width - across * cell) / gaps;
  const axis = LABELS + (tallest * cell) / 2;
  let x = 0;
  const boxes = sizes.map((s) => {
    const box = { x, y: axis - (s.height * cell) / 2, width: s.width * cell, height: s.height * cell };
    x += box.width + gap;
    return box;
  });
  const last = boxes.length - 1;
  const inner = Math.max(...boxes.slice(1, last).map((b) => b.y + b.height));
  const left = boxes[0].x + boxes[0].width + 16, right = boxes[last].x - 16;
  const room = Math.min(right - left, 420);
  const middle = boxes[codeIndex].x + boxes[codeIndex].width / 2;
  const bars = { x: clamp(middle - room / 2, left, right - room), y: inner + 26, width: room, height: BARS };
  const foot = Math.max(bars.y + bars.height, boxes[0].y + boxes[0].height, boxes[last].y + boxes[last].height);
  return { cell, boxes, bars, height: Math.ceil(foot) + 4 };
}

// The frame's place on the walk: the nearest stop and whether it stands exactly there.
export function place(frame, steps) {
  const stop = Math.round(frame / steps);
  return { stop, exact: stop * steps === frame };
}
