import { forgets } from './retention.js';

const step = (path: string, before?: string, after?: string) => ({
  ...{ urn: 'u', type: 't', name: 'n', operation: 'update' as const },
  properties: [
    { path, ...(before !== undefined && { before }), ...(after !== undefined && { after }), replaces: false },
  ],
});

it.each([
  ['backupRetentionPeriod', '35', '7', true],
  ['backupRetentionPeriod', '7', '35', false],
  ['retentionInDays', '0', '90', true],
  ['retentionInDays', '90', '0', true],
  ['rules[0].noncurrentVersionExpiration.noncurrentDays', '30', '1', true],
  ['rules[0].expiration', undefined, '{"days":1}', true],
  ['rule.defaultRetention.days', '400', undefined, true],
  ['tags', '{}', '{"a":"b"}', false],
  ['allocatedStorage', '400', '200', false],
])('%s from %s to %s: forgets is %s', (path, before, after, expected) => {
  expect(forgets(step(path, before, after))).toBe(expected);
});
