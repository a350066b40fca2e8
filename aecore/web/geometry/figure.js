// The figure: two planes that share one draggable optimum, and the one-dimensional curves.
// Everything stays in the browser; Python only gives the colours and the first position.

import { ARROWS, clamp, oncePerFrame, pointerShare, setAttributes, svgElement } from "../common.js";
import { offerSaving, withLooks } from "../saving.js";
import { matchedL2Strength, minimizeL1, minimizeL2, quadratic, shrinkage, softThreshold } from "./solve.js";

const SIZE = 360, REACH = 3, SCALE = SIZE / (2 * REACH), LIMIT = 2.7;
const CONTOURS = [0.5, 1, 1.5, 2, 2.5, 3, 4, 5];
const COORDINATES = ["z₁", "z₂"];
const figures = new WeakMap();

const toX = (z) => SIZE / 2 + SCALE * z;
const toY = (z) => SIZE / 2 - SCALE * z;
const points = (list) => list.map(([x, y]) => `${toX(x).toFixed(2)},${toY(y).toFixed(2)}`).join(" ");

export default function mount({ data, parentElement }) {
  const root = parentElement.querySelector(".geometry");
  root.style.setProperty("--l1", data.colors.l1);
  root.style.setProperty("--l2", data.colors.l2);
  // A rerun of the page calls this again; what a person has set stays.
  if (!figures.has(root)) figures.set(root, start(root, { ...data.start, optimum: [...data.start.optimum] }));
}

function start(root, state) {
  const planes = ["l1", "l2"].map((name) => makePlane(root.querySelector(`[data-plot=${name}]`), name));
  const curves = makeCurves(root.querySelector("[data-plot=curves] svg"));
  const draw = () => {
    const solved = solve(state);
    planes.forEach((plane) => drawPlane(plane, state, solved));
    drawCurves(curves, solved);
    root.querySelector(".meaning").textContent = meaning(state, solved);
    for (const output of root.querySelectorAll("output")) output.textContent = shown(output.name, state);
  };
  const redraw = oncePerFrame(draw);
  for (const input of root.querySelectorAll("input")) {
    const field = input.type === "checkbox" ? "checked" : "valueAsNumber";
    input[field] = state[input.name];
    input.addEventListener("input", () => { state[input.name] = input[field]; redraw(); });
  }
  planes.forEach((plane) => followPointer(plane, state, redraw));
  draw();
  offerAll(root, state);
  return state;
}

// The drawings as they are seen; of the planes the solution's path, of the curves their values.
function offerAll(root, state) {
  const path = (name) => () => {
    const { matrix } = solve(state);
    return solutionPath(name, matrix, state.optimum).map(({ strength, z: [z1, z2] }) => ({ strength, z1, z2 }));
  };
  const curves = () => {
    const { l1, l2 } = solve(state);
    return Array.from({ length: 61 }, (_, i) => (i - 30) / 10).map((u) => ({ u, L1: softThreshold(u, l1.strength), L2: shrinkage(u, l2.strength) }));
  };
  const offers = {
    l1: ["L1: the solution as the penalty grows", path("l1")],
    l2: ["L2: the solution as the penalty grows", path("l2")],
    curves: ["L1 soft threshold and L2 shrinkage of one unit", curves],
  };
  for (const [plot, [title, rows]] of Object.entries(offers)) {
    const figure = root.querySelector(`[data-plot=${plot}]`);
    offerSaving(figure, { name: `geometry-${plot}`, title, drawing: () => withLooks(figure.querySelector("svg")), rows });
  }
}

function solve({ optimum, strength, tilt, elongation, matched }) {
  const matrix = quadratic(elongation, (tilt * Math.PI) / 180);
  const l1 = minimizeL1(matrix, optimum, strength);
  const l2Strength = matched ? matchedL2Strength(matrix, optimum, l1.level) : strength;
  const l2 = minimizeL2(matrix, optimum, l2Strength);
  return { matrix, l1: { ...l1, strength }, l2: { ...l2, strength: l2Strength } };
}

function add(parent, tag, attributes = {}) {
  const node = svgElement(tag, attributes);
  parent.append(node);
  return node;
}

function makeAxes(svg) {
  setAttributes(svg, { viewBox: `0 0 ${SIZE} ${SIZE}`, role: "group" });
  add(svg, "line", { class: "axis", x1: 0, x2: SIZE, y1: SIZE / 2, y2: SIZE / 2 });
  add(svg, "line", { class: "axis", y1: 0, y2: SIZE, x1: SIZE / 2, x2: SIZE / 2 });
}

function nameAxes(svg, horizontal, vertical) {
  add(svg, "text", { x: SIZE - 8, y: SIZE / 2 - 7, "text-anchor": "end" }).textContent = horizontal;
  add(svg, "text", { x: SIZE / 2 + 7, y: 17 }).textContent = vertical;
}

