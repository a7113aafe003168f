import { accessSync, constants, readFileSync } from 'node:fs';
import { newId } from '@bulkhead/kernel';
import { LIFTABLE_RULES, POLICY_PACK_PATH, policyConfig } from './pack-config.js';
import { RESOURCE_RULES } from './rules/index.js';

const spec = {
  stackId: newId('stack'),
  region: 'us-east-1' as const,
  retention: { backupDays: 1, objectVersionDays: 1, logDays: 1 },
};

test('rules are lifted only for a dedicated stack that an operation discards, and only those that may be', () => {
  const discardedBy = newId('operation');
  expect(policyConfig({ program: 'dedicated-tenant', spec })).toEqual({});
  expect(policyConfig({ program: 'dedicated-tenant', spec: { ...spec, discardedBy } })).toEqual({
    'state-protected': { discardedBy },
    'deletion-protected': { discardedBy },
  });
});

test('the rules that may be lifted exist', () => {
  const ids = RESOURCE_RULES.map((rule) => rule.id);
  for (const rule of LIFTABLE_RULES) expect(ids).toContain(rule);
});

test('the pack is a program that the CLI can start', () => {
  expect(() => accessSync(POLICY_PACK_PATH, constants.X_OK)).not.toThrow();
  expect(readFileSync(POLICY_PACK_PATH, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
});
