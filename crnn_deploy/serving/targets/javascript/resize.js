/**
 * Resizes pictures to the same pixels as Pillow, and as OpenCV's INTER_LINEAR.
 *
 * A picture is {data, width, height, channels}: 8 bits a channel, the channels of a pixel beside each other.
 */

/** Pillow weighs pixels by whole numbers of 2 ** -22. */
const BITS = 22;

/** Pillow's filters: how far they reach, and the weight of a pixel at a distance. */
const FILTERS = {
  bilinear: [1, (x) => Math.max(0, 1 - Math.abs(x))],
  bicubic: [2, (x) => cubic(Math.abs(x))],
  lanczos: [3, (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0)],
};

/** A picture in another size; `method` is one of the spec: nearest, bilinear, bicubic, lanczos or linear. */
export function resized(picture, width, height, method) {
  if (method === "linear") return linear(picture, width, height);
  if (method === "nearest") return nearest(picture, width, height);
  const across = (source) => resampledAcross(source, width, method);
  const down = (source) => resampledDown(source, height, method);
  return isLowerFirst(picture, width, height) ? across(down(picture)) : down(across(picture));
}

/** Whether Pillow resizes rows first, which changes how it rounds; its versions before 13 never do. */
function isLowerFirst(picture, width, height) {
  return height < picture.height && picture.height - height > 2 * (picture.width - width);
}

function resampledAcross(picture, width, method) {
  const { height, channels } = picture;
  return { ...picture, data: resampled(picture.data, height, picture.width, channels, width, method), width };
}

function resampledDown(picture, height, method) {
  const row = picture.width * picture.channels;
  return { ...picture, data: resampled(picture.data, 1, picture.height, row, height, method), height };
}

/** Numbers to the nearest whole one, and halves to the even one, as Python does it. */
export function rounded(value) {
  const nearest = Math.round(value);
  return nearest - value === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}

/** Values [outer, length, inner] with another length, through a filter of Pillow. */
function resampled(values, outer, length, inner, count, method) {
  if (length === count) return values;
  const result = new Uint8ClampedArray(outer * count * inner);
  const kernels = pillowKernels(length, count, ...FILTERS[method]);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < count; i++) {
      const { first, weights } = kernels[i];
      const from = (o * length + first) * inner;
      const to = (o * count + i) * inner;
      for (let j = 0; j < inner; j++) {
        let sum = 1 << (BITS - 1);
        for (let k = 0; k < weights.length; k++) sum += values[from + k * inner + j] * weights[k];
        result[to + j] = sum >> BITS;
      }
    }
  }
  return result;
}

/** For each of `count` new values the first of `length` old ones that counts, and the weights from there on. */
function pillowKernels(length, count, reach, filter) {
  const scale = length / count;
  const stretch = Math.max(1, scale);
  return Array.from({ length: count }, (_, i) => {
    const center = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - reach * stretch + 0.5));
    const end = Math.min(length, Math.trunc(center + reach * stretch + 0.5));
    const shares = Array.from({ length: end - first }, (_, k) => filter((k + first - center + 0.5) * (1 / stretch)));
    const total = shares.reduce((sum, share) => sum + share, 0);
    const weights = shares.map((share) => {
      const exact = (total === 0 ? share : share / total) * 2 ** BITS;
      return Math.trunc(exact < 0 ? exact - 0.5 : exact + 0.5);
    });
    return { first, weights: Int32Array.from(weights) };
  });
}

function cubic(x) {
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
}

function sinc(x) {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

function nearest(picture, width, height) {
  const { channels } = picture;
  const data = new Uint8ClampedArray(width * height * channels);
  const columns = nearestPlaces(picture.width, width);
  let at = 0;
  for (const y of nearestPlaces(picture.height, height)) {
    for (const x of columns) {
      for (let c = 0; c < channels; c++) data[at++] = picture.data[(y * picture.width + x) * channels + c];
    }
  }
  return { data, width, height, channels };
}

/** Pillow adds the step up, with all that this rounds. */
function nearestPlaces(length, count) {
  const step = length / count;
  let place = step * 0.5;
  return Array.from({ length: count }, () => {
    const whole = Math.min(length - 1, Math.trunc(place));
    place += step;
    return whole;
  });
}

/** OpenCV's INTER_LINEAR, whose weights are whole numbers of 1/2048. */
function linear(picture, width, height) {
  const { channels } = picture;
  const stride = picture.width * channels;
  const data = new Uint8ClampedArray(width * height * channels);
  const isHalf = picture.width === 2 * width && picture.height === 2 * height; // OpenCV takes plain means then
  const columns = neighbours(picture.width, width);
  const between = (row, { first, second, share }, c) => {
    const [left, right] = [first, second].map((x) => picture.data[row * stride + x * channels + c]);
    return (left * (2048 - share) + right * share) >> 4;
  };
  const mean = (y, x, c) => {
    const at = 2 * y * stride + 2 * x * channels + c;
    const [a, b, d, e] = [at, at + channels, at + stride, at + stride + channels].map((place) => picture.data[place]);
    return (a + b + d + e + 2) >> 2;
  };
  let at = 0;
  neighbours(picture.height, height).forEach(({ first, second, share }, y) => {
    columns.forEach((column, x) => {
      for (let c = 0; c < channels; c++) {
        const above = between(first, column, c) * (2048 - share);
        const below = between(second, column, c) * share;
        data[at++] = isHalf ? mean(y, x, c) : ((above >> 16) + (below >> 16) + 2) >> 2;
      }
    });
  });
  return { data, width, height, channels };
}

/** For each of `count` new values the two of `length` old ones around it, and the weight of the second, of 2048. */
function neighbours(length, count) {
  return Array.from({ length: count }, (_, i) => {
    const place = Math.min(length - 1, Math.max(0, Math.fround((i + 0.5) * (length / count) - 0.5)));
    const first = Math.trunc(place);
    return { first, second: Math.min(first + 1, length - 1), share: rounded((place - first) * 2048) };
  });
}
