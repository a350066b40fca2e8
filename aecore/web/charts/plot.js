// The frame of a chart in SVG, and its marks as buttons that the keyboard reaches.

import { svgElement } from "../common.js";

const MARGIN = { left: 46, right: 14, top: 12, bottom: 42 };
const ROOM = 30; // pixels between two labels of the horizontal axis at least

const STYLE = `
  text { fill: currentColor; font-size: 12px; opacity: 0.8; }
  text.strong { font-weight: 600; opacity: 1; }
  .axis { stroke: currentColor; opacity: 0.5; }
  .grid { stroke: currentColor; opacity: 0.1; }
  .mark { cursor: pointer; outline: none; }
  .mark:focus-visible { stroke: currentColor; stroke-width: 2.5; }
  .here { pointer-events: none; }
`;

// From values to pixels: `low` and `high` are the ends, `log` by their logarithm, `pad` pixels free at both.
function scale(low, high, from, to, log, pad) {
  const at = log ? Math.log2 : (v) => v;
  const inner = Math.sign(to - from) * pad;
  const span = at(high) - at(low) || 1;
  return (value) => from + inner + ((at(value) - at(low)) / span) * (to - from - 2 * inner);
}

// Some five round numbers between two.
export function roundTicks(low, high) {
  const raw = (high - low || Math.abs(high) || 1) / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) ticks.push(+(i * step).toPrecision(12));
  return ticks;
}

export function short(value) {
  return Number(value.toPrecision(4)).toString();
}

// 1, 2 and 5 times the powers of ten between two numbers; between close ones, round numbers.
function logTicks(low, high) {
  const powers = Array.from({ length: 40 }, (_, i) => i - 20);
  const found = powers.flatMap((power) => [1, 2, 5].map((n) => +(n * 10 ** power).toPrecision(1))).filter((v) => v >= low && v <= high);
  return found.length > 1 ? found : roundTicks(low, high);
}

// Empties the drawing and draws the axes; returns the two scales and where the plot lies. A drawing that stands in
// no page is told its `width`.
export function frame(svg, { xs, ys, xTitle, yTitle, xTicks, log = false, yLog = false, width = Math.max(svg.parentElement.clientWidth, 240) }) {
  const height = 300;
  const box = { left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: height - MARGIN.bottom };
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  Object.assign(svg.style, { display: "block", width: "100%", height: `${height}px` });
  const style = svgElement("style");
  style.textContent = STYLE;
  svg.replaceChildren(style);
  const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const x = scale(x0, x1, box.left, box.right, log, 14), y = scale(y0, y1, box.bottom, box.top, yLog, 12);
  for (const tick of (yLog ? logTicks : roundTicks)(y0, y1)) {
    svg.append(
      svgElement("line", { class: "grid", x1: box.left, x2: box.right, y1: y(tick), y2: y(tick) }),
      text(short(tick), { x: box.left - 7, y: y(tick) + 4, "text-anchor": "end" }),
    );
  }
  let last = -Infinity;
  for (const tick of xTicks ?? roundTicks(x0, x1)) {
    if (x(tick) - last < ROOM) continue;
    last = x(tick);
    svg.append(text(short(tick), { x: last, y: box.bottom + 17, "text-anchor": "middle" }));
  }
  svg.append(
    svgElement("line", { class: "axis", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom }),
    text(xTitle, { class: "title", x: (box.left + box.right) / 2, y: height - 6, "text-anchor": "middle" }),
    text(yTitle, { class: "title", "text-anchor": "middle", transform: `translate(11 ${(box.top + box.bottom) / 2}) rotate(-90)` }),
  );
  return { x, y, box };
}

export function text(words, attributes) {
  const node = svgElement("text", attributes);
  node.textContent = words;
  return node;
}

export function line(points, attributes) {
  return svgElement("polyline", { fill: "none", points: points.map((p) => p.join(",")).join(" "), ...attributes });
}

// A mark that is a button: a click, Enter or the space bar picks it, the arrow keys go to the next.
export function mark(attributes, k, words, pick) {
  const node = svgElement("circle", { class: "mark", role: "button", tabindex: -1, "data-k": k, "aria-label": words, ...attributes });
  const hint = svgElement("title");
  hint.textContent = words;
  node.append(hint);
  node.addEventListener("click", () => pick(k));
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    pick(k);
  });
  return node;
}

// One stop of the tab key for all marks, at `chosen` where it is among them. Call it when they are drawn.
export function rove(svg, chosen, hadFocus) {
  const marks = [...svg.querySelectorAll(".mark")].sort((a, b) => a.cx.baseVal.value - b.cx.baseVal.value);
  const start = marks.find((node) => Number(node.dataset.k) === chosen) ?? marks[0];
  if (start) start.setAttribute("tabindex", 0);
  if (hadFocus) start?.focus();
  svg.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    const i = marks.indexOf(event.target);
    if (!step || i < 0) return;
    event.preventDefault();
    const next = marks[Math.min(Math.max(i + step, 0), marks.length - 1)];
    event.target.setAttribute("tabindex", -1);
    next.setAttribute("tabindex", 0);
    next.focus();
  };
}

export function hasFocus(svg) {
  return svg.contains(svg.getRootNode().activeElement);
}

export function ring(x, y, color) {
  return svgElement("circle", { class: "here", cx: x, cy: y, r: 10, fill: "none", stroke: color, "stroke-width": 3 });
}

// State of each component, kept while its element is there; `draw` is called again when its width changes.
export function stateOf(states, root, draw) {
  if (!states.has(root)) {
    const state = {};
    let width = root.clientWidth;
    new ResizeObserver(() => {
      if (root.clientWidth === width || !root.clientWidth) return;
      width = root.clientWidth;
      draw(root, state);
    }).observe(root);
    states.set(root, state);
  }
  return states.get(root);
}
