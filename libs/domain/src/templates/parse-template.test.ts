import { BulkheadError } from '@bulkhead/kernel';
import { checkTemplates, parseTemplate, parseTemplates } from './parse-template.js';
import type { TemplateProblem } from './template-types.js';

const tier = `name: pooled
version: 1
title: Pooled
description: All shared
layers:
  database: shared
  storage: shared
  key: shared
  queue: shared
serviceClass: standard
releaseCohort: early
retention:
  backupDays: 14
  objectVersionDays: 30
  logDays: 365
requires:
  planKinds: [clinic]
policyPack: standard@1
onboarding: simple@1
`;
const plan = `name: clinic
version: 1
title: Clinic
description: Per provider
kind: clinic
currency: USD
interval: month
price:
  model: per-provider
  unitAmountMinor: 14900
paymentTermDays: 14
modules: [charting]
quotas:
  providers: 25
tiers: [pooled]
`;
const pack = `name: standard
version: 1
title: Standard
description: Defaults
retention: {minimumBackupDays: 14, minimumObjectVersionDays: 30, minimumLogDays: 365}
access: {multiFactorRequired: true, sessionMinutes: 60, supportGrantMinutes: 60, breakGlassApprovals: 2}
security: {minimumTls: '1.2', keyRotationDays: 365, servingTokenMinutes: 15}
`;
const checklist = `name: simple
version: 1
title: Simple
description: Short
milestones:
  - {code: contract, title: Contract, owner: platform, completedBy: workflow, dueDays: 0, after: []}
  - {code: go-live, title: Live, owner: customer, completedBy: person, dueDays: 30, after: [contract]}
`;

const files = (changes: Record<string, string> = {}) =>
  Object.entries({
    'tiers/pooled.yaml': tier,
    'plans/clinic.yaml': plan,
    'policy-packs/standard.yaml': pack,
    'onboarding/simple.yaml': checklist,
    ...changes,
  }).map(([file, text]) => ({ file, text }));

function problemsOf(action: () => unknown): TemplateProblem[] {
  try {
    action();
  } catch (error) {
    if (!(error instanceof BulkheadError)) throw error;
    expect(error).toMatchObject({ code: 'invalid_template', status: 422 });
    expect(error.remediation).toContain('errors[]');
    return [...error.errors] as TemplateProblem[];
  }
  throw new Error('Expected the template to be refused');
}

const tierProblems = (text: string) => problemsOf(() => parseTemplate('tier', text, 'tiers/pooled.yaml'));
const setProblems = (changes: Record<string, string>) => problemsOf(() => parseTemplates(files(changes)));

describe('one template', () => {
  it('is returned with its digest when it fits the schema', () => {
    const parsed = parseTemplate('tier', tier, 'tiers/pooled.yaml');
    expect(parsed.body.retention).toEqual({ backupDays: 14, objectVersionDays: 30, logDays: 365 });
    expect(parsed.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it('keeps its digest when comments, key order and style change, and loses it when a value changes', () => {
    const digest = parseTemplate('tier', tier, 'a').digest;
    const lines = tier.replace('title: Pooled\n', '').trimEnd();
    expect(parseTemplate('tier', `# note\n${lines}\ntitle: "Pooled"\n`, 'b').digest).toBe(digest);
    expect(parseTemplate('tier', tier.replace('backupDays: 14', 'backupDays: 15'), 'c').digest).not.toBe(digest);
  });

  it('collects every problem with file, line, column and pointer', () => {
    const bad = tier
      .replace('backupDays: 14', 'backupDays: 99')
      .replace('storage: shared', 'storage: mine')
      .replace('title: Pooled\n', '');
    expect(tierProblems(bad)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ file: 'tiers/pooled.yaml', line: 1, column: 1, pointer: '/title' }),
        expect.objectContaining({
          line: 6,
          column: 12,
          pointer: '/layers/storage',
          message: 'tiers/pooled.yaml:6:12 Must be one of shared, dedicated.',
        }),
        expect.objectContaining({ line: 12, column: 15, pointer: '/retention/backupDays' }),
      ]),
    );
    expect(tierProblems(bad)).toHaveLength(3);
  });

  it('points at the key of an unknown property, __proto__ included', () => {
    expect(tierProblems(`${tier}retension: 3\n`)).toMatchObject([{ line: 20, column: 1, pointer: '/retension' }]);
    expect(tierProblems(`${tier}__proto__: {a: 1}\n`)).toMatchObject([{ line: 20, pointer: '/__proto__' }]);
    expect(({} as Record<string, unknown>)['a']).toBeUndefined();
  });

  it('points at broken YAML', () => {
    expect(tierProblems('name: [pooled\nversion: 1\n')[0]).toMatchObject({ file: 'tiers/pooled.yaml', line: 2 });
    expect(tierProblems(`${tier}name: again\n`)[0]).toMatchObject({ line: 20, column: 1 });
    expect(tierProblems('')[0]).toMatchObject({ line: 1, column: 1, pointer: '' });
    expect(tierProblems(`${tier}---\n${tier}`)[0]?.message).toContain('multiple documents');
  });

  it('refuses anchors and aliases', () => {
    expect(
      tierProblems(
        tier.replace('title: Pooled', 'title: &t Pooled').replace('description: All shared', 'description: *t'),
      ),
    ).toMatchObject([
      { line: 3, column: 11 },
      { line: 4, column: 14 },
    ]);
  });
});

