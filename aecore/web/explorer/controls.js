// A labelled choice among words.

import { element } from "../common.js";

// `options`: [value, text] pairs. Calls `take` with the value; returns the select.
export function choice(parent, label, options, take) {
  const box = element("label", "", `${label} `), select = element("select");
  for (const [value, text] of options) {
    const option = element("option", "", text);
    option.value = value;
    select.append(option);
  }
  select.setAttribute("aria-label", label);
  select.addEventListener("change", () => take(select.value));
  box.append(select);
  parent.append(box);
  return select;
}

// Buttons of which one is pressed.
export function buttons(parent, label, options, take) {
  const group = element("div", "group");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", label);
  const press = (value) => {
    for (const button of group.children) button.setAttribute("aria-pressed", String(button.value === value));
    take(value);
  };
  for (const [value, text] of options) {
    const button = element("button", "", text);
    Object.assign(button, { type: "button", value });
    button.addEventListener("click", () => press(value));
    group.append(button);
  }
  parent.append(group);
  press(options[0][0]);
}
