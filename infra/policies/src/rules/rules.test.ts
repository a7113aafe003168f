import { readFileSync } from 'node:fs';
import { newId } from '@bulkhead/kernel';
import { RESOURCE_RULES, STACK_RULES } from './index.js';
import { TYPES, type CheckedResource, type RuleContext } from './rule.js';

type Props = Record<string, unknown>;
const make = (type: string, props: Props, protect = true): CheckedResource => ({
  urn: `urn::${type}::x`,
  type,
  props,
  protect,
});
const plainHttp = { Bool: { 'aws:SecureTransport': 'false' } };
const notFrom = (...addresses: string[]) => ({ NotIpAddress: { 'aws:SourceIp': addresses } });
const tlsOnly = (action: string, Condition: object = { ...plainHttp, ...notFrom('127.0.0.0/8', '::1/128') }) =>
  JSON.stringify({ Statement: [{ Effect: 'Deny', Principal: '*', Action: action, Condition }] });
const TAGS = {
  'bulkhead:id': 'b',
  'bulkhead:stack': 's',
  'bulkhead:managed-by': 'bulkhead',
  'bulkhead:data-class': 'phi',
};

const database: Props = {
  storageEncrypted: true,
  kmsKeyId: 'arn:key',
  masterUserSecretKmsKeyId: 'arn:key',
  publiclyAccessible: false,
  manageMasterUserPassword: true,
  deletionProtection: true,
  backupRetentionPeriod: 7,
  copyTagsToSnapshot: true,
  tags: TAGS,
};
const block: Props = {
  blockPublicAcls: true,
  blockPublicPolicy: true,
  ignorePublicAcls: true,
  restrictPublicBuckets: true,
};
const encryption = (sseAlgorithm: string, kmsMasterKeyId?: string): Props => ({
  rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm, kmsMasterKeyId } }],
});
const boundary = 'arn:aws:iam::1:policy/bulkhead-tenant-boundary-us-east-1';

