import { stackName, type ProgramRequest } from '@bulkhead/domain';
import { STATEFUL_TYPES } from '@bulkhead/policies';
import type pg from 'pg';
import type { PlannedStep } from '../session/messages.js';
import { holdingOf } from '../state/leases.js';
import { readRecordedState } from '../state/stack-state.js';
import type { Comparisons } from './previews.js';

/** A resource that is not as the last run left it. */
export interface DriftStep {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly kind: 'changed' | 'gone';
  readonly properties: PlannedStep['properties'];
}

/** What a look at one stack came to. */
export type StackDrift =
  | {
      readonly outcome: 'compared';
      readonly steps: readonly DriftStep[];
      /** What the next run would do to a resource; one that is missing it would leave alone. */
      readonly upshots: Readonly<Record<string, PlannedStep['operation']>>;
      /** The same, with what would differ. */
      readonly next: readonly PlannedStep[];
    }
  | { readonly outcome: 'skipped' | 'failed'; readonly why: string }
  /** There is no state: nothing of the stack is known to exist. */
  | { readonly outcome: 'missing' };

/** Holds the tenant's wrapped data key: without it, the pooled data is unreadable. */
const REGISTRATION = 'bulkhead:pool:Registration';

/** Whether the loss of such a resource is a loss of data. */
export function holdsData(type: string): boolean {
  return STATEFUL_TYPES.has(type) || type === REGISTRATION;
}

export interface WantedComparison {
  readonly request: ProgramRequest;
  /** Resources (by URN) that differed before. */
  readonly known: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** @throws the signal's reason once it is aborted. */
export async function compareStack(
  pool: pg.Pool,
  previews: Comparisons,
  ttlMs: number,
  { request, known, signal }: WantedComparison,
): Promise<StackDrift> {
  signal?.throwIfAborted();
  const stack = stackName(request);
  const before = await holdingOf(pool, stack, ttlMs);
  if (before.heldBy !== undefined) return skipped(`${before.heldBy} is working on it`);
  const state = await readRecordedState(pool, stack);
  if (state === undefined || state.resources.length === 0) return { outcome: 'missing' };
  if (state.pending > 0) return skipped('its last run was cut off; the next one settles what that left');
  const { steps, upshots, next, error } = await previews.compare({ request, state, known, signal });
  // A comparison that was ended says nothing.
  signal?.throwIfAborted();
  // What was read may be the work of a run that came in between.
  const after = await holdingOf(pool, stack, ttlMs);
  if (after.token !== before.token) return skipped('a run has worked on it meanwhile');
  if (error !== undefined) return { outcome: 'failed', why: error };
  return { outcome: 'compared', steps: steps.map(found), upshots, next };
}

function found({ urn, type, name, operation, properties }: PlannedStep): DriftStep {
  return { urn, type, name, kind: operation === 'delete' ? 'gone' : 'changed', properties };
}

function skipped(why: string): StackDrift {
  return { outcome: 'skipped', why };
}
