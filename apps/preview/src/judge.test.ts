import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProgramRequest } from '@bulkhead/domain';
import { readApprovals, type Approval } from './approvals.js';
import { judge, type StackPlace } from './judge.js';
import { step } from './testing/sample-report.js';

const request = { program: 'dedicated-tenant', spec: {} } as unknown as ProgramRequest;
const place: StackPlace = { stack: 'dedicated-tenant.stk_1', request, tenantIds: ['ten_1'], bindings: new Map() };
const instance = (operation: 'replace' | 'delete' | 'update') =>
  step({ operation, type: 'aws:rds/instance:Instance', name: 'database-instance', urn: 'urn:db' });
const judged = (operation: 'replace' | 'delete' | 'update', ...approvals: Partial<Approval>[]) =>
  judge(
    [instance(operation)],
    place,
    approvals.map((approval) => ({ changeRequest: 'chg_1', ...approval })),
  )[0];

it.each(['replace', 'delete'] as const)('a database is not lost by a %s that nobody approved', (operation) => {
  expect(judged(operation)?.blocked).toContain('database layer');
});

it('an update of a database, and the loss of what holds no data, are free', () => {
  expect(judged('update')?.blocked).toBeUndefined();
  const [alarm] = judge([step({ operation: 'delete', type: 'aws:cloudwatch/metricAlarm:MetricAlarm' })], place, []);
  expect(alarm?.blocked).toBeUndefined();
});

it.each([
  'aws:s3/bucket:Bucket',
  'aws:kms/key:Key',
  'aws:sqs/queue:Queue',
  'aws:secretsmanager/secret:Secret',
  'bulkhead:postgres:TenantDatabase',
  'bulkhead:pool:Registration',
])('%s holds state', (type) => {
  expect(judge([step({ operation: 'delete', type })], place, [])[0]?.blocked).toBeDefined();
});

it('an approval allows the tenant’s layer or the one resource that it names', () => {
  expect(judged('replace', { tenantId: 'ten_1', layer: 'database' })).toMatchObject({ approvedBy: 'chg_1' });
  expect(judged('replace', { tenantId: 'ten_1', urn: 'urn:db' })).toMatchObject({ approvedBy: 'chg_1' });
  expect(judged('replace', { stack: 'dedicated-tenant.stk_1', urn: 'urn:db' })).toMatchObject({ approvedBy: 'chg_1' });
});

it.each([
  ['another tenant', { tenantId: 'ten_2', layer: 'database' }],
  ['another layer', { tenantId: 'ten_1', layer: 'queue' }],
  ['another resource of the same layer', { tenantId: 'ten_1', urn: 'urn:other', layer: 'database' }],
  ['another stack', { stack: 'dedicated-tenant.stk_2', layer: 'database' }],
  ['the tenant, in another stack', { tenantId: 'ten_1', stack: 'dedicated-tenant.stk_2', layer: 'database' }],
] as const)('an approval for %s allows nothing', (_what, approval) => {
  expect(judged('delete', approval)?.blocked).toBeDefined();
});

it('a registration belongs to the tenant and layer of its binding', () => {
  const roster = {
    ...place,
    request: { program: 'roster', spec: {} } as unknown as ProgramRequest,
    tenantIds: ['ten_1', 'ten_2'],
  };
  const bindings = new Map([['bnd_1', { tenantId: 'ten_2', layer: 'key' as const }]]);
  const gone = step({ operation: 'delete', type: 'bulkhead:pool:Registration', name: 'bnd_1' });
  const approve = (tenantId: string): Approval => ({ changeRequest: 'chg_1', tenantId, layer: 'key' });
  expect(judge([gone], { ...roster, bindings }, [approve('ten_1')])[0]).toMatchObject({
    tenantId: 'ten_2',
    blocked: expect.any(String),
  });
  expect(judge([gone], { ...roster, bindings }, [approve('ten_2')])[0]).toMatchObject({ approvedBy: 'chg_1' });
});

describe('a file of approvals', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-approvals-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'approved.json');
  it.each([
    ['no JSON', 'nonsense'],
    ['no array', '{}'],
    ['an empty entry', '[null]'],
    ['no change request', '[{"tenantId":"ten_1","layer":"database"}]'],
    ['nobody named', '[{"changeRequest":"chg_1","layer":"database"}]'],
    ['nothing named', '[{"changeRequest":"chg_1","tenantId":"ten_1"}]'],
    ['an unknown layer', '[{"changeRequest":"chg_1","tenantId":"ten_1","layer":"all"}]'],
  ])('with %s is refused: it would allow more than was approved', async (_what, text) => {
    writeFileSync(file, text);
    await expect(readApprovals(file)).rejects.toMatchObject({ code: 'approvals_invalid' });
  });
});
