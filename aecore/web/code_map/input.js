// What the pointer and the keyboard do to the map.

import { ARROWS, clamp } from "../common.js";
import { followers } from "./flow.js";
import { inside, maskToText, nearestShown, nextShown, rectangle } from "./geometry.js";
import { waiting } from "./pictures.js";

const REACH = { mouse: 12, pen: 14, touch: 24 }; // pixels from a point that still count as on it

// Methods of CodeMap.
export const input = {
  listen() {
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.plot);
    this.refresh = () => this.hover(this.hovered);
    waiting.add(this.refresh);
    this.followFrames = (...frames) => this.follow(...frames);
    followers.add(this.followFrames);
    for (const button of this.root.querySelectorAll(".modes button")) {
      button.onclick = () => {
        this.mode = button.dataset.mode;
        this.showModes();
      };
    }
    this.find("[data-act=closer]").onclick = () => this.zoomMiddle(1.5);
    this.find("[data-act=wider]").onclick = () => this.zoomMiddle(1 / 1.5);
    this.find("[data-act=whole]").onclick = () => this.showWhole();
    this.find("[data-act=names]").onclick = () => {
      this.named = !this.named;
      this.showModes();
      this.drawAbove();
    };
    this.find("[data-act=clear]").onclick = () => this.select(null);
    const above = this.above;
    above.onpointerdown = (event) => this.down(event);
    above.onpointermove = (event) => this.move(event);
    above.onpointerup = (event) => this.up(event);
    above.onpointercancel = (event) => this.cancel(event);
    above.onpointerleave = (event) => {
      // A finger leaves at once; what it touched stays shown until it touches elsewhere.
      if (!this.pointers.size && event.pointerType !== "touch") this.hover(-1);
    };
    above.onkeydown = (event) => this.press(event);
    above.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  },

  at(event) {
    const box = this.above.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  },

  down(event) {
    if (!this.map) return;
    if (event.button === 0 || event.button === 1) event.preventDefault();
    this.above.focus({ preventScroll: true });
    this.above.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, this.at(event));
    if (this.pointers.size > 1) {
      this.drag = null;
      this.outline = null;
      return;
    }
    const mode = event.button === 1 ? "pan" : this.mode;
    this.drag = { mode, from: this.at(event), last: this.at(event), outline: [this.at(event)], moved: false };
  },

  move(event) {
    if (!this.map) return;
    const here = this.at(event);
    if (this.pointers.size > 1) return this.pinch(event.pointerId, here);
    if (!this.drag) {
      const near = nearestShown(this.screenX, this.screenY, this.shown, ...here, REACH[event.pointerType] ?? 12);
      if (near !== this.hovered) this.hover(near);
      return;
    }
    const { mode, from, last, outline } = this.drag;
    if (!this.drag.moved && Math.hypot(here[0] - from[0], here[1] - from[1]) < 4) return;
    this.drag.moved = true;
    if (this.hovered >= 0) this.hover(-1);
    if (mode === "pan") {
      this.shift(here[0] - last[0], here[1] - last[1]);
    } else {
      if (mode === "lasso") outline.push(here);
      this.outline = mode === "lasso" ? outline : rectangle(from, here);
      this.drawAbove();
    }
    this.drag.last = here;
  },

  up(event) {
    const drag = this.drag;
    this.cancel(event);
    if (!drag || event.button > 0) return;
    if (!drag.moved) return this.click(this.at(event), REACH[event.pointerType] ?? 12);
    if (drag.mode === "pan") return;
    const outline = drag.mode === "lasso" ? drag.outline : rectangle(drag.from, this.at(event));
    this.selectInside(outline, event.shiftKey && this.selected);
  },

  // Selects the shown points in an outline on the screen, and those of the mask `added`.
  selectInside(outline, added = null) {
    this.select(Uint8Array.from({ length: this.n }, (_, i) =>
      (added && added[i]) || (this.shown[i] && inside(outline, this.screenX[i], this.screenY[i])) ? 1 : 0,
    ));
  },

  cancel(event) {
    this.pointers.delete(event.pointerId);
    if (this.pointers.size) return;
    this.drag = null;
    this.outline = null;
    if (this.map) this.drawAbove();
  },

  pinch(id, here) {
    const other = [...this.pointers].find(([key]) => key !== id)?.[1];
    const before = this.pointers.get(id);
    if (!other || !before) return;
    const length = ([x, y]) => Math.hypot(x - other[0], y - other[1]) || 1;
    this.pointers.set(id, here);
    this.shift((here[0] - before[0]) / 2, (here[1] - before[1]) / 2);
    this.zoom(length(here) / length(before), (here[0] + other[0]) / 2, (here[1] + other[1]) / 2);
  },

  wheel(event) {
    if (!this.map) return;
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 20 : 1;
    this.zoom(Math.exp(-clamp(event.deltaY * lines, -200, 200) * 0.0022), ...this.at(event));
  },

  press(event) {
    if (!this.map) return;
    const step = ARROWS[event.key];
    const keys = {
      "+": () => this.zoomMiddle(1.5),
      "=": () => this.zoomMiddle(1.5),
      "-": () => this.zoomMiddle(1 / 1.5),
      0: () => this.showWhole(),
      " ": () => this.mark(),
      Escape: () => (this.marked ? this.unmark() : this.select(null)),
      Enter: () => this.hovered >= 0 && this.choose({ identity: this.data.identity, index: this.hovered }),
    };
    if (step && event.shiftKey) this.shift(-40 * step[0], -40 * step[1]);
    else if (step) this.step(step);
    else if (keys[event.key] && !event.ctrlKey && !event.metaKey) keys[event.key]();
    else return;
    event.preventDefault();
  },

  step(direction) {
    const middle = [this.plot.clientWidth / 2, this.plot.clientHeight / 2];
    const next =
      this.hovered < 0
        ? nearestShown(this.screenX, this.screenY, this.shown, ...middle, Infinity)
        : nextShown(this.screenX, this.screenY, this.shown, this.hovered, direction);
    if (next < 0) return;
    this.hover(next, true);
    if (this.marked) this.stretch(next);
  },

  // What the keyboard has for a drag: Space begins it at a point, and ends it at another that the arrow keys lead to.
  mark() {
    if (this.hovered < 0) return;
    if (this.marked) {
      const { ends, outline } = this.marked;
      this.unmark();
      // These lie on the outline, not in it.
      return this.selectInside(outline, Uint8Array.from({ length: this.n }, (_, i) => Number(ends.includes(i))));
    }
    this.marked = { lasso: this.mode === "lasso", passed: [] };
    this.stretch(this.hovered);
    const shape = this.marked.lasso ? "Lasso" : "Rectangle";
    this.find(".spoken").textContent = `${shape} from ${this.wordsFor(this.hovered).join(", ")}; Space ends it`;
  },

  stretch(i) {
    const { lasso, passed } = this.marked;
    passed.push(i);
    this.marked.ends = lasso ? passed : [passed[0], i];
    const places = this.marked.ends.map((k) => [this.screenX[k], this.screenY[k]]);
    this.marked.outline = this.outline = lasso ? places : rectangle(...places);
    this.drawAbove();
  },

  unmark() {
    this.marked = null;
    this.outline = null;
    this.drawAbove();
  },

  shift(dx, dy) {
    this.view = { ...this.view, x: this.view.x - dx / this.map.a, y: this.view.y + dy / this.map.c };
    this.redraw();
  },

  // The place under the pointer stays under the pointer.
  zoom(factor, x, y) {
    const zoom = clamp(this.view.zoom * factor, 0.5, 200);
    const share = 1 - this.view.zoom / zoom;
    const dataX = (x - this.map.b) / this.map.a;
    const dataY = (this.map.d - y) / this.map.c;
    this.view = {
      x: this.view.x + (dataX - this.view.x) * share,
      y: this.view.y + (dataY - this.view.y) * share,
      zoom,
    };
    this.redraw();
  },

  zoomMiddle(factor) {
    this.zoom(factor, this.plot.clientWidth / 2, this.plot.clientHeight / 2);
  },

  redraw() {
    this.remap(this.plot.clientWidth, this.plot.clientHeight);
    if (this.hovered >= 0 || this.marked) this.hover(-1);
    this.draw();
  },

  click([x, y], reach) {
    const near = nearestShown(this.screenX, this.screenY, this.shown, x, y, reach);
    const { identity, plane, decode_plane: decodes } = this.data;
    this.hover(near, true);
    if (near >= 0) {
      this.choose({ identity, index: near });
    } else if (decodes) {
      this.choose({ plane, x: (x - this.map.b) / this.map.a, y: (this.map.d - y) / this.map.c });
    } else if (this.pick) {
      this.choose(null);
    }
  },

  choose(pick) {
    this.pick = pick;
    this.drawAbove();
    this.report("pick", pick);
  },

  select(mask) {
    if (!mask && !this.selected) return;
    this.selected = mask;
    this.showCount();
    this.draw();
    this.report("selection", { identity: this.data.identity, mask: mask && maskToText(mask) });
  },
};
