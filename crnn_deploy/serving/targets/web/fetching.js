/** Fetches the files of this folder. */

/** Bytes of a file; `onProgress` is told how many have come, and how many there are, where the server says so. */
export async function bytesOf(name, onProgress = () => {}) {
  const answer = await answerFor(name);
  const total = Number(answer.headers.get("Content-Length"));
  const isPacked = answer.headers.has("Content-Encoding"); // then the length is that of other bytes
  const parts = [];
  let come = 0;
  for (const reader = answer.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    come += value.length;
    onProgress(come, isPacked ? 0 : total);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** A file of this folder, or an Error that names it. */
export async function answerFor(name) {
  const answer = await fetch(name).catch(() => null);
  if (!answer?.ok) throw new Error(`${name} cannot be loaded${answer ? ` (${answer.status})` : ""}`);
  return answer;
}
