// Drawing on the two canvases: points below, what follows the pointer above.

import { element, rgb } from "../common.js";
import { MARGIN, readable, ticks } from "./geometry.js";

export const SHADES = 64;

// SHADES colours along the palette's stops, evenly spaced.
export function shadesOf(palette) {
  const stops = palette.map(rgb);
  return Array.from({ length: SHADES }, (_, i) => {
    const at = (i / (SHADES - 1)) * (stops.length - 1);
    const k = Math.min(Math.floor(at), stops.length - 2);
    const mixed = [0, 1, 2].map((c) => Math.round(stops[k][c] + (stops[k + 1][c] - stops[k][c]) * (at - k)));
    return `rgb(${mixed.join(" ")})`;
  });
}

// How much of each pixel of its square a marker covers, 0 to 255.
// An "edge" is the thin line around a dot, of which the palest colours would be hard to see on white.
function stamp(marker, radius, ratio) {
  const size = Math.ceil((radius + 1.5) * 2 * ratio);
  const canvas = element("canvas");
  canvas.width = canvas.height = size;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.translate(size / 2, size / 2);
  context.scale(ratio, ratio);
  context.lineWidth = marker === "edge" ? 0.5 : 1.2;
  context.beginPath();
  if (marker === "cross") {
    context.moveTo(-radius, -radius);
    context.lineTo(radius, radius);
    context.moveTo(-radius, radius);
    context.lineTo(radius, -radius);
    context.stroke();
  } else {
    context.arc(0, 0, radius, 0, 2 * Math.PI);
    marker === "dot" ? context.fill() : context.stroke();
  }
  return { size, cover: context.getImageData(0, 0, size, size).data.filter((_, i) => i % 4 === 3) };
}

// A marker in its colours, [cover, ink, opacity] from the lowest up: where its pixels lie from its corner, their
// colours multiplied by their opacity, and what they leave of what is below, 0 to 255.
function inked(parts, size, stride) {
  const [offsets, colors, rests] = [[], [], []];
  for (let i = 0; i < size * size; i++) {
    let mixed = [0, 0, 0, 0];
    for (const [cover, [red, green, blue], opacity] of parts) {
      const over = (cover[i] * opacity) / 255;
      mixed = [red, green, blue, 255].map((value, k) => value * over + mixed[k] * (1 - over));
    }
    const [red, green, blue, opacity] = mixed.map(Math.round);
    if (!opacity) continue;
    offsets.push(Math.floor(i / size) * stride + (i % size));
    colors.push((opacity << 24) | (blue << 16) | (green << 8) | red);
    rests.push(255 - opacity);
  }
  return { offsets: Int32Array.from(offsets), colors: Int32Array.from(colors), rests: Int32Array.from(rests) };
}

function pointRadius(n, zoom) {
  return Math.min(4.5, Math.max(1.7, 100 / Math.sqrt(n))) * Math.min(2, zoom ** 0.3);
}

const layers = new WeakMap(); // canvas -> the picture that its points are put together in

function layerOf(canvas) {
  let layer = layers.get(canvas);
  if (layer?.width !== canvas.width || layer?.height !== canvas.height) {
    layer = new ImageData(canvas.width, canvas.height);
    layers.set(canvas, layer);
  } else {
    layer.data.fill(0);
  }
  return layer;
}

// Lays a marker over what is there, each pixel a whole number of four bytes. Two of them at a time are multiplied
// and divided by 255, to the nearest whole one: the time of a large map's frame is spent here.
function lay(pixels, at, { offsets, colors, rests }) {
  for (let k = 0; k < offsets.length; k++) {
    const p = at + offsets[k];
    const below = pixels[p];
    const rest = rests[k];
    const even = (Math.imul(below & 0xff00ff, rest) + 0x800080) | 0;
    const odd = (Math.imul((below >>> 8) & 0xff00ff, rest) + 0x800080) | 0;
    const left = ((even + ((even >>> 8) & 0xff00ff)) >>> 8) & 0xff00ff;
    const right = (odd + ((odd >>> 8) & 0xff00ff)) & 0xff00ff00;
    pixels[p] = colors[k] + (left | right);
  }
}

// Colours as a canvas takes them, not multiplied.
function separate(pixels) {
  for (let p = 3; p < pixels.length; p += 4) {
    const opacity = pixels[p];
    if (opacity === 0 || opacity === 255) continue;
    const factor = 255 / opacity;
    pixels[p - 3] *= factor;
    pixels[p - 2] *= factor;
    pixels[p - 1] *= factor;
  }
}

