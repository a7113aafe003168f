import { waitFor } from '@bulkhead/kernel';
import type { Operation } from './onboarding.js';
import type { TestStack } from './test-stack.js';

export interface Leaf {
  readonly index: number;
  readonly action: string;
  readonly outcome: string;
  readonly tenantId: string | null;
  readonly operationId: string | null;
  readonly subject: { readonly kind: string; readonly id: string } | null;
  readonly details: {
    readonly state?: string;
    readonly registered?: readonly string[];
    readonly removed?: readonly string[];
    readonly bindings?: readonly string[];
  };
}

/** The whole log through the API, oldest first, once everything that waits in the queue is in it. */
export async function auditLog(stack: TestStack): Promise<Leaf[]> {
  await waitFor('the audit queue to be integrated', async () => {
    return (await stack.control('select 1 from control.audit_queue limit 1')).length === 0;
  });
  const leaves: Leaf[] = [];
  for (;;) {
    const last = leaves.at(-1);
    const rest = last ? `&starting_after=${last.index}` : '';
    const page = await stack.api.get<{ data: Leaf[]; hasMore: boolean }>(
      `/v1/audit/events?limit=1000${rest}`,
      'auditor',
    );
    leaves.push(...page.data);
    if (!page.hasMore) return leaves.toReversed();
  }
}

interface OwnBinding {
  readonly id: string;
  readonly isolation: string;
  readonly stack_id: string | null;
}

/** The leaf as one word: the action, with the state for reports. */
function wordOf({ action, outcome, details }: Leaf): string {
  const name = action === 'operation.report' ? `${action} ${details.state}` : action;
  return outcome === 'accepted' ? name : `${name} (${outcome})`;
}

function includesAll(list: readonly string[] = [], wanted: readonly string[]): boolean {
  return wanted.every((item) => list.includes(item));
}

function words(leaves: readonly Leaf[], operation: Operation, bindings: readonly OwnBinding[]): string[] {
  const shared = bindings.filter(({ isolation }) => isolation === 'shared').map(({ id }) => id);
  const stacks = bindings.flatMap(({ stack_id: id }) => id ?? []);
  const found = leaves.flatMap((leaf) => {
    if (leaf.operationId === operation.id) return wordOf(leaf);
    if (leaf.action === 'stack.record' && stacks.includes(leaf.subject?.id ?? '')) return wordOf(leaf);
    if (leaf.action !== 'roster.record_run' || shared.length === 0) return [];
    if (includesAll(leaf.details.registered, shared)) return 'roster.record_run registered';
    return includesAll(leaf.details.removed, shared) ? 'roster.record_run removed' : [];
  });
  // A command that was repeated after a crash leaves a leaf each time.
  return [...new Set(found)];
}

/** Commands that onboarding consists of; what undoing consists of depends on how far it had come. */
function wholeOnboarding(bindings: readonly OwnBinding[]): string[] {
  return [
    'tenant.create',
    'operation.report running',
    'placement.reserve',
    ...(bindings.some(({ isolation }) => isolation === 'shared') ? ['roster.record_run registered'] : []),
    ...(bindings.some(({ isolation }) => isolation === 'dedicated') ? ['stack.record'] : []),
    'placement.record_bound',
    'subscription.record_billing',
    'entitlement.grant',
    'tenant.activate',
    'operation.report succeeded',
  ];
}

/** Checks that the log holds every step of an onboarding that succeeded, none left out, in an order that makes sense. */
export async function expectWholeTrail(stack: TestStack, operation: Operation): Promise<void> {
  const leaves = await auditLog(stack);
  const bindings = await bindingsOf(stack, operation);
  const expected = wholeOnboarding(bindings);
  const found = words(leaves, operation, bindings).filter((word) => expected.includes(word));
  // The two ways of standing up layers run at the same time.
  const order = ([...list]: string[]) => list.toSorted((a, b) => expected.indexOf(a) - expected.indexOf(b));
  expect(order(found)).toEqual(expected);
  expect(found.filter((word) => !/^(roster|stack)\./.test(word))).toEqual(
    expected.filter((word) => !/^(roster|stack)\./.test(word)),
  );
}

/** Checks that the log holds how an onboarding was undone: asked for, placement retired, tenant abandoned, ended. */
export async function expectUndoneTrail(stack: TestStack, operation: Operation): Promise<void> {
  const leaves = await auditLog(stack);
  const bindings = await bindingsOf(stack, operation);
  const found = words(leaves, operation, bindings);
  const undoing = operation.state === 'cancelled' ? 'cancelling' : 'compensating';
  const expected = [
    `operation.report ${undoing}`,
    ...(bindings.length > 0 ? ['placement.retire'] : []),
    'tenant.abandon',
    `operation.report ${operation.state}`,
  ];
  expect(found.filter((word) => expected.includes(word))).toEqual(expected);
  const gone = leaves.flatMap(({ action, details: { bindings: retired = [], removed = [] } }) => {
    if (action === 'placement.record_retired') return retired;
    return action === 'roster.record_run' ? removed : [];
  });
  expect(bindings.filter(({ id }) => !gone.includes(id))).toEqual([]);
}

async function bindingsOf(stack: TestStack, { tenantId }: Operation): Promise<OwnBinding[]> {
  return await stack.control<OwnBinding & Record<string, unknown>>(
    'select id, isolation, case isolation when $2 then stack_id end as stack_id from control.bindings where tenant_id = $1',
    [tenantId, 'dedicated'],
  );
}
