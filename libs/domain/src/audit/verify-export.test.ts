import fc from 'fast-check';
import { encodeEntry, type AuditEntry } from './audit-entry.js';
import { leafHash, type Hash } from './merkle-hash.js';
import { BATCHES, entryOf, newSigner, ORIGIN, signer, SIZE, StoredLog } from './stored-log.fixture.js';
import { verifyExport, type ExportProblem } from './verify-export.js';

/** Problem and first bad index, or 'accepted'. */
async function findingIn(
  lines: readonly string[],
  since?: string,
): Promise<[ExportProblem, number | null] | 'accepted'> {
  const verdict = await verifyExport(lines, [signer.publicKey], since);
  return verdict.ok ? 'accepted' : [verdict.problem, verdict.firstBadIndex];
}

describe('a genuine export', () => {
  it('is accepted, with its count, root and key', async () => {
    const log = new StoredLog(BATCHES);
    expect(await verifyExport(await log.export(), [signer.publicKey])).toEqual({
      ok: true,
      origin: ORIGIN,
      count: SIZE,
      from: 0,
      to: SIZE,
      size: SIZE,
      root: log.checkpoints.get(SIZE)?.split('\n')[2],
      publicKey: signer.publicKey,
    });
  });

  it('is accepted for any part of the log', async () => {
    const log = new StoredLog(BATCHES);
    await fc.assert(
      fc.asyncProperty(fc.nat(SIZE), fc.nat(SIZE), async (a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        expect(await verifyExport(await log.export(from, to), [signer.publicKey])).toMatchObject({
          ok: true,
          count: to - from,
        });
      }),
    );
  });

  it('is accepted with any older checkpoint of the same log', async () => {
    const log = new StoredLog(BATCHES);
    const lines = await log.export();
    for (const since of log.checkpoints.values())
      expect(await verifyExport(lines, [signer.publicKey], since)).toMatchObject({ ok: true });
  });

  it('is accepted across a change of keys when both are trusted', async () => {
    const log = new StoredLog(BATCHES);
    const next = newSigner();
    log.checkpoints.set(SIZE, next.sign(SIZE, Buffer.from(log.checkpoints.get(SIZE)?.split('\n')[2] ?? '', 'base64')));
    const lines = await log.export();
    expect(await verifyExport(lines, [signer.publicKey, next.publicKey])).toMatchObject({
      ok: true,
      publicKey: next.publicKey,
    });
    expect(await findingIn(lines)).toEqual(['unknown_key', null]);
  });
});

describe('a damaged log', () => {
  it('is known by the exact entry, when only the entry was changed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 }),
        fc.nat(),
        async (batches, seed) => {
          const log = new StoredLog(batches);
          const index = seed % log.rows.length;
          log.rewrite(index, { andHash: false });
          expect(await findingIn(await log.export())).toEqual(['entry_changed', index]);
        },
      ),
    );
  });

  it('is known by its place, when the hash of the leaf was changed with it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 }),
        fc.nat(),
        async (batches, seed) => {
          const log = new StoredLog(batches);
          const index = seed % log.rows.length;
          log.rewrite(index, { andHash: true });
          const verdict = await verifyExport(await log.export(), [signer.publicKey]);
          expect(verdict).toMatchObject({ ok: false, problem: 'entry_changed' });
          if (verdict.ok) return;
          expect(verdict.firstBadIndex).toBeLessThanOrEqual(index);
          expect(verdict.lastBadIndex).toBeGreaterThanOrEqual(index);
        },
      ),
    );
  });

  it('is known within two entries, though the leaf hash was changed too, in a batch of a thousand', async () => {
    const log = new StoredLog([1000]);
    log.rewrite(333, { andHash: true });
    expect(await verifyExport(await log.export(), [signer.publicKey])).toMatchObject({
      firstBadIndex: 332,
      lastBadIndex: 333,
    });
  });

  it('is known by the entry whose stored hash, or completed subtree, was changed or lost', async () => {
    const log = new StoredLog(BATCHES);
    log.nodes.set('3/5', leafHash('another'));
    expect(await findingIn(await log.export())).toEqual(['hash_changed', 47]);
    log.nodes.delete('1/15');
    expect(await findingIn(await log.export())).toEqual(['hash_changed', 31]);
    log.rows[12] = { ...log.rows[12], hash: leafHash('another') } as (typeof log.rows)[number];
    expect(await findingIn(await log.export())).toEqual(['hash_changed', 12]);
  });

  it('is known by the first of several bad entries', async () => {
    const log = new StoredLog(BATCHES);
    for (const index of [90, 41, 17]) log.rewrite(index, { andHash: false });
    expect(await findingIn(await log.export())).toEqual(['entry_changed', 17]);
    log.rows.splice(50, 1);
    expect(await findingIn(await log.export())).toEqual(['entry_changed', 17]);
  });

  it('is known by the entry that was deleted', async () => {
    const log = new StoredLog(BATCHES);
    log.rows.splice(20, 1);
    expect(await findingIn(await log.export())).toEqual(['entry_missing', 20]);
  });

  it('is known when the numbers were closed up behind a deleted entry', async () => {
    const log = new StoredLog([1, 1, 1, 1, 1, 1]);
    log.rows = log.rows.toSpliced(3, 1).map((row, index) => ({ ...row, index }));
    expect(await verifyExport(await log.export(), [signer.publicKey])).toMatchObject({ ok: false, firstBadIndex: 3 });
  });

  it('is known by the first of two entries that changed places', async () => {
    for (const [a, b] of [
      [20, 30],
      [20, 21],
      [5, 68],
    ] as const) {
      const log = new StoredLog(BATCHES);
      const [one, two] = [log.rows[a], log.rows[b]] as [
        { text: string; hash: Hash; index: number },
        { text: string; hash: Hash; index: number },
      ];
      log.rows[a] = { ...two, index: a };
      log.rows[b] = { ...one, index: b };
      expect(await findingIn(await log.export())).toEqual(['entry_reordered', a]);
    }
  });

  it('is known when entries were cut off at the end', async () => {
    const log = new StoredLog(BATCHES);
    log.rows.length = 100;
    expect(await findingIn(await log.export())).toEqual(['truncated', 100]);
  });

  it('is known by an older checkpoint, when the end was cut off in every table', async () => {
    const kept = new StoredLog(BATCHES).checkpoints.get(SIZE);
    const shortened = new StoredLog(BATCHES.slice(0, -1));
    expect(await verifyExport(await shortened.export(), [signer.publicKey])).toMatchObject({ ok: true });
    expect(await findingIn(await shortened.export(), kept)).toEqual(['truncated', SIZE - 7]);
  });

  it('is known by an older checkpoint, when history was rewritten and signed again with the real key', async () => {
    const kept = new StoredLog(BATCHES).checkpoints.get(69);
    const forged = new StoredLog(BATCHES, signer, (n) => ({
      ...entryOf(n),
      action: n === 40 ? 'tenant.read' : 'tenant.create',
    }));
    expect(await verifyExport(await forged.export(), [signer.publicKey])).toMatchObject({ ok: true });
    expect(await findingIn(await forged.export(), kept)).toEqual(['checkpoint_inconsistent', null]);
  });

  it('is known when one of the checkpoints in it signs another history', async () => {
    const log = new StoredLog(BATCHES);
    log.checkpoints.set(69, signer.sign(69, leafHash('another history')));
    expect(await findingIn(await log.export())).toEqual(['checkpoint_inconsistent', null]);
  });
});

