// The map itself: keeps what is shown, follows pointer and keyboard, and reports to Python what is chosen.

import { clamp, element, fromBase64, sharpContext, themeOf } from "../common.js";
import { offerSaving } from "../saving.js";
import { followers } from "./flow.js";
import { boundsOf, inFrame, mapping, readable, textToMask, wholeScale } from "./geometry.js";
import { input } from "./input.js";
import { motion } from "./motion.js";
import { middles, paintNames } from "./names.js";
import { SHADES, circle, paintAxes, paintOutline, paintPlace, paintPoints, shadesOf, strokeLine } from "./paint.js";
import { atlases, waiting } from "./pictures.js";
import { pictureOf, rowsOf } from "./saved.js";

const NO_CLASS = 65535;
const ENLARGED = 96; // least width of the picture at the pointer, in pixels
const maps = new WeakMap(); // shadow root -> CodeMap
const lastViews = new Map(); // key of the map -> view, so that a page comes back as it was left

class CodeMap {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(name);
    this.plot = this.find(".plot");
    this.below = this.find(".points");
    this.above = this.find(".overlay");
    this.mode = "pan";
    this.named = true;
    this.hidden = new Set();
    this.hiddenSets = new Set();
    this.pointers = new Map();
    this.selected = null;
    this.pick = null;
    this.marked = null; // what the keyboard is drawing around
    this.hovered = -1;
    this.listen();
  }

  // New data from Python. Zoom stays unless the points moved, the selection unless other images came.
  update(data, report) {
    const before = this.data ?? {};
    const moved = { x: this.x, y: this.y, bounds: this.bounds, view: this.view };
    this.report = report;
    this.data = data;
    this.readPoints();
    if (data.identity !== before.identity) {
      this.selected = data.selected ? textToMask(data.selected, this.n) : null;
      this.pick = Number.isInteger(data.picked) ? { identity: data.identity, index: data.picked } : null;
    } else if (this.selected && this.selected.length !== this.n) {
      this.selected = Uint8Array.from({ length: this.n }, (_, i) => this.selected[i] ?? 0);
    }
    if (data.plane !== before.plane) {
      this.moving = null;
      this.placePoints();
      if (this.pick?.plane) this.pick = null;
      if (data.flow && data.flow === before.flow && moved.x.length === this.n) this.land(moved);
    }
    if (data.flow) this.catchUp();
    if (JSON.stringify(data.classes) !== JSON.stringify(before.classes)) this.hidden.clear();
    // On a touch screen a finger scrolls the page until selecting is asked for.
    if (this.pick && data.identity !== before.identity) report("pick", this.pick);
    if (!before.key) this.mode = matchMedia("(pointer: coarse)").matches ? "pan" : data.mode;
    this.plot.style.setProperty("--map-height", `${data.height}px`);
    this.above.setAttribute("aria-label", `${data.label}. Arrow keys go from point to point, Enter picks, `
      + "Space begins a rectangle or lasso and ends it.");
    this.showModes();
    this.showLegend();
    this.showScale();
    this.showCount();
    if (data.plane !== before.plane) this.hover(-1);
    offerSaving(this.find(".map"), {
      name: "map-of-codes", title: data.label, picture: () => pictureOf(this), rows: () => rowsOf(this),
    });
    this.draw();
  }

  placePoints() {
    const { key, plane } = this.data;
    const { left, right, bottom, top } = (this.bounds = boundsOf(this.x, this.y));
    this.view = { x: (left + right) / 2, y: (bottom + top) / 2, zoom: 1 };
    if (lastViews.get(key)?.plane === plane) this.view = lastViews.get(key).view;
  }

  showWhole() {
    lastViews.delete(this.data.key);
    this.placePoints();
    this.redraw();
  }

  readPoints() {
    const { sets, scale, colors } = this.data;
    const join = (parts, kind) => {
      const whole = new kind(parts.reduce((sum, part) => sum + part.length, 0));
      parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
      return whole;
    };
    const arrays = (name, kind) => sets.map((set) => new kind(fromBase64(set[name]).buffer));
    const xy = join(arrays("xy", Float32Array), Float32Array);
    this.n = xy.length / 2;
    this.x = xy.filter((_, i) => i % 2 === 0);
    this.y = xy.filter((_, i) => i % 2 === 1);
    this.label = join(arrays("labels", Uint16Array), Uint16Array);
    this.picture = join(arrays("pictures", Int32Array), Int32Array);
    this.number = join(arrays("numbers", Int32Array), Int32Array);
    this.setOf = join(sets.map((set, k) => new Uint8Array(set.n).fill(k)), Uint8Array);
    this.value = scale ? join(arrays("values", Float32Array), Float32Array) : null;
    this.colors = scale ? shadesOf(scale.palette) : colors;
    this.tone = Int16Array.from({ length: this.n }, (_, i) => this.toneOf(i));
    this.screenX = new Float32Array(this.n);
    this.screenY = new Float32Array(this.n);
  }

  toneOf(i) {
    if (!this.value) return this.label[i] === NO_CLASS ? -1 : this.label[i] % this.colors.length;
    if (!Number.isFinite(this.value[i])) return -1;
    const { low, high } = this.data.scale;
    const share = clamp((this.value[i] - low) / (high - low || 1), 0, 1);
    return Math.round(share * (SHADES - 1));
  }

  // -- drawing

  draw() {
    this.pending ??= requestAnimationFrame(() => {
      this.pending = null;
      this.drawNow();
    });
  }

  drawNow() {
    const [width, height] = [this.plot.clientWidth, this.plot.clientHeight];
    if (!this.data || !width || !height) return;
    this.theme = themeOf(this.find(".map"));
    const map = this.remap(width, height);
    this.above.dataset.mapping = JSON.stringify(map);
    lastViews.set(this.data.key, { plane: this.data.plane, view: this.view });
    if (this.shown?.length !== this.n) this.shown = new Uint8Array(this.n);
    const { x, y, screenX, screenY, shown } = this;
    const all = !this.hidden.size && !this.hiddenSets.size;
    for (let i = 0; i < this.n; i++) {
      screenX[i] = map.a * x[i] + map.b;
      screenY[i] = map.d - map.c * y[i];
      const framed = inFrame(screenX[i], screenY[i], width, height);
      shown[i] = framed && (all || (!this.hidden.has(this.label[i]) && !this.hiddenSets.has(this.setOf[i]))) ? 1 : 0;
    }
    const context = sharpContext(this.below, width, height);
    const markers = this.data.sets.map((set) => set.marker);
    paintPoints(context, { ...this, markers, zoom: this.view.zoom }, window.devicePixelRatio || 1);
    context.globalCompositeOperation = "destination-over"; // below the points, which replace all that is there
    paintAxes(context, map, this.data.axes, this.data.ticks, width, height, this.theme);
    context.globalCompositeOperation = "source-over";
    if (this.data.name_classes) this.middles = middles(this);
    this.drawAbove();
  }

  remap(width, height) {
    this.map = mapping(this.view, wholeScale(this.bounds, width, height, this.data.equal), width, height);
    return this.map;
  }

  drawAbove() {
    const { theme, pick } = this;
    const context = sharpContext(this.above, this.plot.clientWidth, this.plot.clientHeight);
    const ring = (i, radius, color, width) =>
      i >= 0 && i < this.n && this.shown[i] && circle(context, this.screenX[i], this.screenY[i], radius, color, width);
    for (const { color, indices } of this.data.rings) {
      for (const i of indices) {
        ring(i, 7, theme.background, 6); // apart from the points around it
        ring(i, 7, color, 2.5);
      }
    }
    if (pick?.index >= 0) {
      ring(pick.index, 8, theme.background, 5);
      ring(pick.index, 8, theme.text, 2.5);
    }
    if (pick?.plane) paintPlace(context, this.map.a * pick.x + this.map.b, this.map.d - this.map.c * pick.y, theme);
    if (this.hovered >= 0) {
      const twin = this.twinOf(this.hovered);
      if (twin >= 0) {
        [context.strokeStyle, context.lineWidth] = [theme.text, 1.5];
        strokeLine(context, this.screenX[this.hovered], this.screenY[this.hovered], this.screenX[twin], this.screenY[twin]);
      }
      ring(this.hovered, 6, theme.text, 2);
    }
    if (this.outline) paintOutline(context, this.outline, theme);
    if (this.named && this.data.name_classes) paintNames(context, this.middles, this.data.classes, theme);
  }

  // The same image in the other point set.
  twinOf(i) {
    if (this.data.sets.length < 2 || this.picture[i] < 0) return -1;
    return this.picture.findIndex((p, j) => p === this.picture[i] && this.setOf[j] !== this.setOf[i] && this.shown[j]);
  }

  hover(i, speak = false) {
    this.hovered = i;
    if (i < 0 && this.marked) this.unmark(); // the points may lie elsewhere now
    const box = this.find(".hover");
    box.hidden = i < 0;
    if (this.map) this.drawAbove();
    if (i < 0) return;
    const words = this.wordsFor(i);
    this.find(".words").textContent = words.join("\n");
    if (speak) this.find(".spoken").textContent = words.join(", ");
    this.showPicture(this.picture[i]);
    const [width, height] = [box.offsetWidth, box.offsetHeight];
    const right = this.screenX[i] + 14 + width < this.plot.clientWidth;
    const left = right ? this.screenX[i] + 14 : Math.max(4, this.screenX[i] - 14 - width);
    const top = clamp(this.screenY[i] - height - 10, 4, this.plot.clientHeight - height - 4);
    box.style.transform = `translate(${Math.round(left)}px, ${Math.round(Math.max(4, top))}px)`;
  }

  wordsFor(i) {
    const { sets, classes, scale, point_name: name } = this.data;
    const words = [`${name} ${this.number[i]}`];
    if (this.label[i] !== NO_CLASS) words.push(`class ${classes[this.label[i]]}`);
    if (scale) words.push(`${scale.title} ${readable(this.value[i])}`);
    if (sets.length > 1) words.push(sets[this.setOf[i]].name);
    return words;
  }

  showPicture(number) {
    const canvas = this.find(".hover canvas");
    const atlas = atlases.get(this.data.atlas);
    canvas.hidden = !atlas || number < 0;
    if (canvas.hidden) return;
    const { width, height, columns, image } = atlas;
    const scale = Math.max(1, Math.ceil(ENLARGED / width));
    canvas.width = width;
    canvas.height = height;
    canvas.style.width = `${width * scale}px`;
    const [x, y] = [(number % columns) * width, Math.floor(number / columns) * height];
    canvas.getContext("2d").drawImage(image, x, y, width, height, 0, 0, width, height);
  }

  // -- the bars around the plot

  showModes() {
    this.above.dataset.mode = this.mode;
    for (const button of this.root.querySelectorAll("[data-mode]")) {
      if (button !== this.above) button.setAttribute("aria-pressed", String(button.dataset.mode === this.mode));
    }
    this.find("[data-act=names]").hidden = !this.data?.name_classes;
    this.find("[data-act=names]").setAttribute("aria-pressed", String(this.named));
  }

  showCount() {
    const count = this.selected ? this.selected.reduce((sum, bit) => sum + bit, 0) : 0;
    this.find("[data-act=clear]").hidden = !this.selected;
    this.find(".count").textContent = this.selected ? `${count} selected` : "";
  }

  showScale() {
    const { scale } = this.data;
    this.find(".scale").hidden = !scale;
    if (!scale) return;
    this.find(".scale .title").textContent = scale.title;
    this.find(".scale .low").textContent = readable(scale.low);
    this.find(".scale .high").textContent = readable(scale.high);
    this.find(".scale .ramp").style.background = `linear-gradient(to right, ${scale.palette.join(",")})`;
  }

  showLegend() {
    const { classes, colors, scale, sets } = this.data;
    const present = [...new Set(this.label)].filter((label) => label !== NO_CLASS).sort((a, b) => a - b);
    const plain = "border:1.5px solid currentColor";
    const entries = present.map((label) => {
      const dot = scale ? plain : `background:${colors[label % colors.length]}`;
      return this.legendEntry(classes[label], dot, this.hidden, label, present);
    });
    if (sets.length > 1) {
      const every = sets.map((_, k) => k);
      const dots = { dot: "background:currentColor", ring: plain, cross: `${plain};border-radius:0` };
      entries.push(...sets.map((set, k) => this.legendEntry(set.name, dots[set.marker], this.hiddenSets, k, every)));
    }
    for (const { color, name } of this.data.rings) {
      const key = element("span", "key");
      key.append(this.dot(`border:2px solid ${color}`), name);
      entries.push(key);
    }
    this.find(".legend").replaceChildren(...entries);
  }

  dot(style) {
    const dot = element("i");
    dot.style.cssText = style;
    return dot;
  }

  legendEntry(name, style, hidden, value, all) {
    const button = element("button");
    button.type = "button";
    button.append(this.dot(style), name);
    button.title = "Click hides or shows; double click shows this alone";
    const refresh = () => {
      this.hover(-1);
      for (const other of button.parentNode.children) other.refresh?.();
      this.draw();
    };
    button.refresh = () => button.setAttribute("aria-pressed", String(!hidden.has(value)));
    button.refresh();
    button.onclick = () => {
      hidden.delete(value) || hidden.add(value);
      refresh();
    };
    button.ondblclick = () => {
      const alone = !hidden.has(value) && all.every((other) => other === value || hidden.has(other));
      hidden.clear();
      if (!alone) all.filter((other) => other !== value).forEach((other) => hidden.add(other));
      refresh();
    };
    return button;
  }

  end() {
    this.observer.disconnect();
    waiting.delete(this.refresh);
    followers.delete(this.followFrames);
    this.moving = null;
    cancelAnimationFrame(this.pending);
  }
}

Object.assign(CodeMap.prototype, input, motion);

export default function mount({ data, parentElement, setStateValue }) {
  if (!maps.has(parentElement)) maps.set(parentElement, new CodeMap(parentElement));
  const map = maps.get(parentElement);
  const turn = (map.turn = (map.turn ?? 0) + 1);
  map.update(data, setStateValue);
  // A call that a newer one overtook must not end what the newer one uses.
  return () => {
    if (map.turn !== turn) return;
    map.end();
    maps.delete(parentElement);
  };
}
