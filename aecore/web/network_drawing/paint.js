// How a network is drawn: its layers to scale, each value a square, its code enlarged as bars.

import { clamp, element, fromBase64, paint, pictureAt, rgb, sharpContext, themeOf } from "../common.js";
import { SHIFT, SHOWN_UNITS, arrange } from "./layout.js";

export function unpack(data) {
  const [channels, rows, columns] = data.shape;
  const image = { maps: 1, rows, columns, size: channels * rows * columns };
  image.label = image.size.toLocaleString("en");
  const ready = (layer) => ({ ...layer, cells: fromBase64(layer.cells) });
  const [codeRows, codeColumns] = data.grid;
  const units = data.codes[0].length;
  const code = { maps: 1, rows: codeRows, columns: codeColumns, size: units, label: String(units) };
  const encoder = data.encoder.map(ready), decoder = data.decoder.map(ready);
  return {
    ...data, encoder, decoder, channels, units,
    images: fromBase64(data.images), outputs: fromBase64(data.outputs),
    layers: [image, ...encoder, code, ...decoder, image],
    codeIndex: encoder.length + 1,
    frames: data.codes.length,
    largest: Math.max(1e-9, ...data.codes.flat().map(Math.abs)),
  };
}

// Image i as a small canvas of its own size.
export function picture(all, i, shape) {
  const canvas = element("canvas");
  paint(canvas, pictureAt(all, i, shape), shape, 1);
  return canvas;
}

// Squares whose strength is `value(i)` from 0 to 1, as a small canvas; none beyond `count`.
function squaresCanvas(rows, columns, count, value, [red, green, blue]) {
  const canvas = element("canvas");
  Object.assign(canvas, { width: columns, height: rows });
  const target = new ImageData(columns, rows);
  for (let i = 0; i < count; i++) target.data.set([red, green, blue, 30 + 225 * value(i)], 4 * i);
  canvas.getContext("2d").putImageData(target, 0, 0);
  return canvas;
}

function colorsOf(node) {
  const theme = themeOf(node);
  return { text: rgb(theme.text), accent: rgb(theme.primary), paper: rgb(theme.background), font: theme.font };
}

const rgba = ([r, g, b], alpha = 1) => `rgba(${r},${g},${b},${alpha})`;

// The code or a layer between image and code or code and image: all its drawn squares, feature maps side by side.
export function layerCanvas(model, index, frame, node) {
  const { accent } = colorsOf(node);
  const layer = model.layers[index], { rows, columns, maps } = layer;
  if (index === model.codeIndex) {
    const code = model.codes[frame];
    return squaresCanvas(rows, columns, code.length, (i) => Math.abs(code[i]) / model.largest, accent);
  }
  const across = Math.ceil(Math.sqrt(maps)), plane = rows * columns;
  const whole = element("canvas");
  Object.assign(whole, { width: across * (columns + 1) - 1, height: Math.ceil(maps / across) * (rows + 1) - 1 });
  const context = whole.getContext("2d");
  for (let map = 0; map < maps; map++) {
    const start = (frame * maps + map) * plane;
    const count = maps > 1 ? plane : Math.min(layer.size, plane);
    const one = squaresCanvas(rows, columns, count, (i) => layer.cells[start + i] / 255, accent);
    context.drawImage(one, (map % across) * (columns + 1), Math.floor(map / across) * (rows + 1));
  }
  return whole;
}

function drawFunnel(context, layout, colors) {
  context.fillStyle = rgba(colors.text, 0.07);
  for (let i = 0; i + 1 < layout.boxes.length; i++) {
    const a = layout.boxes[i], b = layout.boxes[i + 1];
    context.beginPath();
    context.moveTo(a.x + a.width, a.y);
    context.lineTo(b.x, b.y);
    context.lineTo(b.x, b.y + b.height);
    context.lineTo(a.x + a.width, a.y + a.height);
    context.fill();
  }
}

// The layers' sizes above them, from left to right as far as there is room; the narrowest one's, where the
// model names it, has the first place and says so.
function drawLabels(context, model, layout, colors) {
  context.textAlign = "center";
  const taken = [];
  const write = (i, text, color) => {
    const box = layout.boxes[i], half = context.measureText(text).width / 2;
    const middle = clamp(box.x + box.width / 2, half, layout.width - half);
    if (taken.some(([from, to]) => middle - half < to + 4 && middle + half > from - 4)) return;
    // Above whatever it reaches over: a neighbour may be taller.
    const under = layout.boxes.filter((b) => b.x < middle + half && b.x + b.width > middle - half);
    context.fillStyle = color;
    context.fillText(text, middle, Math.min(...under.map((b) => b.y), box.y) - 7);
    taken.push([middle - half, middle + half]);
  };
  if (model.pinch !== undefined) {
    context.font = `bold 12px ${colors.font}`;
    write(model.pinch, `pinch ${model.layers[model.pinch].label}`, rgba(colors.accent));
  }
  context.font = `12px ${colors.font}`;
  model.layers.forEach((layer, i) => {
    if (i !== model.pinch) write(i, layer.label, rgba(colors.text, 0.75));
  });
}