function makePlane(element, name) {
  const svg = element.querySelector("svg");
  const contours = CONTOURS.map(() => add(svg, "ellipse", { class: "contour" }));
  makeAxes(svg);
  const zeros = [0, 1].map(() => add(svg, "line", { class: "zero" }));
  const ball = add(svg, name === "l1" ? "polygon" : "circle", { class: "ball" });
  const plane = {
    name, svg, contours, zeros, ball,
    readout: element.querySelector(".readout"),
    touching: add(svg, "ellipse", { class: "touching" }),
    path: add(svg, "polyline", { class: "path" }),
    snap: add(svg, "circle", { class: "snap", r: 6 }),
    optimum: add(svg, "g", { class: "optimum", tabindex: 0, role: "slider", "aria-label": "Optimum of the loss" }),
    solution: add(svg, "circle", { class: "solution", r: 7 }),
    result: add(svg, "text", { class: "result" }),
    wasZero: [false, false],
  };
  for (const [part, r] of [["reach", 22], ["ring", 9], ["centre", 3]]) add(plane.optimum, "circle", { class: part, r });
  nameAxes(svg, ...COORDINATES);
  return plane;
}

function drawPlane(plane, state, solved) {
  const { z, radius, level, strength } = solved[plane.name];
  // At infinite strength the origin is a limit, not a solution that snapped there.
  const isZero = z.map((value) => value === 0 && strength !== Infinity);
  const [c1, c2] = state.optimum;
  const ellipse = (element, size) => setAttributes(element, {
    rx: SCALE * size * state.elongation, ry: SCALE * size,
    transform: `translate(${toX(c1)} ${toY(c2)}) rotate(${-state.tilt})`,
  });
  CONTOURS.forEach((size, i) => ellipse(plane.contours[i], size));
  ellipse(plane.touching, Math.sqrt(2 * level));
  const corners = [[radius, 0], [0, radius], [-radius, 0], [0, -radius]];
  if (plane.name === "l1") plane.ball.setAttribute("points", points(corners));
  else setAttributes(plane.ball, { cx: SIZE / 2, cy: SIZE / 2, r: SCALE * radius });
  plane.path.setAttribute("points", points(solutionPath(plane.name, solved.matrix, state.optimum).map(({ z }) => z)));
  setAttributes(plane.optimum, {
    transform: `translate(${toX(c1)} ${toY(c2)})`,
    "aria-valuenow": c1.toFixed(2), "aria-valuetext": `z1 ${c1.toFixed(2)}, z2 ${c2.toFixed(2)}`,
  });
  for (const dot of [plane.solution, plane.snap]) setAttributes(dot, { cx: toX(z[0]), cy: toY(z[1]) });
  markZeros(plane, isZero);
  labelSolution(plane, z, isZero, state.optimum);
  plane.readout.textContent = readout(plane.name, solved[plane.name]);
  plane.svg.dataset.z = JSON.stringify(z);
}

/** Solutions for strengths from zero to where little is left of the code. */
function solutionPath(name, matrix, optimum) {
  const minimize = name === "l1" ? minimizeL1 : minimizeL2;
  const strengths = Array.from({ length: 81 }, (_, i) => 0.005 * 1.12 ** i);
  return [{ strength: 0, z: optimum }, ...strengths.map((strength) => ({ strength, z: minimize(matrix, optimum, strength).z }))];
}

/** Lights up the axis a solution lies on, with a ring at the moment it gets there. */
function markZeros(plane, isZero) {
  setAttributes(plane.zeros[0], { x1: SIZE / 2, x2: SIZE / 2, y1: 0, y2: SIZE });
  setAttributes(plane.zeros[1], { y1: SIZE / 2, y2: SIZE / 2, x1: 0, x2: SIZE });
  plane.zeros.forEach((line, i) => { line.style.display = isZero[i] ? "" : "none"; });
  if (isZero.some((now, i) => now && !plane.wasZero[i])) {
    plane.snap.classList.remove("now");
    void plane.snap.getBoundingClientRect();
    plane.snap.classList.add("now");
  }
  plane.wasZero = isZero;
}

function labelSolution(plane, z, isZero, optimum) {
  const zeros = COORDINATES.filter((_, i) => isZero[i]);
  const smallest = Math.abs(z[0]) < Math.abs(z[1]) ? 0 : 1;
  plane.result.textContent = zeros.length === 2 ? "both = 0 exactly"
    : zeros.length ? `${zeros[0]} = 0 exactly`
    : z[0] === 0 && z[1] === 0 ? "both 0, at λ = ∞ only"
    : `${COORDINATES[smallest]} = ${number(z[smallest])}`;
  // Away from the optimum, so that label and handle stay apart, and inside the picture.
  const x = toX(z[0]), width = 140;
  const toTheLeft = x > SIZE - width || (optimum[0] >= z[0] && x > width);
  const y = toY(z[1]) + (optimum[1] >= z[1] ? 24 : -14);
  setAttributes(plane.result, { x: x + (toTheLeft ? -8 : 8), y, "text-anchor": toTheLeft ? "end" : "start" });
}

