import { newId } from '@bulkhead/kernel';
import { TenantAccessRole, type TenantAccessRoleArgs } from './tenant-access-role.js';
import { boundaryDocument, TenantBoundary } from './tenant-boundary.js';
import { only, recordProgram } from './testing/recorded-program.js';

const id = newId('stack');
const base: TenantAccessRoleArgs = {
  ownership: { id, stack: 's' },
  region: 'eu-central-1',
  roleName: 'bh-1',
  keyArn: 'arn:aws:kms:eu-central-1:111122223333:key/k',
  keyIsShared: false,
};
const record = (extra: Partial<TenantAccessRoleArgs> = {}) =>
  recordProgram(() => new TenantAccessRole('role', { ...base, ...extra }).arn);
const statements = (policy: string): { Sid: string; Action: string[]; Resource: string[]; Condition?: object }[] =>
  JSON.parse(policy).Statement;

test('the role reaches the given resources and names each of them', async () => {
  const { resources } = await record({ bucketArn: 'arn:b', queueArn: 'arn:q', servingSecretArn: 'arn:s' });
  const granted = statements(only(resources, 'aws:iam/rolePolicy:RolePolicy').inputs['policy']);
  const reached = granted.flatMap((s) => s.Resource);
  expect(reached).toHaveLength(5);
  expect(new Set(reached)).toEqual(new Set([base.keyArn, 'arn:b', 'arn:b/*', 'arn:q', 'arn:s']));
  expect(granted.flatMap((s) => s.Action).filter((action) => action.includes('*'))).toEqual([]);
});

test('layers that stay shared are not granted', async () => {
  const { resources } = await record();
  const granted = statements(only(resources, 'aws:iam/rolePolicy:RolePolicy').inputs['policy']);
  expect(granted.map((s) => s.Sid)).toEqual(['UseKey']);
});

test("a shared key is usable only through the services that hold the tenant's resources", async () => {
  const { resources } = await record({ keyIsShared: true });
  const [key] = statements(only(resources, 'aws:iam/rolePolicy:RolePolicy').inputs['policy']);
  expect(key?.Condition).toEqual({
    StringEquals: {
      'kms:ViaService': [
        's3.eu-central-1.amazonaws.com',
        'sqs.eu-central-1.amazonaws.com',
        'secretsmanager.eu-central-1.amazonaws.com',
      ],
    },
  });
});

test('the role is capped by the boundary of its region and taken only by naming the stack', async () => {
  const { resources } = await record();
  const role = only(resources, 'aws:iam/role:Role').inputs;
  expect(role['permissionsBoundary']).toBe('arn:aws:iam::111122223333:policy/bulkhead-tenant-boundary-eu-central-1');
  const [trust] = JSON.parse(role['assumeRolePolicy']).Statement;
  expect(trust).toMatchObject({
    Principal: { AWS: 'arn:aws:iam::111122223333:root' },
    Condition: { StringEquals: { 'sts:ExternalId': id } },
  });
});

test('the boundary allows using data and never managing anything', async () => {
  const { resources } = await recordProgram(
    () => new TenantBoundary('boundary', { ownership: base.ownership, region: 'eu-central-1' }).arn,
  );
  expect(only(resources, 'aws:iam/policy:Policy').inputs).toMatchObject({
    name: 'bulkhead-tenant-boundary-eu-central-1',
    policy: boundaryDocument('eu-central-1'),
  });
  const actions = statements(boundaryDocument('eu-central-1')).flatMap((s) => s.Action);
  expect(
    actions.filter((action) => /^(iam|sts|organizations|rds):|\*|Policy|Create|DeleteBucket/.test(action)),
  ).toEqual([]);
});

test('everything that a role grants is within the boundary', async () => {
  const { resources } = await record({ bucketArn: 'arn:b', queueArn: 'arn:q', servingSecretArn: 'arn:s' });
  const granted = statements(only(resources, 'aws:iam/rolePolicy:RolePolicy').inputs['policy']);
  const allowed = new Set(statements(boundaryDocument('eu-central-1')).flatMap((s) => s.Action));
  expect(granted.flatMap((s) => s.Action).filter((action) => !allowed.has(action))).toEqual([]);
});
