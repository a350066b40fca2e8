// A canvas to draw on, white on black. After each stroke the ink goes to Python, half as large, as bytes.

import { ARROWS, clamp, element, fromBase64, paint, pointerShare, toBase64 } from "../common.js";

const boards = new WeakMap();
const PEN = 18;
const STEP = 8; // of the pen by an arrow key, in pixels of the pad; with Shift half of it

export default function mount({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".draw");
  const canvas = root.querySelector("canvas");
  if (!boards.has(root)) {
    boards.set(root, { send: setStateValue, last: null });
    clear(canvas);
    if (data.ink) restore(canvas, data);
    listen(root, canvas, boards.get(root), data.side);
  }
  boards.get(root).send = setStateValue;
}

function clear(canvas) {
  const context = canvas.getContext("2d");
  context.fillStyle = "black";
  context.fillRect(0, 0, canvas.width, canvas.height);
}

function restore(canvas, { ink, side }) {
  const small = element("canvas");
  paint(small, fromBase64(ink), [1, side, side], 1);
  canvas.getContext("2d").drawImage(small, 0, 0, canvas.width, canvas.height);
}

function listen(root, canvas, board, side) {
  const place = (event) => {
    const [across, down] = pointerShare(event, canvas);
    return [across * canvas.width, down * canvas.height];
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    board.last = place(event);
    stroke(canvas, board.last, board.last);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!board.last) return;
    const now = place(event);
    stroke(canvas, board.last, now);
    board.last = now;
  });
  for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, () => {
    if (board.last) board.send("ink", read(canvas, side));
    board.last = null;
  });
  listenToKeys(root, canvas, board, side);
  root.querySelector("button").addEventListener("click", () => {
    clear(canvas);
    board.send("ink", "");
  });
}

// What the keyboard has for the pointer: a pen that the arrow keys move, put down and lifted by Space.
function listenToKeys(root, canvas, board, side) {
  const mark = root.querySelector(".pen"), spoken = root.querySelector(".spoken");
  const pen = { at: [canvas.width / 2, canvas.height / 4], down: false };
  const show = () => {
    mark.hidden = !canvas.matches(":focus-visible");
    mark.classList.toggle("down", pen.down);
    mark.style.left = `${(100 * pen.at[0]) / canvas.width}%`;
    mark.style.top = `${(100 * pen.at[1]) / canvas.height}%`;
  };
  const lift = () => {
    if (pen.down) board.send("ink", read(canvas, side));
    pen.down = false;
    show();
  };
  canvas.addEventListener("focus", show);
  canvas.addEventListener("blur", lift);
  canvas.addEventListener("keydown", (event) => {
    const direction = ARROWS[event.key];
    if (direction) {
      const length = event.shiftKey ? STEP / 2 : STEP;
      const to = pen.at.map((place, i) => clamp(place + length * direction[i], PEN / 2, canvas.width - PEN / 2));
      if (pen.down) stroke(canvas, pen.at, to);
      pen.at = to;
    } else if (event.key === " " || event.key === "Enter") {
      if (pen.down) lift();
      else {
        pen.down = true;
        stroke(canvas, pen.at, pen.at);
      }
      spoken.textContent = pen.down ? "pen down" : "pen lifted";
    } else return;
    event.preventDefault();
    show();
  });
  // Who comes by Tab may be here before the code is.
  show();
}

function stroke(canvas, from, to) {
  const context = canvas.getContext("2d");
  Object.assign(context, { lineWidth: PEN, lineCap: "round", strokeStyle: "white" });
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
}

function read(canvas, side) {
  const small = element("canvas");
  Object.assign(small, { width: side, height: side });
  const context = small.getContext("2d");
  context.drawImage(canvas, 0, 0, side, side);
  const pixels = context.getImageData(0, 0, side, side).data;
  return toBase64(pixels.filter((_, i) => i % 4 === 0));
}
