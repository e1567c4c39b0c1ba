/** From pixels to texts, with a session of ONNX Runtime from any of its packages. */

import { networkInput } from "./network-input.js";

/** Images of one width that run at once, at most. */
const BATCH = 32;

/** Takes an open session, the class of its tensors, and the `spec.json` of its model. */
export async function readerOf(session, Tensor, spec) {
  return new Reader(session, Tensor, spec);
}

/** Reads images of single lines, or tells the class of pictures. */
export class Reader {
  #session;
  #Tensor;
  #search;
  #fixed; // images at once, where the graph has a number for it; 0: any number
  #sequences = new Map(); // first class → sequences that begin with it

  /** `search` finds the classes of the best text of a line; without it the most probable path is the text. */
  constructor(session, Tensor, spec, search = null) {
    this.spec = spec;
    this.#session = session;
    this.#Tensor = Tensor;
    this.#search = search;
    const images = session.inputMetadata[0].shape[0];
    this.#fixed = images > 0 ? images : 0;
    for (const sequence of spec.sequences) {
      const [first] = sequence.classes;
      this.#sequences.set(first, [...(this.#sequences.get(first) ?? []), sequence]);
    }
  }

  /** The reading {text, confidence} of one image {data, width, height, channels}, or of each in an array. */
  async read(images) {
    if (!Array.isArray(images)) return (await this.read([images]))[0];
    const inputs = images.map((image) => networkInput(image, this.spec.preprocessing));
    const byWidth = new Map();
    inputs.forEach(({ width }, index) => byWidth.set(width, [...(byWidth.get(width) ?? []), index]));
    const readings = [];
    const size = this.#fixed || BATCH;
    for (const [width, alike] of byWidth) {
      for (let at = 0; at < alike.length; at += size) {
        const batch = alike.slice(at, at + size);
        const found = await this.#run(batch.map((index) => inputs[index].data), width);
        batch.forEach((index, place) => (readings[index] = found[place]));
      }
    }
    return readings;
  }

  /** The readings of inputs of one width. */
  async #run(inputs, width) {
    const { channels, height } = this.spec.preprocessing;
    const count = this.#fixed || inputs.length;
    const filled = new Float32Array(count * inputs[0].length);
    for (let n = 0; n < count; n++) filled.set(inputs[Math.min(n, inputs.length - 1)], n * inputs[0].length);
    const shape = [count, channels === "L" ? 1 : 3, height, width];
    const feeds = { [this.#session.inputNames[0]]: new this.#Tensor("float32", filled, shape) };
    const output = (await this.#session.run(feeds))[this.#session.outputNames[0]];
    const images = rows(output, this.spec).slice(0, inputs.length);
    return images.map((frames) => this.#reading(frames));
  }

  /** What frames mean, those of a line or the only one of a picture. */
  #reading(frames) {
    const areProbabilities = frames.every(isProbabilities);
    const path = frames.map((frame) => best(areProbabilities ? logarithms(frame) : frame, this.spec.temperature));
    if (this.spec.task === "classify") {
      return { text: this.spec.class_names[path[0].k], confidence: path[0].probability };
    }
    const characters = []; // repeats are merged, blanks dropped
    path.forEach(({ k, probability }, t) => {
      if (k === this.spec.blank) return;
      const repeated = t > 0 && path[t - 1].k === k ? characters.pop().probability : 0;
      characters.push({ k, probability: Math.max(probability, repeated) });
    });
    const counted = characters.length ? characters : path;
    const confidence = counted.reduce((product, { probability }) => product * probability, 1);
    const classes = this.#search ? this.#search(frames, areProbabilities) : characters.map(({ k }) => k);
    return { text: this.#text(classes), confidence };
  }

  /** Text of classes, one after the other; some mean something only in a row. */
  #text(classes) {
    const { charset, blank } = this.spec;
    let text = "";
    for (let at = 0; at < classes.length; ) {
      const begun = this.#sequences.get(classes[at]) ?? [];
      const found = begun.find((sequence) => sequence.classes.every((k, i) => classes[at + i] === k));
      text += found ? found.text : charset[classes[at] - (classes[at] > blank ? 1 : 0)];
      at += found ? found.classes.length : 1;
    }
    return text;
  }
}

/** The output as one list of frames for each image, a frame being the numbers of its classes. */
function rows({ data, dims }, { task, output_layout }) {
  if (!data.every(Number.isFinite)) throw new Error("the model gives NaN or infinite outputs");
  const classes = dims.at(-1);
  const frame = (index) => data.subarray(index * classes, (index + 1) * classes);
  if (task === "classify") return Array.from({ length: dims[0] }, (_, n) => [frame(n)]);
  const timeFirst = output_layout === "TNC";
  const [images, frames] = timeFirst ? [dims[1], dims[0]] : dims;
  return Array.from({ length: images }, (_, n) =>
    Array.from({ length: frames }, (_, t) => frame(timeFirst ? t * images + n : n * frames + t)),
  );
}

/** Whether numbers are probabilities already, and no logits. */
function isProbabilities(numbers) {
  return numbers.every((number) => number >= 0) && Math.abs(sum(numbers) - 1) <= 1.01e-3;
}

function logarithms(probabilities) {
  return probabilities.map((probability) => Math.log(Math.max(probability, 1e-12)));
}

/** The best class of a frame and its probability, from logits. */
function best(logits, temperature) {
  const highest = logits.reduce((a, b) => Math.max(a, b));
  const probability = 1 / sum(logits.map((logit) => Math.exp((logit - highest) / temperature)));
  return { k: logits.indexOf(highest), probability };
}

function sum(numbers) {
  return numbers.reduce((a, b) => a + b, 0);
}
