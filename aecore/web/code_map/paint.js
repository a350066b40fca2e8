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

// A small picture of one marker: drawing 10,000 of these is several times faster than 10,000 paths.
// `edge` is a thin line around a dot, of which the palest colours would be hard to see on white.
function stamp(marker, color, edge, radius, ratio, alpha) {
  const size = Math.ceil((radius + 1.5) * 2 * ratio);
  const canvas = element("canvas");
  canvas.width = canvas.height = size;
  const context = canvas.getContext("2d");
  context.translate(size / 2, size / 2);
  context.scale(ratio, ratio);
  context.globalAlpha = alpha;
  context.fillStyle = context.strokeStyle = color;
  context.lineWidth = 1.2;
  context.beginPath();
  if (marker === "cross") {
    context.moveTo(-radius, -radius);
    context.lineTo(radius, radius);
    context.moveTo(-radius, radius);
    context.lineTo(radius, -radius);
    context.stroke();
  } else {
    context.arc(0, 0, radius, 0, 2 * Math.PI);
    if (marker !== "ring") {
      context.fill();
      Object.assign(context, { strokeStyle: edge, lineWidth: 0.5, globalAlpha: alpha * 0.7 });
    }
    context.stroke();
  }
  return canvas;
}

function pointRadius(n, zoom) {
  return Math.min(4.5, Math.max(1.7, 100 / Math.sqrt(n))) * Math.min(2, zoom ** 0.3);
}

// `scene`: screenX, screenY, shown, tone (index into colors per point, -1 is grey), colors, markers
// (one per point set), setOf (per point), selected (mask or null), theme, zoom.
export function paintPoints(context, scene, ratio) {
  const { screenX, screenY, shown, tone, colors, markers, setOf, selected, theme } = scene;
  const radius = pointRadius(screenX.length, scene.zoom);
  const stamps = new Map();
  const stampFor = (set, color, alpha) => {
    const name = `${set} ${color} ${alpha}`;
    if (!stamps.has(name)) {
      const size = markers[set] === "dot" ? radius : radius + 1.2;
      stamps.set(name, stamp(markers[set], color, theme.text, size, ratio, alpha));
    }
    return stamps.get(name);
  };
  const put = (i, color, alpha) => {
    const image = stampFor(setOf[i], color, alpha);
    const half = image.width / 2;
    context.drawImage(image, Math.round(screenX[i] * ratio - half), Math.round(screenY[i] * ratio - half));
  };
  context.setTransform(1, 0, 0, 1, 0, 0);
  if (selected) {
    for (let i = 0; i < screenX.length; i++) if (!selected[i] && shown[i]) put(i, theme.faint, 0.22);
  }
  for (let i = 0; i < screenX.length; i++) {
    if (shown[i] && (!selected || selected[i])) put(i, tone[i] < 0 ? theme.faint : colors[tone[i]], 0.8);
  }
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
