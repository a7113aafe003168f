import { BulkheadError, isId } from '@bulkhead/kernel';
import type { Money } from '../commercial/money.js';
import { templateDigest } from '../templates/template-digest.js';
import type { FleetTier, RecordedState } from './fleet.js';
import type { JudgedStep } from './judge-losses.js';

/** What a fleet preview found, as a file: what was looked at, and what each stack would become. */
export interface FleetPlan {
  readonly kind: 'bulkhead-fleet-plan';
  readonly format: typeof PLAN_FORMAT;
  /** Digest of the programs that were previewed, with their providers, rules and libraries. */
  readonly code: string;
  /** Newest version of each tier in the templates that were previewed. */
  readonly templates: readonly FleetTier[];
  /** Commits; `base` is null when the whole fleet was previewed, `head` when no commit has all that was. */
  readonly base: string | null;
  readonly head: string | null;
  readonly bundle: { readonly createdAt: string; readonly source: string };
  /** After this nothing is applied. */
  readonly expiresAt: string;
  readonly prices: string | null;
  /** Change of the estimated monthly cost of all stacks; null without prices. */
  readonly monthly: Money | null;
  /** How often each rule was broken. */
  readonly policies: readonly { readonly rule: string; readonly violations: number }[];
  readonly blocked: boolean;
  readonly exitCode: 0 | 1 | 2 | 3;
  readonly problems: readonly object[];
  /** Sorted by name. */
  readonly stacks: readonly PlannedStack[];
  /** Of everything else. */
  readonly planHash: string;
}

export interface PlannedStack {
  readonly stack: string;
  readonly program: string;
  readonly tenants: readonly { readonly id: string; readonly slug: string }[];
  readonly result: 'unchanged' | 'changes' | 'failed' | 'not-run';
  readonly reason: string | null;
  /** Digest of the specification and the code that a run would apply; null when the stack would be gone. */
  readonly wantedDigest: string | null;
  /** Digest of the state that it was previewed on; null when there was none, or nothing had to be looked at. */
  readonly stateDigest: string | null;
  readonly monthly: Money | null;
  readonly notes: readonly string[];
  readonly violations: readonly { readonly rule: string; readonly urn: string; readonly message: string }[];
  readonly steps: readonly JudgedStep[];
}

export const PLAN_FORMAT = 2;
/** A plan is as old as the bundle that it was made from. */
const VALID_MS = 7 * 86_400_000;
/** An operation has a step for each, of up to 40 events; the history of its workflow holds 51,200. */
export const MAX_PLANNED_CHANGES = 1000;
const MAX_STACKS = 20_000;

/** When a plan that was made from a bundle of this time may no longer be applied. */
export function planExpiry(bundleCreatedAt: string): string {
  return new Date(Date.parse(bundleCreatedAt) + VALID_MS).toISOString();
}

/** Names a plan: the digest of its canonical JSON (RFC 8785) without the name itself. */
export function planHashOf(content: Omit<FleetPlan, 'planHash'>): string {
  return templateDigest(JSON.parse(JSON.stringify(content)) as object);
}

/** Names a state, whatever order its members are in. */
export function stateDigest(state: RecordedState): string {
  return templateDigest(JSON.parse(JSON.stringify(state)) as object);
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const STACK = /^[a-z-]{1,32}\.[a-z0-9_-]{1,64}$/;
const RESULTS: readonly unknown[] = ['unchanged', 'changes', 'failed', 'not-run'];
const OPERATIONS: readonly unknown[] = ['create', 'update', 'replace', 'delete'];

/**
 * Reads a plan that came from outside. Whoever applies it believes none of what it says would happen: it only bounds
 * what may.
 * @throws BulkheadError `plan_invalid` (422): no plan, of another format, or not what its hash says.
 */
export function readFleetPlan(value: unknown): FleetPlan {
  const plan = object(value, '');
  if (plan['kind'] !== 'bulkhead-fleet-plan' || plan['format'] !== PLAN_FORMAT)
    throw invalid('/kind', `It is no fleet plan of format ${PLAN_FORMAT}.`);
  const { planHash, ...content } = plan;
  if (typeof planHash !== 'string' || planHashOf(content as unknown as FleetPlan) !== planHash)
    throw invalid('/planHash', 'The plan is not what its hash says: it was changed after it was made.');
  required(isDigest(plan['code']), '/code');
  required(isTime(plan['expiresAt']), '/expiresAt');
  for (const [at, tier] of list(plan['templates'], '/templates').entries()) {
    const { name, version, digest } = object(tier, `/templates/${at}`);
    required(typeof name === 'string' && Number.isInteger(version) && isDigest(digest), `/templates/${at}`);
  }
  const stacks = list(plan['stacks'], '/stacks');
  required(stacks.length <= MAX_STACKS, '/stacks');
  const names = new Set<unknown>();
  for (const [at, stack] of stacks.entries()) {
    const name = readStack(stack, `/stacks/${at}`);
    if (names.has(name)) throw invalid(`/stacks/${at}`, 'The stack is in the plan twice.');
    names.add(name);
  }
  return plan as unknown as FleetPlan;
}

function readStack(value: unknown, pointer: string): unknown {
  const stack = object(value, pointer);
  required(typeof stack['stack'] === 'string' && STACK.test(stack['stack']), `${pointer}/stack`);
  required(RESULTS.includes(stack['result']), `${pointer}/result`);
  for (const name of ['wantedDigest', 'stateDigest'])
    required(stack[name] === null || isDigest(stack[name]), `${pointer}/${name}`);
  for (const tenant of list(stack['tenants'], `${pointer}/tenants`))
    required(isId('tenant', object(tenant, `${pointer}/tenants`)['id']), `${pointer}/tenants`);
  list(stack['violations'], `${pointer}/violations`);
  for (const step of list(stack['steps'], `${pointer}/steps`)) {
    const { urn, operation } = object(step, `${pointer}/steps`);
    required(typeof urn === 'string' && OPERATIONS.includes(operation), `${pointer}/steps`);
  }
  return stack['stack'];
}

function object(value: unknown, pointer: string): Record<string, unknown> {
  required(typeof value === 'object' && value !== null && !Array.isArray(value), pointer);
  return value as Record<string, unknown>;
}

function list(value: unknown, pointer: string): readonly unknown[] {
  required(Array.isArray(value), pointer);
  return value as readonly unknown[];
}

function isDigest(value: unknown): boolean {
  return typeof value === 'string' && DIGEST.test(value);
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(value) && !Number.isNaN(Date.parse(value));
}

function required(condition: boolean, pointer: string): void {
  if (!condition) throw invalid(pointer, 'This is not what a fleet plan holds here.');
}

function invalid(pointer: string, message: string): BulkheadError {
  return new BulkheadError({
    code: 'plan_invalid',
    status: 422,
    publicMessage: `The fleet plan cannot be taken: ${message}`,
    remediation: 'Send the JSON document of `bulkhead preview --output json=FILE`, unchanged.',
    errors: [{ pointer: `/plan${pointer}`, message }],
  });
}
