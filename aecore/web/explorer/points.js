// The points of the map: their pictures, codes and errors, and what the map component is told.

import { atlases, receive } from "../code_map/pictures.js";
import { element, fromBase64 } from "../common.js";
import { floats } from "./pictures.js";

const MOSAIC_WIDTH = 340;

export class Points {
  constructor({ points, decoder }) {
    this.all = points;
    this.map = points.map;
    this.n = points.map.sets[0].n;
    this.errors = floats(points.errors);
    this.low = floats(points.low);
    this.high = floats(points.high);
    this.values = fromBase64(points.values);
    this.numbers = new Int32Array(fromBase64(points.map.sets[0].numbers).buffer);
    this.labels = new Uint16Array(fromBase64(points.map.sets[0].labels).buffer);
    this.decoder = decoder;
    this.plane = points.plane && { mean: floats(points.plane.mean), components: floats(points.plane.components) };
    this.units = points.units; // the most important first
    this.column = new Map(points.units.map((unit, column) => [unit, column]));
  }

  // The pictures, before a map is drawn.
  async load() {
    await receive(this.all.atlas);
  }

  // Value of a unit at point i, to a 255th of the unit's range.
  value(unit, i) {
    const column = this.column.get(unit);
    return this.low[column] + (this.values[column * this.n + i] / 255) * (this.high[column] - this.low[column]);
  }

  // The whole code of a point; null where the file holds not all of its units.
  code(i) {
    if (!this.all.all_units) return null;
    const code = new Float32Array(this.units.length);
    for (const unit of this.units) code[unit] = this.value(unit, i);
    return code;
  }

  // What the map is told to draw these points on two units.
  onUnits(across, up) {
    const places = new Float32Array(2 * this.n);
    for (let i = 0; i < this.n; i++) {
      places[2 * i] = this.value(across, i);
      places[2 * i + 1] = this.value(up, i);
    }
    return { plane: `units ${across} ${up}`, xy: bytesOf(places), axes: [`unit ${across}`, `unit ${up}`] };
  }

  // Colours: "class", "error", or a unit's number.
  colours(by) {
    if (by === "class") return { scale: null };
    const unit = Number(by);
    const scale = by === "error" ? this.all.error_scale : this.all.unit_scales[this.column.get(unit)];
    const values = by === "error" ? this.errors : Float32Array.from({ length: this.n }, (_, i) => this.value(unit, i));
    return { scale: { ...scale, palette: this.all.palette }, values: bytesOf(values) };
  }

  // Where a code lies on the plane of the principal components.
  project(code) {
    return [0, 1].map((c) => code.reduce((sum, value, j) =>
      sum + (value - this.plane.mean[j]) * this.plane.components[c * code.length + j], 0));
  }

  // The code of a place on it, the other components at their mean.
  unproject(x, y) {
    const { mean, components } = this.plane, size = mean.length;
    return mean.map((value, j) => value + x * components[j] + y * components[size + j]);
  }

  // Small pictures of points on one canvas.
  mosaic(chosen, label) {
    const { width, height, columns, image } = atlases.get(this.map.atlas);
    // Each of their pixels is a whole number of the screen's.
    const scale = Math.max(1, Math.round(28 / width));
    const across = Math.min(chosen.length, Math.max(1, Math.floor(MOSAIC_WIDTH / (scale * width))));
    const canvas = element("canvas", "mosaic");
    Object.assign(canvas, { width: across * width, height: Math.ceil(chosen.length / across) * height });
    canvas.style.width = `${canvas.width * scale}px`;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", label);
    const context = canvas.getContext("2d");
    chosen.forEach((i, k) => {
      const [x, y] = [(i % columns) * width, Math.floor(i / columns) * height];
      context.drawImage(image, x, y, width, height, (k % across) * width, Math.floor(k / across) * height, width, height);
    });
    return canvas;
  }
}

export function bytesOf(values) {
  return new Uint8Array(values.buffer);
}
