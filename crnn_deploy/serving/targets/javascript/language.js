/**
 * A reader of lines with a language model: which characters follow each other counts in where the text is found.
 *
 * The search over prefixes is that of crnn-deploy (Graves and Jaitly, ICML 2014; Hannun et al., arXiv 1408.2873).
 */

import { Reader } from "./reading.js";

/** Prefixes that the search keeps. */
const WIDTH = 8;
/** Of the probability of a frame's likeliest class; less likely characters are not tried. */
const LEAST_SHARE = 1e-3;
/** Of a class: whatever the language says, a text that the network is sure of is kept. */
const LEAST_FACTOR = 1e-30;
/** Stands before the first character of a line and after the last. */
const END = "\n";
/** Bytes of an n-gram in the table, and steps of its costs in one nat. */
const BYTES = 6;
const STEPS = 16;

/** Takes an open session, the class of its tensors, and the `spec.json` of its model. */
export async function readerOf(session, Tensor, spec) {
  return new Reader(session, Tensor, spec, await searchOf(spec));
}

/** What finds the classes of the best text of a line, whose frames are probabilities, or else logits. */
export async function searchOf({ charset, blank, language_model: model }) {
  const alphabet = [...charset.slice(0, blank), "", ...charset.slice(blank)];
  const language = new Language(model, alphabet, await inflated(model.table));
  return (frames, areProbabilities) => {
    const start = new Prefix(null, blank, 1, language.start);
    start.inBlank = start.total = 1;
    start.seen = -1;
    let beam = [start];
    frames.forEach((numbers, t) => (beam = grown(beam, new Frame(numbers, blank, areProbabilities), t, language)));
    const ended = beam.map(({ total, state }) => total * language.ended(state));
    return beam[ended.indexOf(Math.max(...ended))].classes();
  };
}

/** A text: another one, `parent`, and a class, for which the language gives `factor`; `seen`: its last frame. */
class Prefix {
  children = new Map();
  inBlank = 0; // how probable its paths are that end in a blank
  inCharacter = 0; // and in its class
  total = 0;
  seen = -2;

  constructor(parent, label, factor, state) {
    Object.assign(this, { parent, label, factor, state });
  }

  /** How probable its paths are that go on to a character: one that repeats must follow a blank. */
  paths(label) {
    return label === this.label ? this.inBlank : this.total;
  }

  classes() {
    const backwards = [];
    for (let prefix = this; prefix.parent; prefix = prefix.parent) backwards.push(prefix.label);
    return backwards.reverse();
  }
}

/** Probabilities of classes in a frame, relative to that of the likeliest one. */
class Frame {
  #numbers;
  #highest;
  #areProbabilities;

  constructor(numbers, blank, areProbabilities) {
    this.#numbers = numbers;
    this.#highest = numbers.reduce((a, b) => Math.max(a, b));
    this.#areProbabilities = areProbabilities;
    this.blank = this.share(blank);
    this.likeliest = this.#likeliest(blank);
  }

  share(label) {
    const number = this.#numbers[label];
    return this.#areProbabilities ? number / this.#highest : Math.exp(number - this.#highest);
  }

  /** The likeliest characters and their shares, the most probable first. */
  #likeliest(blank) {
    const found = [];
    const least = this.#areProbabilities ? this.#highest * LEAST_SHARE : this.#highest + Math.log(LEAST_SHARE);
    for (let label = 0; label < this.#numbers.length; label++) {
      if (this.#numbers[label] >= least && label !== blank) found.push([label, this.share(label)]);
    }
    return found.sort((a, b) => b[1] - a[1]).slice(0, WIDTH + 1);
  }
}

/** The beam after frame `t`, the most probable prefix first. */
function grown(beam, frame, t, language) {
  const candidates = [];
  for (const prefix of beam) {
    const inBlank = prefix.total * frame.blank;
    const inCharacter = unchanged(prefix, frame, t);
    candidates.push({ total: inBlank + inCharacter, prefix, inBlank, inCharacter });
  }
  for (const prefix of beam) {
    for (const [label, share] of frame.likeliest) {
      if (prefix.children.get(label)?.seen === t - 1) continue; // it is in the beam
      const [factor, state] = language.grown(prefix.state, label);
      const total = prefix.paths(label) * factor * share;
      candidates.push({ total, prefix, longer: { label, factor, state }, inBlank: 0, inCharacter: total });
    }
  }
  candidates.sort((a, b) => b.total - a.total);
  const kept = candidates.slice(0, WIDTH).filter(({ total }) => total > 0);
  const highest = candidates[0].total; // probabilities have a common factor, so that none vanishes
  return kept.map(({ total, prefix, longer, inBlank, inCharacter }) => {
    const text = longer ? child(prefix, longer) : prefix;
    const after = { total: total / highest, inBlank: inBlank / highest, inCharacter: inCharacter / highest, seen: t };
    return Object.assign(text, after);
  });
}