function readout(name, { z, radius, level, strength }) {
  const size = name === "l1" ? `|z₁| + |z₂| = ${number(radius)}` : `√(z₁² + z₂²) = ${number(radius)}`;
  const lambda = strength === Infinity ? "∞" : number(strength);
  return `z = (${number(z[0])}, ${number(z[1])}) · loss ${number(level)} · ${size} · λ = ${lambda}`;
}

function number(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 0.01 && size < 1000 ? value.toFixed(2) : value.toExponential(1);
  return text.replaceAll("-", "−");
}

function shown(name, state) {
  return name === "tilt" ? `${state.tilt}°`.replace("-", "−")
    : name === "elongation" ? `${state.elongation.toFixed(1)} : 1`
    : state.strength.toFixed(2);
}

/** The one line under the picture, made from the solutions. */
function meaning(state, { l1, l2 }) {
  const zeros = COORDINATES.filter((_, i) => l1.z[i] === 0);
  const where = state.matched ? "At the same loss" : "At the same strength";
  if (state.strength === 0) return "Without a penalty both solutions are the optimum of the loss.";
  if (zeros.length === 0) return "Neither is zero: raise the strength, or drag the optimum toward an axis.";
  if (zeros.length === 2 && l2.strength === Infinity) {
    return "L1 has set both to exactly 0; L2 gets there only at infinite strength.";
  }
  if (zeros.length === 2) return `${where}, L1 sets both to exactly 0; L2 only shrinks them.`;
  const other = l2.z[COORDINATES.indexOf(zeros[0])];
  if (other === 0) return `Here ${zeros[0]} is zero without any help; drag the optimum off the axis.`;
  return `${where}, L1 sets ${zeros[0]} to exactly 0; L2 leaves it at ${number(other)}.`;
}

function makeCurves(svg) {
  makeAxes(svg);
  svg.setAttribute("aria-label", "Soft threshold and shrinkage of one coordinate");
  add(svg, "line", { class: "identity", x1: 0, y1: SIZE, x2: SIZE, y2: 0 });
  const curves = {
    flat: add(svg, "line", { class: "flat", y1: SIZE / 2, y2: SIZE / 2 }),
    l2: add(svg, "polyline", { class: "curve l2" }),
    l1: add(svg, "polyline", { class: "curve l1" }),
    label: add(svg, "text", { x: SIZE - 8, y: SIZE - 12, "text-anchor": "end" }),
  };
  nameAxes(svg, "u", "z");
  return curves;
}

function drawCurves(curves, { l1, l2 }) {
  const corner = Math.min(l1.strength, REACH);
  const bends = [-REACH, -corner, corner, REACH];
  curves.l1.setAttribute("points", points(bends.map((u) => [u, softThreshold(u, l1.strength)])));
  curves.l2.setAttribute("points", points([-REACH, REACH].map((u) => [u, shrinkage(u, l2.strength)])));
  setAttributes(curves.flat, { x1: toX(-corner), x2: toX(corner) });
  curves.label.textContent = l1.strength > 0 ? `L1: z = 0 exactly for |u| ≤ ${number(l1.strength)}` : "";
}

function followPointer(plane, state, redraw) {
  const { svg, optimum } = plane;
  const within = (value) => clamp(value, -LIMIT, LIMIT);
  const move = (event) => {
    const [across, down] = pointerShare(event, svg);
    state.optimum[0] = within((across - 0.5) * 2 * REACH);
    state.optimum[1] = within((0.5 - down) * 2 * REACH);
    redraw();
  };
  const release = () => optimum.classList.remove("held");
  svg.addEventListener("pointerdown", (event) => {
    // A finger beside the handle scrolls the page; a mouse may press anywhere.
    if (event.button !== 0 || (event.pointerType === "touch" && !optimum.contains(event.target))) return;
    svg.setPointerCapture(event.pointerId);
    optimum.classList.add("held");
    move(event);
  });
  svg.addEventListener("pointermove", (event) => { if (optimum.classList.contains("held")) move(event); });
  svg.addEventListener("pointerup", release);
  svg.addEventListener("pointercancel", release);
  optimum.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 0.5 : 0.05;
    if (!ARROWS[event.key]) return;
    event.preventDefault();
    const [right, down] = ARROWS[event.key];
    [right, -down].forEach((sign, i) => {
      state.optimum[i] = within(Math.round((state.optimum[i] + sign * step) * 100) / 100);
    });
    redraw();
  });
}
