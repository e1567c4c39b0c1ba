/** Compares what a reader reads in the examples of this folder with what crnn-deploy read. */

import { readFileSync } from "node:fs";

import { difference, examplesOf, isAsExpected, summary } from "./expected.js";
import { readPng } from "./png.js";

/** Open a reader, read the examples, and print one line; the exit code is 0 if all is as expected. */
export async function verify(openReader) {
  const bytesOf = (name) => readFileSync(new URL(`examples/${name}`, import.meta.url));
  try {
    const examples = examplesOf(bytesOf("expected.tsv").toString());
    const readings = await (await openReader()).read(examples.map(({ name }) => readPng(bytesOf(name))));
    const differences = examples.map((example, index) => difference(example, readings[index]));
    console.log(summary(differences, examples.length));
    process.exitCode = isAsExpected(differences, examples.length) ? 0 : 1;
  } catch (error) {
    console.log(`the examples cannot be read: ${error.message}`);
    process.exitCode = 1;
  }
}
