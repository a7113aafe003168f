import { BulkheadApiError } from '@bulkhead/client';
import { BulkheadError } from '@bulkhead/kernel';
import { inspect } from 'node:util';
import { printable, type Terminal } from './terminal.js';

/** What is known of the command that failed. */
export interface Failed {
  readonly debug: boolean;
  /** Command that shows which things there are. */
  readonly listing: string | undefined;
}

/** Says what went wrong and what to do next; with `debug` also everything that helps to find out why. */
export function reportError(error: unknown, { stderr }: Terminal, { debug, listing }: Failed): void {
  const line = (text: string): void => void (text !== '' && stderr.write(`${printable(text)}\n`));
  if (error instanceof BulkheadError) {
    line(`Error: ${error.publicMessage}`);
    line(error.remediation);
    if (error.status === 401 && !error.remediation.includes('bulkhead login'))
      line('To sign in: bulkhead login --help');
    // The API's own words are for those who call it without this command line.
    if (error instanceof BulkheadApiError && error.status === 404 && listing) line(`To see what there is: ${listing}`);
  } else {
    line(`Error: ${error instanceof Error ? error.message : String(error)}`);
    if (!debug) line('This was not expected. Run the command again with --debug, and report what it says.');
  }
  if (!debug) return;
  if (error instanceof BulkheadError) line(`Code ${error.code}, status ${error.status}, retryable ${error.retryable}.`);
  if (error instanceof BulkheadApiError && error.instance) line(`Request ${error.instance}`);
  if (error instanceof BulkheadError) for (const { pointer, message } of error.errors) line(`${pointer}: ${message}`);
  stderr.write(`${inspect(error)}\n`);
}
