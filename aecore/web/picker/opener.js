// A component without a picture of its own: a click within anything on the page that has `data-open` reports its
// number. These lie outside of all components, in what the page writes itself.

export default function mount({ setTriggerValue }) {
  const report = (event) => {
    const opener = event.composedPath().find((node) => node.matches?.("[data-open]"));
    if (!opener) return;
    // First, and alone: a picture in it is not opened in another way as well.
    event.stopPropagation();
    setTriggerValue("opened", Number(opener.dataset.open));
  };
  document.addEventListener("click", report, { capture: true });
  document.body.dataset.opens = "";
  return () => document.removeEventListener("click", report, { capture: true });
}
