/** The example images of this folder, and what crnn-deploy read in them. */

/** Of a confidence: another processor may round otherwise. */
const TOLERANCE = 0.1;

const ESCAPED = /\\(?:([nrt\\])|x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))/g;
const SHORT = { n: "\n", r: "\r", t: "\t", "\\": "\\" };

/** Examples {name, text, confidence} of the table `examples/expected.tsv`. */
export function examplesOf(table) {
  const [, ...rows] = table.trimEnd().split("\n");
  return rows.map((row) => {
    const [name, field, confidence] = row.split("\t");
    return { name, text: unescaped(field), confidence: Number(confidence) };
  });
}

/** What is wrong with a reading, in words; empty if it is as expected. */
export function difference(example, { text, confidence }) {
  if (text !== example.text) return `${example.name} reads ${quoted(text)}, expected ${quoted(example.text)}`;
  if (Math.abs(confidence - example.confidence) <= TOLERANCE) return "";
  return `${example.name} has a confidence of ${confidence.toFixed(3)}, expected ${example.confidence}`;
}

/** One line on what differs of so many examples. */
export function summary(differences, count) {
  const wrong = differences.filter(Boolean);
  if (isAsExpected(differences, count)) return `${count} of ${count} examples read as expected`;
  return `${wrong.length} of ${count} examples differ: ${wrong.join("; ")}`;
}

/** Whether there are examples, and none differs. */
export function isAsExpected(differences, count) {
  return count > 0 && !differences.some(Boolean);
}

function unescaped(field) {
  return field.replace(ESCAPED, (_, short, two, four, eight) =>
    short ? SHORT[short] : String.fromCodePoint(Number.parseInt(two ?? four ?? eight, 16)),
  );
}

function quoted(text) {
  return JSON.stringify(text);
}
