// A grid: the sliders with their pictures, what is proposed, and the charts over all members. Whatever is
// clicked moves the sliders, and whatever moves them marks its place everywhere.

import { element } from "../common.js";
import { begin, follow, moveTo, moveToMember } from "./position.js";

const numbers = (text) => text.split("-").map(Number);

export default async function show({ node, data, place }) {
  begin({ axes: data.board.axes, index: data.board.index, at: data.at });
  let move = 0, probe = 0;
  const board = await place(node, "board/board", { ...data.board, at: data.at, move, probe }, (name, value) => {
    if (name === "probe") probe = value;
    else moveTo(numbers(value), "board");
  });
  // While a slider is dragged or plays, the marks go along.
  node.addEventListener("passing", (event) => moveTo(event.detail, "board"));

  node.append(proposal(data));

  const sides = element("div", "halves"), left = element("div"), right = element("div");
  sides.append(left, right);
  node.append(sides);
  const picked = (name, value) => (name === "at" ? moveTo(numbers(value), "chart") : moveToMember(value, "chart"));
  const curve = await place(left, "charts/curve", { ...data.curve, k: 0 }, picked);

  const views = { heat: element("div"), front: element("div"), bars: element("div") };
  right.append(choice(views), ...Object.values(views));
  const heat = await place(views.heat, "charts/heat", { ...data.heat, at: data.at }, picked);
  const front = await place(views.front, "charts/front", { ...data.front, k: 0 }, picked);
  await place(views.bars, "charts/bars", data.bars);

  follow(({ at, k }, source) => {
    // The board knows where it was moved to; elsewhere a new number tells it.
    if (source !== "board") board({ ...data.board, at, move: ++move, probe });
    curve({ ...data.curve, k });
    heat({ ...data.heat, at });
    front({ ...data.front, k });
  });
}

function proposal({ proposed }) {
  const box = element("div", "row"), words = element("p");
  if (proposed.title) words.append(element("strong", "", proposed.title));
  words.append(proposed.text);
  box.append(words);
  if (proposed.k !== null) {
    const button = element("button", "", "Go to the proposed one");
    button.type = "button";
    button.dataset.go = proposed.k;
    button.addEventListener("click", () => moveToMember(proposed.k, "button"));
    follow(({ k }) => { button.hidden = k === proposed.k; });
    box.append(button);
  }
  return box;
}

function choice(views) {
  const box = element("div", "row"), names = { heat: "Heat map", front: "Pareto front", bars: "Importance" };
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", "All models");
  const show = (chosen) => {
    for (const button of box.children) button.setAttribute("aria-pressed", String(button.dataset.view === chosen));
    for (const [name, view] of Object.entries(views)) view.hidden = name !== chosen;
  };
  for (const [view, name] of Object.entries(names)) {
    const button = element("button", "", name);
    button.type = "button";
    button.dataset.view = view;
    button.addEventListener("click", () => show(view));
    box.append(button);
  }
  show("heat");
  return box;
}
