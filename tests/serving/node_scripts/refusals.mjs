/** What a reader says to what is no image. */

import { pathToFileURL } from "node:url";

const [folder] = process.argv.slice(2);
const { openReader } = await import(pathToFileURL(`${folder}/crnn-reader.js`));
const reader = await openReader({ threads: 1 });
const wrong = [
  {},
  { data: new Uint8Array(3), width: 1, height: 1, channels: 4 },
  { data: new Uint8Array(5), width: 1, height: 1, channels: 5 },
  { data: new Uint8Array(0), width: 0, height: 8, channels: 3 },
  { data: [1, 2, 3], width: 1, height: 1, channels: 3 },
];
const said = [];
for (const image of wrong) said.push(await reader.read(image).catch((error) => `${error.name}: ${error.message}`));
console.log(JSON.stringify(said));
