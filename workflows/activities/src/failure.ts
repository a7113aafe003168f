import type { Failure } from '@bulkhead/definitions';
import { BulkheadError } from '@bulkhead/kernel';
import { ApplicationFailure } from '@temporalio/common';

const UNEXPECTED: Failure = {
  code: 'internal',
  message: 'Something unexpected went wrong.',
  remediation: 'Look at the worker’s log of this operation, mend the cause, then retry the operation or cancel it.',
};

/** What an error says to the outside: the public text of ours, and nothing of anybody else's. */
export function publicFailure(error: unknown): Failure {
  if (error instanceof BulkheadError) {
    return { code: error.code, message: error.publicMessage, remediation: error.remediation };
  }
  if (error instanceof ApplicationFailure) {
    const [details] = (error.details ?? []) as ({ remediation?: string } | undefined)[];
    const remediation = details?.remediation ?? UNEXPECTED.remediation;
    return { code: error.type ?? UNEXPECTED.code, message: error.message, remediation };
  }
  return UNEXPECTED;
}

/**
 * An error as it may enter Temporal's history. Foreign errors lose their text and stack, which may quote a secret, and
 * are tried again: most of them are a connection that broke.
 */
export function asApplicationFailure(error: unknown): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  const { code, message, remediation } = publicFailure(error);
  const nonRetryable = error instanceof BulkheadError && !error.retryable;
  const failure = ApplicationFailure.create({ message, type: code, nonRetryable, details: [{ remediation }] });
  failure.stack = '';
  return failure;
}
