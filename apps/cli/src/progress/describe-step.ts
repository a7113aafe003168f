import type { OperationDetail, StepView } from '@bulkhead/client';

/** `register_pooled_layers` as words; the name of a stack as it is. */
export function stepTitle({ name }: StepView): string {
  return name.includes('.') ? name : name.replaceAll('_', ' ');
}

/** What there is to say about a step beside its state: attempts, what it waits for, its last words, its failure. */
export function stepNote({ attempt, waitingFor, detail, error }: StepView): string {
  return [
    attempt > 1 ? `attempt ${attempt}` : '',
    waitingFor ? `waiting for ${waitingFor}` : '',
    detail ?? '',
    error ? `${error.message} ${error.remediation}` : '',
  ]
    .filter(Boolean)
    .join(', ');
}

/** ` (1.2 s)`, or nothing while it is not over. */
export function took(from: string | null, to: string | null): string {
  return from && to ? ` (${((Date.parse(to) - Date.parse(from)) / 1000).toFixed(1)} s)` : '';
}

/** Why an operation stands still or has ended badly. */
export function failureOf({ error, steps }: OperationDetail): OperationDetail['error'] {
  return error ?? steps.find((step) => step.error)?.error ?? null;
}
