// How the map's points move: through the frames of a map that is forming, and on to the finished one.

import { clamp } from "../common.js";
import { boundsOf } from "./geometry.js";
import { latest } from "./flow.js";

const LANDING = 500; // milliseconds from the last frame to the finished map

const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const halfSize = ({ left, right, bottom, top }) => Math.max(right - left, top - bottom) / 2;

// Methods of CodeMap.
export const motion = {
  // Called when frames have come, for whichever map.
  follow(flow, frames, milliseconds) {
    if (flow === this.data?.flow && frames.at(-1).x.length === this.n) this.moveThrough(frames, milliseconds);
  },

  // Where the points have moved since Python sent them.
  catchUp() {
    const frame = latest.get(this.data.flow);
    if (!frame || frame.x.length !== this.n || !this.data.forming) return;
    this.moving = null;
    this.put(frame.x, frame.y);
  },

  // The finished map has other units than its frames: the same picture in these, then on to its own places.
  land(before) {
    const size = halfSize(this.bounds) / (halfSize(before.bounds) || 1);
    const [x, y] = [this.x, this.y];
    this.view = { x: before.view.x * size, y: before.view.y * size, zoom: before.view.zoom };
    this.put(before.x.map((value) => value * size), before.y.map((value) => value * size));
    this.moveThrough([{ x, y }], LANDING);
  },

  // In even steps, all of them within the time; those that had not been reached come first.
  moveThrough(frames, milliseconds) {
    if (still()) {
      this.moving = null;
      this.put(frames.at(-1).x, frames.at(-1).y);
      return this.draw();
    }
    const waiting = [...(this.moving?.frames ?? []), ...frames];
    const running = Boolean(this.moving);
    this.moving = { frames: waiting, each: milliseconds / waiting.length, began: performance.now(), x: this.x, y: this.y };
    if (!running) requestAnimationFrame((now) => this.advance(now));
  },

  advance(now) {
    const { moving } = this;
    if (!moving || !this.plot.isConnected) return;
    // A slow screen leaves frames out instead of falling behind.
    let passed = Math.max(0, now - moving.began) / moving.each;
    for (; passed >= 1 && moving.frames.length; passed -= 1) {
      const { x, y } = moving.frames.shift();
      Object.assign(moving, { x, y, began: moving.began + moving.each });
    }
    const next = moving.frames[0];
    const t = clamp(passed, 0, 1);
    if (next) this.put(moving.x.map((v, i) => v + t * (next.x[i] - v)), moving.y.map((v, i) => v + t * (next.y[i] - v)));
    else this.put(moving.x, moving.y);
    if (next) requestAnimationFrame((later) => this.advance(later));
    else this.moving = null;
    this.drawNow();
  },

  put(x, y) {
    [this.x, this.y] = [x, y];
    this.bounds = boundsOf(x, y);
  },
};
