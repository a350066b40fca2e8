// Two directions of the code as a plane: the point in it is dragged, and the picture is decoded here at every
// movement.

import { ARROWS, clamp, element, fromBase64, oncePerFrame, paint, pointerShare, sharpContext, themeOf } from "../common.js";
import { digits, offerSaving } from "../saving.js";
import { makeDecoder } from "./decoder.js";
import { distanceWords, remoteness } from "./distance.js";

const pads = new WeakMap();
const ROWS = 48, COLUMNS = 64; // places at which it is asked whether data is near
const SLICE = 6; // milliseconds of asking between two frames
const STEP = 1 / 50; // of the plane's width that an arrow key moves the point; with Shift five times as far
const SPOKEN_AFTER = 500; // milliseconds of rest after which the place is read out

export default function mount({ data, parentElement }) {
  const root = parentElement.querySelector(".pad");
  const state = pads.get(root) ?? start(root);
  pads.set(root, state);
  const identity = JSON.stringify([data.decoder.key, data.axes, data.start, data.low, data.high]);
  if (identity === state.identity) return;
  Object.assign(state, { identity, data, decode: makeDecoder(data.decoder), origin: placeOf(data, data.start.code) });
  state.points = new Float32Array(fromBase64(data.points).buffer);
  state.tones = new Uint8Array(fromBase64(data.tones));
  state.reference = data.reference && new Float32Array(fromBase64(data.reference.codes).buffer);
  state.place = [...state.origin];
  const plane = root.querySelector(".plane");
  plane.setAttribute("aria-label", `Plane of ${data.axes.join(" and ")}. Arrow keys move the point, with Shift farther; Home takes it back.`);
  root.querySelector("[data-act=start]").textContent = `Back to ${data.start.name}`;
  root.querySelector(".key").hidden = !state.reference;
  offerSaving(root.querySelector(".field"), {
    name: "plane-of-the-code",
    title: `Plane of ${data.axes.join(" and ")}`,
    picture: () => plane,
    rows: () => Array.from(state.tones, (_, i) => ({ code: i + 1, [data.axes[0]]: digits(state.points[2 * i]), [data.axes[1]]: digits(state.points[2 * i + 1]) })),
  });
  surround(root, state);
  state.redraw();
}

function start(root) {
  const state = {};
  state.redraw = oncePerFrame(() => draw(root, state));
  const plane = root.querySelector(".plane");
  const follow = (event) => {
    const [x, y] = pointerShare(event, plane);
    moveTo(root, state, [x, 1 - y].map((share, k) => between(state.data, k, share)));
  };
  plane.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    plane.focus({ preventScroll: true });
    plane.setPointerCapture(event.pointerId);
    follow(event);
  });
  plane.addEventListener("pointermove", (event) => plane.hasPointerCapture(event.pointerId) && follow(event));
  plane.addEventListener("keydown", (event) => {
    const step = ARROWS[event.key], far = event.shiftKey ? 5 : 1;
    const sizes = [0, 1].map((k) => (state.data.high[k] - state.data.low[k]) * STEP * far);
    if (event.key === "Home") moveTo(root, state, state.origin);
    else if (step) moveTo(root, state, [state.place[0] + step[0] * sizes[0], state.place[1] - step[1] * sizes[1]]);
    else return;
    event.preventDefault();
  });
  root.querySelector("[data-act=start]").addEventListener("click", () => moveTo(root, state, state.origin));
  new ResizeObserver(state.redraw).observe(plane);
  return state;
}

const between = ({ low, high }, k, share) => low[k] + share * (high[k] - low[k]);
const shareOf = ({ low, high }, k, value) => (value - low[k]) / (high[k] - low[k]);

// Where a code lies on the plane, and the start's code moved to a place of it.
function placeOf({ directions, middle }, code) {
  return directions.map((direction) => direction.reduce((sum, value, j) => sum + value * (code[j] - middle[j]), 0));
}

function codeAt({ data, origin }, [x, y]) {
  const [across, up] = data.directions;
  return data.start.code.map((value, j) => value + (x - origin[0]) * across[j] + (y - origin[1]) * up[j]);
}

function moveTo(root, state, place) {
  state.place = place.map((value, k) => clamp(value, state.data.low[k], state.data.high[k]));
  state.redraw();
  clearTimeout(state.speaking);
  state.speaking = setTimeout(() => {
    root.querySelector(".spoken").textContent = `${root.querySelector(".place").textContent}. ${root.querySelector(".readout").textContent}`;
  }, SPOKEN_AFTER);
}

