/** Opens the model of this folder with onnxruntime-web, on one thread, so that no server needs special headers. */

import { InferenceSession, Tensor, env } from "./onnxruntime/ort.js";
import { readerOf } from "./reading.js";

env.wasm.numThreads = 1;

/** Load the model; `bytesOf` gives the bytes of a file of this folder, by its name. */
export async function openReader(bytesOf) {
  const names = ["onnxruntime/ort.wasm", "model.onnx", "spec.json"];
  const [runtime, model, spec] = await Promise.all(names.map(bytesOf));
  env.wasm.wasmBinary = runtime;
  const session = await InferenceSession.create(model, { logSeverityLevel: 3 });
  return readerOf(session, Tensor, JSON.parse(new TextDecoder().decode(spec)));
}
