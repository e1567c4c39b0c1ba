/** The pixels of PNG files, as numbers. */

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [reader, ...files] = process.argv.slice(2);
const { readPng } = await import(pathToFileURL(`${reader}/png.js`));
console.log(JSON.stringify(files.map((file) => [...readPng(readFileSync(file)).data])));
