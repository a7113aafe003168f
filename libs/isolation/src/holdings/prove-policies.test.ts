import { findingsOf } from '@bulkhead/domain/isolation';
import { prove } from '../prove.js';
import type { GuardingPolicies, PolicyRule } from './target.js';

const ACCOUNT = '111122223333';
const resource = { of: 'resource', account: ACCOUNT, delegates: false } as const;
const key = { ...resource, delegates: true } as const;
const role = { of: 'role', resources: ['arn:aws:s3:::bh-1', 'arn:aws:s3:::bh-1/*'] } as const;
const trust = { of: 'trust', account: ACCOUNT, externalId: 'stk_1' } as const;
const root = `arn:aws:iam::${ACCOUNT}:root`;

const denyPlainHttp = { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: '*' };
const allow = (rest: object) => ({ Effect: 'Allow', Action: 's3:GetObject', ...rest });
const named = { StringEquals: { 'sts:ExternalId': 'stk_1' } };

async function judge(judged: PolicyRule, ...statements: object[]) {
  const document = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  const policies: GuardingPolicies[] = [{ object: 'thing', judged, read: async () => [document] }];
  return await prove([{ kind: 'holdings', name: 'cel_1', a: {}, b: {}, policies }], { mode: 'live' });
}

it.each([
  ['a bucket that refuses plain HTTP', resource, [denyPlainHttp]],
  ['a key that leaves the rest to roles', key, [allow({ Principal: { AWS: root } })]],
  ['a resource that a service of AWS uses', resource, [allow({ Principal: { Service: 'backup.amazonaws.com' } })]],
  ['a role that names its own', role, [allow({ Resource: 'arn:aws:s3:::bh-1/*' })]],
  ['a role that is taken by naming its stack', trust, [allow({ Principal: { AWS: root }, Condition: named })]],
] as const)('%s is sound', async (_, judged, statements) => {
  const report = await judge(judged, ...statements);
  expect(report).toMatchObject({ verdict: 'green', targets: [{ voids: [] }] });
  expect(report.targets[0]?.checks).toContainEqual({ name: 'policies', looked: 1 });
});

it.each([
  ['a bucket that allows the account', resource, { Principal: { AWS: root } }, 'policy_open'],
  ['a bucket that allows the account by its number', resource, { Principal: { AWS: [ACCOUNT] } }, 'policy_open'],
  ['a queue that allows everybody', resource, { Principal: '*' }, 'policy_open'],
  ['a queue that allows everybody in AWS', resource, { Principal: { AWS: '*' } }, 'policy_open'],
  ['a secret that allows a role of another', resource, { Principal: { AWS: `${root}/bh-2` } }, 'policy_open'],
  ['a key that allows everybody', key, { Principal: { AWS: '*' } }, 'policy_open'],
  ['a resource that allows all but one', resource, { NotPrincipal: { AWS: root } }, 'policy_open'],
  ['a role that names another’s bucket', role, { Resource: ['arn:aws:s3:::bh-1/*', 'arn:aws:s3:::*'] }, 'role_reaches'],
  ['a role that names all but one', role, { NotResource: 'arn:aws:s3:::x' }, 'role_reaches'],
  ['a role that anybody of the account may take', trust, { Principal: { AWS: root } }, 'role_open'],
  ['a role that another account may take', trust, { Principal: { AWS: '2' }, Condition: named }, 'role_open'],
] as const)('%s is named', async (_, judged, statement, rule) => {
  const report = await judge(judged, denyPlainHttp, allow(statement));
  expect(report.verdict).toBe('findings');
  expect(findingsOf(report)).toEqual([expect.objectContaining({ rule, object: 'thing', shown: 'static' })]);
});

it('a policy that cannot be read, or a role without one, makes the proof void', async () => {
  const unreadable = { object: 'bucket', judged: resource, read: () => Promise.reject(new TypeError('no')) };
  const none = { object: 'role', judged: role, read: async () => [] };
  const policies = [unreadable, none];
  const report = await prove([{ kind: 'holdings', name: 'cel_1', a: {}, b: {}, policies }], { mode: 'live' });
  expect(report).toMatchObject({
    verdict: 'void',
    targets: [{ voids: ['bucket: its policy was not judged (TypeError).', 'role: its policy is not there.'] }],
  });
});
