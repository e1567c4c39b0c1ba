/**
 * Reads images of single lines, or tells the class of pictures, with the model in the folder of this file.
 *
 *     import { openReader } from "./crnn-reader.js";
 *
 *     const reader = await openReader();
 *     const { text } = await reader.read({ data, width, height, channels });
 */

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { InferenceSession, Tensor } from "onnxruntime-node";

import { readerOf } from "./reading.js";

/** Load the model and its spec. `threads`: cores that one reading uses; 0: all. */
export async function openReader({ threads = 0 } = {}) {
  const [model, spec] = ["model.onnx", "spec.json"].map((name) => fileURLToPath(new URL(name, import.meta.url)));
  const session = await InferenceSession.create(model, { intraOpNumThreads: threads, logSeverityLevel: 3 });
  return readerOf(session, Tensor, JSON.parse(await readFile(spec, "utf8")));
}
