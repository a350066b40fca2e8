// A drawing as an image of a data set: cut out, scaled and centred as centred_drawing of aecore/data/drawing.py
// does it, for a page that stands alone. A test holds the two together.

const BOX = 20 / 28;
const ROUNDING = 1e-4;

// Ink (side x side, 0 to 255) as height x width pixels in [0, 1]; null where nothing was drawn.
export function centredDrawing(ink, side, height, width) {
  const box = boxOf(ink, side);
  if (!box) return null;
  const { top, left, rows, columns } = box;
  const cut = Float32Array.from({ length: rows * columns }, (_, i) =>
    ink[(top + Math.floor(i / columns)) * side + left + (i % columns)] / 255);
  const scale = (BOX * Math.min(height, width)) / Math.max(rows, columns);
  const high = Math.max(1, roundHalfEven(scale * rows)), wide = Math.max(1, roundHalfEven(scale * columns));
  const small = resized(transposed(resized(cut, rows, columns, wide), rows, wide), wide, rows, high);
  const pixels = transposed(small, wide, high); // high x wide
  const result = new Float32Array(height * width);
  const y0 = Math.ceil(height / 2 - centre(high, (y) => sum(wide, (x) => pixels[y * wide + x])) - ROUNDING);
  const x0 = Math.ceil(width / 2 - centre(wide, (x) => sum(high, (y) => pixels[y * wide + x])) - ROUNDING);
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      const [row, column] = [y0 + y, x0 + x];
      if (row < 0 || row >= height || column < 0 || column >= width) continue;
      result[row * width + column] = Math.min(Math.max(pixels[y * wide + x], 0), 1);
    }
  }
  return result;
}

function boxOf(ink, side) {
  const box = { top: side, bottom: -1, left: side, right: -1 };
  ink.forEach((value, i) => {
    if (!value) return;
    const [y, x] = [Math.floor(i / side), i % side];
    Object.assign(box, {
      top: Math.min(box.top, y), bottom: Math.max(box.bottom, y),
      left: Math.min(box.left, x), right: Math.max(box.right, x),
    });
  });
  if (box.bottom < 0) return null;
  return { top: box.top, left: box.left, rows: box.bottom - box.top + 1, columns: box.right - box.left + 1 };
}

// Each of the rows brought to `size` values: bilinear, widened where it shrinks, as PyTorch's antialias is.
function resized(pixels, rows, columns, size) {
  const scale = columns / size, support = Math.max(scale, 1);
  const result = new Float32Array(rows * size);
  for (let i = 0; i < size; i++) {
    const middle = scale * (i + 0.5);
    const first = Math.max(0, Math.trunc(middle - support + 0.5));
    const last = Math.min(columns, Math.trunc(middle + support + 0.5));
    const weights = Array.from({ length: last - first }, (_, j) =>
      Math.max(0, 1 - Math.abs((j + first - middle + 0.5) / support)));
    const total = weights.reduce((a, b) => a + b, 0);
    for (let y = 0; y < rows; y++) {
      result[y * size + i] = sum(weights.length, (j) => weights[j] * pixels[y * columns + first + j]) / total;
    }
  }
  return result;
}

function transposed(pixels, rows, columns) {
  return Float32Array.from({ length: rows * columns }, (_, i) => pixels[(i % rows) * columns + Math.floor(i / rows)]);
}

// Centre of mass along an axis, in pixels from its beginning; a pixel's own centre is at + 1/2.
function centre(length, mass) {
  return sum(length, (i) => mass(i) * (i + 0.5)) / sum(length, mass);
}

function sum(length, term) {
  let total = 0;
  for (let i = 0; i < length; i++) total += term(i);
  return total;
}

// As Python rounds.
function roundHalfEven(value) {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 ? below + 1 : below;
}
