// A component without a picture of its own: it brings a map the frames of its forming.

import { receive } from "./flow.js";

export default function mount({ data }) {
  receive(data);
}
