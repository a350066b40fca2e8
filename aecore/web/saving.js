// "Save" below a chart: its drawing as SVG or PNG, its data as CSV.

import { element, svgElement } from "./common.js";

const STYLE = `
  .save { position: relative; width: max-content; margin-top: 6px; font-size: 0.82rem; }
  .save summary { cursor: pointer; padding: 3px 0; opacity: 0.85; }
  .save div { display: flex; gap: 6px; padding: 4px 0; }
  .save button {
    font: inherit; color: inherit; background: var(--st-secondary-background-color); padding: 3px 12px; min-height: 30px;
    border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius); cursor: pointer;
  }
  .save :is(button, summary):focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
  @media (pointer: coarse) { .save button, .save summary { min-height: 44px; min-width: 44px; } }
`;
const SHARPNESS = 2; // pixels of a PNG to one of the drawing

// Adds the menu below `root`'s chart, or gives the one that is there its new contents. `drawing()` is an SVG
// element that stands in the page or could, with its size in `viewBox`; `picture()` a canvas, of what isn't drawn
// in shapes; without either the data alone are offered. `rows`, or what `rows()` gives, are objects with the same
// fields; `name` is the files'.
export function offerSaving(root, { name, title, drawing, picture, rows }) {
  let menu = root.querySelector(".save");
  if (!menu) {
    menu = element("details", "save");
    const style = element("style");
    style.textContent = STYLE;
    root.append(style, menu);
  }
  const open = menu.open;
  const summary = element("summary", "", "Save");
  summary.setAttribute("aria-label", `Save: ${title}`);
  const choices = element("div");
  const offer = (kind, make) => {
    const button = element("button", "", kind);
    button.type = "button";
    button.addEventListener("click", async () => download(await make(), `${name}.${kind.toLowerCase()}`));
    choices.append(button);
  };
  const svg = () => svgText(drawing(), title, root);
  if (drawing) {
    offer("SVG", () => new Blob([svg().text], { type: "image/svg+xml" }));
    offer("PNG", () => png(svg()));
  } else if (picture) {
    offer("PNG", () => pngOf(onPaper(picture(), root)));
  }
  offer("CSV", () => new Blob([csv(typeof rows === "function" ? rows() : rows)], { type: "text/csv" }));
  // What has the focus keeps it: a chart is drawn anew at every movement of a slider.
  if (menu.contains(root.getRootNode().activeElement)) return;
  menu.replaceChildren(summary, choices);
  menu.open = open;
}

// The drawing as a file's text that looks the same elsewhere: with its size, its colours and its title.
export function svgText(drawing, title, root) {
  const copy = drawing.cloneNode(true), look = getComputedStyle(root);
  const [, , width, height] = copy.getAttribute("viewBox").split(" ").map(Number);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  for (const [key, value] of Object.entries({ width, height, color: look.color, "font-family": look.fontFamily })) {
    copy.setAttribute(key, value);
  }
  copy.style.cssText = `color: ${look.color}; font-family: ${look.fontFamily}`;
  for (const node of copy.querySelectorAll("[tabindex]")) node.removeAttribute("tabindex");
  const heading = svgElement("title");
  heading.textContent = title;
  copy.prepend(heading, svgElement("rect", { width, height, fill: paperOf(look) }));
  return { text: new XMLSerializer().serializeToString(copy), width, height };
}

const paperOf = (look) => look.getPropertyValue("--st-background-color").trim() || "white";

const LOOKS = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linecap",
  "opacity", "font-size", "font-weight", "paint-order", "display"];

// A copy of a drawing that stands in the page, each part with the looks that the page's style gives it.
export function withLooks(drawing) {
  const copy = drawing.cloneNode(true), parts = copy.querySelectorAll("*");
  drawing.querySelectorAll("*").forEach((part, i) => {
    const look = getComputedStyle(part);
    for (const name of LOOKS) parts[i].style.setProperty(name, look.getPropertyValue(name));
  });
  return copy;
}

async function png({ text, width, height }) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = element("canvas");
  Object.assign(canvas, { width: width * SHARPNESS, height: height * SHARPNESS });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return pngOf(canvas);
}

const pngOf = (canvas) => new Promise((done) => canvas.toBlob(done, "image/png"));

// A copy of a canvas with the page's background instead of none.
function onPaper(canvas, root) {
  const copy = element("canvas"), context = copy.getContext("2d");
  Object.assign(copy, { width: canvas.width, height: canvas.height });
  context.fillStyle = paperOf(getComputedStyle(root));
  context.fillRect(0, 0, copy.width, copy.height);
  context.drawImage(canvas, 0, 0);
  return copy;
}

// As few digits as tell one float32 from every other.
export const digits = (value) => Number(value.toPrecision(9));

// Rows as RFC 4180 has them; a text that a spreadsheet would take for a formula begins with an apostrophe.
export function csv(rows) {
  const cell = (value) => {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return String(value);
    const words = /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
    return /[",\r\n]/.test(words) ? `"${words.replaceAll('"', '""')}"` : words;
  };
  const fields = Object.keys(rows[0] ?? {});
  return [fields, ...rows.map((row) => fields.map((field) => row[field]))].map((line) => line.map(cell).join(",") + "\r\n").join("");
}

function download(blob, name) {
  const link = element("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
