import { GetObjectCommand, PutObjectCommand, S3ServiceException, type S3Client } from '@aws-sdk/client-s3';
import type { CheckpointAnchor } from '@bulkhead/domain';
import { BulkheadError } from '@bulkhead/kernel';

const DAY_MS = 86_400_000;
const TIMEOUT_MS = 15_000;

export interface S3AnchorOptions {
  /** Its identity needs s3:PutObject, s3:PutObjectRetention, s3:GetObject and s3:GetObjectRetention on the bucket. */
  readonly client: S3Client;
  /** Bucket with Object Lock enabled, best in an account that the control plane's operators cannot reach. */
  readonly bucket: string;
  /** For so many days nobody, the account's root included, can change or delete a checkpoint (COMPLIANCE mode). */
  readonly retentionDays: number;
}

/**
 * Keeps checkpoints in an S3 bucket with Object Lock. A name is written once: what is there already is compared, so
 * that a log that was rewritten and signed again is noticed here.
 * `put` throws BulkheadError `audit_anchor_conflict` when other bytes are under the name, `audit_anchor_unlocked` when
 * the bucket or the object has no lock, and what the AWS SDK throws when S3 cannot be reached.
 */
export function createS3Anchor({ client, bucket, retentionDays }: S3AnchorOptions): CheckpointAnchor {
  const within = (signal: AbortSignal | undefined) => ({
    abortSignal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(signal ? [signal] : [])]),
  });

  async function existing(name: string, bytes: Uint8Array, signal?: AbortSignal): Promise<string> {
    const object = await client.send(new GetObjectCommand({ Bucket: bucket, Key: name }), within(signal));
    const found = await object.Body?.transformToByteArray();
    if (!found || !Buffer.from(found).equals(bytes)) throw conflict(bucket, name);
    if (object.ObjectLockMode !== 'COMPLIANCE') throw unlocked(bucket);
    return reference(bucket, name, object.VersionId);
  }

  return {
    async put(name, bytes, signal) {
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: name,
        Body: bytes,
        ContentType: 'text/plain; charset=utf-8',
        // Without it a versioned bucket takes every repetition, and a forged checkpoint becomes the current version.
        IfNoneMatch: '*',
        ObjectLockMode: 'COMPLIANCE',
        ObjectLockRetainUntilDate: new Date(Date.now() + retentionDays * DAY_MS),
      });
      try {
        const { VersionId } = await client.send(command, within(signal));
        return reference(bucket, name, VersionId);
      } catch (error) {
        if (!(error instanceof S3ServiceException)) throw error;
        // 409: another sequencer is writing the same name at this moment.
        if (error.name === 'PreconditionFailed' || error.name === 'ConditionalRequestConflict') {
          return existing(name, bytes, signal);
        }
        if (error.name === 'InvalidRequest' && /object ?lock/i.test(error.message)) throw unlocked(bucket, error);
        throw error;
      }
    },
  };
}

function reference(bucket: string, name: string, version: string | undefined): string {
  return `s3://${bucket}/${name}${version === undefined ? '' : `?versionId=${encodeURIComponent(version)}`}`;
}

function conflict(bucket: string, name: string): BulkheadError {
  return new BulkheadError({
    code: 'audit_anchor_conflict',
    status: 500,
    publicMessage: `The anchor bucket ${bucket} holds another checkpoint under ${name}.`,
    remediation:
      'Treat it as tampering: keep the anchored object, export the audit log and run the offline verifier with --since on it.',
  });
}

function unlocked(bucket: string, cause?: unknown): BulkheadError {
  return new BulkheadError({
    code: 'audit_anchor_unlocked',
    status: 500,
    publicMessage: `Checkpoints in the bucket ${bucket} are not protected by Object Lock.`,
    remediation: 'Anchor to a bucket that was created with Object Lock enabled.',
    cause,
  });
}
