// A canvas to draw on, white on black. After each stroke the ink goes to Python, half as large, as bytes.

import { element, fromBase64, paint, pointerShare, toBase64 } from "../common.js";

const boards = new WeakMap();
const PEN = 18;

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
  root.querySelector("button").addEventListener("click", () => {
    clear(canvas);
    board.send("ink", "");
  });
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
