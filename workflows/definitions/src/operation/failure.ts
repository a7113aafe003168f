import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import type { Failure } from '../contract.js';

/** Thrown when nobody looked after a failed step in time. */
export class StepExpired extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message);
    this.name = 'StepExpired';
  }
}

const LOOK = 'Look at the worker’s log of this operation, mend the cause, then retry the operation or cancel it.';

/** What an error says to the outside. Activities answer with public texts only, so nothing has to be taken out here. */
export function failureOf(error: unknown): Failure {
  if (error instanceof StepExpired) return error.failure;
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) {
    const [details] = (cause.details ?? []) as ({ remediation?: string } | undefined)[];
    return { code: cause.type ?? 'internal', message: cause.message, remediation: details?.remediation ?? LOOK };
  }
  if (cause instanceof TimeoutFailure) {
    return {
      code: 'worker_timeout',
      message: 'No worker finished this in time.',
      remediation: `Check that the worker runs. ${LOOK}`,
    };
  }
  return { code: 'internal', message: 'Something unexpected went wrong.', remediation: LOOK };
}
