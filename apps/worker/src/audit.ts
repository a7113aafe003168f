import { readFile } from 'node:fs/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { createCheckpointSigner } from '@bulkhead/domain/audit';
import { createS3Anchor } from '@bulkhead/integrations';
import type { Logger } from '@bulkhead/runtime';
import { AuditSequencer } from '@bulkhead/store';
import type { DataSource } from 'typeorm';
import type { WorkerConfig } from './config.js';

/** The sequencer of the audit log: of all workers one integrates at a time. */
export async function createSequencer(
  config: WorkerConfig,
  source: DataSource,
  logger: Logger,
): Promise<AuditSequencer> {
  const pem = await readFile(config.BULKHEAD_AUDIT_SIGNING_KEY_FILE, 'utf8');
  const client = new S3Client({
    region: config.BULKHEAD_REGION,
    forcePathStyle: config.AWS_ENDPOINT_URL !== undefined,
  });
  return new AuditSequencer({
    source,
    signer: createCheckpointSigner(pem, config.BULKHEAD_AUDIT_ORIGIN),
    anchor: createS3Anchor({
      client,
      bucket: config.BULKHEAD_AUDIT_BUCKET,
      retentionDays: config.BULKHEAD_AUDIT_LOCK_DAYS,
    }),
    onError: (error) =>
      logger.warn('The audit log waits: a batch or a checkpoint failed and is tried again.', { error }),
  });
}
