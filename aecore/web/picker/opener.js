// A component without a picture of its own: a click within anything on the page that has `data-open` reports its
// number. These lie outside of all components, in what the page writes itself.

const OPENERS = "[data-open]";

export default function mount({ setTriggerValue }) {
  const report = (event) => {
    const opener = event.composedPath().find((node) => node.matches?.(OPENERS));
    if (opener) setTriggerValue("opened", Number(opener.dataset.open));
  };
  document.addEventListener("click", report);
  return () => document.removeEventListener("click", report);
}
