// What the components' scripts have in common. It is imported by them, and the browser keeps it once.

// Bytes come as text from Python, and as they are from the exported file.
export function fromBase64(text) {
  if (text instanceof Uint8Array) return text;
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

export function toBase64(bytes) {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

export function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

// -- pictures

// Image i of many, each C x H x W, in an array of pixels.
export function pictureAt(pixels, i, shape) {
  const size = shape.reduce((a, b) => a * b);
  return pixels.subarray(i * size, (i + 1) * size);
}

// Pixels C x H x W onto a canvas of W x H, grey or colour; `scale` 255 for pixels in [0, 1], 1 for bytes.
// Values outside are clipped and the others rounded by the canvas's own kind of array.
export function paint(canvas, pixels, [channels, height, width], scale = 255) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const area = height * width;
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = scale * pixels[channels === 3 ? c * area + i : i];
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

// The canvas's context, cleared, in CSS pixels, with as many pixels behind them as the screen has.
export function sharpContext(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const size = { width: Math.round(width * ratio), height: Math.round(height * ratio) };
  if (canvas.width !== size.width || canvas.height !== size.height) Object.assign(canvas, size);
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

// Returns a function that draws at the screen's next frame, once, however often it is called before.
export function oncePerFrame(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
}

// -- colours

// The colours and the font that Streamlit's theme gives an element, as CSS writes them.
export function themeOf(node) {
  const style = getComputedStyle(node);
  const named = (name, fallback) => style.getPropertyValue(`--st-${name}`).trim() || fallback;
  return {
    text: style.color,
    primary: named("primary-color", "steelblue"),
    background: named("background-color", "white"),
    line: named("border-color", "gray"),
    faint: named("gray-color", "gray"),
    font: style.fontFamily,
  };
}

const channels = new Map();

// Red, green and blue, 0 to 255, of a colour as CSS writes it.
export function rgb(color) {
  if (!channels.has(color)) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 1;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    channels.set(color, [...context.getImageData(0, 0, 1, 1).data.subarray(0, 3)]);
  }
  return channels.get(color);
}

// -- elements

export function element(name, className = "", text = "") {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

export function setAttributes(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
}

export function svgElement(name, attributes = {}) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  setAttributes(node, attributes);
  return node;
}

// -- pointer and keyboard

// Streamlit listens on the document for letters of its own ("r" runs the page again). What is typed in a component,
// which stands in a shadow tree, doesn't reach it; keys with Ctrl, Alt or the like, Escape and Tab go on as they were.
globalThis.document?.body.addEventListener("keydown", (event) => {
  const typed = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
  if (typed && event.composedPath().some((node) => node instanceof ShadowRoot)) event.stopPropagation();
});

// The arrow keys' directions: to the right, and down.
export const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// Lets a row's pictures be enlarged (enlarge/enlarge.js): one stop of the tab key, from which the arrow keys go along.
export function letBeEnlarged(canvases) {
  canvases.forEach((canvas, i) => {
    canvas.dataset.enlarge = "";
    canvas.tabIndex = i ? -1 : 0;
    canvas.onkeydown = (event) => {
      const across = ARROWS[event.key]?.[0], next = canvases[i + across];
      if (!across || !next) return;
      event.preventDefault();
      [canvas.tabIndex, next.tabIndex] = [-1, 0];
      next.focus();
    };
  });
}

// Where on an element the pointer is, in shares of its width and height.
export function pointerShare(event, node) {
  const box = node.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}