describe('a set of templates', () => {
  it('is returned when every reference holds', () => {
    const set = parseTemplates(files());
    expect(set.tiers.map(({ body }) => body.name)).toEqual(['pooled']);
    expect(() => checkTemplates(set)).not.toThrow();
  });

  it('reports the problems of all files at once', () => {
    const problems = setProblems({
      'tiers/pooled.yaml': tier.replace('logDays: 365', 'logDays: 0'),
      'plans/clinic.yaml': plan.replace('currency: USD', 'currency: XYZ'),
    });
    expect(problems.map(({ file }) => file)).toEqual(['tiers/pooled.yaml', 'plans/clinic.yaml']);
  });

  it('refuses a file outside the known folders', () => {
    expect(setProblems({ 'teirs/pooled.yaml': tier })).toMatchObject([{ file: 'teirs/pooled.yaml' }]);
    expect(setProblems({ 'constructor/pooled.yaml': tier })).toMatchObject([{ file: 'constructor/pooled.yaml' }]);
  });

  it.each([
    [
      'a plan whose tier does not exist',
      { 'plans/clinic.yaml': plan.replace('[pooled]', '[pooled, gold]') },
      '/tiers/1',
      15,
    ],
    [
      'a plan whose tier is not for its kind',
      { 'tiers/pooled.yaml': tier.replace('[clinic]', '[enterprise]') },
      '/tiers/0',
      15,
    ],
    [
      'a per-provider plan without its quota',
      { 'plans/clinic.yaml': plan.replace('providers: 25', 'sites: 25') },
      '/quotas',
      14,
    ],
    [
      'a module that is named like a quota',
      { 'plans/clinic.yaml': plan.replace('[charting]', '[charting, providers]') },
      '/modules/1',
      12,
    ],
    ['an unknown policy pack', { 'tiers/pooled.yaml': tier.replace('standard@1', 'standard@2') }, '/policyPack', 18],
    ['an unknown checklist', { 'tiers/pooled.yaml': tier.replace('simple@1', 'simple@2') }, '/onboarding', 19],
    [
      'retention below the policy pack',
      { 'tiers/pooled.yaml': tier.replace('logDays: 365', 'logDays: 30') },
      '/retention/logDays',
      15,
    ],
    [
      'a dedicated database without a size',
      { 'tiers/pooled.yaml': tier.replace('database: shared', 'database: dedicated') },
      '/layers/database',
      6,
    ],
    [
      'a size for a shared database',
      { 'tiers/pooled.yaml': `${tier}database: {instanceClass: db.t4g.small, storageGb: 20}\n` },
      '/database',
      20,
    ],
    [
      'a milestone after one that is not above it',
      { 'onboarding/simple.yaml': checklist.replace('after: []', 'after: [go-live]') },
      '/milestones/0/after/0',
      6,
    ],
    [
      'a milestone listed twice',
      { 'onboarding/simple.yaml': checklist.replace('code: go-live', 'code: contract') },
      '/milestones/1/code',
      7,
    ],
    ['the same name and version twice', { 'tiers/zz.yaml': tier }, '/name', 1],
  ] as const)('refuses %s, pointing at the line', (_what, changes, pointer, line) => {
    expect(setProblems(changes)).toMatchObject([{ pointer, line }]);
  });

  it('accepts two versions of one tier and judges a plan by the newest', () => {
    const second = tier.replace('version: 1', 'version: 2');
    expect(parseTemplates(files({ 'tiers/pooled-2.yaml': second })).tiers).toHaveLength(2);
    expect(setProblems({ 'tiers/pooled-2.yaml': second.replace('[clinic]', '[practice]') })).toMatchObject([
      { pointer: '/tiers/0' },
    ]);
  });
});
