import { readFile } from 'node:fs/promises';
import { BulkheadError, Redacted } from '@bulkhead/kernel';

const BYTES = 32;

/**
 * Reads the file that opens the token service's keys.
 * @param file holds 32 random bytes in base64, for example from `openssl rand -base64 32`.
 * @throws BulkheadError `invalid_configuration` (500), which shows nothing of what is in it.
 */
export async function readTokenSecret(file: string): Promise<Redacted<Uint8Array>> {
  let text: string;
  try {
    text = (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw unusable(`cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`);
  }
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== BYTES || bytes.toString('base64') !== text) throw unusable('does not hold 32 bytes in base64');
  return new Redacted<Uint8Array>(bytes);
}

function unusable(why: string): BulkheadError {
  const message = `The file that BULKHEAD_TOKEN_KEY_FILE names ${why}.`;
  return new BulkheadError({
    code: 'invalid_configuration',
    status: 500,
    publicMessage: message,
    remediation: 'Make it once with `openssl rand -base64 32`, and give the same file to every API process.',
    errors: [{ pointer: '/BULKHEAD_TOKEN_KEY_FILE', message }],
  });
}
