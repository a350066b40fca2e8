// What the run is, in lines, and its configuration.

import { element } from "../common.js";

export default function show({ node, data }) {
  const table = element("table"), body = element("tbody");
  for (const [name, value] of data.lines) {
    const row = element("tr"), head = element("th", "", name);
    head.scope = "row";
    row.append(head, element("td", "", value));
    body.append(row);
  }
  table.append(body);
  const wide = element("div", "wide");
  wide.append(table);
  node.append(wide);
  if (!data.config) return;
  const details = element("details"), config = element("pre", "", data.config);
  config.tabIndex = 0;
  config.setAttribute("aria-label", "Configuration as JSON");
  details.append(element("summary", "", "Whole configuration (JSON)"), config);
  node.append(details);
}
