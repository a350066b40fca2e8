// What forms hold, kept by the browser beyond a reload: texts by the name of their form. They are told to Python once
// a session, and written whenever Python tells new ones.

const KEPT = "aecore-drafts";

export default function mount({ data, setStateValue }) {
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem(KEPT) ?? "{}");
    if (Object.keys(data.drafts).length) localStorage.setItem(KEPT, JSON.stringify({ ...kept, ...data.drafts }));
  } catch {
    // A browser that keeps nothing: forms come back with their address alone.
  }
  if (!data.told && Object.keys(kept).length) setStateValue("kept", kept);
}
