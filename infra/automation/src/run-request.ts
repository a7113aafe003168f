import type { ProgramRequest } from '@bulkhead/domain';
import type { RecordedState } from '@bulkhead/domain/fleet';
import type { StackPlan } from './fleet/previews.js';
import type { ProgramEvent, ResourceChanges } from './session/messages.js';

/** What is done with a stack; see `Automation.run`. */
export type RunAction = 'up' | 'destroy' | 'repair' | 'adopt';

export interface RunRequest {
  readonly request: ProgramRequest;
  readonly action: RunAction;
  /** Resources (URNs) that `repair` and `adopt` are about. */
  readonly targets?: readonly string[];
  /**
   * Before `up` changes anything: is given what it would do, tried on a copy of the state, while the lease keeps the
   * state itself as it is. Answers which resources (URNs) may be lost: their protection is lifted and they are deleted
   * first. What it throws ends the run, with nothing touched.
   */
  readonly confirm?: (plan: StackPlan, state: RecordedState | null) => Promise<readonly string[]>;
  /** Whose run this is: recorded in the lease, shown to whoever finds the stack busy. */
  readonly operationId: string;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: ProgramEvent) => void;
}

export interface RunResult {
  /** The program's outputs, named as in its `…Outputs` interface; empty after `destroy`. */
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly changes: ResourceChanges;
  readonly durationMs: number;
  /** What the state says after everything but `destroy`, without secrets: read while the run still holds the stack. */
  readonly state?: RecordedState | undefined;
}
