// A network with one image in it, of which every layer can be chosen to be enlarged.

import { ARROWS, clamp, element } from "../common.js";
import { offerSaving } from "../saving.js";
import { drawNetwork, unpack } from "./paint.js";

const MARGIN = 5;   // between a layer and the frame around it
const NARROWEST = 16; // a frame is never narrower, as far as its neighbours leave it room

const MOUNTED = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".layers");
  MOUNTED.get(root)?.disconnect();
  const canvas = root.querySelector("canvas");
  const view = { root, canvas, choices: root.querySelector(".choices"), model: unpack(data), data };
  view.choose = (i) => {
    setChosen(view, i);
    setTriggerValue("layer", i);
  };
  canvas.setAttribute("aria-label", data.description);
  fillChoices(view);
  setChosen(view, data.chosen);
  const resized = new ResizeObserver(() => draw(view));
  resized.observe(root);
  MOUNTED.set(root, resized);
  offerSaving(root, { name: "network", title: data.description, picture: () => canvas, rows: data.names.map(row) });
}

// "encoder 1: dense, ReLU, 128 values" in two columns.
function row(line) {
  const [layer, ...rest] = line.split(": ");
  return { layer, what: rest.join(": ") };
}

// One button a layer. Those that are there stay, so that the one with the focus keeps it.
function fillChoices(view) {
  const { choices, data } = view;
  while (choices.children.length > data.names.length) choices.lastChild.remove();
  while (choices.children.length < data.names.length) choices.append(element("button"));
  view.buttons = [...choices.children];
  view.buttons.forEach((button, i) => {
    button.type = "button";
    button.title = data.names[i];
    button.setAttribute("aria-label", data.names[i]);
    button.onclick = () => view.choose(i);
    button.onkeydown = (event) => {
      const [step] = ARROWS[event.key] ?? [0];
      if (!step) return;
      event.preventDefault();
      const next = clamp(i + step, 0, view.buttons.length - 1);
      view.buttons[next].focus();
      if (next !== i) view.choose(next);
    };
  });
}

function setChosen(view, chosen) {
  view.buttons.forEach((button, i) => {
    button.setAttribute("aria-pressed", String(i === chosen));
    button.tabIndex = i === chosen ? 0 : -1;
  });
}

function draw(view) {
  const layout = drawNetwork(view.canvas, view.root, view.model);
  if (!layout) return;
  const { boxes, width } = layout;
  view.buttons.forEach((button, i) => {
    const box = boxes[i];
    // Up to halfway to the neighbours, so that thin layers can be hit and no two frames overlap.
    const left = i ? (boxes[i - 1].x + boxes[i - 1].width + box.x) / 2 : 0;
    const right = i + 1 < boxes.length ? (box.x + box.width + boxes[i + 1].x) / 2 : width;
    const wide = Math.max(box.width + 2 * MARGIN, NARROWEST), middle = box.x + box.width / 2;
    const from = Math.max(left, middle - wide / 2), to = Math.min(right, middle + wide / 2);
    Object.assign(button.style, {
      left: `${from}px`, width: `${to - from}px`,
      top: `${box.y - MARGIN}px`, height: `${box.height + 2 * MARGIN}px`,
    });
  });
}
