import type { DataSource } from 'typeorm';
import { openControlDatabase } from '../data-source.js';
import { startTestPostgres } from '../testing/postgres.js';
import { appendAudit } from './append-audit.js';
import { AuditLog } from './audit-log.js';
import { entryOf, newSigner, RecordingAnchor } from './audit.fixture.js';
import { AuditSequencer } from './audit-sequencer.js';

export const signer = newSigner();

export const names = (count: number, prefix = 'e'): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);

/** A fresh database with an audit log, seen by each role. */
export async function openAuditHarness() {
  const database = await startTestPostgres();
  const api = await openControlDatabase(database.apiUrl);
  const worker = await openControlDatabase(database.workerUrl);
  const superuser = await openControlDatabase(database.superuserUrl, 1);
  const anchor = new RecordingAnchor();
  const sequencer = new AuditSequencer({ source: worker, signer, anchor, onError: () => {} });
  const log = new AuditLog(api, [signer.publicKey]);
  return {
    api,
    worker,
    superuser,
    anchor,
    sequencer,
    log,
    append: (ids: readonly string[]) => appendAll(api, ids),
    ids: async () => (await log.events({ limit: 1000 })).data.map((event) => event.id).toReversed(),
    async exported(range = {}): Promise<string[]> {
      const lines: string[] = [];
      for await (const line of log.exportRange(range)) lines.push(line.trimEnd());
      return lines;
    },
    /** Changes rows as someone would who owns the server: with triggers switched off. */
    tamper: (sql: string) =>
      superuser.transaction(async (manager) => {
        await manager.query(`set local session_replication_role = 'replica'`);
        await manager.query(sql);
      }),
    async close(): Promise<void> {
      await Promise.all([api, worker, superuser].map((source) => source.destroy()));
      await database.stop();
    },
  };
}

export type AuditHarness = Awaited<ReturnType<typeof openAuditHarness>>;

function appendAll(source: DataSource, ids: readonly string[]): Promise<void> {
  return source.transaction(async (manager) => {
    for (const id of ids) await appendAudit(manager, entryOf(id));
  });
}
