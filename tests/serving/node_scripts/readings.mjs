/** What each model reads in the images of its folder, as lists of {text, confidence}. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

import { imagesIn } from "./pixels.mjs";

const [reader, ...models] = process.argv.slice(2);
const { InferenceSession, Tensor } = createRequire(`${reader}/`)("onnxruntime-node");
const found = [];
for (const model of models) {
  const session = await InferenceSession.create(`${model}/model.onnx`, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const spec = JSON.parse(readFileSync(`${model}/spec.json`, "utf8"));
  const module = `${reader}/${spec.language_model ? "language" : "reading"}.js`;
  const { readerOf } = await import(pathToFileURL(module));
  found.push(await (await readerOf(session, Tensor, spec)).read(imagesIn(model)));
}
console.log(JSON.stringify(found));
