// The classes' names, each in the middle of its points.

const NO_CLASS = 65535;
const HEIGHT = 16; // of a line of text, in pixels

// Class -> place on the screen: the median of its shown points, by each axis.
export function middles({ label, setOf, shown, screenX, screenY, n }) {
  const counts = new Int32Array(NO_CLASS);
  for (let i = 0; i < n; i++) if (shown[i] && !setOf[i] && label[i] !== NO_CLASS) counts[label[i]]++;
  const found = [];
  counts.forEach((count, k) => count && (found[k] = { x: new Float32Array(count), y: new Float32Array(count), at: 0 }));
  for (let i = 0; i < n; i++) {
    if (!shown[i] || setOf[i] || label[i] === NO_CLASS) continue;
    const places = found[label[i]];
    places.x[places.at] = screenX[i];
    places.y[places.at++] = screenY[i];
  }
  const middlesOf = new Map();
  found.forEach(({ x, y }, k) => middlesOf.set(k, [median(x), median(y)]));
  return middlesOf;
}

// The middle one by size, of an even number the upper. Hoare's selection, which leaves the values in another
// order: sorting the sixty thousand of a large map in every frame takes several times as long.
function median(values) {
  const middle = values.length >> 1;
  for (let low = 0, high = values.length - 1; low < high; ) {
    const pivot = values[(low + high) >> 1];
    let i = low;
    let j = high;
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i > j) break;
      const value = values[i];
      values[i++] = values[j];
      values[j--] = value;
    }
    if (middle <= j) high = j;
    else if (middle >= i) low = i;
    else break;
  }
  return values[middle];
}

// Names that would lie over each other move apart, up and down.
export function apart(boxes) {
  const sorted = [...boxes].sort((a, b) => a.y - b.y);
  for (let round = 0; round < 20; round++) {
    let moved = false;
    for (let i = 0; i < sorted.length; i++) {
      for (let j = i + 1; j < sorted.length; j++) {
        const [a, b] = [sorted[i], sorted[j]];
        const over = HEIGHT - Math.abs(b.y - a.y);
        if (over <= 0 || Math.abs(b.x - a.x) >= (a.width + b.width) / 2 + 4) continue;
        const sign = b.y >= a.y ? 1 : -1;
        a.y -= (sign * over) / 2;
        b.y += (sign * over) / 2;
        moved = true;
      }
    }
    if (!moved) break;
  }
  return boxes;
}

// In the text's colour with the background's around it, so that they can be read over points of any colour.
export function paintNames(context, places, classes, theme) {
  context.font = `600 14px ${theme.font}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  const boxes = [...places].map(([k, [x, y]]) => ({ name: classes[k], x, y, width: context.measureText(classes[k]).width }));
  for (const { name, x, y } of apart(boxes)) {
    context.globalAlpha = 0.9;
    context.strokeStyle = theme.background;
    context.lineWidth = 5;
    context.strokeText(name, x, y);
    context.globalAlpha = 1;
    context.fillStyle = theme.text;
    context.fillText(name, x, y);
  }
}
