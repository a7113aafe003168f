import { BulkheadError } from '@bulkhead/kernel';

/**
 * An error of the embedded stack in words for the person at the terminal.
 * @param message what is wrong, one sentence.
 * @param remediation the way out, one sentence.
 */
export function localError(code: string, message: string, remediation: string, cause?: unknown): BulkheadError {
  return new BulkheadError({ code, status: 500, publicMessage: message, remediation, cause });
}
