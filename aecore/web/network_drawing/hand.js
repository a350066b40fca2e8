// A component without a picture of its own: it brings a drawing the decoder that makes its code's bars movable.

import { receive } from "./decoders.js";

export default function mount({ data }) {
  receive(data);
}
