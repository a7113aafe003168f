import { GetBucketPolicyCommand, PutBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3';
import { bulkhead } from '../support/command-line.js';
import { queryAt, type TestStack } from '../support/test-stack.js';
import { placeOf, superuserUrl } from './serving-logins.suite.js';

interface Proof {
  readonly id: string;
  readonly state: string;
  readonly digest: string;
  readonly report: {
    readonly targets: readonly {
      readonly target: string;
      readonly kind: string;
      readonly checks: readonly { readonly name: string; readonly looked: number }[];
      readonly findings: readonly {
        readonly rule: string;
        readonly severity: string;
        readonly object: string;
        readonly shown: string;
      }[];
      readonly voids: readonly string[];
    }[];
  };
}

/** The proof over everything of the stack, after the clinic's tables have come there and while it is served. */
export function describeIsolation(current: () => TestStack): void {
  describe('the isolation proof', () => {
    const prove = async (): Promise<{ code: number; proof: Proof }> => {
      const { code, stdout, stderr } = await bulkhead(
        current(),
        'auditor',
        ...['isolation', 'prove', '--wait', '-o', 'json'],
      );
      if (stdout === '') throw new Error(`No proof: ${stderr}`);
      return { code, proof: JSON.parse(stdout) as Proof };
    };

    it('finds nothing wherever tenants meet, and its digest is in the audit log', async () => {
      const { code, proof } = await prove();
      const { targets } = proof.report;
      const problems = targets.flatMap(({ target, findings, voids }) => [
        ...findings
          .filter(({ severity }) => severity !== 'note')
          .map(({ rule, object }) => `${target} ${rule} ${object}`),
        ...voids.map((why) => `${target} ${why}`),
      ]);
      expect({ code, state: proof.state, problems }).toEqual({ code: 0, state: 'green', problems: [] });
      const dedicated = await current().control(
        `select id from control.bindings where layer = 'database' and isolation = 'dedicated' and state = 'bound'`,
      );
      const stacks = await current().control(
        `select distinct stack_id from control.bindings where isolation = 'dedicated' and state = 'bound'`,
      );
      const kinds = Map.groupBy(targets, ({ kind }) => kind);
      expect(kinds.get('database')).toHaveLength(dedicated.length + 1);
      expect(kinds.get('holdings')).toHaveLength(stacks.length + 1);
      expect(kinds.get('routes')?.map(({ target }) => target)).toEqual(['control plane', 'clinic']);
      // Nothing was passed over: two tenants of the proof held things, and everybody else's were tried.
      const looked = targets.flatMap(({ checks }) =>
        checks.filter((check) => check.looked > 0).map(({ name }) => name),
      );
      for (const name of [
        'kinds of holdings',
        'objects of others',
        'queues of others',
        'secrets of others',
        'policies',
      ])
        expect(looked).toContain(name);
      expect(looked.filter((name) => name === 'routes with an id')).toHaveLength(1);
      const { stderr } = await bulkhead(current(), 'auditor', 'isolation', 'get', proof.id);
      expect(stderr).toMatch(/^clinic \(routes\): \d+ routes, /m);
      expect(stderr).toMatch(/: green; \d+ databases, \d+ cells and stacks, 2 documents of routes, \d+ attempts, /);
      const exported = await current().api.call<string>('GET', '/v1/audit/export', { user: 'auditor' });
      expect(exported.body).toContain(proof.digest);
    });

    it('goes red when the policy of a bucket lets the account in', async () => {
      const { endpoint, region, accountId, root: credentials } = current().engines.aws;
      const s3 = new S3Client({ endpoint, region, credentials: { ...credentials }, forcePathStyle: true });
      const [row] = await current().control<{ bucket: string }>(
        `select outputs ->> 'bucket' as bucket from control.cells`,
      );
      const Bucket = row?.bucket ?? '';
      const { Policy } = await s3.send(new GetBucketPolicyCommand({ Bucket }));
      const Principal = { AWS: `arn:aws:iam::${accountId}:root` };
      const Statement = [{ Effect: 'Allow', Principal, Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/*` }];
      await s3.send(
        new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }),
      );
      try {
        const { code, proof } = await prove();
        const found = proof.report.targets.flatMap(({ findings }) => findings);
        expect({ code, state: proof.state }).toEqual({ code: 2, state: 'findings' });
        expect(found).toContainEqual(expect.objectContaining({ rule: 'policy_open', object: Bucket }));
      } finally {
        await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
        s3.destroy();
      }
    });

    it.each(['pooled', 'dedicated'])('goes red when somebody opens a table of a %s database', async (tier) => {
      const place = await placeOf(current(), tier);
      const url = superuserUrl(current(), place);
      await queryAt(url, 'alter table app.patient disable row level security');
      try {
        const { code, proof } = await prove();
        const found = proof.report.targets.flatMap(({ findings }) => findings);
        expect({ code, state: proof.state }).toEqual({ code: 2, state: 'findings' });
        expect(found).toEqual(
          expect.arrayContaining([
            expect.objectContaining({ rule: 'rls_missing', object: 'app.patient', shown: 'static' }),
            expect.objectContaining({ object: 'app.patient', shown: expect.stringMatching(/^probe/) }),
          ]),
        );
      } finally {
        await queryAt(url, 'alter table app.patient enable row level security');
      }
    });
  });
}
