import { PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { DecryptCommand, EncryptCommand, GetKeyPolicyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms';
import { DeleteBucketPolicyCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import {
  CreateSecretCommand,
  PutResourcePolicyCommand,
  DeleteResourcePolicyCommand,
} from '@aws-sdk/client-secrets-manager';
import { SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { accessPolicy } from '@bulkhead/components';
import { physicalNames } from '@bulkhead/domain';
import { findingsOf as allFindingsOf, type Finding, type ProofReport } from '@bulkhead/domain/isolation';
import { AWS_ACCOUNT_ID } from '@bulkhead/local';
import { LiveStage } from './live-stage.js';

let live: LiveStage;
beforeAll(async () => {
  live = await LiveStage.start();
}, 300_000);
afterAll(() => live?.stop());

/** What turns the proof red; the emulator’s KMS looks at no encryption context, which is told as a note. */
const findingsOf = (report: ProofReport): Finding[] =>
  allFindingsOf(report).filter(({ severity }) => severity !== 'note');
const voidsOf = ({ targets }: ProofReport): string[] => targets.flatMap(({ voids }) => voids);
const looked = ({ targets }: ProofReport, name: string): Record<string, number> =>
  Object.fromEntries(
    targets.map(({ target, checks }) => [target, checks.find((check) => check.name === name)?.looked ?? 0]),
  );

it('a sound cell, stack, control plane and service are green, and the counts say what was there', async () => {
  await secretOf('pooled');
  const report = await live.prove();
  expect(voidsOf(report)).toEqual([]);
  expect(findingsOf(report)).toEqual([]);
  expect(report.verdict).toBe('green');
  const [cellPlace, stack] = live.places().map(({ id }) => id as string);
  const { targets } = report;
  expect(targets.map(({ target }) => target)).toEqual([cellPlace, stack, 'control plane', 'practice']);
  expect(looked(report, 'kinds of holdings')).toMatchObject({ [cellPlace ?? '']: 2, [stack ?? '']: 0 });
  // Of two neighbours each, and every login and tenant's secret that there is.
  expect(looked(report, 'objects of others')).toMatchObject({ [cellPlace ?? '']: 2, [stack ?? '']: 1 });
  expect(looked(report, 'keys of others')).toMatchObject({ [cellPlace ?? '']: 0, [stack ?? '']: 1 });
  expect(allFindingsOf(report)).toEqual([expect.objectContaining({ rule: 'condition_unjudged', severity: 'note' })]);
  expect(looked(report, 'queues of others')).toMatchObject({ [cellPlace ?? '']: 0, [stack ?? '']: 2 });
  expect(looked(report, 'secrets of others')[cellPlace ?? '']).toBeGreaterThanOrEqual(7);
  expect(looked(report, 'routes with an id')).toMatchObject({ practice: 1 });
  expect(looked(report, 'routes that ask for a token')['control plane']).toBeGreaterThan(30);
}, 120_000);

/** A secret of a tenant's own, as its vendor would store it. */
async function secretOf(name: 'pooled' | 'dedicated'): Promise<string> {
  const home = name === 'pooled' ? live.cell.cellId : live.bindingOf('dedicated', 'database');
  const below = name === 'pooled' ? `${live.bindingOf('pooled', 'database')}/` : '';
  const Name = `bulkhead/${home}/tenant/${below}clearing-house`;
  await live.clients.secrets
    .send(new CreateSecretCommand({ Name, SecretString: 'of the tenant' }))
    .catch((error: unknown) => {
      if ((error as Error).name !== 'ResourceExistsException') throw error;
    });
  return Name;
}

/** Sets something wrong, proves, and puts it right again. */
async function withLeak(leak: { set: () => Promise<unknown>; mend: () => Promise<unknown> }): Promise<ProofReport> {
  await leak.set();
  try {
    return await live.prove();
  } finally {
    await leak.mend();
  }
}

const policy = (statement: object): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] });
const root = { AWS: `arn:aws:iam::${AWS_ACCOUNT_ID}:root` };

it('a prefix that takes in a neighbour’s is named: the library would give A a session for it', async () => {
  const place = (change: string) =>
    live.stage.engines.sql(
      live.tenants.a.placed,
      `update bulkhead.tenant_layer set place = jsonb_set(place, '{prefix}', $2::jsonb) where tenant_id = $1 and layer = 'storage'`,
      [live.tenants.a.placed.tenantId, JSON.stringify(change)],
    );
  const own = physicalNames(live.bindingOf('a', 'storage')).prefix;
  const report = await withLeak({ set: () => place('b/'), mend: () => place(own) });
  const theirs = physicalNames(live.bindingOf('pooled', 'storage')).prefix;
  expect(findingsOf(report)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ rule: 'object_reached', shown: 'probe:holdings' }),
      expect.objectContaining({ rule: 'object_reached', shown: 'probe:dry', object: expect.stringContaining(theirs) }),
    ]),
  );
}, 120_000);

