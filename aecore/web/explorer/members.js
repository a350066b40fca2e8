// The table of all members; a click on a row moves the sliders there.

import { follow, moveToMember } from "./position.js";

export default async function show({ node, data, place }) {
  const table = await place(node, "members/members", { ...data, k: 0 }, (_, k) => moveToMember(k, "table"));
  follow(({ k }) => table({ ...data, k }));
}
