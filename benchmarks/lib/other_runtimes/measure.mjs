// Run files in ONNX Runtime of JavaScript on given tensors: as measure.py, and with the same files in FOLDER.
//
// node measure.mjs onnxruntime-node|onnxruntime-web NODE_MODULES FOLDER

import { readFile, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const WARMUP = 3;
const [runtime, modules, folder] = process.argv.slice(2);
const ort = createRequire(join(resolve(modules), "here.js"))(runtime);
if (runtime === "onnxruntime-web") ort.env.wasm.numThreads = 1;

const job = JSON.parse(await readFile(join(folder, "job.json"), "utf8"));
const values = new Float32Array((await readFile(join(folder, "tensors.f32"))).buffer);
const tensors = [];
let start = 0;
for (const shape of job.shapes) {
  const size = shape.reduce((product, length) => product * length, 1);
  tensors.push(new ort.Tensor("float32", values.slice(start, start + size), shape));
  start += size;
}

const result = {};
const ready = [];
for (const { name, path } of job.files) {
  try {
    const run = await load(path);
    const outputs = [];
    for (const tensor of tensors) outputs.push(await run(tensor));
    await writeFile(join(folder, `${name}.f32`), joined(outputs.map((output) => output.data)));
    result[name] = { size: (await stat(path)).size, shapes: outputs.map((output) => output.dims) };
    ready.push({ name, act: () => run(tensors[job.timed]), times: [] });
  } catch (error) {
    result[name] = { refusal: `${error.name}: ${error.message}` };
  }
}
await time(ready, job.seconds);
for (const { name, times } of ready) result[name].ms = median(times.slice(WARMUP));
await writeFile(join(folder, "result.json"), JSON.stringify(result));

async function load(path) {
  const options = { intraOpNumThreads: 1, logSeverityLevel: 3 };
  const source = runtime === "onnxruntime-web" ? new Uint8Array(await readFile(path)) : path;
  const session = await ort.InferenceSession.create(source, options);
  return async (tensor) => (await session.run({ [session.inputNames[0]]: tensor }))[session.outputNames[0]];
}

function joined(arrays) {
  const all = new Float32Array(arrays.reduce((sum, array) => sum + array.length, 0));
  let position = 0;
  for (const array of arrays) {
    all.set(array, position);
    position += array.length;
  }
  return all;
}

// All in turns, each twice in a row, of which the second run counts.
async function time(acts, seconds) {
  const end = performance.now() + 1000 * seconds * acts.length;
  while (acts.length && (performance.now() < end || acts[0].times.length < WARMUP + 5)) {
    for (const { act, times } of acts) {
      await act();
      const begin = performance.now();
      await act();
      times.push(performance.now() - begin);
    }
  }
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 ? sorted[middle - 0.5] : (sorted[middle - 1] + sorted[middle]) / 2;
}
