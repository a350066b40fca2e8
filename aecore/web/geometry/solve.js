// Exact minimisers of f(z) + penalty in two dimensions, f(z) = 1/2 (z - c)^T A (z - c).
// The same case analysis as aecore/analysis/geometry.py; tests/browser/test_geometry.py holds the two together.

/** A with eigenvalue 1 across the long axis and 1 / elongation^2 along it, tilted by `tilt` radians. */
export function quadratic(elongation, tilt) {
  const cos = Math.cos(tilt), sin = Math.sin(tilt), along = 1 / elongation ** 2;
  const off = (along - 1) * cos * sin;
  return [[along * cos * cos + sin * sin, off], [off, along * sin * sin + cos * cos]];
}

/** f(z). */
export function loss([[a, b], [, d]], optimum, z) {
  const x = z[0] - optimum[0], y = z[1] - optimum[1];
  return (a * x * x + 2 * b * x * y + d * y * y) / 2;
}

/** sign(u) max(|u| - t, 0): the best z for 1/2 (z - u)^2 + t |z|. */
export function softThreshold(u, threshold) {
  return Math.sign(u) * Math.max(Math.abs(u) - threshold, 0);
}

/** u / (1 + 2 t): the best z for 1/2 (z - u)^2 + t z^2. */
export function shrinkage(u, strength) {
  return u / (1 + 2 * strength);
}

/** Minimiser of f(z) + strength |z|_1, by the cases: origin, one axis, the other, inside a quadrant. */
export function minimizeL1(matrix, optimum, strength) {
  const [[a, b], [, d]] = matrix, [c1, c2] = optimum;
  const g1 = a * c1 + b * c2, g2 = b * c1 + d * c2;
  const onFirst = softThreshold(g1, strength) / a, onSecond = softThreshold(g2, strength) / d;
  let z;
  if (Math.abs(g1) <= strength && Math.abs(g2) <= strength) z = [0, 0];
  else if (onFirst !== 0 && Math.abs(b * onFirst - g2) <= strength) z = [onFirst, 0];
  else if (onSecond !== 0 && Math.abs(b * onSecond - g1) <= strength) z = [0, onSecond];
  else z = insideAQuadrant(matrix, optimum, strength);
  return { z, radius: Math.abs(z[0]) + Math.abs(z[1]), level: loss(matrix, optimum, z) };
}

/** Minimiser of f(z) + strength |z|_2^2: (A + 2 strength I)^-1 A c, the origin at infinity. */
export function minimizeL2(matrix, optimum, strength) {
  const [[a, b], [, d]] = matrix, [c1, c2] = optimum;
  let z = [0, 0];
  if (strength !== Infinity) {
    const g1 = a * c1 + b * c2, g2 = b * c1 + d * c2;
    const p = a + 2 * strength, q = d + 2 * strength, determinant = p * q - b * b;
    z = [(q * g1 - b * g2) / determinant, (p * g2 - b * g1) / determinant];
  }
  return { z, radius: Math.hypot(z[0], z[1]), level: loss(matrix, optimum, z) };
}

/** The L2 strength whose solution lies on the contour `level`; Infinity where only the origin does. */
export function matchedL2Strength(matrix, optimum, level) {
  if (level <= 0) return 0;
  if (level >= loss(matrix, optimum, [0, 0])) return Infinity;
  let low = 0, high = 1;
  while (minimizeL2(matrix, optimum, high).level < level) [low, high] = [high, 2 * high];
  for (;;) {
    const middle = (low + high) / 2;
    if (!(low < middle && middle < high)) return middle;
    if (minimizeL2(matrix, optimum, middle).level < level) low = middle;
    else high = middle;
  }
}

function insideAQuadrant([[a, b], [, d]], optimum, strength) {
  const determinant = a * d - b * b;
  let best = [0, 0], margin = -Infinity;
  for (const [s1, s2] of [[1, 1], [1, -1], [-1, 1], [-1, -1]]) {
    const z1 = optimum[0] - (strength * (d * s1 - b * s2)) / determinant;
    const z2 = optimum[1] - (strength * (a * s2 - b * s1)) / determinant;
    // Only one quadrant holds its own solution; the largest margin finds it in spite of rounding.
    if (Math.min(s1 * z1, s2 * z2) > margin) {
      best = [z1, z2];
      margin = Math.min(s1 * z1, s2 * z2);
    }
  }
  return best;
}
