import { only, recordProgram } from '@bulkhead/components/testing';
import { physicalNames } from '@bulkhead/domain';
import { newId } from '@bulkhead/kernel';
import { programFor } from './program-for.js';

const cellId = newId('cell');
const names = physicalNames(cellId);
const spec = {
  cellId,
  region: 'us-east-1' as const,
  retention: { backupDays: 7, objectVersionDays: 30, logDays: 90 },
  databaseClass: 'db.m7g.large',
  databaseGb: 100,
};

test('a cell stands up one key, database, bucket and queue under names that derive from the cell', async () => {
  const { resources, result } = await recordProgram(programFor({ program: 'cell', spec }));
  expect(result).toEqual({
    database: {
      host: `${names.instance}.rds.test`,
      port: 5432,
      database: names.database,
      masterSecretArn: expect.stringContaining(names.instance),
      servingSecretArn: expect.stringContaining(names.servingSecret),
    },
    bucket: names.bucket,
    keyArn: expect.stringMatching(/^arn:aws:kms:/),
    queueUrl: expect.stringMatching(new RegExp(`/${names.queue}$`)),
    deadLetterQueueUrl: expect.stringMatching(new RegExp(`/${names.deadLetterQueue}$`)),
  });
  expect(only(resources, 'aws:kms/alias:Alias').inputs['name']).toBe(names.keyAlias);
  expect(only(resources, 'bulkhead:postgres:TenantDatabase').inputs['home']).toBe(cellId);
});

test('the role of a cell reaches what is of the cell, within the boundary of its region', async () => {
  const { resources, result } = await recordProgram(programFor({ program: 'cell', spec }));
  const role = only(resources, 'aws:iam/role:Role').inputs;
  expect(role['name']).toBe(names.role);
  expect(role['permissionsBoundary']).toMatch(/policy\/bulkhead-tenant-boundary-us-east-1$/);
  expect(role['assumeRolePolicy']).toContain(`"sts:ExternalId":"${cellId}"`);
  const policy = JSON.parse(only(resources, 'aws:iam/rolePolicy:RolePolicy').inputs['policy']);
  const reached = (policy.Statement as { Resource: string[] }[]).flatMap(({ Resource }) => Resource);
  const { keyArn } = result as { keyArn: string };
  const foreign = reached.filter((arn) => arn !== keyArn && ![names.bucket, cellId].some((own) => arn.includes(own)));
  expect(foreign).toEqual([]);
  expect(reached).toContainEqual(expect.stringMatching(`secret:bulkhead/${cellId}/tenant/\\*$`));
});

test('everything of a cell is encrypted with the key of that cell', async () => {
  const { resources, result } = await recordProgram(programFor({ program: 'cell', spec }));
  const keyArn = (result as { keyArn: string }).keyArn;
  const keys = resources.flatMap(({ inputs }) => [
    inputs['kmsKeyId'],
    inputs['kmsMasterKeyId'],
    inputs['masterUserSecretKmsKeyId'],
  ]);
  expect(new Set(keys.filter((key) => key !== undefined))).toEqual(new Set([keyArn]));
});

test('nothing that holds state in a cell can be deleted', async () => {
  const { resources } = await recordProgram(programFor({ program: 'cell', spec }));
  const stateful = /:(Instance|Bucket|Key|Queue|Secret|TenantDatabase)$/;
  const unprotected = resources.filter((r) => stateful.test(r.type) && !r.type.includes('components') && !r.protect);
  expect(unprotected).toEqual([]);
});
