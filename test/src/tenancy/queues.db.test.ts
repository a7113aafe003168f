import { randomUUID } from 'node:crypto';
import { setTimeout as work } from 'node:timers/promises';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { BulkheadError, waitFor } from '@bulkhead/kernel';
import { homeOf } from '@bulkhead/planes';
import {
  currentTenant,
  TenantConsumer,
  type HandledMessage,
  type MessageHandler,
  type MessageOutcome,
  type TenantConsumerOptions,
} from '@bulkhead/tenancy';
import { TenancyStage, type StagedTenant, type TenancyService } from './tenancy-stage.js';

let stage: TenancyStage;
let service: TenancyService;
const KINDS_OF_TENANTS = ['shared', 'dedicated', 'hybrid'] as const;
const tenants: Record<string, StagedTenant> = {};
const consumers: TenantConsumer[] = [];

beforeAll(async () => {
  stage = await TenancyStage.start();
  for (const kind of KINDS_OF_TENANTS) {
    for (const name of ['a', 'b']) {
      tenants[`${kind} ${name}`] = await (kind === 'hybrid' ? stage.hybrid() : stage.tenant(kind));
    }
  }
  service = await stage.service();
}, 300_000);
afterEach(async () => {
  for (const consumer of consumers.splice(0)) await consumer.stop();
});
afterAll(() => stage?.stop());

const tenant = (name: string): StagedTenant => tenants[name] as StagedTenant;
const byId = (tenantId: string): StagedTenant =>
  Object.values(tenants).find(({ placed }) => placed.tenantId === tenantId) as StagedTenant;

/** A consumer of everything that these tenants are sent. */
function consume(
  whose: readonly StagedTenant[],
  handlers: Record<string, MessageHandler>,
  options: Partial<TenantConsumerOptions> = {},
): MessageOutcome[] {
  const outcomes: MessageOutcome[] = [];
  const consumer = new TenantConsumer({
    queues: service.queues,
    connect: stage.consumerLogin,
    homes: () => [...new Set(whose.map(({ placed }) => homeOf(placed)?.id ?? ''))],
    tenants: () =>
      whose
        .filter(({ placed }) => placed.bindings.some((b) => b.layer === 'queue' && b.isolation === 'dedicated'))
        .map(({ placed }) => placed.tenantId),
    contextFor: async (tenantId) => byId(tenantId).context,
    handlers,
    onOutcome: (outcome) => outcomes.push(outcome),
    ...options,
  });
  consumer.start();
  consumers.push(consumer);
  return outcomes;
}

describe.each(KINDS_OF_TENANTS)('the queue of a %s tenant', (kind) => {
  const a = () => tenant(`${kind} a`);
  const b = () => tenant(`${kind} b`);

  it('brings a message to its handler inside of the tenant’s context, with who sent it', async () => {
    const { queues } = service;
    const seen: { tenantId: string; message: HandledMessage }[] = [];
    consume([a(), b()], {
      visit: async (message) => void seen.push({ tenantId: currentTenant().tenantId, message }),
    });
    const ids = await Promise.all([
      queues.send(a().context, 'visit', { patient: 'p1' }),
      queues.send(b().context, 'visit', { patient: 'p2' }),
    ]);
    await waitFor('both messages', () => seen.length === 2);
    const sentBy = { kind: 'service', id: 'svc_test' };
    expect(seen).toHaveLength(2);
    expect(seen).toEqual(
      expect.arrayContaining([
        {
          tenantId: a().placed.tenantId,
          message: { id: ids[0], kind: 'visit', attempt: 1, payload: { patient: 'p1' }, sentBy },
        },
        {
          tenantId: b().placed.tenantId,
          message: { id: ids[1], kind: 'visit', attempt: 1, payload: { patient: 'p2' }, sentBy },
        },
      ]),
    );
  });

  it('tries a failing message again, then puts it with this tenant’s dead letters, from where it may come back', async () => {
    const { queues } = service;
    let broken = true;
    const attempts: number[] = [];
    const outcomes = consume([a(), b()], {
      claim: async ({ attempt }) => {
        attempts.push(attempt);
        if (broken) {
          throw new BulkheadError({ code: 'payer_down', status: 502, publicMessage: 'x', remediation: 'y' });
        }
      },
    });
    const id = await queues.send(a().context, 'claim', { amount: 3 });
    await waitFor('the dead letter', () => outcomes.some(({ outcome }) => outcome === 'dead'));
    expect(attempts).toEqual([1, 2]);
    const [letter] = await queues.deadLetters(a().context);
    expect(letter).toMatchObject({ id, kind: 'claim', reason: 'payer_down', payload: { amount: 3 } });
    expect(await queues.deadLetters(b().context)).toEqual([]);
    expect(await queues.revive(b().context, id)).toBe(false);
    broken = false;
    // SQS hides a letter for some seconds after a look.
    await waitFor('its revival', () => queues.revive(a().context, id), { timeoutMs: 20_000, intervalMs: 500 });
    await waitFor('the message', () => outcomes.some(({ outcome }) => outcome === 'done'));
  });

  it('gives a message to one handler only, however long that takes', async () => {
    const runs: string[] = [];
    const outcomes = consume(
      [a()],
      {
        report: async ({ id }) => {
          runs.push(id);
          await work(2_500);
        },
      },
      { holdMs: 1_000 },
    );
    const id = await service.queues.send(a().context, 'report', {});
    await waitFor('the end', () => outcomes.some(({ outcome }) => outcome === 'done'));
    expect(runs).toEqual([id]);
  });

  it('hands over no message that another tenant has made, whatever it claims', async () => {
    const handled: unknown[] = [];
    const outcomes = consume([a()], { visit: async (message) => void handled.push(message) });
    const id = randomUUID();
    const text = Buffer.from(JSON.stringify({ payload: 'forged', sentBy: a().context.subject }));
    const body = await service.keys.encrypt(b().context, `queue/visit/${id}`, text);
    await plant(a(), id, 'visit', body);
    await waitFor('the refusal', () => outcomes.length > 0);
    expect(outcomes).toMatchObject([{ outcome: 'dead', reason: 'tenant_message_unreadable' }]);
    expect(handled).toEqual([]);
    const letters = await service.queues.deadLetters(a().context);
    expect(letters).toEqual([expect.objectContaining({ id, payload: undefined, reason: 'tenant_message_unreadable' })]);
  });

  it('hands over no message under another id or kind than it was made for', async () => {
    const handled: unknown[] = [];
    const take = async (message: unknown): Promise<void> => void handled.push(message);
    const outcomes = consume([a()], { visit: take, report: take });
    const id = randomUUID();
    const text = Buffer.from(JSON.stringify({ payload: 'replayed', sentBy: a().context.subject }));
    const body = await service.keys.encrypt(a().context, `queue/visit/${id}`, text);
    await plant(a(), randomUUID(), 'visit', body);
    await plant(a(), id, 'report', body);
    await waitFor('both refusals', () => outcomes.length === 2);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['dead', 'dead']);
    expect(handled).toEqual([]);
  });
});

