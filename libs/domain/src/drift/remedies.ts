import { BulkheadError, type DriftFindingId } from '@bulkhead/kernel';
import type { CalendarDate } from '../commercial/calendar-date.js';
import type { PlannedStep } from '../fleet/planned-step.js';
import type { FoundDrift } from './finding.js';
import { shortensRetention } from './retention.js';

/** `drift-repair`: what is recorded wins. `drift-adopt`: what is there wins. */
export const DRIFT_CHANGE_KINDS = ['drift-repair', 'drift-adopt'] as const;
export type DriftChangeKind = (typeof DRIFT_CHANGE_KINDS)[number];

/** What a remedy does to the resource; `believe` changes the record and nothing in the cloud. */
export type RemedyAction = 'create' | 'update' | 'replace' | 'delete' | 'believe';

export interface Remedy {
  readonly action: RemedyAction;
  /** Takes away data that nothing gives back, or lets it be taken away. */
  readonly destructive: boolean;
  readonly approvals: 1 | 2;
  readonly reasons: readonly string[];
}

/** What a change request about a finding asks for: this, of this finding, as it was when somebody asked. */
export interface RemedyWish extends Pick<FoundDrift, 'stack' | 'tenantId' | 'kind' | 'type' | 'resource' | 'name'> {
  readonly findingId: DriftFindingId;
  readonly remedy: RemedyAction;
  readonly destructive: boolean;
  readonly reasons: readonly string[];
  /** What the operation that carries it out changes: one at a time. */
  readonly subject: string;
  readonly effectiveOn: CalendarDate;
  /** Of the finding, see `findingDigest`: another value in the cloud is another finding. */
  readonly findingDigest: string;
  /** Of the resource as the state had it; null when it had none. */
  readonly recordedDigest: string | null;
}

export interface RemedyFacts extends Pick<FoundDrift, 'kind' | 'type' | 'name' | 'upshot' | 'stateful' | 'properties'> {
  /** Whether what the tags name still holds resources. */
  readonly ownerLive: boolean;
}

/**
 * What it takes to carry out a remedy.
 * @throws BulkheadError (409) when it makes no sense: `orphan_in_use`, `state_is_gone`, `state_would_be_lost`, `nothing_to_repair`,
 * `orphan_not_adoptable`, `adoption_undone`.
 */
export function remedyFor(kind: DriftChangeKind, facts: RemedyFacts): Remedy {
  return kind === 'drift-repair' ? repair(facts) : adopt(facts);
}

function repair(facts: RemedyFacts): Remedy {
  const { kind, name, upshot, stateful, ownerLive } = facts;
  if (kind === 'orphan') {
    if (ownerLive) throw orphanInUse(name);
    return { action: 'delete', destructive: true, approvals: 2, reasons: ['it deletes a resource for good'] };
  }
  if (kind === 'gone' && stateful) throw stateIsGone(name);
  if (upshot === 'same') throw nothingToRepair(name);
  if (stateful && (upshot === 'replace' || upshot === 'delete')) throw stateWouldBeLost(name, upshot);
  if (shortensRetention(facts))
    return { action: upshot, destructive: true, approvals: 2, reasons: ['it shortens how long data is kept'] };
  const reasons = ['what is recorded is put back, and no data is lost'];
  return { action: upshot, destructive: false, approvals: 1, reasons };
}

/** Differences that a provider works out by itself from others. */
const FOLLOWING: ReadonlySet<string> = new Set(['tagsAll']);

/**
 * What the next run would do to the resource besides undoing what was found, in words; undefined when nothing. A
 * replacement that was cut off goes on as a creation or an update.
 * @param properties of the finding; of what is gone there are none, and it is made again as a whole.
 */
export function beyondFinding(
  remedy: RemedyAction,
  properties: FoundDrift['properties'],
  { operation, properties: differing }: PlannedStep,
): string | undefined {
  const rest = remedy === 'replace' && (operation === 'create' || operation === 'update');
  if (operation !== remedy && !rest) return `it would ${operation} it`;
  const found = new Set(properties.map(({ path }) => topOf(path)));
  const other = differing.map(({ path }) => topOf(path)).filter((top) => !found.has(top) && !FOLLOWING.has(top));
  if (other.length > 0) return `it would also change ${[...new Set(other)].join(', ')}`;
  // Where the template says nothing, what it was without saying is put back.
  const recorded = new Map(properties.map(({ path, before }) => [path, before]));
  const moved = differing.find(
    ({ path, after }) => after !== undefined && recorded.has(path) && recorded.get(path) !== after,
  );
  return moved && `it would set ${moved.path} to something else than is recorded`;
}

function topOf(path: string): string {
  return path.split(/[.[]/, 1)[0] ?? path;
}

function adopt({ kind, name, upshot }: RemedyFacts): Remedy {
  if (kind === 'orphan') throw notAdoptable(name);
  if (upshot !== 'same') throw undone(name, upshot);
  const reasons = ['only the record changes, and no run would undo it'];
  return { action: 'believe', destructive: false, approvals: 1, reasons };
}

function refused(code: string, publicMessage: string, remediation: string): BulkheadError {
  return new BulkheadError({ code, status: 409, publicMessage, remediation });
}

function orphanInUse(name: string): BulkheadError {
  return refused(
    'orphan_in_use',
    `No state has ${name}, but its tags name a placement that is in use: it may hold that tenant's data.`,
    'Find out what made it. If its stack lost its state, have the state restored; if it is a copy, correct its tags first.',
  );
}

function stateIsGone(name: string): BulkheadError {
  return refused(
    'state_is_gone',
    `${name} held data and is gone: making it again would only make an empty one, which looks as if nothing were lost.`,
    'Restore it from its backup or snapshot under the same name; the next comparison then closes the finding.',
  );
}

function stateWouldBeLost(name: string, upshot: string): BulkheadError {
  return refused(
    'state_would_be_lost',
    `${name} holds data, and the next run would ${upshot} it: a repair never loses data.`,
    'Undo by hand what was changed, or restore it from its backup; or ask for the loss (a change request of the kind state-loss) and apply a fleet plan.',
  );
}

function nothingToRepair(name: string): BulkheadError {
  return refused(
    'nothing_to_repair',
    `The template leaves ${name} as it is now: a run would change nothing.`,
    'Adopt the finding, so that the record says what is there; or state the value in the template.',
  );
}

function notAdoptable(name: string): BulkheadError {
  return refused(
    'orphan_not_adoptable',
    `No template declares ${name}: there is no placement that could own it.`,
    'Repair the finding, which deletes the resource, or take its tags off if it is somebody else’s.',
  );
}

function undone(name: string, upshot: string): BulkheadError {
  return refused(
    'adoption_undone',
    `The template says otherwise of ${name}: the next run would ${upshot} it again.`,
    'Change the template or the plan so that it says what is there, and adopt then; or repair the finding.',
  );
}
