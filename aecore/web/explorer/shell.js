// The page of the exported file: opens each section's data, and mounts components as Streamlit does in the app.

import { element } from "../common.js";
import {} from "../enlarge/enlarge.js";
import { unpack } from "./unpack.js";

const placed = []; // what is called again when the theme changes

// A component of aecore/web, such as "code_map/map", in an element of its own below `parent`. `report(name,
// value)` is called with what it reports. Returns a function that gives it new data.
export async function place(parent, component, data, report = () => {}) {
  const host = element("div", "component");
  host.dataset.component = component;
  parent.append(host);
  const parentElement = host.attachShadow({ mode: "open" });
  const template = document.querySelector(`template[data-component="${component}"]`);
  if (template) parentElement.append(template.content.cloneNode(true));
  const { default: mount } = await import(`${component}.js`);
  let latest = data;
  const again = () => mount({ data: latest, parentElement, setStateValue: report, setTriggerValue: report });
  placed.push(again);
  again();
  return (next) => {
    latest = next;
    again();
  };
}

function dataOf(id) {
  return unpack(document.getElementById(id).textContent);
}

async function open() {
  followTheme();
  const shared = await dataOf("data-shared");
  for (const section of document.querySelectorAll("main > section")) {
    const node = section.querySelector(".content");
    try {
      const { default: show } = await import(section.dataset.script);
      const data = await dataOf(`data-${section.id}`);
      await show({ node, data, shared, place });
    } catch (error) {
      console.error(error);
      node.append(element("p", "problem", `This part could not be drawn: ${error.message}`));
    }
    section.setAttribute("aria-busy", "false");
  }
  document.documentElement.dataset.ready = "true";
}

function followTheme() {
  const choice = document.querySelector("[data-theme-choice]");
  const redraw = () => placed.forEach((again) => again());
  choice.closest("label").hidden = false;
  choice.addEventListener("change", () => {
    if (choice.value) document.documentElement.dataset.theme = choice.value;
    else delete document.documentElement.dataset.theme;
    redraw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}

// Where it can't, the sentence about older browsers stays.
if ("DecompressionStream" in window) {
  document.querySelector(".old-browser").remove();
  open();
}
