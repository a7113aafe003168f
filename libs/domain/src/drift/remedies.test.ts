import { BulkheadError } from '@bulkhead/kernel';
import type { PlannedStep } from '../fleet/planned-step.js';
import { beyondFinding, findingDigest, remedyFor, type FoundDrift, type RemedyFacts } from './index.js';

const facts = (changes: Partial<RemedyFacts> = {}): RemedyFacts => ({
  ...{ kind: 'changed', name: 'queue-queue', upshot: 'update', stateful: true, ownerLive: true },
  ...{ type: 'aws:sqs/queue:Queue', properties: [] },
  ...changes,
});
const LIFECYCLE = 'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration';
const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof BulkheadError) return error.code;
    throw error;
  }
  return 'not refused';
};

test('what the template would put back is repaired with one approval, and cannot be adopted', () => {
  expect(remedyFor('drift-repair', facts())).toMatchObject({ action: 'update', destructive: false, approvals: 1 });
  expect(refusal(() => remedyFor('drift-adopt', facts()))).toBe('adoption_undone');
});

test('what the template leaves open is adopted with one approval, and cannot be repaired', () => {
  const open = facts({ upshot: 'same' });
  expect(remedyFor('drift-adopt', open)).toMatchObject({ action: 'believe', destructive: false, approvals: 1 });
  expect(refusal(() => remedyFor('drift-repair', open))).toBe('nothing_to_repair');
});

test.each(['replace', 'delete'] as const)('a repair that would %s what holds data is refused', (upshot) => {
  expect(refusal(() => remedyFor('drift-repair', facts({ upshot })))).toBe('state_would_be_lost');
  expect(remedyFor('drift-repair', facts({ upshot, stateful: false }))).toMatchObject({
    destructive: false,
    approvals: 1,
  });
});

test('what is gone is made again only if it held no data', () => {
  const gone = facts({ kind: 'gone', upshot: 'create' });
  expect(refusal(() => remedyFor('drift-repair', gone))).toBe('state_is_gone');
  expect(remedyFor('drift-repair', { ...gone, stateful: false })).toMatchObject({ action: 'create', approvals: 1 });
});

test('an orphan is deleted by two people, unless its tags name what is in use; nobody adopts it', () => {
  const orphan = facts({ kind: 'orphan', upshot: 'same', ownerLive: false });
  expect(remedyFor('drift-repair', orphan)).toMatchObject({ action: 'delete', destructive: true, approvals: 2 });
  expect(refusal(() => remedyFor('drift-repair', { ...orphan, ownerLive: true }))).toBe('orphan_in_use');
  expect(refusal(() => remedyFor('drift-adopt', orphan))).toBe('orphan_not_adoptable');
});

const kept = (path: string, before?: string, after?: string): Partial<RemedyFacts> => ({
  properties: [{ path, ...(before !== undefined && { before }), ...(after !== undefined && { after }) }],
});
const days = 'rules[0].noncurrentVersionExpiration.noncurrentDays';
test.each([
  ['backups', kept('backupRetentionPeriod', '7', '35')],
  ['backups that were off', kept('backupRetentionPeriod', '0', '7')],
  ['versions', kept(days, '30', '365')],
  ['versions that nothing let go', kept(days, '30')],
  ['versions that nothing let go any more', { kind: 'gone', stateful: false, upshot: 'create', type: LIFECYCLE }],
  ['versions by number', kept('rules[0].noncurrentVersionExpiration.newerNoncurrentVersions', '2', '9')],
  ['a whole rule', kept('rules[0]', '{"status":"Enabled"}', '{"status":"Disabled"}')],
  ['logs', kept('retentionInDays', '30', '90')],
  ['logs that were kept for ever', kept('retentionInDays', '30', '0')],
] as const)('a repair that shortens how long is kept takes two people: %s', (_what, changes) => {
  expect(remedyFor('drift-repair', facts(changes))).toMatchObject({ destructive: true, approvals: 2 });
});

test.each([
  ['backups', kept('backupRetentionPeriod', '35', '7')],
  ['versions', kept(days, '365', '30')],
  ['versions that something else lets go', kept(days, undefined, '30')],
  ['logs', kept('retentionInDays', '0', '90')],
] as const)('a repair that has data kept for longer takes one: %s', (_what, changes) => {
  expect(remedyFor('drift-repair', facts(changes))).toMatchObject({ destructive: false, approvals: 1 });
});

test('a repair does what was found, and nothing besides', () => {
  const properties = [{ path: 'tags.owner', before: '"a"', after: '"b"' }];
  const next = (changes: Partial<PlannedStep>): PlannedStep => ({
    ...{ urn: 'urn:1', type: 'aws:sqs/queue:Queue', name: 'queue', operation: 'update' },
    properties: [{ path: 'tags.owner', before: '"b"', after: '"a"', replaces: false }],
    ...changes,
  });
  expect(beyondFinding('update', properties, next({}))).toBeUndefined();
  expect(beyondFinding('replace', properties, next({}))).toBeUndefined();
  expect(beyondFinding('create', [], next({ operation: 'create', properties: [] }))).toBeUndefined();
  expect(beyondFinding('update', properties, next({ operation: 'replace' }))).toBe('it would replace it');
  const more = [...next({}).properties, { path: 'policy', after: '"*"', replaces: false }];
  expect(beyondFinding('update', properties, next({ properties: more }))).toBe('it would also change policy');
  const other = [{ path: 'tags.owner', before: '"b"', after: '"c"', replaces: false }];
  expect(beyondFinding('update', properties, next({ properties: other }))).toContain('tags.owner to something else');
});

test('another value is another finding', () => {
  const found: FoundDrift = {
    ...{ stack: 'cell.cel_1', kind: 'changed', type: 'aws:sqs/queue:Queue', resource: 'urn:1', name: 'queue' },
    ...{ owner: null, tenantId: null, layer: 'queue', stateful: true, upshot: 'update' },
    properties: [{ path: 'visibilityTimeoutSeconds', before: '30', after: '77' }],
  };
  expect(findingDigest({ ...found, tenantId: 'ten_1' })).toBe(findingDigest(found));
  const properties = [{ path: 'visibilityTimeoutSeconds', before: '30', after: '78' }];
  expect(findingDigest({ ...found, properties })).not.toBe(findingDigest(found));
});
