import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { Session } from '../session.js';
import type { Terminal } from '../terminal.js';
import { usageError } from '../usage-error.js';

const LONGEST = 64 * 1024;

/**
 * A secret from stdin, from a variable, or from the keyboard, without showing it. Never from an argument, which
 * everybody on the machine can see.
 * @param what names it in the question.
 * @throws BulkheadError `no_secret` when there is none and nobody to ask.
 */
export async function readSecret(
  { terminal, interactive }: Session,
  { what, stdin, variables }: { what: string; stdin: boolean; variables: readonly string[] },
): Promise<string> {
  const given = variables.map((name) => terminal.env[name]).find(Boolean);
  const secret = stdin ? await readAll(terminal) : (given ?? (interactive ? await ask(terminal, what) : ''));
  const text = secret.trim();
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  const missing = text === '';
  throw usageError(
    missing ? 'no_secret' : 'invalid_secret',
    missing ? `There is no ${what}.` : `The ${what} holds characters that none has.`,
    `Send it to stdin with --secret-stdin, or set ${variables.join(' or ')}.`,
  );
}

async function readAll({ stdin }: Terminal): Promise<string> {
  let text = '';
  for await (const chunk of stdin.setEncoding('utf8')) {
    text += chunk;
    if (text.length > LONGEST) return '';
  }
  return text;
}

async function ask({ stdin, stderr }: Terminal, what: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const asking = createInterface({ input: stdin, output: nowhere, terminal: true });
  // Only now, when the terminal has stopped showing what is typed.
  stderr.write(`${what}: `);
  // In this mode the terminal sends Ctrl-C as a character.
  asking.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    return await asking.question('');
  } finally {
    asking.close();
    stderr.write('\n');
  }
}
