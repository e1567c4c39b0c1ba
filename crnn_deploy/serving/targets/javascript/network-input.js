/**
 * From pixels to the input of the network, by the `preprocessing` of the spec.
 *
 * The numbers are those of crnn-deploy to the bit, but for means of whole images (`normalise: image`).
 */

import { resized, rounded } from "./resize.js";

/**
 * The network's input [C, H, W] for one image {data, width, height, channels}: rows of 8-bit pixels with 1 (grey),
 * 2 (grey and opacity), 3 (RGB) or 4 channels (RGBA). Returns {data, width}.
 */
export function networkInput(image, seen) {
  check(image);
  const isGrey = seen.channels === "L";
  const plain = withChannels(opaque(image), isGrey && !seen.grey_last ? 1 : 3);
  const small = resized(plain, ...resizedSize(plain, seen), seen.resize);
  const canvas = padded(isGrey ? withChannels(small, 1) : small, seen);
  return { data: normalised(canvas, seen), width: canvas.width };
}

function check({ data, width, height, channels }) {
  const sizes = [width, height, channels];
  if (!sizes.every((size) => Number.isInteger(size) && size > 0) || channels > 4) {
    throw new RangeError("an image needs data, width, height and 1 to 4 channels");
  }
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray) || data.length !== width * height * channels) {
    throw new RangeError(`an image of ${width}×${height} pixels and ${channels} channels has as many bytes`);
  }
}

/** Width and height that an image is resized to, before padding. */
function resizedSize({ width, height }, seen) {
  const exact = (width * seen.height) / height;
  const scaled = Math.max(1, { ceil: Math.ceil, round: rounded, floor: Math.floor }[seen.width_rounding](exact));
  if (seen.width === null) return [Math.min(seen.max_width, Math.max(seen.min_width, scaled)), seen.height];
  const space = seen.width - 2 * seen.margin;
  if (!seen.keep_ratio) return [space, seen.height];
  const isLow = seen.letterbox && scaled > space;
  return [Math.min(space, scaled), isLow ? Math.max(1, Math.floor((space * height) / width)) : seen.height];
}

/** A picture on the canvas of the network's input. */
function padded(picture, seen) {
  const { width, height, channels } = picture;
  const least = Math.max(width + 2 * seen.margin, seen.pad_to);
  const total = seen.width ?? Math.ceil(least / seen.width_multiple) * seen.width_multiple;
  const data = new Uint8ClampedArray(seen.height * total * channels);
  const colour = seen.padding === "edge" ? null : paddingColour(seen, channels);
  for (let y = 0; y < seen.height; y++) {
    for (let x = 0; x < total; x++) {
      const inside = y < height && x >= seen.margin && x < seen.margin + width;
      const row = Math.min(y, height - 1);
      const column = Math.min(Math.max(x - seen.margin, 0), width - 1);
      for (let c = 0; c < channels; c++) {
        const channel = seen.channels === "BGR" ? channels - 1 - c : c;
        const pixel = picture.data[(row * width + column) * channels + channel];
        data[(y * total + x) * channels + c] = inside || colour === null ? pixel : colour[c];
      }
    }
  }
  return { data, width: total, height: seen.height, channels };
}

function paddingColour(seen, channels) {
  const mean = seen.invert ? seen.mean.map((each) => 1 - each) : seen.mean;
  const parts = { white: [1], black: [0], mean }[seen.padding];
  return Array.from({ length: channels }, (_, c) => rounded(255 * Math.min(1, Math.max(0, ofChannel(parts, c)))));
}

