import { BulkheadError } from '@bulkhead/kernel';
import { quotaInWords, quotasFor, quotedQuotas, requireQuotas, type QuotaStanding } from './cloud-quotas.js';

const instances = (used: number, promised: number): QuotaStanding => ({
  ...{ quota: 'rds-instances', limit: 40, used, promised, observedAt: '2026-11-23T00:00:00.000Z' },
});

test('a customer takes one of each thing that its layers are made of, and a role; a queue takes only that', () => {
  expect([...quotasFor(['database', 'storage', 'key', 'queue'])]).toEqual([
    ['iam-roles', 1],
    ['rds-instances', 1],
    ['s3-buckets', 1],
    ['kms-keys', 1],
  ]);
  expect([...quotasFor(['queue'])]).toEqual([['iam-roles', 1]]);
  expect([...quotasFor([])]).toEqual([]);
});

test('what is promised is not left, and more than all is none', () => {
  expect(quotaInWords(instances(26, 2))).toBe('12 of 40 RDS instances left; 2 promised');
  expect(quotaInWords(instances(40, 3))).toBe('0 of 40 RDS instances left; 3 promised');
});

test('the last one may be had, and what is not there is refused in words', () => {
  requireQuotas(quotedQuotas(['database'], [instances(38, 1)]), 'us-east-1');
  const none = quotedQuotas(['database'], [instances(38, 2)]);
  expect(none).toMatchObject([{ needed: 1, left: 0, enough: false }]);
  expect(() => requireQuotas(none, 'us-east-1')).toThrow(BulkheadError);
  expect(() => requireQuotas(none, 'us-east-1')).toThrow(/0 of 40 RDS instances left; 2 promised/);
});

test('a quota that is not needed, or that nobody has looked at, refuses nothing', () => {
  expect(quotedQuotas(['storage'], [instances(40, 0)])).toEqual([]);
  expect(quotedQuotas(['database'], [])).toEqual([]);
});