describe('a damaged export file', () => {
  const genuine = () => new StoredLog(BATCHES).export();

  it('is refused when signed by a key that is not trusted', async () => {
    expect(await verifyExport(await new StoredLog(BATCHES, newSigner()).export(), [signer.publicKey])).toMatchObject({
      problem: 'unknown_key',
    });
  });

  it('is refused when a checkpoint was touched', async () => {
    const [header = '', ...rest] = await genuine();
    expect(await findingIn([header.replace(`\\n${SIZE}\\n`, `\\n${SIZE - 1}\\n`), ...rest])).toEqual([
      'bad_signature',
      null,
    ]);
  });

  it('is refused when the header claims another root or start', async () => {
    const [header = '', ...rest] = await new StoredLog(BATCHES).export(10, 50);
    const changed = (name: string) =>
      JSON.stringify({ ...JSON.parse(header), [name]: JSON.parse(header)[name].toReversed() });
    expect(await findingIn([changed('frontier'), ...rest])).toEqual(['checkpoint_inconsistent', null]);
    expect(await findingIn([changed('toProof'), ...rest])).toEqual(['checkpoint_inconsistent', null]);
  });

  it('is refused when lines are missing, doubled, out of order, cut or not canonical', async () => {
    const lines = await genuine();
    const at = lines.findIndex((line) => line.includes('"index":30,'));
    const line = lines[at] as string;
    expect(await findingIn(lines.toSpliced(at, 1))).toEqual(['entry_missing', 30]);
    expect(await findingIn(lines.toSpliced(at, 0, line))).toEqual(['entry_reordered', 31]);
    expect(await findingIn(lines.toSpliced(at, 2, lines[at + 1] as string, line))).toEqual(['entry_reordered', 30]);
    expect(await findingIn(lines.slice(0, at))).toEqual(['truncated', 30]);
    expect(await findingIn(lines.with(at, line.slice(0, -5)))).toEqual(['malformed', 30]);
    expect(await findingIn(lines.with(at, line.replace('{"entry":{', '{"entry":{"action":"harmless",')))).toEqual([
      'malformed',
      30,
    ]);
    expect(await findingIn([])).toEqual(['malformed', null]);
    expect(await findingIn(['{}'])).toEqual(['malformed', null]);
  });

  it('is not judged by a checkpoint that it does not cover', async () => {
    const log = new StoredLog(BATCHES);
    expect(await findingIn(await log.export(80), log.checkpoints.get(69))).toEqual(['not_covered', null]);
  });

  it('never passes with any one character changed, beside what is for information only', async () => {
    const lines = (await new StoredLog([2, 3]).export()).map((line) =>
      line.replaceAll(/"publicKeys":\[.*?\]/g, '"publicKeys":[]'),
    );
    const text = lines.join('\n');
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 1), fc.integer({ min: 1, max: 94 }), async (at, shift) => {
        const changed =
          text.slice(0, at) +
          String.fromCharCode(32 + ((text.charCodeAt(at) - 32 + shift + 95) % 95)) +
          text.slice(at + 1);
        fc.pre(changed !== text);
        const verdict = await verifyExport(changed.split('\n'), [signer.publicKey]);
        expect(verdict.ok).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});

describe('canonical encoding', () => {
  it('does not depend on the order of members and survives text that no database holds', () => {
    const entry = entryOf(1);
    expect(encodeEntry(Object.fromEntries(Object.entries(entry).toReversed()) as unknown as AuditEntry)).toBe(
      encodeEntry(entry),
    );
    const hostile = encodeEntry({ ...entry, details: { 'a\0': 'b\0', c: ['\ud800'], ['__proto__']: 'own' } });
    expect(hostile).not.toMatch(/\\u0000|\\ud800/);
    expect(JSON.parse(hostile).details).toEqual(JSON.parse('{"__proto__":"own","a\ufffd":"b\ufffd","c":["\ufffd"]}'));
  });
});