/** Puts a message into a tenant's queue behind the library's back. */
async function plant({ placed }: StagedTenant, id: string, kind: string, body: Buffer): Promise<void> {
  const own = placed.bindings.some((b) => b.layer === 'queue' && b.isolation === 'dedicated');
  if (own) {
    const text = (StringValue: string) => ({ DataType: 'String', StringValue });
    const MessageAttributes = { id: text(id), kind: text(kind) };
    const QueueUrl = placed.dedicated.queue?.queueUrl;
    const MessageBody = body.toString('base64');
    await stage.engines.clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageAttributes }));
    return;
  }
  await stage.engines.sql(placed, 'insert into bulkhead.lane values ($1, 0) on conflict do nothing', [placed.tenantId]);
  await stage.engines.sql(
    placed,
    `insert into bulkhead.message (tenant_id, id, class, kind, body, visible_at) values ($1, $2, 0, $3, $4, now())`,
    [placed.tenantId, id, kind, body],
  );
}

it('a kind that nobody has named is neither sent nor handled', async () => {
  const unknown = { code: 'message_kind_unknown', status: 500 };
  await expect(service.queues.send(tenant('shared a').context, 'unnamed', {})).rejects.toMatchObject(unknown);
  expect(() => consume([], { unnamed: async () => undefined })).toThrow(expect.objectContaining(unknown));
});

describe('the lanes', () => {
  it('hold a message only if the transaction that sent it commits, and one id once', async () => {
    const { databases, queues } = service;
    const { context } = tenant('shared a');
    const seen: string[] = [];
    consume([tenant('shared a')], { visit: async ({ id }) => void seen.push(id) });
    const aborted = databases.withTenant(context, async (transaction) => {
      await queues.send(context, 'visit', 'never', { transaction });
      throw new Error('changed my mind');
    });
    await expect(aborted).rejects.toThrow('changed my mind');
    const id = randomUUID();
    await databases.withTenant(context, async (transaction) => {
      await queues.send(context, 'visit', 'once', { transaction, id });
      await queues.send(context, 'visit', 'again', { transaction, id });
    });
    const last = await queues.send(context, 'visit', 'last');
    await waitFor('both messages', () => seen.includes(last) && seen.includes(id));
    // Handled side by side, so in any order.
    expect(seen.toSorted()).toEqual([id, last].toSorted());
  });

  it('keep the messages of a tenant that may not be served, and others go on', async () => {
    const seen: string[] = [];
    const { queues } = service;
    const suspended = tenant('shared a').placed.tenantId;
    let isSuspended = true;
    const outcomes = consume(
      [tenant('shared a'), tenant('shared b')],
      { visit: async () => void seen.push(currentTenant().tenantId) },
      {
        contextFor: async (tenantId) => {
          if (isSuspended && tenantId === suspended) throw new Error('suspended');
          return byId(tenantId).context;
        },
      },
    );
    const id = await queues.send(tenant('shared a').context, 'visit', 1);
    await queues.send(tenant('shared b').context, 'visit', 2);
    await waitFor('both', () => seen.length === 1 && outcomes.some(({ outcome }) => outcome === 'returned'));
    expect(seen).toEqual([tenant('shared b').placed.tenantId]);
    isSuspended = false;
    const rewind = 'update bulkhead.message set visible_at = now() where id = $1 returning attempts';
    expect(await stage.engines.sql(tenant('shared a').placed, rewind, [id])).toEqual([{ attempts: 0 }]);
    await waitFor('the message that waited', () => seen.includes(suspended));
  });
});
