// Every picture can be seen large: a click on it, or Enter where it has the focus, opens it in a dialog; Escape, a
// click beside it or its button closes it. Pictures are <img>s of the page, and canvases with `data-enlarge`.
// Imported once a page, it listens on the document, and so for components, which stand in shadow trees, as well.

const SMALLEST = 12; // pixels of a picture's own width below which there is nothing to see

const STYLE = `
  .enlarged {
    border: 1px solid rgb(128 128 128 / 0.4); border-radius: 8px; padding: 14px 16px; max-width: 96vw; max-height: 96vh;
    font: 0.95rem/1.4 var(--enlarged-font); color: var(--enlarged-text); background: var(--enlarged-paper);
  }
  .enlarged::backdrop { background: rgb(0 0 0 / 0.6); }
  .enlarged canvas { display: block; image-rendering: pixelated; border-radius: 3px; }
  .enlarged p { margin: 10px 0 0; max-width: 70ch; }
  .enlarged div { display: flex; gap: 10px; margin-top: 10px; }
  .enlarged :is(button, a) {
    font: inherit; color: inherit; background: none; border: 1px solid rgb(128 128 128 / 0.6); border-radius: 6px;
    padding: 8px 16px; min-height: 44px; box-sizing: border-box; cursor: pointer; text-decoration: none;
  }
  .enlarged :is(button, a):focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
`;

// The picture that an event is about; null where it is none, or part of something with a meaning of its own.
function pictureOf(event) {
  const path = event.composedPath();
  const picture = path[0];
  if (!(picture instanceof HTMLImageElement || (picture instanceof HTMLCanvasElement && "enlarge" in picture.dataset))) return null;
  if (path.some((node) => node instanceof HTMLElement && node.matches("button, a, summary, label, dialog, nav, [data-testid=stSidebar], [data-testid=stImage], [data-testid=stHeader]"))) {
    return null;
  }
  return (picture.naturalWidth ?? picture.width) >= SMALLEST ? picture : null;
}

export function enlarge(picture) {
  const width = picture.naturalWidth ?? picture.width, height = picture.naturalHeight ?? picture.height;
  const words = picture.alt || picture.getAttribute("aria-label") || "Picture";
  const dialog = document.createElement("dialog"), canvas = document.createElement("canvas"), style = document.createElement("style");
  dialog.className = "enlarged";
  dialog.setAttribute("aria-label", words);
  style.textContent = STYLE;
  Object.assign(canvas, { width, height });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", words);
  canvas.getContext("2d").drawImage(picture, 0, 0, width, height);
  // As large as the window allows, by whole pixels where these are large.
  const fits = Math.min((innerWidth * 0.9 - 40) / width, (innerHeight * 0.9 - 150) / height);
  const factor = fits > 2 ? Math.floor(fits) : fits;
  canvas.style.width = `${width * factor}px`;
  canvas.style.height = `${height * factor}px`;
  const caption = document.createElement("p"), buttons = document.createElement("div");
  caption.textContent = words;
  const close = document.createElement("button"), save = document.createElement("a");
  close.type = "button";
  close.textContent = "Close";
  close.addEventListener("click", () => dialog.close());
  save.textContent = "Save (PNG)";
  save.download = "picture.png";
  save.href = canvas.toDataURL("image/png");
  buttons.append(close, save);
  dialog.append(style, canvas, caption, buttons);
  const app = document.querySelector("[data-testid=stApp]") ?? document.body, look = getComputedStyle(app);
  const paper = look.backgroundColor === "rgba(0, 0, 0, 0)" ? getComputedStyle(document.documentElement).backgroundColor : look.backgroundColor;
  dialog.style.setProperty("--enlarged-paper", paper);
  dialog.style.setProperty("--enlarged-text", look.color);
  dialog.style.setProperty("--enlarged-font", look.fontFamily);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => {
    dialog.remove();
    picture.focus?.();
  });
  // Keys pressed here are none of the page's.
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  document.body.append(dialog);
  dialog.showModal();
  close.focus();
}

if (globalThis.document && !document.documentElement.dataset.enlarges) {
  document.documentElement.dataset.enlarges = "";
  document.addEventListener("click", (event) => {
    const picture = event.button === 0 ? pictureOf(event) : null;
    if (picture) enlarge(picture);
  });
  document.addEventListener("keydown", (event) => {
    const picture = event.key === "Enter" ? pictureOf(event) : null;
    if (!picture) return;
    event.preventDefault();
    enlarge(picture);
  });
}

// As a component it shows nothing; it is there for what is above.
export default function mount() {}
