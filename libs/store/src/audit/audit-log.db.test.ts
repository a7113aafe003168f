import { verifyConsistency, verifyExport, verifyInclusion } from '@bulkhead/domain/audit';
import { appendAudit } from './append-audit.js';
import { names, openAuditHarness, signer, type AuditHarness } from './audit-harness.fixture.js';
import { entryOf } from './audit.fixture.js';
import { AuditSequencer } from './audit-sequencer.js';

let harness: AuditHarness;
beforeEach(async () => void (harness = await openAuditHarness()));
afterEach(() => harness.close());

describe('appending', () => {
  it('shares the fate of the transaction', async () => {
    const broken = harness.api.transaction(async (manager) => {
      await appendAudit(manager, entryOf('rolled back'));
      throw new Error('the command failed');
    });
    await expect(broken).rejects.toThrow('the command failed');
    await harness.append(['kept']);
    await harness.sequencer.integrateBatch();
    expect(await harness.ids()).toEqual(['kept']);
  });

  it('loses no leaf of a transaction that commits after one with higher numbers', async () => {
    const slow = harness.api.createQueryRunner();
    await slow.startTransaction();
    await appendAudit(slow.manager, entryOf('slow'));
    await harness.append(['quick']);
    expect(await harness.sequencer.integrateBatch()).toBe(1);
    await slow.commitTransaction();
    await slow.release();
    expect(await harness.sequencer.integrateBatch()).toBe(1);
    expect(await harness.ids()).toEqual(['quick', 'slow']);
  });

  it('does not wait for a sequencer in the middle of a batch, nor it for a writer', async () => {
    const writer = harness.api.createQueryRunner();
    await writer.startTransaction();
    await appendAudit(writer.manager, entryOf('open'));
    const batch = harness.worker.createQueryRunner();
    await batch.startTransaction();
    await batch.query('select pg_advisory_xact_lock(7264118003)');
    await batch.query('delete from control.audit_queue');
    await harness.append(['meanwhile']);
    expect(await harness.sequencer.integrateBatch()).toBe(0);
    await batch.rollbackTransaction();
    expect(await harness.sequencer.integrateBatch()).toBe(1);
    await writer.rollbackTransaction();
    await Promise.all([writer.release(), batch.release()]);
    expect(await harness.ids()).toEqual(['meanwhile']);
  });

  it('keeps text that Postgres cannot hold, so that no leaf stops the log', async () => {
    const details = { 'a\0b': 'c\0', lone: '\ud800', long: 'x'.repeat(100_000) };
    await appendAudit(
      harness.api.manager,
      entryOf('hostile', { details, tenantId: 'y'.repeat(5000), action: 'z'.repeat(5000) }),
    );
    expect(await harness.sequencer.integrateBatch()).toBe(1);
    expect((await harness.log.events({ limit: 1 })).data[0]?.details).toEqual({
      'a\ufffdb': 'c\ufffd',
      lone: '\ufffd',
      long: details.long,
    });
    await expect(harness.api.query(`insert into control.audit_queue (entry) values ('no json')`)).rejects.toThrow(
      'json',
    );
    await expect(harness.api.query(`insert into control.audit_queue (entry) values ('[]')`)).rejects.toThrow('check');
  });
});

