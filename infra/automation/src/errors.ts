import { BulkheadError, type BulkheadErrorOptions } from '@bulkhead/kernel';

/** A resource that could not be made, changed or removed. The message is redacted. */
export interface ResourceFailure {
  readonly urn: string;
  readonly type: string;
  /** Logical name; in a roster the binding's id. */
  readonly name: string;
  readonly message: string;
}

/** A rule of the policy pack that a resource breaks. */
export interface PolicyViolation {
  readonly rule: string;
  readonly urn: string;
  readonly message: string;
}

/** Error of a run; says which resources failed or which rules were broken, so that a caller can tell good from bad. */
export class RunError extends BulkheadError {
  readonly failures: readonly ResourceFailure[];
  readonly violations: readonly PolicyViolation[];

  constructor(
    options: BulkheadErrorOptions & { failures?: readonly ResourceFailure[]; violations?: readonly PolicyViolation[] },
  ) {
    super(options);
    this.name = 'RunError';
    this.failures = options.failures ?? [];
    this.violations = options.violations ?? [];
  }
}

/** Name in a URN: `urn:pulumi:stack::project::type$type::name`. */
export function urnName(urn: string): string {
  return urn.split('::').at(-1) ?? urn;
}

/** Own type in a URN, without its parents' types. */
export function urnType(urn: string): string {
  return urn.split('::').at(-2)?.split('$').at(-1) ?? '';
}

export function stackBusy(stack: string, operation: string, cause?: unknown): BulkheadError {
  return new BulkheadError({
    code: 'stack_busy',
    status: 409,
    retryable: true,
    publicMessage: `Stack ${stack} is held by ${operation}.`,
    remediation: 'Wait for that run to end; a run that died is taken over when its heartbeat is overdue.',
    cause,
  });
}

export function policyViolation(stack: string, violations: readonly PolicyViolation[]): RunError {
  const listed = violations.map(({ rule, urn }) => `${rule} (${urnName(urn)})`).join(', ');
  return new RunError({
    code: 'policy_violation',
    status: 422,
    publicMessage: `Stack ${stack} breaks mandatory rules: ${listed}.`,
    remediation: 'Change the specification so that it keeps the named rules.',
    errors: violations.map(({ urn, rule, message }) => ({
      pointer: `/resources/${urnName(urn)}`,
      message: `${rule}: ${message}`,
    })),
    violations,
  });
}

export function providerFailed(stack: string, failures: readonly ResourceFailure[], cause?: unknown): RunError {
  const listed = failures.map(({ name, message }) => `${name}: ${message}`).join(' | ');
  return new RunError({
    code: 'provider_failed',
    status: 502,
    retryable: true,
    publicMessage: `The run on stack ${stack} failed${listed ? `: ${listed}` : '.'}`,
    remediation: 'Mend what the message names and retry; what was made already is kept and adopted.',
    errors: failures.map(({ name, message }) => ({ pointer: `/resources/${name}`, message })),
    failures,
    cause,
  });
}

export function runCancelled(stack: string, cause?: unknown): BulkheadError {
  return new BulkheadError({
    code: 'run_cancelled',
    status: 409,
    publicMessage: `The run on stack ${stack} was cancelled.`,
    remediation: 'Run it again to finish it, or destroy the stack; both start from what is there.',
    cause,
  });
}

export function leaseLost(stack: string): BulkheadError {
  return new BulkheadError({
    code: 'lease_lost',
    status: 409,
    retryable: true,
    publicMessage: `The run on stack ${stack} was ended because it could no longer prove that it holds the stack.`,
    remediation: 'Check that the state database answers and run it again.',
  });
}

export function runTimedOut(stack: string, minutes: number): BulkheadError {
  return new BulkheadError({
    code: 'run_timed_out',
    status: 504,
    retryable: true,
    publicMessage: `The run on stack ${stack} did not end within ${minutes} minutes.`,
    remediation: 'Look for what the provider waits for, then run it again: it adopts what was made.',
  });
}

/** Pulumi did not come as far as its first resource: nothing was changed. `waits` says what its state sessions wait for. */
export function runStalled(stack: string, command: string, waits: readonly string[]): BulkheadError {
  const sessions = waits.length === 0 ? 'it has no session in the state database' : waits.join(', ');
  return new BulkheadError({
    code: 'run_stalled',
    status: 504,
    retryable: true,
    publicMessage: `Pulumi did not begin to work on stack ${stack} (${command}; ${sessions}).`,
    remediation: 'Check that the state database and the providers answer, then run it again.',
  });
}

/** The process of a run ended without an answer. */
export function runCrashed(stack: string, how: string, cause?: unknown): BulkheadError {
  return new BulkheadError({
    code: 'run_crashed',
    status: 500,
    retryable: true,
    publicMessage: `The process that ran stack ${stack} ended without an answer (${how}).`,
    remediation: 'Run it again: it adopts what was made.',
    cause,
  });
}

export function stackProtected(stack: string, cause?: unknown): BulkheadError {
  return new BulkheadError({
    code: 'stack_protected',
    status: 409,
    publicMessage: `Stack ${stack} holds protected state and was not destroyed.`,
    remediation: 'Name the operation that answers for the loss (discardedBy) in the specification.',
    cause,
  });
}

/** The loss of what may be lost would take more along. Nothing was touched. */
export function lossUnnamed(stack: string, urns: readonly string[]): BulkheadError {
  return new BulkheadError({
    code: 'loss_unnamed',
    status: 409,
    publicMessage: `${stack} was not touched: with what may be lost, these would be deleted too: ${urns.join(', ')}.`,
    remediation:
      'Ask for the loss of these too, where the plan shows it (bulkhead changes state-loss); else move the tenants away first.',
  });
}

/** The failure of a loss, with what it has left without protection. */
export function stillReleased(urns: readonly string[], cause: unknown): unknown {
  if (!(cause instanceof BulkheadError)) return cause;
  const { code, status, publicMessage, remediation, retryable, errors } = cause;
  const open = `The protection against deletion is still lifted of ${urns.join(', ')}.`;
  return new BulkheadError({
    ...{ code, status, remediation, retryable, errors, cause },
    publicMessage: `${publicMessage} ${open}`,
  });
}

export function stackDiscarded(stack: string, operation: string): BulkheadError {
  return new BulkheadError({
    code: 'stack_discarded',
    status: 409,
    publicMessage: `Stack ${stack} was taken down for good by ${operation}.`,
    remediation: 'Start anew: a new placement has a stack of its own.',
  });
}
