import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DeleteObjectCommand, GetObjectCommand, PutObjectRetentionCommand, S3Client } from '@aws-sdk/client-s3';
import { createCheckpointSigner } from '@bulkhead/domain/audit';
import { waitFor } from '@bulkhead/kernel';
import { AUDIT_ORIGIN } from '@bulkhead/local';
import type { TestStack } from '../support/test-stack.js';

const run = promisify(execFile);
const VERIFIER = fileURLToPath(new URL('../../../libs/domain/dist/audit/verify.main.js', import.meta.url));

interface Anchored {
  readonly bucket: string;
  readonly key: string;
  readonly version: string;
}

async function anchored({ api }: TestStack): Promise<Anchored> {
  const ref = await waitFor(
    'a checkpoint to be anchored',
    async () => (await api.get<{ anchorRef: string | null }>('/v1/audit/checkpoint', 'auditor')).anchorRef,
    { timeoutMs: 30_000 },
  );
  const { host, pathname, searchParams } = new URL(ref);
  return { bucket: host, key: pathname.slice(1), version: searchParams.get('versionId') ?? '' };
}

function s3({ engines: { aws } }: TestStack): S3Client {
  const { endpoint, region, root: credentials } = aws;
  return new S3Client({ endpoint, region, credentials, forcePathStyle: true });
}

async function verify(args: string[]): Promise<{ code: number; text: string }> {
  try {
    const { stdout } = await run(process.execPath, [VERIFIER, ...args], { env: {} });
    return { code: 0, text: stdout };
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string };
    return { code, text: stderr };
  }
}

/** The audit log as somebody sees it who trusts neither the server nor its operators. */
export function describeAuditLog(current: () => TestStack): void {
  describe('the audit log', () => {
    let file: string;
    let publicKey: string;
    let checkpoint: Anchored;
    beforeAll(async () => {
      const stack = current();
      checkpoint = await anchored(stack);
      const { body } = await stack.api.call<string>('GET', '/v1/audit/export', { user: 'auditor' });
      file = join(stack.dir, 'export.jsonl');
      writeFileSync(file, body);
      const pem = readFileSync(stack.engines.secretFiles.auditSigningKey, 'utf8');
      ({ publicKey } = createCheckpointSigner(pem, AUDIT_ORIGIN));
    });

    it('verifies offline, against the checkpoint that was anchored outside the database', async () => {
      const stack = current();
      const { bucket: Bucket, key: Key } = checkpoint;
      const { Body } = await s3(stack).send(new GetObjectCommand({ Bucket, Key }));
      const since = join(stack.dir, 'anchored-checkpoint');
      writeFileSync(since, (await Body?.transformToString()) ?? '');
      const [{ count } = { count: -1 }] = await stack.control<{ count: number }>(
        'select count(*)::int from control.audit_leaves',
      );
      const { code, text } = await verify([file, '--key', publicKey, '--since', since]);
      expect({ code, text }).toEqual({ code: 0, text: expect.stringContaining('OK') });
      const entries = Number(/entries: (\d+)/.exec(text)?.[1]);
      expect(entries).toBeGreaterThan(40);
      expect(entries).toBeLessThanOrEqual(count);
    });

    it('names the first entry that was changed after the fact', async () => {
      const lines = readFileSync(file, 'utf8').split('\n');
      const at = lines.findIndex((line) => line.includes('"tenant.activate"'));
      const forged = join(current().dir, 'forged.jsonl');
      const text = lines.with(at, lines[at]?.replace('"tenant.activate"', '"tenant.abandon"') ?? '').join('\n');
      writeFileSync(forged, text);
      const { index } = JSON.parse(lines[at] as string) as { index: number };
      const verdict = await verify([forged, '--key', publicKey]);
      expect(verdict).toEqual({ code: 1, text: expect.stringContaining(`first bad index: ${index}\n`) });
    });

    it("cannot lose an anchored checkpoint, not even to the account's root", async () => {
      const { bucket: Bucket, key: Key, version: VersionId } = checkpoint;
      const client = s3(current());
      const attempts = [
        client.send(new DeleteObjectCommand({ Bucket, Key, VersionId })),
        client.send(new DeleteObjectCommand({ Bucket, Key, VersionId, BypassGovernanceRetention: true })),
        client.send(
          new PutObjectRetentionCommand({
            Bucket,
            Key,
            VersionId,
            Retention: { Mode: 'COMPLIANCE', RetainUntilDate: new Date(Date.now() + 1000) },
          }),
        ),
      ];
      for (const attempt of await Promise.allSettled(attempts)) {
        expect(attempt).toMatchObject({ status: 'rejected', reason: { name: 'AccessDenied' } });
      }
      await client.send(new GetObjectCommand({ Bucket, Key, VersionId }));
    });
  });
}
