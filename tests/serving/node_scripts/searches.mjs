/** The classes that the search finds in each output of `outputs.json`, with the spec of its number in `specs.json`. */

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [reader, folder] = process.argv.slice(2);
const { searchOf } = await import(pathToFileURL(`${reader}/language.js`));
const json = (name) => JSON.parse(readFileSync(`${folder}/${name}`, "utf8"));
const searches = await Promise.all(json("specs.json").map(searchOf));
const found = json("outputs.json").map(({ spec, areProbabilities, frames }) =>
  searches[spec](frames.map((frame) => Float32Array.from(frame)), areProbabilities),
);
console.log(JSON.stringify(found));