function drawLayer(context, layer, frame, box, cell, colors) {
  const plane = layer.rows * layer.columns;
  for (let map = layer.maps - 1; map >= 0; map--) {
    const x = box.x + map * SHIFT * cell, y = box.y + box.height - layer.rows * cell - map * SHIFT * cell;
    const start = (frame * layer.maps + map) * plane;
    const count = layer.maps > 1 ? plane : Math.min(layer.size, plane);
    const canvas = squaresCanvas(layer.rows, layer.columns, count, (i) => layer.cells[start + i] / 255, colors.accent);
    const width = layer.columns * cell, height = layer.rows * cell;
    context.fillStyle = rgba(colors.paper);
    context.fillRect(x, y, width, height);
    context.drawImage(canvas, x, y, width, height);
    if (layer.maps > 1) {
      context.strokeStyle = rgba(colors.text, 0.35);
      context.lineWidth = 0.5;
      context.strokeRect(x, y, width, height);
    }
  }
}

// From the waist to the bars that show it enlarged.
function drawMagnifier(context, model, layout, colors) {
  const box = layout.boxes[model.codeIndex], { bars } = layout;
  context.strokeStyle = rgba(colors.text, 0.25);
  context.lineWidth = 1;
  for (const [from, to] of [[box.x, bars.x], [box.x + box.width, bars.x + bars.width]]) {
    context.beginPath();
    context.moveTo(from, box.y + box.height);
    context.lineTo(to, bars.y);
    context.stroke();
  }
}

function drawCode(context, model, frame, layout, colors) {
  const code = model.codes[frame], box = layout.boxes[model.codeIndex], { bars } = layout;
  const [rows, columns] = model.grid;
  const cells = squaresCanvas(rows, columns, code.length, (i) => Math.abs(code[i]) / model.largest, colors.accent);
  context.fillStyle = rgba(colors.paper);
  context.fillRect(box.x, box.y, box.width, box.height);
  context.drawImage(cells, box.x, box.y, box.width, box.height);

  const shown = Math.min(code.length, SHOWN_UNITS), pitch = bars.width / shown;
  const numbers = pitch >= 25;
  const height = bars.height - (numbers ? 16 : 0), zero = bars.y + height / 2;
  context.fillStyle = rgba(colors.paper);
  context.fillRect(bars.x, bars.y, bars.width, height);
  context.strokeStyle = rgba(colors.text, 0.25);
  context.lineWidth = 1;
  context.strokeRect(bars.x + 0.5, bars.y + 0.5, bars.width - 1, height);
  context.fillStyle = rgba(colors.text, 0.3);
  context.fillRect(bars.x, zero, bars.width, 1);
  context.font = `10px ${colors.font}`;
  context.textAlign = "center";
  for (let i = 0; i < shown; i++) {
    const length = (code[i] / model.largest) * (height / 2 - 3);
    context.fillStyle = rgba(colors.accent);
    context.fillRect(bars.x + i * pitch + pitch * 0.15, Math.min(zero, zero - length), Math.max(pitch * 0.7, 0.5), Math.abs(length));
    context.fillStyle = rgba(colors.text, 0.75);
    if (numbers) context.fillText(code[i].toFixed(1), bars.x + (i + 0.5) * pitch, bars.y + bars.height - 3);
  }
}

// The whole network onto a canvas as wide as it stands, and where everything lies. The image of `stop` and the
// layers before its code are as strong as `entering`; code, decoder and output are those of `frame`.
export function drawNetwork(canvas, root, model, { stop = 0, frame = 0, entering = 1 } = {}) {
  const width = canvas.clientWidth;
  if (!width) return null;
  const layout = { ...arrange(model.layers, model.codeIndex, width), width };
  const colors = colorsOf(root);
  canvas.style.height = `${layout.height}px`;
  const context = sharpContext(canvas, width, layout.height);
  context.imageSmoothingEnabled = false;
  drawFunnel(context, layout, colors);
  drawMagnifier(context, model, layout, colors);
  const show = (all, index, box) =>
    context.drawImage(picture(all, index, model.shape), box.x, box.y, box.width, box.height);
  const last = layout.boxes.length - 1;
  context.globalAlpha = entering;
  show(model.images, stop, layout.boxes[0]);
  model.encoder.forEach((layer, i) => drawLayer(context, layer, stop, layout.boxes[i + 1], layout.cell, colors));
  context.globalAlpha = 1;
  drawCode(context, model, frame, layout, colors);
  model.decoder.forEach((layer, i) =>
    drawLayer(context, layer, frame, layout.boxes[model.codeIndex + 1 + i], layout.cell, colors));
  show(model.outputs, frame, layout.boxes[last]);
  drawLabels(context, model, layout, colors);
  return layout;
}
