import type { AuditEntry } from '@bulkhead/domain';
import { encodeEntry } from '@bulkhead/domain/audit';
import type { EntityManager } from 'typeorm';

/**
 * Queues a leaf in the caller's transaction: it is in the log if and only if that transaction commits. It takes no lock
 * and waits for nobody; the sequencer gives the leaf its index, usually within a second.
 * @throws Error when the entry is no JSON; the caller's transaction must not commit then.
 */
export async function appendAudit(manager: EntityManager, entry: AuditEntry): Promise<void> {
  await manager.query('insert into control.audit_queue (entry) values ($1)', [encodeEntry(entry)]);
}