/** How probable the paths of a prefix are that end in its class after frame `t`, those of its parent included. */
function unchanged({ parent, label, factor, inCharacter }, frame, t) {
  if (!parent) return 0;
  const begun = parent.seen === t - 1 ? parent.paths(label) * factor : 0;
  return (inCharacter + begun) * frame.share(label);
}

function child(prefix, { label, factor, state }) {
  if (!prefix.children.has(label)) prefix.children.set(label, new Prefix(prefix, label, factor, state));
  return prefix.children.get(label);
}

/** N-grams of characters with backoff: what classes and the end cost after a text, for which a number stands. */
class Language {
  #model;
  #symbols; // of each class those of its characters, and what each costs besides
  #end;
  #unknown; // what an unknown character costs
  #ngrams;

  constructor(model, alphabet, bytes) {
    const characters = [...model.characters];
    const numbers = new Map(characters.map((character, number) => [character, number]));
    const digit = (character) => character >= "0" && character <= "9"; // all digits count as one character
    const symbol = (character) =>
      digit(character) ? [numbers.get("0") ?? -1, Math.log(10)] : [numbers.get(character) ?? -1, 0];
    this.#model = model;
    this.#symbols = alphabet.map((text) => [...text].map(symbol));
    this.#end = symbol(END);
    this.#unknown = Math.log(1 + characters.length);
    this.#ngrams = unpacked(bytes, model.order);
    this.start = model.order > 1 ? Math.max(0, continued(this.#ngrams, 0, numbers.get(END) ?? 0)) : 0;
  }

  /** The factor of a class after a text, and the text after it. */
  grown(state, label) {
    let costs = 0;
    for (const symbol of this.#symbols[label]) {
      const [cost, next] = this.#after(state, symbol);
      costs += cost;
      state = next;
    }
    const { bonus, weight } = this.#model;
    return [Math.max(LEAST_FACTOR, Math.exp(bonus * this.#symbols[label].length - weight * costs)), state];
  }

  /** The factor of the end of the line. */
  ended(state) {
    return Math.exp(-this.#model.weight * this.#after(state, this.#end)[0]);
  }

  #after(state, [symbol, besides]) {
    const { costs, backoffs, shorter, contexts } = this.#ngrams;
    let cost = besides;
    let node;
    while ((node = continued(this.#ngrams, state, symbol)) < 0) {
      cost += backoffs[state];
      if (state === 0) return [cost + this.#unknown, 0];
      state = shorter[state];
    }
    return [cost + costs[node], contexts[node]];
  }
}

/** N-grams by columns; `shorter`: the longest one that each ends with, `contexts`: where the next character goes on. */
function unpacked(bytes, order) {
  const count = bytes.length / BYTES;
  const view = new DataView(bytes.buffer);
  const column = (value) => Array.from({ length: count }, (_, node) => value(node * BYTES));
  const children = column((at) => view.getUint16(at + 4, true));
  if (1 + children.reduce((a, b) => a + b, 0) !== count) throw new Error("the language model in spec.json is damaged");
  let next = 1;
  const ngrams = {
    symbols: column((at) => view.getUint16(at, true)),
    costs: column((at) => view.getUint8(at + 2) / STEPS),
    backoffs: column((at) => view.getUint8(at + 3) / STEPS),
    children,
    first: children.map((more) => (next += more) - more),
    shorter: new Array(count).fill(0),
    contexts: [],
  };
  const lengths = new Array(count).fill(0);
  for (let node = 0; node < count; node++) {
    ngrams.contexts.push(lengths[node] < order ? node : ngrams.shorter[node]);
    for (let longer = ngrams.first[node]; longer < ngrams.first[node] + children[node]; longer++) {
      lengths[longer] = lengths[node] + 1;
      if (node) ngrams.shorter[longer] = longest(ngrams, ngrams.shorter[node], ngrams.symbols[longer]);
    }
  }
  return ngrams;
}

/** The longest n-gram that continues one, or a shorter one that this ends with, by a symbol. */
function longest(ngrams, node, symbol) {
  let found;
  while ((found = continued(ngrams, node, symbol)) < 0 && node) node = ngrams.shorter[node];
  return Math.max(0, found);
}

/** The n-gram that continues another one by a symbol, or -1; they are in the order of their symbols. */
function continued({ first, children, symbols }, node, symbol) {
  let low = first[node];
  let high = low + children[node];
  const end = high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (symbols[middle] < symbol) low = middle + 1;
    else high = middle;
  }
  return low < end && symbols[low] === symbol ? low : -1;
}

async function inflated(table) {
  const packed = Uint8Array.from(atob(table), (letter) => letter.charCodeAt(0));
  const parts = [];
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  for (const reader = stream.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
