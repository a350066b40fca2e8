// An auto-encoder at work: its layers drawn to scale, walking from one image's code to the next.

import { clamp, element, fromBase64, paint, pictureAt, rgb, sharpContext, themeOf } from "../common.js";
import { SHIFT, SHOWN_UNITS, arrange, place } from "./layout.js";

function unpack(data) {
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
function picture(all, i, shape) {
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

function drawLabels(context, model, layout, colors) {
  context.font = `12px ${colors.font}`;
  context.textAlign = "center";
  context.fillStyle = rgba(colors.text, 0.75);
  let free = -Infinity;
  model.layers.forEach((layer, i) => {
    const box = layout.boxes[i], wide = context.measureText(layer.label).width;
    const middle = clamp(box.x + box.width / 2, wide / 2, layout.width - wide / 2);
    if (middle - wide / 2 < free) return;  // no room: the next one may have it
    context.fillText(layer.label, middle, box.y - 7);
    free = middle + wide / 2 + 4;
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

function draw(view, model, frame) {
  const width = view.canvas.clientWidth;
  if (!width) return;
  const layout = { ...arrange(model.layers, model.codeIndex, width), width };
  const colors = colorsOf(view.root);
  view.canvas.style.height = `${layout.height}px`;
  const context = sharpContext(view.canvas, width, layout.height);
  context.imageSmoothingEnabled = false;
  drawFunnel(context, layout, colors);
  drawMagnifier(context, model, layout, colors);
  const { stop, exact } = place(frame, model.steps);
  const show = (all, index, box) =>
    context.drawImage(picture(all, index, model.shape), box.x, box.y, box.width, box.height);
  const last = layout.boxes.length - 1;
  // Between two stops no image goes in: only the decoder is at work.
  context.globalAlpha = exact ? 1 : 0.15;
  show(model.images, stop, layout.boxes[0]);
  model.encoder.forEach((layer, i) => drawLayer(context, layer, stop, layout.boxes[i + 1], layout.cell, colors));
  context.globalAlpha = 1;
  drawCode(context, model, frame, layout, colors);
  model.decoder.forEach((layer, i) =>
    drawLayer(context, layer, frame, layout.boxes[model.codeIndex + 1 + i], layout.cell, colors));
  show(model.outputs, frame, layout.boxes[last]);
  drawLabels(context, model, layout, colors);
}

// Sets a line of parts, each a text and how it stands out: "b" for bold, a class, or nothing.
function setLine(node, parts) {
  node.replaceChildren(
    ...parts.map(([text, kind]) => (kind === "b" ? element("b", "", text) : element("span", kind, text))),
  );
}

function describe(view, model, frame) {
  const { stop, exact } = place(frame, model.steps);
  const name = model.names[stop];
  setLine(view.middle, [["Its code: ", ""], [`${model.units} numbers`, "b"]]);
  if (exact) {
    setLine(view.input, [["A test image, ", ""], [name, "b"]]);
    setLine(view.output, [
      ["Its reconstruction. Squared error ", ""], [model.errors[stop].toFixed(1), "b"],
      [` (PCA ${model.pca[stop].toFixed(1)})`, "pca"],
    ]);
  } else {
    setLine(view.input, [["Nothing goes in here", ""]]);
    setLine(view.middle, [["A code on the way ", ""], ["between two images", "b"]]);
    setLine(view.output, [["What the decoder makes of it", ""]]);
  }
  view.canvas.setAttribute("aria-label", exact
    ? `The network with ${name} going in; ${model.units} code units; squared error ${model.errors[stop].toFixed(1)}`
    : "The decoder with a code between those of two images");
  view.buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(exact && i === stop)));
}

function makeStops(view, model, onChoose) {
  view.buttons = model.names.map((name, i) => {
    const button = element("button");
    button.type = "button";
    button.title = name;
    button.setAttribute("aria-label", `Test image ${i + 1}, ${name}`);
    button.append(picture(model.images, i, model.shape));
    button.addEventListener("click", () => onChoose(i * model.steps));
    return button;
  });
  view.stops.replaceChildren(...view.buttons);
}

const MOUNTED = new WeakMap();

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".walk");
  // A rerun of the page that changes nothing leaves the place on the walk alone.
  const signature = data.images + data.outputs;
  const before = MOUNTED.get(root);
  if (before?.signature === signature) return before.redraw();
  before?.end();

  const find = (selector) => root.querySelector(selector);
  const view = {
    root, canvas: find("canvas"), slider: find("input"), stops: find(".stops"),
    input: find(".in"), middle: find(".middle"), output: find(".out"),
  };
  const model = unpack(data);
  let frame = 0, animation = 0;
  const show = (next) => {
    frame = next;
    view.slider.value = String(frame);
    draw(view, model, frame);
    describe(view, model, frame);
  };
  const halt = () => cancelAnimationFrame(animation);
  const glide = (target, milliseconds) => {
    halt();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return show(target);
    const start = performance.now(), from = frame;
    const step = (now) => {
      // The frame's own time may lie a little before the click.
      const t = clamp((now - start) / milliseconds, 0, 1);
      show(Math.round(from + (target - from) * t));
      if (t < 1) animation = requestAnimationFrame(step);
    };
    animation = requestAnimationFrame(step);
  };
  view.slider.max = String(model.frames - 1);
  view.slider.oninput = () => { halt(); show(Number(view.slider.value)); };
  makeStops(view, model, (target) => glide(target, 700));
  const redraw = () => draw(view, model, frame);
  const resized = new ResizeObserver(redraw);
  resized.observe(root);
  show(0);
  MOUNTED.set(root, { signature, redraw, end: () => { halt(); resized.disconnect(); } });
}
