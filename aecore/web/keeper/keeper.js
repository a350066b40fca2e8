// What forms hold, kept by the browser beyond a reload: texts by the name of their form. They are told to Python once
// a session, and written whenever Python tells new ones.

const KEPT = "aecore-drafts";

export default function mount({ data, parentElement, setStateValue }) {
  const kept = read();
  parentElement.host.dataset.told = data.told;
  if (Object.keys(data.drafts).length) write({ ...kept, ...data.drafts });
  if (!data.told && Object.keys(kept).length) setStateValue("kept", kept);
}

// Texts by name, whatever stands there: what is of another kind counts as nothing, and is written over.
function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT));
    if (kept === null || typeof kept !== "object" || Array.isArray(kept)) return {};
    return Object.fromEntries(Object.entries(kept).filter(([, text]) => typeof text === "string"));
  } catch {
    return {};
  }
}

function write(drafts) {
  try {
    localStorage.setItem(KEPT, JSON.stringify(drafts));
  } catch {
    // A browser that keeps nothing: forms come back with their address alone.
  }
}
