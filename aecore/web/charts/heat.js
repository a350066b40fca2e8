// Validation error over two axes, the others as on the sliders: a cell a place, which a click reports.

import { element, svgElement } from "../common.js";
import { text } from "./plot.js";
import { offerSaving } from "../saving.js";

const heats = new WeakMap();
const LIGHT = [222, 235, 247], DARK = [8, 64, 129];

export default function mount({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".heat");
  const state = heats.get(root) ?? {};
  heats.set(root, state);
  Object.assign(state, { data, report: setTriggerValue, wide: data.axes.map((_, i) => i).filter((i) => data.axes[i].values.length > 1) });
  if (!state.wide.includes(state.x)) state.x = state.wide[0];
  if (!state.wide.includes(state.y) || state.y === state.x) state.y = state.wide.find((i) => i !== state.x);
  draw(root, state);
}

function draw(root, state) {
  const { data, wide } = state, two = wide.length > 1;
  for (const part of [".choice", ".cells"]) root.querySelector(part).hidden = !two;
  if (!two) {
    root.querySelector(".words").textContent = "A heat map needs two axes with several values each; this grid has one.";
    return;
  }
  for (const select of root.querySelectorAll("select")) {
    const side = select.dataset.side;
    select.replaceChildren(...wide.filter((i) => side === "x" || i !== state.x).map((i) => new Option(data.axes[i].name, i, false, i === state[side])));
    select.onchange = () => {
      state[side] = Number(select.value);
      if (state.y === state.x) state.y = wide.find((i) => i !== state.x);
      draw(root, state);
    };
  }
  drawCells(root, state);
}

function drawCells(root, { data, x, y, report }) {
  const across = data.axes[x], down = data.axes[y];
  const cells = down.values.map((_, j) => across.values.map((_, i) => {
    const at = [...data.at];
    Object.assign(at, { [x]: i, [y]: j });
    const k = data.index[data.axes.reduce((place, axis, n) => place * axis.values.length + at[n], 0)];
    return { at, k, error: data.errors[k], here: at.join() === data.at.join() };
  }));
  const known = cells.flat().map((cell) => cell.error).filter((error) => error !== null);
  const low = Math.min(...known), high = Math.max(...known);
  root.style.setProperty("--chosen", data.colors.chosen);
  const head = element("tr");
  head.append(element("td"), ...across.values.map((value) => heading(value, "col")));
  root.querySelector("thead").replaceChildren(head);
  const focused = root.getRootNode().activeElement?.dataset?.at;
  root.querySelector("tbody").replaceChildren(...cells.map((row, j) => {
    const line = element("tr");
    line.append(heading(down.values[j], "row"), ...row.map((cell) => {
      const td = element("td"), button = element("button", cell.error === null ? "none" : "", cell.error === null ? "–" : cell.error.toFixed(1));
      button.type = "button";
      button.dataset.at = cell.at.join("-");
      if (cell.here) button.setAttribute("aria-current", "true");
      if (cell.error !== null) {
        [button.style.background, button.style.color] = shade(cell.error, low, high);
      }
      const words = `${data.names[cell.k]}: ${cell.error === null ? "no figure" : `validation error ${cell.error.toFixed(2)}`}`;
      button.setAttribute("aria-label", words);
      button.title = words;
      button.addEventListener("click", () => report("at", cell.at.join("-")));
      td.append(button);
      return td;
    }));
    return line;
  }));
  if (focused) root.querySelector(`[data-at="${focused}"]`)?.focus();
  const dashed = known.length < cells.flat().length ? ` ${data.noFigure}` : "";
  root.querySelector(".words").textContent = data.words + dashed;
  offerSaving(root, {
    name: "validation-error",
    title: `Validation error over ${across.name} and ${down.name}`,
    drawing: () => drawn(cells, across, down, low, high),
    rows: cells.flatMap((row, j) => row.map((cell, i) => ({
      [across.name]: across.values[i], [down.name]: down.values[j], "validation error": cell.error,
    }))),
  });
}

// The table as a drawing, to be saved.
function drawn(cells, across, down, low, high) {
  const left = 150, top = 44, wide = 76, tall = 34;
  const width = left + wide * across.values.length + 12, height = top + tall * down.values.length + 12;
  const svg = svgElement("svg", { viewBox: `0 0 ${width} ${height}`, "font-size": 12, fill: "currentColor" });
  svg.append(text(`${across.name} (in the cells: validation error)`, { x: left + (width - left) / 2, y: 16, "text-anchor": "middle" }), text(down.name, { x: left - 10, y: 36, "text-anchor": "end" }));
  across.values.forEach((value, i) => svg.append(text(value, { x: left + wide * (i + 0.5), y: 36, "text-anchor": "middle" })));
  cells.forEach((row, j) => {
    const y = top + tall * j;
    svg.append(text(down.values[j], { x: left - 10, y: y + 21, "text-anchor": "end" }));
    row.forEach(({ error }, i) => {
      const [paper, ink] = error === null ? ["none", "currentColor"] : shade(error, low, high);
      svg.append(
        svgElement("rect", { x: left + wide * i, y, width: wide, height: tall, fill: paper }),
        text(error === null ? "–" : error.toFixed(1), { x: left + wide * (i + 0.5), y: y + 21, "text-anchor": "middle", fill: ink }),
      );
    });
  });
  return svg;
}

// Background and text colour of a cell.
function shade(error, low, high) {
  const share = high > low ? (error - low) / (high - low) : 0;
  return [`rgb(${LIGHT.map((v, c) => Math.round(v + share * (DARK[c] - v))).join(" ")})`, share > 0.5 ? "#ffffff" : "#14202b"];
}

function heading(words, scope) {
  const node = element("th", "", words);
  node.scope = scope;
  return node;
}
