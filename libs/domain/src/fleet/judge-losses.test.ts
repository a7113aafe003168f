import { newId, type TenantId } from '@bulkhead/kernel';
import type { PlannedStep } from './planned-step.js';
import { judgeLosses, type StackPlace } from './judge-losses.js';
import { lossDigest, type ApprovedLoss } from './state-loss.js';

const tenantId = newId('tenant');
const [changeId, stack] = [newId('change'), 'dedicated-tenant.stk_1'];
const now = new Date('2026-11-22T12:00:00Z');
const place: StackPlace = { stack, program: 'dedicated-tenant', tenantIds: [tenantId], bindings: new Map() };
const holdsData = (type: string) => type !== 'alarm';
const instance = (changes: Partial<PlannedStep> = {}): PlannedStep => ({
  urn: 'urn:db',
  type: 'aws:rds/instance:Instance',
  name: 'database-instance',
  operation: 'replace',
  properties: [{ path: 'kmsKeyId', before: '"a"', after: '"b"', replaces: true }],
  ...changes,
});
const approval = (changes: Partial<ApprovedLoss> = {}, step = instance()): ApprovedLoss => ({
  id: changeId,
  stack,
  tenantId,
  losses: [{ urn: step.urn, operation: 'replace', layer: 'database', digest: lossDigest(stack, step) }],
  expiresAt: '2026-11-23T00:00:00Z',
  ...changes,
});
const judged = (step: PlannedStep, ...approved: ApprovedLoss[]) =>
  judgeLosses([step], place, { holdsData, approved, now })[0];

it.each(['replace', 'delete'] as const)('a database is not lost by a %s that nobody approved', (operation) => {
  expect(judged(instance({ operation }))).toMatchObject({
    blocked: expect.stringContaining('database layer'),
    loss: { layer: 'database', digest: expect.stringMatching(/^sha256:/) },
  });
});

it('an update of a database, and the loss of what holds no data, are free', () => {
  for (const step of [instance({ operation: 'update' }), instance({ type: 'alarm' })])
    expect([judged(step)?.blocked, judged(step)?.loss]).toEqual([undefined, undefined]);
});

it('an approval allows exactly what was previewed', () => {
  expect(judged(instance(), approval())).toMatchObject({ approvedBy: changeId });
  expect(judged(instance(), approval())).not.toHaveProperty('blocked');
});

it('a difference that does not force the loss needs no other approval', () => {
  const [cause] = instance().properties;
  const more = instance({ properties: [cause!, { path: 'tags', after: '{}', replaces: false }] });
  expect(judged(more, approval())).toMatchObject({ approvedBy: changeId });
});

it.each([
  ['another tenant', { tenantId: newId('tenant') }],
  ['nobody in particular', { tenantId: null }],
  ['another stack', { stack: 'dedicated-tenant.stk_2' }],
  ['a time that is over', { expiresAt: '2026-11-22T12:00:00Z' }],
  ['another resource', { losses: [{ ...approval().losses[0]!, urn: 'urn:other' }] }],
  ['a deletion instead of a replacement', { losses: [{ ...approval().losses[0]!, operation: 'delete' as const }] }],
  ['another cause', approval({}, instance({ properties: [{ path: 'engine', after: '"x"', replaces: true }] }))],
])('an approval for %s allows nothing', (_what, changes) => {
  expect(judged(instance(), approval(changes))?.blocked).toMatch(
    /made anew, empty, and no approved change request names it\.$/,
  );
});

it('a registration belongs to the tenant and layer of its binding', () => {
  const roster = 'roster.rst_1';
  const gone = instance({ operation: 'delete', type: 'bulkhead:pool:Registration', name: 'bnd_1', properties: [] });
  const bindings = new Map([['bnd_1', { tenantId, layer: 'key' as const }]]);
  const shared: StackPlace = { stack: roster, program: 'roster', tenantIds: [newId('tenant'), tenantId], bindings };
  const losses = [
    { urn: gone.urn, operation: 'delete' as const, layer: 'key' as const, digest: lossDigest(roster, gone) },
  ];
  const judge = (whose: TenantId) =>
    judgeLosses([gone], shared, {
      holdsData,
      approved: [approval({ stack: roster, losses, tenantId: whose })],
      now,
    })[0];
  expect(judge(newId('tenant'))).toMatchObject({ tenantId, loss: { layer: 'key' }, blocked: expect.any(String) });
  expect(judge(tenantId)).toMatchObject({ approvedBy: changeId });
});
