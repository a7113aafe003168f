import { generateKeyPairSync } from 'node:crypto';
import type { AuditEntry } from '@bulkhead/domain';
import { createCheckpointSigner, type CheckpointAnchor } from '@bulkhead/domain/audit';

export const ORIGIN = 'bulkhead.test/audit';

export function newPem(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

export const newSigner = (pem = newPem()) => createCheckpointSigner(pem, ORIGIN);

export function entryOf(id: string, facts: Partial<AuditEntry> = {}): AuditEntry {
  return {
    id,
    occurredAt: '2026-11-01T12:00:00.000Z',
    actor: { kind: 'user', id: 'ada', roles: ['platform-admin'] },
    action: 'tenant.create',
    outcome: 'accepted',
    subject: null,
    tenantId: null,
    operationId: null,
    code: null,
    details: {},
    requestId: null,
    ...facts,
  };
}

/** Keeps what was put, and can be told to fail before or after it. */
export class RecordingAnchor implements CheckpointAnchor {
  readonly puts: { name: string; text: string }[] = [];
  failure: 'before' | 'after' | undefined;

  async put(name: string, bytes: Uint8Array): Promise<string> {
    if (this.failure === 'before') throw new Error('the bucket is out of reach');
    this.puts.push({ name, text: Buffer.from(bytes).toString() });
    if (this.failure === 'after') throw new Error('the answer was lost');
    return `test://${name}`;
  }
}