it('a data key that two tenants share is named, however well each copy is wrapped', async () => {
  const { kms } = live.clients;
  const [mine, theirs] = [live.bindingOf('a', 'key'), live.bindingOf('b', 'key')];
  const read = 'select wrapped, key_arn from bulkhead.data_key where binding_id = $1 and version = 1';
  const [before] = await live.stage.engines.sql(live.tenants.a.placed, read, [mine]);
  const [other] = await live.stage.engines.sql(live.tenants.a.placed, read, [theirs]);
  const KeyId = String(other?.['key_arn']);
  const context = (binding: string) => ({ KeyId, EncryptionContext: { 'bulkhead:binding': binding } });
  const opened = await kms.send(
    new DecryptCommand({ ...context(theirs), CiphertextBlob: other?.['wrapped'] as Uint8Array }),
  );
  const copied = await kms.send(new EncryptCommand({ ...context(mine), Plaintext: opened.Plaintext }));
  const keep = (wrapped: unknown) =>
    live.stage.engines.sql(
      live.tenants.a.placed,
      'update bulkhead.data_key set wrapped = $2 where binding_id = $1 and version = 1',
      [mine, wrapped],
    );
  const copy = Buffer.from(copied.CiphertextBlob ?? []);
  const report = await withLeak({ set: () => keep(copy), mend: () => keep(before?.['wrapped']) });
  expect(findingsOf(report)).toEqual([
    expect.objectContaining({ rule: 'key_used', detail: 'Two tenants have the same data key.' }),
  ]);
}, 120_000);

