// Plain functions: numbers in and out, no canvas and no page.

import { fromBase64, toBase64 } from "../common.js";

export const MARGIN = { left: 46, right: 12, top: 12, bottom: 38 };

// One bit a point, lowest bit first, as numpy.unpackbits(bitorder="little") reads it.
export function maskToText(mask) {
  const bytes = new Uint8Array(Math.ceil(mask.length / 8));
  for (let i = 0; i < mask.length; i++) if (mask[i]) bytes[i >> 3] |= 1 << (i & 7);
  return toBase64(bytes);
}

export function textToMask(text, n) {
  const bytes = fromBase64(text);
  return Uint8Array.from({ length: n }, (_, i) => (bytes[i >> 3] >> (i & 7)) & 1);
}

export function boundsOf(x, y) {
  const bounds = { left: Infinity, right: -Infinity, bottom: Infinity, top: -Infinity };
  for (let i = 0; i < x.length; i++) {
    bounds.left = Math.min(bounds.left, x[i]);
    bounds.right = Math.max(bounds.right, x[i]);
    bounds.bottom = Math.min(bounds.bottom, y[i]);
    bounds.top = Math.max(bounds.top, y[i]);
  }
  return bounds;
}

// Pixels per unit on each axis such that all points fit, before zooming.
export function wholeScale(bounds, width, height, equal) {
  const wide = Math.max(20, width - MARGIN.left - MARGIN.right) / ((bounds.right - bounds.left) * 1.06 || 1);
  const high = Math.max(20, height - MARGIN.top - MARGIN.bottom) / ((bounds.top - bounds.bottom) * 1.06 || 1);
  return equal ? { x: Math.min(wide, high), y: Math.min(wide, high) } : { x: wide, y: high };
}

// Data to screen: screen x = a x + b, screen y = d - c y. `view` is {x, y, zoom}: what lies in the middle.
export function mapping(view, scale, width, height) {
  const a = scale.x * view.zoom;
  const c = scale.y * view.zoom;
  const middleX = (MARGIN.left + width - MARGIN.right) / 2;
  const middleY = (MARGIN.top + height - MARGIN.bottom) / 2;
  return { a, b: middleX - a * view.x, c, d: middleY + c * view.y };
}

export function inFrame(x, y, width, height) {
  return x >= MARGIN.left - 2 && x <= width - MARGIN.right + 2 && y >= MARGIN.top - 2 && y <= height - MARGIN.bottom + 2;
}

// The shown point nearest to a place on the screen, within `reach` pixels; -1 where there is none.
export function nearestShown(screenX, screenY, shown, x, y, reach) {
  let best = -1;
  let least = reach * reach;
  for (let i = 0; i < screenX.length; i++) {
    if (!shown[i]) continue;
    const distance = (screenX[i] - x) ** 2 + (screenY[i] - y) ** 2;
    if (distance <= least) {
      least = distance;
      best = i;
    }
  }
  return best;
}

// The nearest shown point within 45 degrees of a direction, (1, 0) being right and (0, 1) down.
export function nextShown(screenX, screenY, shown, from, [right, down]) {
  let best = -1;
  let least = Infinity;
  for (let i = 0; i < screenX.length; i++) {
    if (!shown[i] || i === from) continue;
    const dx = screenX[i] - screenX[from];
    const dy = screenY[i] - screenY[from];
    const along = dx * right + dy * down;
    const across = Math.abs(dx * down - dy * right);
    if (along > 0 && across <= along && along + across < least) {
      least = along + across;
      best = i;
    }
  }
  return best;
}

// Whether a place is inside a closed outline [[x, y], ...], by counting crossings to its right.
export function inside(outline, x, y) {
  let within = false;
  for (let i = 0, j = outline.length - 1; i < outline.length; j = i++) {
    const [xi, yi] = outline[i];
    const [xj, yj] = outline[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) within = !within;
  }
  return within;
}

export function rectangle([x0, y0], [x1, y1]) {
  return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
}

// Round numbers between low and high, about `count` of them.
export function ticks(low, high, count) {
  const rough = (high - low) / count;
  if (!(rough > 0) || !isFinite(rough)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((multiple) => multiple * power >= rough);
  const result = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) result.push(k * step);
  return result;
}

export function readable(value) {
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : "none";
}
