// A grid: the sliders with their pictures, what is proposed, and the charts over all members. Whatever is
// clicked moves the sliders, and whatever moves them marks its place everywhere.

import { element } from "../common.js";
import { begin, follow, moveTo, moveToMember } from "./position.js";

const numbers = (text) => text.split("-").map(Number);

export default async function show({ node, data, place }) {
  begin({ board: data.board, at: data.at });
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
  const picked = (name, value) => {
    if (name === "at") moveTo(numbers(value), "chart");
    if (name === "picked") moveToMember(value, "chart");
  };
  const curve = await place(left, "charts/curve", { ...data.curve, k: 0 }, picked);

  const views = { heat: element("div"), front: element("div"), bars: element("div") };
  const wide = data.heat.axes.filter((axis) => axis.values.length > 1);
  right.append(choice(views, wide.length > 1 ? ["heat", "front", "bars"] : ["front", "bars"]), ...Object.values(views));
  const heat = await place(views.heat, "charts/heat", { ...data.heat, at: data.at }, picked);
  const front = await place(views.front, "charts/front", { ...data.front, k: 0 }, picked);
  await place(views.bars, "charts/bars", data.bars);

  follow(({ at, k }, source) => {
    // The board knows where it begins and where it was moved to; a new number tells it of other moves.
    if (source && source !== "board") board({ ...data.board, at, move: ++move, probe });
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

function choice(views, offered) {
  const box = element("div", "row"), names = { heat: "Heat map", front: "Pareto front", bars: "Importance" };
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", "All models");
  const show = (chosen) => {
    for (const button of box.children) button.setAttribute("aria-pressed", String(button.dataset.view === chosen));
    for (const [name, view] of Object.entries(views)) view.hidden = name !== chosen;
  };
  for (const view of offered) {
    const button = element("button", "", names[view]);
    button.type = "button";
    button.dataset.view = view;
    button.addEventListener("click", () => show(view));
    box.append(button);
  }
  show(offered[0]);
  return box;
}
