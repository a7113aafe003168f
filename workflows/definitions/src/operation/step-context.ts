import { AsyncLocalStorage, defaultPayloadConverter, type WorkflowInterceptors } from '@temporalio/workflow';
import { STEP_HEADER, type StepTag } from '../contract.js';

const current = new AsyncLocalStorage<StepTag>();

/** Runs `work`; every activity that it schedules carries the tag in its header. */
export function withinStep<T>(tag: StepTag, work: () => Promise<T>): Promise<T> {
  return current.run(tag, work);
}

/** Temporal loads this for every workflow (see bundle.mjs). */
export function interceptors(): WorkflowInterceptors {
  return {
    outbound: [
      {
        scheduleActivity(input, next) {
          const tag = current.getStore();
          if (!tag) return next(input);
          return next({
            ...input,
            headers: { ...input.headers, [STEP_HEADER]: defaultPayloadConverter.toPayload(tag) },
          });
        },
      },
    ],
  };
}
