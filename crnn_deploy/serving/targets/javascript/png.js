/** Reads the example images for Node.js, which has no decoder: PNG files of 8 bits in grey or RGB, not interlaced. */

import { inflateSync } from "node:zlib";

const HEADER = 8; // bytes before the first chunk
const CHANNELS = { 0: 1, 2: 3 }; // of colour types

/** The picture {data, width, height, channels} of a file that crnn-deploy wrote. */
export function readPng(file) {
  const chunks = [...chunksOf(file)];
  const header = chunks.find(({ type }) => type === "IHDR").data;
  const [width, height, bits] = [header.readUInt32BE(0), header.readUInt32BE(4), header[8]];
  const [channels, interlaced] = [CHANNELS[header[9]], header[12]];
  if (bits !== 8 || !channels || interlaced) throw new Error("only PNG files of 8 bits in grey or RGB are read here");
  const stored = inflateSync(Buffer.concat(chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data)));
  return { data: unfiltered(stored, width * channels, height, channels), width, height, channels };
}

function* chunksOf(file) {
  for (let at = HEADER; at < file.length; ) {
    const length = file.readUInt32BE(at);
    yield { type: file.toString("latin1", at + 4, at + 8), data: file.subarray(at + 8, at + 8 + length) };
    at += length + 12;
  }
}

/** Rows of `stride` bytes; what is stored is their difference to a guess, which the byte before each row names. */
function unfiltered(stored, stride, height, channels) {
  const data = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = stored[y * (stride + 1)];
    for (let i = 0; i < stride; i++) {
      const at = y * stride + i;
      const left = i < channels ? 0 : data[at - channels];
      const above = y === 0 ? 0 : data[at - stride];
      const corner = i < channels || y === 0 ? 0 : data[at - stride - channels];
      const guess = [0, left, above, (left + above) >> 1, paeth(left, above, corner)][filter];
      data[at] = stored[y * (stride + 1) + 1 + i] + guess;
    }
  }
  return data;
}

/** Of the three neighbours the one nearest to left + above - corner. */
function paeth(left, above, corner) {
  const [toLeft, toAbove, toCorner] = [above - corner, left - corner, left + above - 2 * corner].map(Math.abs);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}