/** Numbers [C, H, W] of a canvas. */
function normalised(canvas, seen) {
  const { data, channels } = canvas;
  const levels = Float32Array.from({ length: 256 }, (_, level) => level / 255);
  const light = seen.invert ? levels.map((level) => 1 - level) : levels;
  const own = seen.normalise === "image" ? statistics(data, light) : seen;
  const area = data.length / channels;
  const result = new Float32Array(data.length);
  for (let c = 0; c < channels; c++) {
    const [mean, std] = [own.mean, own.std].map((values) => Math.fround(ofChannel(values, c)));
    const table = light.map((level) => Math.fround(level - mean) / std);
    for (let i = 0; i < area; i++) result[c * area + i] = table[data[i * channels + c]];
  }
  return result;
}

/** Mean and deviation of all pixels and channels, the latter at least that of one pixel which is one level off. */
function statistics(data, light) {
  const counts = new Float64Array(256);
  for (const level of data) counts[level]++;
  const mean = counts.reduce((sum, count, level) => sum + count * light[level], 0) / data.length;
  const variance = counts.reduce((sum, count, level) => sum + count * (light[level] - mean) ** 2, 0) / data.length;
  return { mean: [mean], std: [Math.max(Math.sqrt(variance), 1 / 255 / Math.sqrt(data.length))] };
}

/** A list has one number for each channel, or one for all. */
function ofChannel(values, c) {
  return values[values.length === 1 ? 0 : c];
}

/** An opaque picture with 1 or 3 channels. */
function withChannels(picture, channels) {
  if (picture.channels === channels) return picture;
  const { data, width, height } = picture;
  const result = new Uint8ClampedArray(width * height * channels);
  for (let i = 0; i < width * height; i++) {
    if (channels === 1) result[i] = grey(data[3 * i], data[3 * i + 1], data[3 * i + 2]);
    else result.fill(data[i], 3 * i, 3 * i + 3);
  }
  return { data: result, width, height, channels };
}

/** Pillow's grey. */
function grey(red, green, blue) {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

/** A picture without transparency, on white paper, or on black where it shows light strokes. */
function opaque(picture) {
  const { data, width, height } = picture;
  if (picture.channels % 2) return picture;
  const channels = picture.channels - 1;
  const paper = showsLightStrokes(picture) ? 0 : 255;
  const result = new Uint8ClampedArray(width * height * channels);
  for (let i = 0; i < width * height; i++) {
    const opacity = data[i * (channels + 1) + channels];
    for (let c = 0; c < channels; c++) {
      result[i * channels + c] = mixed(data[i * (channels + 1) + c], paper, opacity);
    }
  }
  return { data: result, width, height, channels };
}

/** A level over another one, as Pillow rounds it. */
function mixed(level, paper, opacity) {
  const sum = 128 * (level * opacity + paper * (255 - opacity)) + 0x4000;
  return ((sum >> 8) + sum) >> 15;
}

/** Whether there is far less to see on white paper than on black, and it is no light page with dark text. */
function showsLightStrokes({ data, width, height, channels }) {
  const step = Math.max(1, Math.floor(Math.sqrt((width * height) / 1_000_000)));
  const [onBlack, onWhite] = [new Spread(), new Spread()];
  let [covered, dark, count] = [0, 0, 0];
  for (let y = 0; y < height; y += step) {
    for (let x = 0; x < width; x += step) {
      const at = (y * width + x) * channels;
      const light = channels === 2 ? data[at] : grey(data[at], data[at + 1], data[at + 2]);
      const opacity = data[at + channels - 1] / 255;
      onBlack.add(light * opacity);
      onWhite.add(light * opacity + 255 * (1 - opacity));
      covered += opacity;
      dark += light < 128 ? opacity : 0;
      count++;
    }
  }
  const isFaded = onWhite.deviation < 0.5 * onBlack.deviation;
  return isFaded && (dark / covered < 0.05 || covered / count < 0.5);
}

class Spread {
  #count = 0;
  #sum = 0;
  #squares = 0;

  add(value) {
    this.#count++;
    this.#sum += value;
    this.#squares += value * value;
  }

  get deviation() {
    const mean = this.#sum / this.#count;
    return Math.sqrt(Math.max(0, this.#squares / this.#count - mean * mean));
  }
}