it.each(['pooled', 'dedicated'] as const)(
  'a bucket policy that allows the account is named (%s)',
  async (name) => {
    const { s3 } = live.clients;
    const Bucket =
      (name === 'pooled' ? live.cell.outputs.bucket : live.tenants.dedicated.placed.dedicated.storage?.bucket) ?? '';
    const open = policy({
      Principal: root,
      Action: 's3:*',
      Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`],
    });
    const report = await withLeak({
      set: () => s3.send(new PutBucketPolicyCommand({ Bucket, Policy: open })),
      mend: () => s3.send(new DeleteBucketPolicyCommand({ Bucket })),
    });
    expect(findingsOf(report)).toContainEqual(
      expect.objectContaining({ rule: 'policy_open', object: Bucket, shown: 'static' }),
    );
  },
  120_000,
);

it('a queue policy for everybody is named, and shown by looking', async () => {
  const { sqs } = live.clients;
  const QueueUrl = live.tenants.dedicated.placed.dedicated.queue?.queueUrl ?? '';
  const Resource = `arn:aws:sqs:${live.stage.cloud.region}:${AWS_ACCOUNT_ID}:${QueueUrl.split('/').at(-1)}`;
  const put = (Policy: string) => sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  const open = policy({ Principal: '*', Action: 'sqs:*', Resource });
  const report = await withLeak({ set: () => put(open), mend: () => put('') });
  expect(findingsOf(report)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ rule: 'policy_open', object: QueueUrl, shown: 'static' }),
      expect.objectContaining({ rule: 'queue_reached', object: QueueUrl, shown: 'probe:dry' }),
    ]),
  );
}, 120_000);

it('a secret that another tenant’s role may read is named, and shown by asking', async () => {
  const { secrets } = live.clients;
  const SecretId = await secretOf('dedicated');
  const role = `arn:aws:iam::${AWS_ACCOUNT_ID}:role/${physicalNames(live.cell.cellId).role}`;
  const open = policy({ Principal: { AWS: role }, Action: 'secretsmanager:GetSecretValue', Resource: '*' });
  const report = await withLeak({
    set: () => secrets.send(new PutResourcePolicyCommand({ SecretId, ResourcePolicy: open })),
    mend: () => secrets.send(new DeleteResourcePolicyCommand({ SecretId })),
  });
  expect(findingsOf(report)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ rule: 'policy_open', object: SecretId, shown: 'static' }),
      expect.objectContaining({ rule: 'secret_read', object: SecretId, shown: 'probe:dry' }),
    ]),
  );
}, 120_000);

it('a cell’s role that reaches a stack of a tenant’s own is named, and shown in every layer', async () => {
  const { iam } = live;
  const { cellId, outputs } = live.cell;
  const RoleName = physicalNames(cellId).role;
  const put = (PolicyDocument: string) =>
    iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'own-resources', PolicyDocument }));
  const { region } = live.stage.cloud;
  const arnOf = (url: string) => `arn:aws:sqs:${region}:${AWS_ACCOUNT_ID}:${url.split('/').at(-1)}`;
  const own = {
    keyArn: outputs.keyArn,
    bucketArn: `arn:aws:s3:::${outputs.bucket}`,
    queueArn: arnOf(outputs.queueUrl),
    deadLetterQueueArn: arnOf(outputs.deadLetterQueueUrl),
    secretsOf: cellId,
  };
  const actions = ['s3:*', 'sqs:*', 'kms:*', 'secretsmanager:*'];
  const report = await withLeak({
    set: () => put(policy({ Action: actions, Resource: '*' })),
    mend: () => put(accessPolicy(own, false, region)),
  });
  const found = findingsOf(report);
  expect(found).toContainEqual(expect.objectContaining({ rule: 'role_reaches', object: RoleName }));
  const reached = found
    .filter(({ target }) => target === live.tenants.dedicated.placed.stackId)
    .map(({ rule }) => rule);
  expect(new Set(reached)).toEqual(new Set(['object_reached', 'key_used', 'queue_reached', 'secret_read']));
}, 120_000);

it('a key policy for everybody is named', async () => {
  const { kms } = live.clients;
  const KeyId = live.tenants.dedicated.placed.dedicated.key?.keyArn ?? '';
  const name = { KeyId, PolicyName: 'default' };
  const { Policy = '' } = await kms.send(new GetKeyPolicyCommand(name));
  const open = policy({ Principal: { AWS: '*' }, Action: 'kms:*', Resource: '*' });
  const report = await withLeak({
    set: () => kms.send(new PutKeyPolicyCommand({ ...name, Policy: open })),
    mend: () => kms.send(new PutKeyPolicyCommand({ ...name, Policy })),
  });
  expect(findingsOf(report)).toContainEqual(expect.objectContaining({ rule: 'policy_open', object: KeyId }));
}, 120_000);

it('a route that forgets the tenant is named', async () => {
  const report = await withLeak({
    set: async () => (live.services.forgetsTheTenant = true),
    mend: async () => (live.services.forgetsTheTenant = false),
  });
  expect(findingsOf(report)).toEqual([
    expect.objectContaining({ rule: 'route_open', target: 'practice', object: 'GET /v1/patients/{id}' }),
  ]);
}, 180_000);

it('what cannot be tried makes the proof void and says so', async () => {
  const without = await live.prove({ prover: null });
  expect(without.verdict).toBe('void');
  expect(voidsOf(without)[0]).toContain('BULKHEAD_PROVER_CLIENT_ID is not set');
  const alone = await live.prove({ probes: ['a'] });
  expect(alone.verdict).toBe('void');
  expect(voidsOf(alone).join('\n')).toContain('The cell has no two tenants of the proof');
  expect(voidsOf(alone).join('\n')).toContain('No cell has two tenants of the proof');
}, 120_000);
