/** The images that `write_pixels` wrote. */

import { readFileSync } from "node:fs";

export function imagesIn(folder) {
  const pixels = readFileSync(`${folder}/pixels.bin`);
  let at = 0;
  return JSON.parse(readFileSync(`${folder}/images.json`, "utf8")).map((size) => {
    const end = at + size.width * size.height * size.channels;
    const data = new Uint8Array(pixels.subarray(at, end));
    at = end;
    return { data, ...size };
  });
}
