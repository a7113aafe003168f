import { BulkheadError } from '@bulkhead/kernel';
import { findingDigest, remedyFor, type FoundDrift, type RemedyFacts } from './index.js';

const facts = (changes: Partial<RemedyFacts> = {}): RemedyFacts => ({
  ...{ kind: 'changed', name: 'queue-queue', upshot: 'update', stateful: true, ownerLive: true },
  ...changes,
});
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

test.each(['replace', 'delete'] as const)('a repair that would %s what holds data takes two people', (upshot) => {
  expect(remedyFor('drift-repair', facts({ upshot }))).toMatchObject({ destructive: true, approvals: 2 });
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
