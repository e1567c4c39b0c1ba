/** From image files to pixels, by the decoders of the browser. */

/** Far above what a device can hold beside a page. */
const MOST_PIXELS = 2 ** 26;

/** The picture {data, width, height, channels} of a file, upright; throws an Error that says what is wrong with it. */
export async function pixelsOf(blob) {
  const bitmap = await decoded(blob);
  try {
    const { width, height } = bitmap;
    if (width * height > MOST_PIXELS) throw new Error(`has too many pixels: ${width} × ${height}`);
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const context = canvas.getContext("2d", { willReadFrequently: true }); // in memory: reads the very pixels back
    context.drawImage(bitmap, 0, 0);
    return { data: context.getImageData(0, 0, width, height).data, width, height, channels: 4 };
  } finally {
    bitmap.close();
  }
}

/** Colours stay as they are stored: crnn-deploy knows no colour profiles either. */
async function decoded(blob) {
  try {
    return await createImageBitmap(blob, {
      imageOrientation: "from-image",
      colorSpaceConversion: "none",
      premultiplyAlpha: "none",
    });
  } catch {
    throw new Error("is no picture that this browser can open");
  }
}
