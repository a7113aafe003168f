/** The numbers in the first dotted version of a text, or undefined: "go version go1.26.8" → [1, 26, 8]. */
export function parseVersion(text) {
  const found = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  return found ? [Number(found[1]), Number(found[2]), Number(found[3] ?? 0)] : undefined;
}

/** Whether the version in `text` is at least `minimum` ("24.9"). */
export function isAtLeast(text, minimum) {
  const [have, want] = [parseVersion(text), parseVersion(minimum)];
  if (!have || !want) return false;
  for (const [index, number] of want.entries()) {
    if (have[index] !== number) return have[index] > number;
  }
  return true;
}
