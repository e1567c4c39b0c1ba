/** The page: loads the model, takes pictures by choice, drop and paste, and shows what they read. */

import { openReader } from "./crnn-reader.js";
import { difference, examplesOf, summary } from "./expected.js";
import { answerFor, bytesOf } from "./fetching.js";
import { pixelsOf } from "./pixels.js";
import * as view from "./view.js";

/** Examples that are offered. */
const OFFERED = 4;

const byId = (id) => document.getElementById(id);
let last = Promise.resolve(); // pictures are read one after the other

view.showLoading();
try {
  const reader = await openReader((name) => bytesOf(name, progressOf(name)));
  const examples = await examplesHere();
  await checked(reader, examples.slice(0, 1)); // the first run takes longest
  invite(reader, examples);
} catch (error) {
  view.showFailure(`The model cannot be used here: ${error.message}.`);
}

/** The bar shows what of the largest file has come, where the server says how large that is. */
function progressOf(name) {
  return (come, total) => name.endsWith(".wasm") && total > 0 && view.showProgress(come / total);
}

function invite(reader, examples) {
  const attempt = (act) => act().catch((error) => view.addProblem(`${error.message}.`));
  const readAll = (files) => files.forEach((file) => (last = last.then(() => show(reader, file))));
  byId("choose").onclick = () => byId("files").click();
  byId("files").onchange = () => {
    readAll([...byId("files").files]);
    byId("files").value = ""; // so that the same file can be chosen again
  };
  byId("paste").onclick = () => attempt(async () => readAll(await pasted()));
  document.onpaste = (event) => readAll(imagesOf(event.clipboardData));
  document.ondragover = (event) => event.preventDefault();
  document.ondragenter = () => document.body.classList.add("dragged");
  document.ondragleave = (event) => event.relatedTarget ?? document.body.classList.remove("dragged");
  document.ondrop = (event) => {
    event.preventDefault();
    document.body.classList.remove("dragged");
    readAll([...event.dataTransfer.files]);
  };
  byId("check").onclick = () => attempt(async () => view.showChecked(await checked(reader, examples)));
  view.showSamples(spread(examples), (name) => attempt(async () => readAll([await example(name)])));
  view.showReady();
}

/** Read one file, and show it. */
async function show(reader, file) {
  const card = view.addPicture(file.name, file);
  try {
    const pixels = await pixelsOf(file);
    const start = performance.now();
    const reading = await reader.read(pixels);
    card.read(reading, performance.now() - start);
  } catch (error) {
    card.failed(error.message);
  }
}

/** The examples; none where whoever published the page left them out. */
async function examplesHere() {
  const answer = await answerFor("examples/expected.tsv").catch(() => null);
  return answer ? examplesOf(await answer.text()) : [];
}

/** What the examples read, compared with what crnn-deploy read. */
async function checked(reader, examples) {
  const differences = [];
  for (const each of examples) {
    const reading = await reader.read(await pixelsOf(await example(each.name)));
    differences.push(difference(each, reading));
  }
  return summary(differences, examples.length);
}

async function example(name) {
  const blob = await (await answerFor(`examples/${name}`)).blob();
  return new File([blob], name, { type: blob.type });
}

/** A few examples: from narrow to wide, or of several classes. */
function spread(examples) {
  const step = Math.max(1, examples.length / OFFERED);
  return examples.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
}

function imagesOf(data) {
  const images = [...data.files].filter((file) => file.type.startsWith("image/"));
  if (!images.length) view.addProblem("There is no picture in what you pasted.");
  return images;
}

/** Pictures of the clipboard, where the user allows it. */
async function pasted() {
  const items = await navigator.clipboard.read().catch(() => []);
  const found = items.flatMap((item) => {
    const types = item.types.filter((type) => type.startsWith("image/"));
    return types.map(async (type) => new File([await item.getType(type)], "pasted", { type }));
  });
  if (!found.length) view.addProblem("There is no picture to paste.");
  return Promise.all(found);
}
