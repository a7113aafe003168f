import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { EMPTY_ROOT, verifyConsistency, verifyExport, verifyInclusion, type Hash } from '@bulkhead/domain/audit';
import { waitFor } from '@bulkhead/kernel';
import type { DataSource } from 'typeorm';
import { openControlDatabase } from '../data-source.js';
import { startTestPostgres, type TestDatabase } from '../testing/postgres.js';
import { appendAudit } from './append-audit.js';
import { AuditLog } from './audit-log.js';
import { entryOf, newPem, newSigner, RecordingAnchor } from './audit.fixture.js';
import { AuditSequencer } from './audit-sequencer.js';

let database: TestDatabase;
let api: DataSource;
let worker: DataSource;
const pem = newPem();
const signer = newSigner(pem);

beforeEach(async () => {
  database = await startTestPostgres();
  api = await openControlDatabase(database.apiUrl, 40);
  worker = await openControlDatabase(database.workerUrl, 4);
});
afterEach(async () => {
  await Promise.all([api, worker].map((source) => source.destroy()));
  await database.stop();
});

const waiting = async (): Promise<number> =>
  Number((await worker.query('select count(*) from control.audit_queue'))[0].count);

/** Exports everything, verifies it, and tells how many entries it has. */
async function verifiedCount(): Promise<number> {
  const lines: string[] = [];
  for await (const line of new AuditLog(worker, [signer.publicKey]).exportRange()) lines.push(line.trimEnd());
  const verdict = await verifyExport(lines, [signer.publicKey]);
  if (!verdict.ok) throw new Error(verdict.message);
  return verdict.count;
}

/** Appends in transactions of one to three leaves, some slow, some rolled back, and gives the ids that committed. */
async function write(writer: number, until: () => boolean): Promise<string[]> {
  const committed: string[] = [];
  for (let n = 0; !until(); n++) {
    const ids = Array.from({ length: 1 + (n % 3) }, (_, i) => `w${writer}-${n}-${i}`);
    const fails = (writer + n) % 7 === 0;
    try {
      await api.transaction(async (manager) => {
        for (const id of ids) await appendAudit(manager, entryOf(id));
        if ((writer + n) % 5 === 0) await delay(5 + (writer % 20));
        if (fails) throw new Error('rolled back on purpose');
      });
      committed.push(...ids);
    } catch (error) {
      if (!fails) throw error;
    }
  }
  return committed;
}

function startProcess(): ChildProcess {
  const script = fileURLToPath(new URL('./sequencer-process.fixture.js', import.meta.url));
  return spawn(process.execPath, [script, database.workerUrl], {
    env: { ...process.env, PEM: pem },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** Kills sequencer processes at times that hit every part of a batch. @returns how many were killed after some work. */
async function killRepeatedly(times: number): Promise<number> {
  const size = async () =>
    Number((await worker.query('select coalesce(max(size), 0) as size from control.audit_checkpoints'))[0].size);
  let worked = 0;
  for (let i = 0; i < times; i++) {
    const before = await size();
    const child = startProcess();
    try {
      await waitFor('the sequencer to integrate something', async () => (await size()) > before, { intervalMs: 2 });
      worked++;
      await delay(i * 3);
    } finally {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
  }
  return worked;
}

describe('32 writers and sequencers that are killed', () => {
  it('leave every committed leaf in the log exactly once, with proofs for every size', async () => {
    let done = false;
    const writers = Array.from({ length: 32 }, (_, writer) => write(writer, () => done));
    const killed = await killRepeatedly(8).finally(() => (done = true));
    const committed = (await Promise.all(writers)).flat();
    expect(killed).toBe(8);

    const sequencer = new AuditSequencer({ source: worker, signer, anchor: new RecordingAnchor(), onError: () => {} });
    await waitFor(
      'the queue to be empty',
      async () => (await sequencer.integrateBatch()) === 0 && (await waiting()) === 0,
    );
    const rows: { index: string; entry_id: string; leaf_hash: Hash }[] = await worker.query(
      'select index, entry_id, leaf_hash from control.audit_leaves order by index',
    );
    expect(rows.length).toBeGreaterThan(500);
    expect(rows.map((row) => Number(row.index))).toEqual(rows.map((_, i) => i));
    expect(rows.map((row) => row.entry_id).toSorted()).toEqual(committed.toSorted());

    expect(await verifiedCount()).toBe(committed.length);
    await checkEverySize(rows.slice(0, 700).map((row) => row.leaf_hash));
  }, 120_000);
});

async function checkEverySize(leaves: readonly Hash[]): Promise<void> {
  const bytes = (text: string) => Buffer.from(text, 'base64');
  const log = new AuditLog(worker, [signer.publicKey]);
  let root: Hash = EMPTY_ROOT;
  for (let size = 1; size <= leaves.length; size++) {
    const index = 39_595 % size;
    const proof = await log.inclusionProof(index, size);
    expect(verifyInclusion(leaves[index] as Hash, index, size, proof.hashes.map(bytes), bytes(proof.root))).toBe(true);
    const step = await log.consistencyProof(size - 1, size);
    expect(verifyConsistency(size - 1, size, root, bytes(proof.root), step.hashes.map(bytes))).toBe(true);
    root = bytes(proof.root);
  }
}

describe('run', () => {
  it('integrates and anchors until it is told to stop, and goes on after failures', async () => {
    const anchor = new RecordingAnchor();
    anchor.failure = 'before';
    const errors: unknown[] = [];
    const stop = new AbortController();
    const sequencer = new AuditSequencer({
      source: worker,
      signer,
      anchor,
      onError: (error) => errors.push(error),
      pollMs: 5,
      anchorMs: 5,
    });
    const running = sequencer.run(stop.signal);
    await appendAudit(api.manager, entryOf('first'));
    await waitFor('the anchor to fail', () => errors.length > 0);
    await appendAudit(api.manager, entryOf('second'));
    await waitFor('batches to go on meanwhile', async () => (await waiting()) === 0);
    anchor.failure = undefined;
    await waitFor('the checkpoint to be anchored', () => anchor.puts.at(-1)?.name.endsWith('2'));
    stop.abort();
    await running;
    await appendAudit(api.manager, entryOf('third'));
    expect(await waiting()).toBe(1);
  });

  it('goes on when its connection was cut in the middle', async () => {
    const errors: unknown[] = [];
    let appended = 0;
    const stop = new AbortController();
    const sequencer = new AuditSequencer({
      source: worker,
      signer,
      anchor: new RecordingAnchor(),
      onError: (error) => errors.push(error),
      pollMs: 1,
    });
    const running = sequencer.run(stop.signal);
    const superuser = await openControlDatabase(database.superuserUrl, 1);
    await waitFor('a batch to be cut off', async () => {
      await appendAudit(api.manager, entryOf(`leaf ${appended++}`));
      await superuser.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'bulkhead_worker' and datname = current_database()`,
      );
      return errors.length > 0;
    });
    await superuser.destroy();
    await waitFor('the queue to be empty', async () => (await waiting()) === 0);
    stop.abort();
    await running;
    expect(await verifiedCount()).toBe(appended);
  });
});