// Asks at a grid of places whether data is near, a slice at a time.
function surround(root, state) {
  const far = new Uint8Array(ROWS * COLUMNS);
  const run = (state.surrounding = {});
  state.far = null;
  if (!state.reference) return;
  const { typical, limit } = state.data.reference;
  let i = 0;
  const ask = () => {
    if (state.surrounding !== run || !root.isConnected) return;
    for (const until = performance.now() + SLICE; i < far.length && performance.now() < until; i++) {
      const shares = [((i % COLUMNS) + 0.5) / COLUMNS, 1 - (Math.floor(i / COLUMNS) + 0.5) / ROWS];
      const code = codeAt(state, shares.map((share, k) => between(state.data, k, share)));
      far[i] = remoteness(code, state.reference, typical) > limit ? 1 : 0;
    }
    if (i < far.length) return requestAnimationFrame(ask);
    state.far = far;
    state.redraw();
  };
  requestAnimationFrame(ask);
}

function draw(root, state) {
  const { data, place } = state;
  if (!data) return;
  const code = codeAt(state, place);
  paint(root.querySelector(".picture"), state.decode(code), data.decoder.shape);
  const words = data.axes.map((name, k) => `${name}: ${readable(place[k])}`).join(" · ");
  root.querySelector(".place").textContent = words;
  root.querySelector(".picture").setAttribute("aria-label", `Decoded image at ${words}`);
  const readout = root.querySelector(".readout");
  const distance = state.reference && remoteness(code, state.reference, data.reference.typical);
  readout.textContent = state.reference ? distanceWords(distance, data.reference.limit) : "";
  readout.classList.toggle("outside", Boolean(state.reference) && distance > data.reference.limit);
  drawPlane(root, state);
  root.dataset.drawn = 1 + Number(root.dataset.drawn ?? 0);
}

const readable = (value) => (Math.abs(value) < 0.005 ? "0.00" : value.toFixed(2));

function drawPlane(root, state) {
  const { data, points, tones } = state, canvas = root.querySelector(".plane");
  const { clientWidth: width, clientHeight: height } = canvas;
  if (!width) return;
  const context = sharpContext(canvas, width, height), theme = themeOf(root);
  const onScreen = (x, y) => [shareOf(data, 0, x) * width, (1 - shareOf(data, 1, y)) * height];
  if (state.far) {
    context.fillStyle = theme.text;
    context.globalAlpha = 0.13;
    const veil = element("canvas");
    Object.assign(veil, { width: COLUMNS, height: ROWS });
    const on = veil.getContext("2d");
    on.fillStyle = theme.text;
    state.far.forEach((far, i) => far && on.fillRect(i % COLUMNS, Math.floor(i / COLUMNS), 1, 1));
    context.drawImage(veil, 0, 0, width, height);
  }
  context.globalAlpha = 0.55;
  for (let i = 0; i < tones.length; i++) {
    context.fillStyle = data.colors[tones[i]];
    const [x, y] = onScreen(points[2 * i], points[2 * i + 1]);
    context.fillRect(x - 1.5, y - 1.5, 3, 3);
  }
  context.globalAlpha = 1;
  const [x, y] = onScreen(...state.place), [x0, y0] = onScreen(...state.origin);
  for (const [color, line] of [[theme.background, 5], [theme.text, 2]]) {
    [context.strokeStyle, context.lineWidth] = [color, line];
    context.beginPath();
    context.moveTo(x0 - 5, y0);
    context.lineTo(x0 + 5, y0);
    context.moveTo(x0, y0 - 5);
    context.lineTo(x0, y0 + 5);
    context.stroke();
    context.beginPath();
    context.arc(x, y, 9, 0, 2 * Math.PI);
    context.stroke();
  }
  context.font = `12px ${theme.font}`;
  [context.lineWidth, context.lineJoin, context.strokeStyle, context.fillStyle] = [4, "round", theme.background, theme.text];
  const write = (text, at, align) => {
    context.textAlign = align;
    context.strokeText(text, ...at);
    context.fillText(text, ...at);
  };
  write(`${data.axes[0]} →`, [width - 8, height - 8], "right");
  write(`↑ ${data.axes[1]}`, [8, 18], "left");
}
