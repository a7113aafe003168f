import { BulkheadError } from '@bulkhead/kernel';
import { Command, CommandBus } from '@nestjs/cqrs';
import { growth, queuedLeaves, storedRows } from '../testing/stored-rows.js';
import { callOf, Latch, latches, PlantRow, PlantRowHandler, startGate, type GateFixture } from './gate.fixture.js';

let fixture: GateFixture;
beforeAll(async () => {
  fixture = await startGate();
});
afterAll(() => fixture.close());

const admin = (key?: string, id?: string) => callOf(['platform-admin'], key, id);
const rows = () => storedRows(fixture.database.superuserUrl);
const lastLeaf = async () => (await queuedLeaves(fixture.database.superuserUrl)).at(-1);

/** What an attempt leaves in the database, and how it ended. */
async function effectOf<T>(
  attempt: () => Promise<T>,
): Promise<{ grown: Record<string, number>; error?: unknown; value?: T }> {
  const before = await rows();
  const outcome = await attempt().then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  return { grown: growth(before, await rows()), ...outcome };
}

describe('CommandGate', () => {
  it('stores the effect, the audit leaf and the answer together', async () => {
    const { grown, value } = await effectOf(() => fixture.gate.execute(new PlantRow({ slug: 'one' }), admin('k-1')));
    expect(grown).toEqual({ partners: 1, audit_queue: 1, idempotency_keys: 1 });
    expect(await lastLeaf()).toMatchObject({
      action: 'row.plant',
      outcome: 'accepted',
      actor: { kind: 'user', id: 'ada', roles: ['platform-admin'] },
      subject: { kind: 'row', id: value?.id },
      details: { slug: 'one' },
      requestId: 'req-1',
    });
  });

  it('gives 50 concurrent commands with one key one effect', async () => {
    // With all of the pool's connections open, they really run at the same time.
    await Promise.all(Array.from({ length: 10 }, () => fixture.source.query('select pg_sleep(0.1)')));
    const attempts = () =>
      Promise.allSettled(
        Array.from({ length: 50 }, () => fixture.gate.execute(new PlantRow({ slug: 'fifty' }), admin('k-50'))),
      );
    const { grown, value } = await effectOf(attempts);
    expect(grown).toEqual({ partners: 1, audit_queue: 1, idempotency_keys: 1 });
    const answers = new Set((value ?? []).flatMap((one) => (one.status === 'fulfilled' ? [one.value.id] : [])));
    const codes = (value ?? []).flatMap((one) =>
      one.status === 'rejected' ? [(one.reason as BulkheadError).code] : [],
    );
    expect(answers.size).toBe(1);
    expect(new Set(codes)).toEqual(codes.length > 0 ? new Set(['request_in_flight']) : new Set());
  });

  it('replays the answer to the same key and body, and stores nothing for it', async () => {
    const first = await fixture.gate.execute(new PlantRow({ slug: 'again' }), admin('k-again'));
    const { grown, value } = await effectOf(() =>
      fixture.gate.execute(new PlantRow({ slug: 'again' }), admin('k-again')),
    );
    expect(value).toEqual(first);
    expect(grown).toEqual({});
  });

  it('refuses the same key with another body, and audits it', async () => {
    await fixture.gate.execute(new PlantRow({ slug: 'body-a' }), admin('k-body'));
    const { grown, error } = await effectOf(() =>
      fixture.gate.execute(new PlantRow({ slug: 'body-b' }), admin('k-body')),
    );
    expect(error).toMatchObject({ code: 'idempotency_key_reused', status: 422 });
    expect(grown).toEqual({ audit_queue: 1 });
  });

  it('keeps the keys of two callers apart', async () => {
    await fixture.gate.execute(new PlantRow({ slug: 'of-ada' }), admin('k-shared', 'ada'));
    const { grown } = await effectOf(() =>
      fixture.gate.execute(new PlantRow({ slug: 'of-bob' }), admin('k-shared', 'bob')),
    );
    expect(grown).toEqual({ partners: 1, audit_queue: 1, idempotency_keys: 1 });
  });

  it('answers 409 while a command with the key is in flight, and its answer afterwards', async () => {
    const latch = new Latch();
    latches.push(latch);
    const command = new PlantRow({ slug: 'slow', ending: 'wait' });
    const first = fixture.gate.execute(command, admin('k-slow'));
    await latch.arrived;
    const { grown, error } = await effectOf(() => fixture.gate.execute(command, admin('k-slow')));
    expect(error).toMatchObject({ code: 'request_in_flight', status: 409, retryable: true });
    expect(grown).toEqual({});
    latch.open();
    const answer = await first;
    expect(await fixture.gate.execute(command, admin('k-slow'))).toEqual(answer);
  });

  it.each([
    ['the handler has a bug', 'break'],
    ['the audit description has a bug', 'break_audit'],
    ['the database session dies', 'lose_session'],
    ['the handler sends another command', 'nest'],
  ] as const)('keeps nothing when %s, and leaves the key free', async (_, ending) => {
    const key = `k-${ending}`;
    const { grown, error } = await effectOf(() =>
      fixture.gate.execute(new PlantRow({ slug: ending, ending }), admin(key)),
    );
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(BulkheadError);
    expect(grown).toEqual({});
    const retried = await effectOf(() => fixture.gate.execute(new PlantRow({ slug: `${ending}-again` }), admin(key)));
    expect(retried.grown).toEqual({ partners: 1, audit_queue: 1, idempotency_keys: 1 });
  });

  it('keeps nothing of a refused command but one audit leaf', async () => {
    const { grown, error } = await effectOf(() =>
      fixture.gate.execute(new PlantRow({ slug: 'no', ending: 'refuse' }), admin('k-no')),
    );
    expect(error).toMatchObject({ code: 'refused_here' });
    expect(grown).toEqual({ audit_queue: 1 });
    expect(await lastLeaf()).toMatchObject({
      action: 'row.plant',
      outcome: 'refused',
      code: 'refused_here',
      subject: null,
    });
    // Whoever sees the error next may report it again.
    const { grown: more } = await effectOf(() => fixture.gate.refuse('row.plant', admin(), error as BulkheadError));
    expect(more).toEqual({});
  });

  it.each([[[]], [['auditor']], [['workload']]] as const)('denies a caller with the roles %j', async (roles) => {
    const { grown, error } = await effectOf(() =>
      fixture.gate.execute(new PlantRow({ slug: 'denied' }), callOf([...roles])),
    );
    expect(error).toMatchObject({
      code: 'forbidden',
      status: 403,
      remediation: expect.stringContaining('platform-admin'),
    });
    expect(grown).toEqual({ audit_queue: 1 });
  });

  it('refuses a command without a policy, whoever sends it', async () => {
    class Ungated extends Command<void> {}
    const { grown, error } = await effectOf(() => fixture.gate.execute(new Ungated(), admin()));
    expect(String(error)).toContain('Ungated is not gated');
    expect(grown).toEqual({});
  });

  it('cannot be gone around: a handler outside of it has no transaction to write in', async () => {
    const command = new PlantRow({ slug: 'around' });
    const bus = fixture.context.get(CommandBus, { strict: false });
    const handler = fixture.context.get(PlantRowHandler, { strict: false });
    for (const attempt of [() => bus.execute(command), () => handler.execute(command)]) {
      const { grown, error } = await effectOf(attempt);
      expect(String(error)).toContain('send a command through the gate');
      expect(grown).toEqual({});
    }
  });

  it('rehearses a command: the answer without the effect, refusals as in earnest', async () => {
    const rehearsal = await effectOf(() => fixture.gate.rehearse(new PlantRow({ slug: 'dry' }), admin('k-dry')));
    expect(rehearsal).toMatchObject({ grown: {}, value: { id: expect.stringMatching(/^prt_/) } });
    const refused = await effectOf(() =>
      fixture.gate.rehearse(new PlantRow({ slug: 'dry', ending: 'refuse' }), admin()),
    );
    expect(refused).toMatchObject({ grown: { audit_queue: 1 }, error: { code: 'refused_here' } });
    expect(await lastLeaf()).toMatchObject({ action: 'row.plant.rehearse', outcome: 'refused' });
    const denied = await effectOf(() => fixture.gate.rehearse(new PlantRow({ slug: 'dry' }), callOf(['ci'])));
    expect(denied.error).toMatchObject({ code: 'forbidden' });
  });
});
