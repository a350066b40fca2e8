// A layer of the drawing, enlarged while the pointer or the focus is on it.

import { ARROWS, clamp, element, setAttributes } from "../common.js";
import { layerCanvas, picture } from "./paint.js";

const SIDE = 208; // of the enlarged picture at most, in pixels
const MARGIN = 5; // around a layer, in which it can still be hit

export class Lens {
  constructor(place, box, model) {
    Object.assign(this, { place, box, model, shown: -1 });
    const last = model.layers.length - 1;
    this.buttons = model.layers.map((layer, i) => {
      const button = element("button");
      const half = i < model.codeIndex ? `Encoder layer ${i}` : `Decoder layer ${i - model.codeIndex}`;
      button.name = i === 0 ? "What goes in" : i === last ? "What comes out" : i === model.codeIndex ? "Code" : half;
      setAttributes(button, { type: "button", "aria-label": `${button.name}, ${layer.label} numbers` });
      button.tabIndex = i ? -1 : 0;
      button.onpointerenter = button.onclick = () => this.show(i);
      button.onfocus = () => {
        this.buttons.forEach((other) => { other.tabIndex = other === button ? 0 : -1; });
        this.show(i);
      };
      button.onpointerleave = button.onblur = () => this.show(-1);
      button.onkeydown = (event) => {
        const [step] = ARROWS[event.key] ?? [0];
        if (event.key === "Escape") this.show(-1);
        else if (step) this.buttons[clamp(i + step, 0, last)].focus();
        else return;
        event.preventDefault();
      };
      return button;
    });
    place.replaceChildren(...this.buttons);
  }

  lay(layout, at) {
    Object.assign(this, { layout, at });
    const { boxes, width } = layout;
    this.buttons.forEach((button, i) => {
      const b = boxes[i];
      const left = i ? (boxes[i - 1].x + boxes[i - 1].width + b.x) / 2 : 0;
      const right = i + 1 < boxes.length ? (b.x + b.width + boxes[i + 1].x) / 2 : width;
      const from = Math.max(left, b.x - MARGIN), to = Math.min(right, b.x + b.width + MARGIN);
      Object.assign(button.style, {
        left: `${from}px`, width: `${to - from}px`, top: `${b.y - MARGIN}px`, height: `${b.height + 2 * MARGIN}px`,
      });
    });
    if (this.shown >= 0) this.show(this.shown);
  }

  show(i) {
    this.shown = i;
    this.box.hidden = i < 0 || !this.layout;
    if (this.box.hidden) return;
    const canvas = this.canvas(i);
    const times = Math.max(1, Math.floor(SIDE / Math.max(canvas.width, canvas.height)));
    const scale = canvas.width * times > SIDE ? SIDE / canvas.width : times;
    Object.assign(canvas.style, { width: `${canvas.width * scale}px`, height: `${canvas.height * scale}px` });
    canvas.setAttribute("aria-hidden", "true");
    this.box.replaceChildren(canvas, element("p", "", this.buttons[i].name), element("p", "", `${this.model.layers[i].label} numbers`));
    const { boxes, width } = this.layout, b = boxes[i];
    const left = clamp(b.x + b.width / 2 - this.box.offsetWidth / 2, 0, width - this.box.offsetWidth);
    Object.assign(this.box.style, { left: `${left}px`, top: `${b.y + b.height + 2 * MARGIN}px` });
  }

  // The layer's values, of the image that goes in up to the code, and of what is decoded from there on.
  canvas(i) {
    const { model, at } = this, last = model.layers.length - 1;
    if (i === 0) return picture(model.images, at.stop, model.shape);
    if (i === last) return picture(model.outputs, at.frame, model.shape);
    return layerCanvas(model, i, i < model.codeIndex ? at.stop : at.frame, this.place);
  }
}