/** What each rule accepts, and in turn each way to break it. */
const CASES: Record<string, { good: CheckedResource; bad: Record<string, CheckedResource> }> = {
  'bucket-encrypted-with-customer-key': {
    good: make(TYPES.bucketEncryption, encryption('aws:kms', 'arn:key')),
    bad: {
      'S3 key': make(TYPES.bucketEncryption, encryption('AES256')),
      'AWS-managed key': make(TYPES.bucketEncryption, encryption('aws:kms')),
      'no rule': make(TYPES.bucketEncryption, { rules: [] }),
    },
  },
  'database-encrypted-with-customer-key': {
    good: make(TYPES.database, database),
    bad: {
      'plain storage': make(TYPES.database, { ...database, storageEncrypted: false }),
      'AWS-managed key': make(TYPES.database, { ...database, kmsKeyId: undefined }),
      'AWS-managed key of the secret': make(TYPES.database, { ...database, masterUserSecretKmsKeyId: '' }),
    },
  },
  'queue-encrypted-with-customer-key': {
    good: make(TYPES.queue, { kmsMasterKeyId: 'arn:key' }),
    bad: { 'no key': make(TYPES.queue, {}), 'key of SQS': make(TYPES.queue, { sqsManagedSseEnabled: true }) },
  },
  'secret-encrypted-with-customer-key': {
    good: make(TYPES.secret, { kmsKeyId: 'arn:key' }),
    bad: { 'no key': make(TYPES.secret, {}) },
  },
  'key-rotates': {
    good: make(TYPES.key, { enableKeyRotation: true }),
    bad: { off: make(TYPES.key, { enableKeyRotation: false }), silent: make(TYPES.key, {}) },
  },
  'public-access-blocked': {
    good: make(TYPES.publicAccessBlock, block),
    bad: Object.fromEntries(
      Object.keys(block).map((name) => [name, make(TYPES.publicAccessBlock, { ...block, [name]: false })]),
    ),
  },
  'database-private': {
    good: make(TYPES.database, database),
    bad: {
      public: make(TYPES.database, { ...database, publiclyAccessible: true }),
      silent: make(TYPES.database, { ...database, publiclyAccessible: undefined }),
    },
  },
  'master-password-managed': {
    good: make(TYPES.database, database),
    bad: {
      'own password': make(TYPES.database, { ...database, password: 'given' }),
      'write-only password': make(TYPES.database, { ...database, passwordWo: 'given' }),
      'not managed': make(TYPES.database, { ...database, manageMasterUserPassword: false }),
    },
  },
  'plain-http-denied': {
    good: make(TYPES.bucketPolicy, { policy: tlsOnly('s3:*') }),
    bad: {
      'bucket without a denial': make(TYPES.bucketPolicy, { policy: JSON.stringify({ Statement: [] }) }),
      'queue without a denial': make(TYPES.queuePolicy, { policy: JSON.stringify({ Statement: [] }) }),
      'one action only': make(TYPES.bucketPolicy, { policy: tlsOnly('s3:GetObject') }),
      'one principal only': make(TYPES.bucketPolicy, { policy: tlsOnly('s3:*').replace('"*"', '{"AWS":"arn:x"}') }),
      'private networks left out': make(TYPES.bucketPolicy, {
        policy: tlsOnly('s3:*', { ...plainHttp, ...notFrom('10.0.0.0/8') }),
      }),
      'narrowed by another condition': make(TYPES.bucketPolicy, {
        policy: tlsOnly('s3:*', { ...plainHttp, StringEquals: { 'aws:PrincipalAccount': '1' } }),
      }),
      'no condition on the transport': make(TYPES.bucketPolicy, { policy: tlsOnly('s3:*', notFrom('127.0.0.0/8')) }),
      'allowed instead': make(TYPES.bucketPolicy, { policy: tlsOnly('s3:*').replace('Deny', 'Allow') }),
    },
  },
  'role-bounded': {
    good: make(TYPES.role, { permissionsBoundary: boundary }),
    bad: {
      none: make(TYPES.role, {}),
      another: make(TYPES.role, { permissionsBoundary: 'arn:aws:iam::aws:policy/AdministratorAccess' }),
    },
  },
  'state-protected': {
    good: make(TYPES.bucket, {}),
    bad: Object.fromEntries(
      [TYPES.bucket, TYPES.database, TYPES.key, TYPES.queue, TYPES.secret, TYPES.tenantDatabase].map((type) => [
        type,
        make(type, {}, false),
      ]),
    ),
  },
  'deletion-protected': {
    good: make(TYPES.database, database),
    bad: {
      off: make(TYPES.database, { ...database, deletionProtection: false }),
      'no final snapshot': make(TYPES.database, { ...database, skipFinalSnapshot: true }),
    },
  },
  'database-backed-up': {
    good: make(TYPES.database, database),
    bad: {
      off: make(TYPES.database, { ...database, backupRetentionPeriod: 0 }),
      silent: make(TYPES.database, { ...database, backupRetentionPeriod: undefined }),
      'untagged snapshots': make(TYPES.database, { ...database, copyTagsToSnapshot: false }),
    },
  },
  'ownership-tagged': {
    good: make(TYPES.bucket, { tags: TAGS }),
    bad: {
      'no tags': make(TYPES.queue, {}),
      'empty owner': make(TYPES.role, { tags: { ...TAGS, 'bulkhead:id': '' } }),
      'no data class': make(TYPES.logGroup, { tags: { ...TAGS, 'bulkhead:data-class': undefined } }),
    },
  },
  'type-reviewed': {
    good: make(TYPES.alarm, {}),
    bad: { 'a type that no rule knows': make('aws:dynamodb/table:Table', {}) },
  },
};

