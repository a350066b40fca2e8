// A network in the browser: makeDecoder(data)(code) gives the pixels, C x H x W in [0, 1] as a rule, and
// makeEncoder(data)(pixels) the code. `data` is what decoder_data(run) and encoder_data(run) of
// payload.py make; layers.py describes it.
// Our own hundred lines and not ONNX Runtime Web: its WebAssembly is more than 10 MB to ship, has to be
// fetched and started, and these networks need one millisecond without it.

import { fromBase64 } from "../common.js";

// Abramowitz & Stegun 7.1.26: absolute error below 1.5e-7.
function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - series * Math.exp(-x * x));
}

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

export const ACTIVATIONS = {
  relu: () => (x) => (x > 0 ? x : 0),
  leaky_relu: ({ slope }) => (x) => (x > 0 ? x : slope * x),
  elu: ({ alpha }) => (x) => (x > 0 ? x : alpha * Math.expm1(x)),
  gelu: () => (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
  silu: () => (x) => x * sigmoid(x),
  tanh: () => Math.tanh,
  sigmoid: () => sigmoid,
};

// Each maker returns a function that reads one array and returns another that it keeps and fills anew.
function linear({ inputs, outputs, weight, bias }, weights) {
  const result = new Float32Array(outputs);
  return (x) => {
    for (let o = 0, w = weight; o < outputs; o++) {
      // Four sums that do not wait for each other: twice as fast as one.
      let a = weights[bias + o], b = 0, c = 0, d = 0, i = 0;
      for (; i + 3 < inputs; i += 4, w += 4) {
        a += weights[w] * x[i];
        b += weights[w + 1] * x[i + 1];
        c += weights[w + 2] * x[i + 2];
        d += weights[w + 3] * x[i + 3];
      }
      for (; i < inputs; i++) a += weights[w++] * x[i];
      result[o] = a + b + c + d;
    }
    return result;
  };
}

function activation(layer) {
  const f = ACTIVATIONS[layer.type](layer);
  return (x) => {
    for (let i = 0; i < x.length; i++) x[i] = f(x[i]);
    return x;
  };
}

function convTranspose(layer, weights) {
  const { channels: [inputs, outputs], size: [height, width], output_size: [rows, columns] } = layer;
  const { kernel, stride, padding: [above, left], weight, bias } = layer;
  const result = new Float32Array(outputs * rows * columns);
  // First and last input place whose contribution at kernel place k falls inside the output.
  const first = (k, padding) => Math.max(0, Math.ceil((padding - k) / stride));
  const last = (k, padding, size, limit) => Math.min(size - 1, Math.floor((limit - 1 + padding - k) / stride));
  // Every input pixel adds its value times the kernel to the output pixels around stride * its place; the
  // kernel's places come outside, so that the innermost loop has one weight and no condition.
  const add = (image, i, o, ky, kx) => {
    const w = weights[weight + ((i * outputs + o) * kernel + ky) * kernel + kx];
    const x0 = first(kx, left), x1 = last(kx, left, width, columns), y1 = last(ky, above, height, rows);
    for (let y = first(ky, above); y <= y1; y++) {
      let from = (i * height + y) * width + x0;
      let to = (o * rows + y * stride - above + ky) * columns + x0 * stride - left + kx;
      for (let x = x0; x <= x1; x++, from++, to += stride) result[to] += w * image[from];
    }
  };
  return (image) => {
    for (let o = 0; o < outputs; o++) {
      result.fill(weights[bias + o], o * rows * columns, (o + 1) * rows * columns);
      for (let i = 0; i < inputs; i++)
        for (let ky = 0; ky < kernel; ky++) for (let kx = 0; kx < kernel; kx++) add(image, i, o, ky, kx);
    }
    return result;
  };
}

function conv(layer, weights) {
  const { channels: [inputs, outputs], size: [height, width], output_size: [rows, columns] } = layer;
  const { kernel, stride, padding: [above, left], weight, bias } = layer;
  const result = new Float32Array(outputs * rows * columns);
  // First and last output place that kernel place k reads inside the input.
  const first = (k, padding) => Math.max(0, Math.ceil((padding - k) / stride));
  const last = (k, padding, size, limit) => Math.min(limit - 1, Math.floor((size - 1 + padding - k) / stride));
  // As above, the kernel's places come outside.
  const add = (image, i, o, ky, kx) => {
    const w = weights[weight + ((o * inputs + i) * kernel + ky) * kernel + kx];
    const x0 = first(kx, left), x1 = last(kx, left, width, columns), y1 = last(ky, above, height, rows);
    for (let y = first(ky, above); y <= y1; y++) {
      let from = (i * height + y * stride - above + ky) * width + x0 * stride - left + kx;
      let to = (o * rows + y) * columns + x0;
      for (let x = x0; x <= x1; x++, from += stride, to++) result[to] += w * image[from];
    }
  };
  return (image) => {
    for (let o = 0; o < outputs; o++) {
      result.fill(weights[bias + o], o * rows * columns, (o + 1) * rows * columns);
      for (let i = 0; i < inputs; i++)
        for (let ky = 0; ky < kernel; ky++) for (let kx = 0; kx < kernel; kx++) add(image, i, o, ky, kx);
    }
    return result;
  };
}

function softThreshold({ threshold, units, mean, scale }, weights) {
  return (x) => {
    for (let i = 0; i < units; i++) {
      const u = (x[i] - weights[mean + i]) * weights[scale + i];
      x[i] = Math.sign(u) * Math.max(Math.abs(u) - threshold, 0);
    }
    return x;
  };
}

function topK({ k }) {
  return (x) => {
    const largest = Array.from(x.keys()).sort((i, j) => x[j] - x[i]);
    largest.forEach((i, rank) => { x[i] = rank < k && x[i] > 0 ? x[i] : 0; });
    return x;
  };
}

function normalize({ shape: [channels, height, width], mean, std }) {
  return (x) => {
    for (let c = 0, i = 0; c < channels; c++)
      for (const end = i + height * width; i < end; i++) x[i] = (x[i] - mean[c]) / std[c];
    return x;
  };
}

function denormalize({ shape: [channels, height, width], mean, std }) {
  const result = new Float32Array(channels * height * width);
  return (x) => {
    for (let c = 0, i = 0; c < channels; c++)
      for (const end = i + height * width; i < end; i++) result[i] = x[i] * std[c] + mean[c];
    return result;
  };
}

const WEIGHTED = new Set(["linear", "conv", "conv_transpose"]);

// As makeDecoder, but what comes back is {layers, pixels}: with what each layer before the last puts out, its
// nonlinearity included, as `layer_outputs` of Python has it. The arrays are overwritten by the next call.
export function traceDecoder(data) {
  const weights = new Float32Array(fromBase64(data.weights).buffer), blocks = [];
  for (const layer of data.layers) {
    if (WEIGHTED.has(layer.type) || !blocks.length) blocks.push([]);
    blocks.at(-1).push(step(layer, weights));
  }
  const finish = denormalize(data);
  return (code) => {
    let x = Float32Array.from(code);
    const outputs = blocks.map((block) => (x = block.reduce((values, one) => one(values), x)));
    return { layers: outputs.slice(0, -1), pixels: finish(outputs.at(-1)) };
  };
}

const step = (layer, weights) => (MAKERS[layer.type] ?? activation)(layer, weights);

const MAKERS = { linear, conv, conv_transpose: convTranspose, soft_threshold: softThreshold, top_k: topK };
const KEPT = 8;

const made = new Map();

// The array that comes back is the network's own and is overwritten by the next call.
function make(data, before, after) {
  if (!made.has(data.key)) {
    const weights = new Float32Array(fromBase64(data.weights).buffer);
    const steps = data.layers.map((layer) => step(layer, weights));
    const all = [...before, ...steps, ...after];
    if (made.size >= KEPT) made.delete(made.keys().next().value);
    made.set(data.key, (values) => all.reduce((x, step) => step(x), Float32Array.from(values)));
  }
  return made.get(data.key);
}

export const makeDecoder = (data) => make(data, [], [denormalize(data)]);
export const makeEncoder = (data) => make(data, [normalize(data)], []);