// Replaces what is on the canvas by the points. They are laid pixel by pixel: sixty thousand of them take a
// few milliseconds, where as many calls of `drawImage` take more than a frame.
//
// `scene`: screenX, screenY, shown, tone (index into colors per point, -1 is grey), colors, markers
// (one per point set), setOf (per point), selected (mask or null), theme, zoom.
export function paintPoints(context, scene, ratio) {
  const { screenX, screenY, shown, tone, colors, markers, setOf, selected, theme } = scene;
  const layer = layerOf(context.canvas);
  const { width, height } = layer;
  const pixels = new Int32Array(layer.data.buffer);
  const radius = pointRadius(screenX.length, scene.zoom);
  const edge = stamp("edge", radius, ratio);
  const [faint, line] = [rgb(theme.faint), rgb(theme.text)];
  const inks = [faint, ...colors.map(rgb)];
  const kinds = markers.map((marker) => {
    const { size, cover } = stamp(marker, marker === "dot" ? radius : radius + 1.2, ratio);
    const of = (ink, opacity) => {
      const rim = marker === "dot" ? [[edge.cover, line, opacity * 0.7]] : [];
      return inked([[cover, ink, opacity], ...rim], size, width);
    };
    return { size, pale: of(faint, 0.22), full: inks.map((ink) => of(ink, 0.8)) };
  });
  const put = (i, pale) => {
    const { size, pale: paleOne, full } = kinds[setOf[i]];
    const x = Math.round(screenX[i] * ratio - size / 2);
    const y = Math.round(screenY[i] * ratio - size / 2);
    if (x < 0 || y < 0 || x + size > width || y + size > height) return;
    lay(pixels, y * width + x, pale ? paleOne : full[tone[i] + 1]);
  };
  if (selected) {
    for (let i = 0; i < screenX.length; i++) if (!selected[i] && shown[i]) put(i, true);
  }
  for (let i = 0; i < screenX.length; i++) {
    if (shown[i] && (!selected || selected[i])) put(i, false);
  }
  separate(layer.data);
  context.putImageData(layer, 0, 0);
}

export function paintAxes(context, map, axes, showTicks, width, height, theme) {
  const bottom = height - MARGIN.bottom;
  const right = width - MARGIN.right;
  context.font = `12px ${theme.font}`;
  context.lineWidth = 1;
  context.strokeStyle = theme.line;
  context.fillStyle = theme.text;
  context.globalAlpha = 0.75;
  context.textAlign = "center";
  context.textBaseline = "middle";
  if (showTicks) {
    const [left, end] = [(MARGIN.left - map.b) / map.a, (right - map.b) / map.a];
    for (const value of ticks(left, end, Math.max(3, width / 110))) {
      const x = Math.round(value * map.a + map.b) + 0.5;
      strokeLine(context, x, MARGIN.top, x, bottom);
      context.fillText(readable(value), x, bottom + 10);
    }
    const [low, high] = [(map.d - bottom) / map.c, (map.d - MARGIN.top) / map.c];
    context.textAlign = "right";
    for (const value of ticks(low, high, Math.max(3, height / 90))) {
      const y = Math.round(map.d - value * map.c) + 0.5;
      strokeLine(context, MARGIN.left, y, right, y);
      context.fillText(readable(value), MARGIN.left - 5, y);
    }
    context.textAlign = "center";
  }
  context.globalAlpha = 1;
  context.fillText(axes[0], (MARGIN.left + right) / 2, height - 11);
  context.save();
  context.translate(11, (MARGIN.top + bottom) / 2);
  context.rotate(-Math.PI / 2);
  context.fillText(axes[1], 0, 0);
  context.restore();
}

export function strokeLine(context, x0, y0, x1, y1) {
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
}

export function circle(context, x, y, radius, color, width) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.strokeStyle = color;
  context.lineWidth = width;
  context.stroke();
}

export function paintOutline(context, outline, theme) {
  context.beginPath();
  outline.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.closePath();
  context.fillStyle = theme.primary;
  context.globalAlpha = 0.12;
  context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = theme.primary;
  context.lineWidth = 1.5;
  context.stroke();
}

export function paintPlace(context, x, y, theme) {
  for (const [color, width] of [[theme.background, 5], [theme.text, 2]]) {
    context.strokeStyle = color;
    context.lineWidth = width;
    strokeLine(context, x - 8, y, x + 8, y);
    strokeLine(context, x, y - 8, x, y + 8);
  }
}