test('every rule has an id of its own, says what it wants, and names the safeguards it serves', () => {
  const rules = [...RESOURCE_RULES, ...STACK_RULES];
  expect(new Set(rules.map((rule) => rule.id)).size).toBe(rules.length);
  for (const rule of rules) {
    expect(rule.description).toMatch(/\.$/);
    expect(rule.hipaa.length).toBeGreaterThan(0);
    for (const control of rule.hipaa) expect(control).toMatch(/^164\.3\d\d\(/);
  }
});

test('every resource rule is tested both ways', () => {
  expect(Object.keys(CASES).toSorted()).toEqual(RESOURCE_RULES.map((rule) => rule.id).toSorted());
});

describe.each(RESOURCE_RULES.map((rule) => [rule.id, rule] as const))('%s', (id, rule) => {
  const { good, bad } = CASES[id]!;
  test('accepts what keeps it', () => {
    expect(rule.check(good, {})).toBeUndefined();
  });
  test.each(Object.entries(bad))('refuses: %s', (_, resource) => {
    expect(rule.check(resource, {})).toMatch(/\.$/);
  });
  test('has nothing to say about components', () => {
    expect(rule.check(make('bulkhead:components:TenantBucket', {}, false), {})).toBeUndefined();
  });
});

describe('a stack that is discarded', () => {
  const rule = (id: string) => RESOURCE_RULES.find((candidate) => candidate.id === id)!;
  const context: RuleContext = { discardedBy: newId('operation') };
  test('may lift the protections when an operation answers for it', () => {
    expect(rule('state-protected').check(make(TYPES.bucket, {}, false), context)).toBeUndefined();
    const open = { ...database, deletionProtection: false, skipFinalSnapshot: true };
    expect(rule('deletion-protected').check(make(TYPES.database, open), context)).toBeUndefined();
  });
  test.each(['', 'op_', 'yes', newId('tenant')])('may not when the name is no operation: %j', (discardedBy) => {
    expect(rule('state-protected').check(make(TYPES.bucket, {}, false), { discardedBy })).toBeDefined();
  });
  test('keeps every other rule', () => {
    const others = RESOURCE_RULES.filter(({ id }) => id !== 'state-protected' && id !== 'deletion-protected');
    for (const other of others) {
      for (const resource of Object.values(CASES[other.id]!.bad)) expect(other.check(resource, context)).toBeDefined();
    }
  });
});

describe('rules on the whole stack', () => {
  const rule = (id: string) => STACK_RULES.find((candidate) => candidate.id === id)!;
  const settings = [TYPES.publicAccessBlock, TYPES.bucketEncryption, TYPES.bucketVersioning, TYPES.bucketPolicy];
  const stack = [make(TYPES.bucket, { bucket: 'a' }), ...settings.map((type) => make(type, { bucket: 'a' }))];

  test('a bucket with all its settings is accepted', () => {
    expect(rule('bucket-guarded').check(stack)).toEqual([]);
  });
  test.each(settings)('a bucket without %s is refused, though another bucket has it', (type) => {
    const others = settings.map((setting) => make(setting, { bucket: 'b' }));
    const found = rule('bucket-guarded').check([...stack.filter((resource) => resource.type !== type), ...others]);
    expect(found).toEqual([{ urn: `urn::${TYPES.bucket}::x`, problem: expect.stringContaining('lacks') }]);
  });
  test('a queue needs a policy of its own', () => {
    const queue = make(TYPES.queue, { url: 'https://q' });
    const policy = (queueUrl: string) => make(TYPES.queuePolicy, { queueUrl });
    expect(rule('queue-guarded').check([queue, policy('https://q')])).toEqual([]);
    expect(rule('queue-guarded').check([queue, policy('https://other')])).toHaveLength(1);
  });
});

test('the table in the README lists every rule with its safeguards', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  for (const { id, hipaa } of [...RESOURCE_RULES, ...STACK_RULES]) {
    expect(readme).toMatch(
      new RegExp(`^\\| \`${id}\` \\| .+ \\| ${hipaa.join(', ').replaceAll(/[()]/g, '\\$&')} \\|$`, 'm'),
    );
  }
});
