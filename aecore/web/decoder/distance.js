// How far a code is from those of the training images.

// Distance to the nearest of many codes, in units of the typical one.
export function remoteness(code, codes, typical) {
  let best = Infinity;
  for (let start = 0; start < codes.length; start += code.length) {
    let squared = 0;
    for (let j = 0; j < code.length && squared < best; j++) squared += (code[j] - codes[start + j]) ** 2;
    if (squared < best) best = squared;
  }
  return Math.sqrt(best) / typical;
}

export function distanceWords(distance, limit) {
  const outside = distance > limit ? ": outside the data" : "";
  return `Nearest training code ${distance.toFixed(2)} times as far as usual${outside}`;
}
