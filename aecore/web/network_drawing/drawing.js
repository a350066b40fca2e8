// An auto-encoder at work: its layers drawn to scale, walking from one image's code to the next.

import { clamp, element, oncePerFrame } from "../common.js";
import { waiting } from "./decoders.js";
import { Hands, addFrame } from "./hands.js";
import { place } from "./layout.js";
import { Lens } from "./lens.js";
import { drawNetwork, picture, unpack } from "./paint.js";

function draw(view, model, frame) {
  const { stop, exact } = frame === model.live ? { stop: view.stop, exact: false } : place(frame, model.steps);
  view.stop = stop;
  // Between two stops no image goes in: only the decoder is at work.
  const layout = drawNetwork(view.canvas, view.root, model, { stop, frame, entering: exact ? 1 : 0.15 });
  if (!layout) return;
  view.lens.lay(layout, { stop, frame });
  view.hands.lay(layout, frame);
  view.byHand.hidden = !view.hands.ready();
}

function describeHand(view, unit, value) {
  setLine(view.input, [["Nothing goes in here", ""]]);
  setLine(view.middle, [["Its code, changed by hand: ", ""], [`unit ${unit} at ${value.toFixed(2)}`, "b"]]);
  setLine(view.output, [["What the decoder makes of it", ""]]);
  view.canvas.setAttribute("aria-label", `The decoder with a code changed by hand, unit ${unit} at ${value.toFixed(2)}`);
  view.buttons.forEach((button) => button.setAttribute("aria-pressed", "false"));
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
      [`${model.result}. Squared error `, ""], [model.errors[stop].toFixed(1), "b"],
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
  const signature = data.images + data.outputs + data.result;
  const before = MOUNTED.get(root);
  if (before?.signature === signature) return before.redraw();
  before?.end();

  const find = (selector) => root.querySelector(selector);
  const view = {
    root, canvas: find("canvas"), slider: find("input"), stops: find(".stops"),
    input: find(".in"), middle: find(".middle"), output: find(".out"), byHand: find(".byhand"),
  };
  const model = unpack(data);
  addFrame(model);
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
    const start = performance.now(), from = frame === model.live ? view.stop * model.steps : frame;
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
  const redrawSoon = oncePerFrame(redraw);
  view.lens = new Lens(find(".layers"), find(".lens"), model);
  view.hands = new Hands(find(".hands"), model, {
    codeNow: () => model.codes[frame],
    moved: (unit, value) => {
      halt();
      frame = model.live;
      describeHand(view, unit, value);
      redrawSoon();
    },
    back: () => frame === model.live && show(view.stop * model.steps),
  });
  waiting.add(redraw);
  const resized = new ResizeObserver(redraw);
  resized.observe(root);
  show(0);
  MOUNTED.set(root, { signature, redraw, end: () => { halt(); resized.disconnect(); waiting.delete(redraw); } });
}
