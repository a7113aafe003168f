import { BulkheadError, Redacted } from '@bulkhead/kernel';
import type { TenantContext } from '../context/tenant-context.js';
import type { Delivery } from './delivery.js';
import { runMessage, type MessageOutcome, type RunOptions } from './message-run.js';
import { RetryBudget } from './retry-budget.js';
import type { TenantQueues } from './tenant-queues.js';

const context: TenantContext = {
  tenantId: 'ten_a',
  subject: { kind: 'service', id: 'worker' },
  roles: [],
  tokenId: 'tok_1',
  expiresAt: 4_000_000_000,
  token: new Redacted('token'),
};

function refused(code: string, status: number): BulkheadError {
  return new BulkheadError({ code, status, publicMessage: 'No.', remediation: 'Wait.', retryable: true });
}

/** A delivery that notes what becomes of it. */
function delivery(attempt: number, read: Delivery['read'] = async () => Buffer.from('sealed')) {
  const calls: string[] = [];
  const note = (name: string) => async () => void calls.push(name);
  const noted: Delivery = {
    ...{ tenantId: 'ten_a', id: 'id', kind: 'claim.submit', attempt, read },
    ...{ hold: note('hold'), done: note('done'), again: note('again'), dead: note('dead') },
    giveBack: note('giveBack'),
  };
  return { noted, calls };
}

interface Parts {
  readonly open?: () => Promise<{ payload: unknown }>;
  readonly handler?: () => Promise<void>;
}

async function outcomeOf(noted: Delivery, { open, handler }: Parts = {}): Promise<MessageOutcome | undefined> {
  let told: MessageOutcome | undefined;
  const queues = {
    kind: () => ({ messageClass: 'standard', maxAttempts: 5 }),
    open: open ?? (async () => ({ payload: 1 })),
  } as unknown as TenantQueues;
  const options: RunOptions = {
    ...{ queues, contextFor: async () => context, holdMs: 30_000, budget: new RetryBudget() },
    handlers: { 'claim.submit': handler ?? (async () => undefined) },
    onOutcome: (outcome) => (told = outcome),
  };
  await runMessage(noted, options);
  return told;
}

describe('a message that was claimed', () => {
  it('is given back uncounted, at its last attempt too, when it cannot be read because its tenant is suspended', async () => {
    const { noted, calls } = delivery(5, async () => {
      throw refused('tenant_suspended', 403);
    });
    expect(await outcomeOf(noted)).toMatchObject({ outcome: 'returned', reason: 'tenant_suspended' });
    expect(calls).toEqual(['giveBack']);
  });

  it('is given back uncounted while its key cannot be had', async () => {
    const { noted, calls } = delivery(5);
    const open = async () => {
      throw refused('tenant_key_unavailable', 503);
    };
    expect(await outcomeOf(noted, { open })).toMatchObject({ outcome: 'returned', reason: 'tenant_key_unavailable' });
    expect(calls).toEqual(['giveBack']);
  });

  it('is a dead letter at once when it is not of the tenant that it names', async () => {
    const { noted, calls } = delivery(1);
    const open = async () => {
      throw refused('tenant_message_unreadable', 422);
    };
    expect(await outcomeOf(noted, { open })).toMatchObject({ outcome: 'dead', reason: 'tenant_message_unreadable' });
    expect(calls).toEqual(['dead']);
  });

  it.each([
    [1, 'again'],
    [5, 'dead'],
  ])('counts when its handler fails: attempt %i ends in %s', async (attempt, end) => {
    const { noted, calls } = delivery(attempt);
    const handler = async () => {
      // What a handler cannot read was not the message itself: it is tried again like any other fault.
      throw refused('tenant_message_unreadable', 422);
    };
    expect(await outcomeOf(noted, { handler })).toMatchObject({ outcome: end, reason: 'tenant_message_unreadable' });
    expect(calls).toEqual([end]);
  });

  it('is done when its handler is', async () => {
    const { noted, calls } = delivery(1);
    expect(await outcomeOf(noted)).toEqual({ tenantId: 'ten_a', kind: 'claim.submit', outcome: 'done' });
    expect(calls).toEqual(['done']);
  });
});