describe('the sequencer', () => {
  it('takes at most a thousand leaves at a time, in order of the queue', async () => {
    await harness.append(names(1500));
    expect([
      await harness.sequencer.integrateBatch(),
      await harness.sequencer.integrateBatch(),
      await harness.sequencer.integrateBatch(),
    ]).toEqual([1000, 500, 0]);
    const { data } = await harness.log.events({ limit: 1000 });
    expect(data[0]).toMatchObject({ id: 'e1499', index: 1499 });
    expect(await harness.log.checkpoint()).toMatchObject({ size: 1500, anchoredAt: null });
  });

  it('lets one of several work at a time', async () => {
    await harness.append(names(300));
    const others = Array.from(
      { length: 4 },
      () => new AuditSequencer({ source: harness.worker, signer, anchor: harness.anchor, onError: () => {} }),
    );
    const taken = await Promise.all(others.map((other) => other.integrateBatch()));
    expect(taken.reduce((sum, n) => sum + n)).toBe(300);
    expect(await harness.ids()).toEqual(names(300));
  });

  it('keeps a batch that it could not finish in the queue, whole', async () => {
    const sign = (): never => {
      throw new Error('the signer failed');
    };
    await harness.append(names(5));
    const broken = new AuditSequencer({
      source: harness.worker,
      signer: { ...signer, sign },
      anchor: harness.anchor,
      onError: () => {},
    });
    await expect(broken.integrateBatch()).rejects.toThrow('the signer failed');
    expect(
      await harness.worker.query('select 1 from control.audit_leaves union all select 1 from control.audit_nodes'),
    ).toEqual([]);
    expect(await harness.sequencer.integrateBatch()).toBe(5);
    expect(await harness.ids()).toEqual(names(5));
  });

  it('refuses to sign on top of a tree that was tampered with', async () => {
    await harness.append(names(3));
    await harness.sequencer.integrateBatch();
    await harness.tamper(`update control.audit_nodes set hash = sha256('x') where level = 1`);
    await harness.append(['next']);
    await expect(harness.sequencer.integrateBatch()).rejects.toMatchObject({ code: 'audit_log_damaged' });
    await harness.tamper('delete from control.audit_nodes');
    await expect(harness.sequencer.integrateBatch()).rejects.toMatchObject({ code: 'audit_log_damaged' });
    expect(await harness.log.checkpoint()).toMatchObject({ size: 3 });
  });

  it('anchors the newest checkpoint, which covers the earlier ones', async () => {
    for (const id of ['a', 'b', 'c']) {
      await harness.append([id]);
      await harness.sequencer.integrateBatch();
    }
    expect(await harness.sequencer.anchorPending()).toBe(3);
    expect(await harness.sequencer.anchorPending()).toBeUndefined();
    const checkpoint = await harness.log.checkpoint();
    expect(harness.anchor.puts).toEqual([
      { name: 'bulkhead.test/audit/checkpoints/0000000000000003', text: checkpoint?.note },
    ]);
    expect(checkpoint).toMatchObject({ anchorRef: 'test://bulkhead.test/audit/checkpoints/0000000000000003' });
    const waiting = await harness.superuser.query(
      'select size from control.audit_checkpoints where anchored_at is null',
    );
    expect(waiting).toEqual([]);
  });

  it('puts the same bytes under the same name when it fails before or after the anchor has them', async () => {
    await harness.append(['a']);
    await harness.sequencer.integrateBatch();
    for (const failure of ['before', 'after'] as const) {
      harness.anchor.failure = failure;
      await expect(harness.sequencer.anchorPending()).rejects.toThrow(
        failure === 'before' ? 'out of reach' : 'answer was lost',
      );
      expect(await harness.log.checkpoint()).toMatchObject({ anchoredAt: null });
    }
    harness.anchor.failure = undefined;
    await harness.sequencer.anchorPending();
    expect(harness.anchor.puts).toHaveLength(2);
    expect(harness.anchor.puts[0]).toEqual(harness.anchor.puts[1]);
  });
});

describe('reading', () => {
  beforeEach(async () => {
    await harness.api.transaction(async (manager) => {
      for (let i = 0; i < 20; i++) {
        const facts = {
          tenantId: `ten_${i % 2}`,
          operationId: i < 4 ? 'op_1' : null,
          action: i % 5 === 0 ? 'tenant.get' : 'tenant.create',
        };
        await appendAudit(manager, entryOf(`e${i}`, facts));
      }
    });
    await harness.sequencer.integrateBatch();
  });

  it('pages through events, the newest first', async () => {
    const first = await harness.log.events({ limit: 15 });
    expect(first).toMatchObject({ hasMore: true, data: { 0: { index: 19, id: 'e19' }, 14: { index: 5 } } });
    const second = await harness.log.events({ limit: 15, startingAfter: 5 });
    expect(second.hasMore).toBe(false);
    expect(second.data.map((event) => event.index)).toEqual([4, 3, 2, 1, 0]);
  });

  it('filters by id, tenant, operation and action', async () => {
    const found = async (filter: object) =>
      (await harness.log.events({ limit: 100, ...filter })).data.map((event) => event.index);
    expect(await found({ entryId: 'e7' })).toEqual([7]);
    expect(await found({ operationId: 'op_1' })).toEqual([3, 2, 1, 0]);
    expect(await found({ tenantId: 'ten_1', action: 'tenant.get' })).toEqual([15, 5]);
    expect(await found({ tenantId: 'ten_1', startingAfter: 5 })).toEqual([3, 1]);
    expect(await found({ tenantId: `' or true --` })).toEqual([]);
  });

  it('proves what it holds, and says what it does not', async () => {
    const hash = (text: string) => Buffer.from(text, 'base64');
    const proof = await harness.log.inclusionProof(7);
    const { root } = (await harness.log.checkpoint()) ?? { root: '' };
    expect(verifyInclusion(hash(proof.leafHash), 7, 20, proof.hashes.map(hash), hash(root))).toBe(true);
    const early = await harness.log.inclusionProof(0, 12);
    const step = await harness.log.consistencyProof(12, 20);
    expect(verifyConsistency(12, 20, hash(early.root), hash(root), step.hashes.map(hash))).toBe(true);
    for (const [index, size] of [[20], [-1], [3, 21]] as const) {
      await expect(harness.log.inclusionProof(index, size)).rejects.toMatchObject({ code: 'audit_index_out_of_range' });
    }
    for (const [first, second] of [
      [5, 21],
      [5, 4],
    ] as const) {
      await expect(harness.log.consistencyProof(first, second)).rejects.toMatchObject({ status: 404 });
    }
  });

  it('exports any range in a form that verifies', async () => {
    for (let i = 0; i < 3; i++) {
      await harness.append(names(400, `more${i}-`));
      await harness.sequencer.integrateBatch();
    }
    for (const range of [{}, { from: 3, to: 19 }, { to: 20 }, { from: 999, to: 1111 }]) {
      expect(await verifyExport(await harness.exported(range), [signer.publicKey])).toMatchObject({ ok: true });
    }
    await expect(harness.exported({ to: 9999 })).rejects.toMatchObject({ code: 'audit_index_out_of_range' });
  });
});
