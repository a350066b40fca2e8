// A component without a picture of its own: it brings the maps their small pictures.

import { receive } from "./pictures.js";

export default function mount({ data }) {
  receive(data);
}
