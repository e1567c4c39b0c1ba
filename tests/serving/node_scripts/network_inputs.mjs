/** For each image of a folder the network's input by the preprocessing of its number in `seen.json`, into inputs.bin. */

import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

import { imagesIn } from "./pixels.mjs";

const [reader, folder] = process.argv.slice(2);
const { networkInput } = await import(pathToFileURL(`${reader}/network-input.js`));
const seen = JSON.parse(readFileSync(`${folder}/seen.json`, "utf8"));
const inputs = imagesIn(folder).map((image, index) => networkInput(image, seen[index]));
writeFileSync(`${folder}/inputs.bin`, Buffer.concat(inputs.map(({ data }) => Buffer.from(data.buffer))));
console.log(JSON.stringify(inputs.map(({ width }) => width)));
