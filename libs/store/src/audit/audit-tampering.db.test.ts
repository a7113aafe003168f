import { verifyExport } from '@bulkhead/domain/audit';
import { names, openAuditHarness, signer, type AuditHarness } from './audit-harness.fixture.js';

let harness: AuditHarness;
beforeEach(async () => void (harness = await openAuditHarness()));
afterEach(() => harness.close());

describe('tampering', () => {
  beforeEach(async () => {
    for (const batch of [5, 1, 30, 4]) {
      await harness.append(names(batch, `${batch}-`));
      await harness.sequencer.integrateBatch();
    }
  });

  const rewritten = `replace(entry, 'platform-admin', 'sales-ops')`;
  const hashOf = (text: string) => `sha256('\\x00'::bytea || convert_to(${text}, 'UTF8'))`;

  it.each([
    ['an entry', `update control.audit_leaves set entry = ${rewritten} where index = 17`, 'entry_changed', 17, 17],
    [
      'an entry and its hash',
      `update control.audit_leaves set entry = ${rewritten}, leaf_hash = ${hashOf(rewritten)} where index = 17`,
      'entry_changed',
      16,
      17,
    ],
    [
      'spaces only',
      `update control.audit_leaves set entry = replace(entry, ':', ' : ') where index = 17`,
      'entry_changed',
      17,
      17,
    ],
    ['a hash only', `update control.audit_leaves set leaf_hash = sha256('x') where index = 17`, 'hash_changed', 17, 17],
    [
      'an inner node',
      `update control.audit_nodes set hash = sha256('x') where level = 2 and index = 3`,
      'hash_changed',
      15,
      15,
    ],
    ['a deleted row', 'delete from control.audit_leaves where index = 17', 'entry_missing', 17, 17],
    ['rows cut off', 'delete from control.audit_leaves where index >= 30', 'truncated', 30, 30],
    ['all rows gone', 'delete from control.audit_leaves', 'truncated', 0, 0],
    [
      'two rows that changed places',
      `update control.audit_leaves a set entry = b.entry, leaf_hash = b.leaf_hash from control.audit_leaves b
        where (a.index, b.index) in ((11, 29), (29, 11))`,
      'entry_reordered',
      11,
      11,
    ],
    [
      'a forged signature',
      `update control.audit_checkpoints set note = replace(note, e'\\n40\\n', e'\\n39\\n')`,
      'bad_signature',
      null,
      null,
    ],
  ])('with %s is named by the verifier', async (_what, sql, problem, firstBadIndex, lastBadIndex) => {
    expect(await verifyExport(await harness.exported(), [signer.publicKey])).toMatchObject({ ok: true, count: 40 });
    await harness.tamper(sql);
    expect(await verifyExport(await harness.exported(), [signer.publicKey])).toMatchObject({
      ok: false,
      problem,
      firstBadIndex,
      lastBadIndex,
    });
  });

  it('with the newest entries in every table is named by a checkpoint that was kept', async () => {
    const kept = (await harness.log.checkpoint())?.note;
    await harness.tamper('delete from control.audit_leaves where index >= 36');
    await harness.tamper('delete from control.audit_checkpoints where size > 36');
    expect(await verifyExport(await harness.exported(), [signer.publicKey])).toMatchObject({ ok: true, count: 36 });
    expect(await verifyExport(await harness.exported(), [signer.publicKey], kept)).toMatchObject({
      problem: 'truncated',
      firstBadIndex: 36,
    });
  });

  it.each(['audit_leaves', 'audit_nodes', 'audit_checkpoints'])(
    'is refused by %s, even to the superuser, and not granted',
    async (table) => {
      for (const sql of [
        `update control.${table} set ${table === 'audit_checkpoints' ? 'note = note' : 'index = index'}`,
        `delete from control.${table}`,
        `truncate control.${table}`,
      ]) {
        await expect(harness.superuser.query(sql)).rejects.toThrow('audit log');
        for (const role of [harness.api, harness.worker])
          await expect(role.query(sql)).rejects.toThrow('permission denied');
      }
    },
  );

  it('of an anchor is refused once it is written', async () => {
    await harness.sequencer.anchorPending();
    await expect(harness.worker.query(`update control.audit_checkpoints set anchor_ref = 'elsewhere'`)).rejects.toThrow(
      'is final',
    );
  });

  it('through the API is limited to queueing leaves', async () => {
    await harness.append(['waiting']);
    for (const sql of [
      'select * from control.audit_queue',
      'delete from control.audit_queue',
      `update control.audit_queue set entry = '{}'`,
      `insert into control.audit_queue (id, entry) overriding system value values (1, '{}')`,
      `insert into control.audit_leaves (index, leaf_hash, entry) values (40, sha256(''), '{}')`,
      `insert into control.audit_nodes values (9, 9, sha256(''))`,
      `insert into control.audit_checkpoints (size, root, note) values (99, sha256(''), '')`,
      'update control.audit_checkpoints set anchored_at = now()',
    ]) {
      await expect(harness.api.query(sql)).rejects.toThrow('permission denied');
    }
  });
});
