// Small pictures to choose one from; the click goes to Python as the picked picture's number.

import { element, fromBase64, paint, pictureAt } from "../common.js";

export default function mount({ data, parentElement, setTriggerValue }) {
  const pictures = fromBase64(data.images);
  parentElement.querySelector(".thumbnails").replaceChildren(...data.numbers.map((number, i) => {
    const button = element("button"), canvas = element("canvas");
    button.type = "button";
    button.setAttribute("aria-label", `Image ${number}`);
    button.setAttribute("aria-pressed", String(number === data.chosen));
    button.title = `Image ${number}`;
    button.addEventListener("click", () => setTriggerValue("picked", number));
    paint(canvas, pictureAt(pictures, i, data.shape), data.shape, 1);
    button.append(canvas);
    return button;
  }));
}
