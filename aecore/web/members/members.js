// All members of a grid with their figures. A column's heading sorts, a row reports its member.

import { element } from "../common.js";

const tables = new WeakMap();

const FORMATS = {
  text: (v) => v,
  plain: (v) => Number(v.toPrecision(4)).toString(),
  one: (v) => v.toFixed(1),
  two: (v) => v.toFixed(2),
  percent: (v) => `${(100 * v).toFixed(1)} %`,
  count: (v) => v.toLocaleString("en"),
};

export default function mount({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".members");
  const state = tables.get(root) ?? { column: null, down: false };
  tables.set(root, state);
  const known = state.data?.rows === data.rows;
  Object.assign(state, { data, report: setTriggerValue });
  if (!known) draw(root, state);
  choose(root, state);
}

function draw(root, state) {
  const { columns } = state.data, head = element("tr");
  head.append(...[{ name: "model", kind: "text", help: "in the order of the axes" }, ...columns].map((column, i) => {
    const cell = element("th", column.kind === "text" ? "text" : ""), button = element("button", "", column.name);
    cell.scope = "col";
    button.type = "button";
    button.title = column.help;
    button.dataset.column = i - 1;
    button.addEventListener("click", () => sort(root, state, i - 1));
    cell.append(button);
    return cell;
  }));
  root.querySelector("thead").replaceChildren(head);
  state.lines = new Map(state.data.rows.map((row) => [row.k, lineOf(row, state)]));
  arrange(root, state);
}

function lineOf(row, state) {
  const line = element("tr"), head = element("th"), button = element("button", "", row.name);
  head.scope = "row";
  button.type = "button";
  head.append(button);
  if (row.note) head.append(element("small", "", row.note));
  line.dataset.k = row.k;
  line.append(head, ...row.cells.map((value, i) => {
    const { kind } = state.data.columns[i];
    return element("td", kind === "text" ? "text" : "", value === null ? "–" : FORMATS[kind](value));
  }));
  // The button is the keyboard's; its click comes here too.
  line.addEventListener("click", () => state.report("picked", row.k));
  return line;
}

// The first click puts the smallest first, the next the largest; -1: the order of the axes. What has no
// figure comes last either way.
function sort(root, state, column) {
  state.down = state.column === column && !state.down;
  state.column = column;
  arrange(root, state);
}

function arrange(root, state) {
  const { column, down } = state, value = (row) => (column === null || column < 0 ? row.k : row.cells[column]);
  const rows = [...state.data.rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return (x === null) - (y === null) || a.k - b.k;
    const order = typeof x === "string" ? x.localeCompare(y, "en", { numeric: true }) : x - y;
    return (down ? -order : order) || a.k - b.k;
  });
  root.querySelector("tbody").replaceChildren(...rows.map((row) => state.lines.get(row.k)));
  root.querySelectorAll("thead th").forEach((cell, i) => {
    if (i - 1 === column) cell.setAttribute("aria-sort", down ? "descending" : "ascending");
    else cell.removeAttribute("aria-sort");
  });
}

function choose(root, { lines, data }) {
  for (const [k, line] of lines) line.setAttribute("aria-selected", String(k === data.k));
}
