// What the person at the terminal sees. Progress goes to stderr, so that stdout holds results only.

/** A reason to stop that is told in words, without a stack. */
export class Stop extends Error {
  /**
   * @param {string} message what is wrong, one sentence
   * @param {string} remedy the way out, one sentence
   */
  constructor(message, remedy) {
    super(`${message}\n${remedy}`);
    this.name = 'Stop';
  }
}

const REMINDER_MS = 15_000;

/** Prints one line. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * Runs something that takes a while: says what it is at once, that it still goes on every 15 seconds, and how long it
 * took in the end.
 */
export async function during(title, work) {
  const began = Date.now();
  const seconds = () => Math.round((Date.now() - began) / 1000);
  say(`${title} …`);
  const reminder = setInterval(() => say(`  still going on (${seconds()} s)`), REMINDER_MS);
  try {
    return await work();
  } finally {
    clearInterval(reminder);
    if (seconds() >= 2) say(`  ${seconds()} s`);
  }
}
