import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { FACT_NAMES, FACTS, SENSITIVITIES, type FactValues } from '../classification/facts.js';
import { LAYERS, type Layer } from '../placement/layers.js';
import { parseTemplate } from '../templates/parse-template.js';
import { PLAN_KINDS, type PlanKind } from '../templates/template-types.js';
import { decideEligibility, missingInWords } from './eligibility.js';
import { readPolicyText } from './policy-text.js';

const file = 'eligibility/dedicated-layers.yaml';
const source = readFileSync(new URL(`../../../../tenant-templates/${file}`, import.meta.url), 'utf8');
const { policy } = parseTemplate('eligibility', source, file).body;

const ask = (layer: Layer, facts: FactValues, planKind: PlanKind = 'enterprise') => {
  const [answer] = decideEligibility(policy, { tenantId: 'ten_1', facts, planKind }, [layer]);
  if (!answer) throw new Error('A layer has an answer');
  return { ...answer, missing: missingInWords([answer]) };
};

describe('the shipped eligibility policy', () => {
  it('says by how much a number is missing', () => {
    expect(ask('database', { providers: 47, integrations: 4 })).toMatchObject({
      eligible: false,
      missing: [
        'Own database: needs 3 more providers (has 47, at least 50 asked), or needs a contract or regulator that asks for physical separation.',
      ],
    });
    expect(ask('database', { providers: 50, integrations: 104 }).missing).toEqual([
      'Own database: needs 4 fewer integrations (has 104, at most 100 asked).',
    ]);
  });

  it('says what is met, in the same words', () => {
    const { rules, eligible } = ask('database', { providers: 60, integrations: 4 });
    expect(eligible).toBe(true);
    expect(rules.map(({ id, detail }) => `${id}: ${detail}`)).toEqual([
      'database.plan: the kind of plan is enterprise',
      'database.size: has 60 providers, at least 50 asked',
      'database.operable: has 4 integrations, at most 100 asked',
    ]);
  });

  it('refuses what nobody recorded, and says that it is not known', () => {
    expect(ask('key', {})).toMatchObject({
      eligible: false,
      missing: [
        'Own key: regulatory sensitivity must be moderate (nothing is recorded), or regulatory sensitivity must be high (nothing is recorded).',
      ],
    });
    expect(ask('database', { contractualSeparation: true }).missing).toEqual([
      'Own database: needs at most 100 integrations, of which nothing is recorded.',
    ]);
  });

  it.each<[Layer, PlanKind, FactValues, boolean]>([
    ['database', 'practice', { providers: 60, integrations: 1 }, false],
    ['database', 'enterprise', { contractualSeparation: true, integrations: 1 }, true],
    ['database', 'enterprise', { contractualSeparation: false, providers: 10, integrations: 1 }, false],
    ['storage', 'clinic', { storageGb: 900 }, false],
    ['storage', 'practice', { storageGb: 499 }, false],
    ['storage', 'practice', { storageGb: 500 }, true],
    ['storage', 'practice', { regulatorySensitivity: 'high' }, true],
    ['key', 'clinic', { regulatorySensitivity: 'moderate' }, true],
    ['key', 'enterprise', { regulatorySensitivity: 'low' }, false],
    ['queue', 'enterprise', { transactionsPerDay: 19_999 }, false],
    ['queue', 'enterprise', { integrations: 10 }, true],
    ['queue', 'practice', { integrations: 10 }, false],
  ])('decides on an own %s for a %s plan with %j: %s', (layer, kind, facts, eligible) => {
    expect(ask(layer, facts, kind).eligible).toBe(eligible);
  });

  it('never says anything else than what Cedar decides', () => {
    const value = (name: (typeof FACT_NAMES)[number]) =>
      ({
        level: fc.constantFrom(...SENSITIVITIES),
        flag: fc.boolean(),
        count: fc.oneof(fc.integer({ min: 0, max: 120 }), fc.integer({ min: 0, max: 300_000 })),
      })[FACTS[name].kind];
    const facts = fc.record(Object.fromEntries(FACT_NAMES.map((name) => [name, value(name)])), { requiredKeys: [] });
    fc.assert(
      fc.property(facts, fc.constantFrom(...PLAN_KINDS), fc.constantFrom(...LAYERS), (known, kind, layer) => {
        const { eligible, rules, missing } = ask(layer, known, kind);
        expect(rules.every(({ met }) => met)).toBe(eligible);
        expect(missing.length === 0).toBe(eligible);
        for (const { detail } of rules) expect(detail).not.toBe('');
      }),
    );
  });
});

describe('a policy text', () => {
  const permits = LAYERS.map(
    (layer) => `@id("${layer}") permit (principal, action == Action::"dedicate", resource == Layer::"${layer}");`,
  ).join('\n');
  const rule = (condition: string, head = '@id("x") @says("y")') =>
    `${permits}\n${head} forbid (principal, action == Action::"dedicate", resource == Layer::"key") unless { ${condition} };`;

  it.each([
    ['does not parse', 'permit (', /unexpected/],
    ['misses a layer', permits.replace(/@id\("queue.*$/m, ''), /layer queue has no permit/],
    [
      'names a fact that there is not',
      rule('context has colour && context.colour == "red"'),
      /x: there is no fact "colour"/,
    ],
    ['relies on a fact that may be unknown', rule('context.providers >= 5'), /providers/],
    ['cannot be explained', rule('context has providers && context.providers + 1 >= 5'), /x: the left side/],
    ['uses another comparison', rule('context has providers && context.providers > 5'), /">" is not among/],
    ['waits for a word that is never said', rule('context.planKind == "vip"'), /planKind is never "vip"/],
    ['says nothing', rule('context.planKind == "clinic"', '@id("x")'), /x: a rule needs @says/],
    ['has no id', rule('context.planKind == "clinic"', '@says("y")'), /no @id/],
    ['uses an id twice', rule('context.planKind == "clinic"', '@id("key") @says("y")'), /same @id/],
  ])('that %s is refused', (_, text, problem) => {
    expect(() => readPolicyText(text)).toThrow(expect.objectContaining({ code: 'invalid_eligibility_policy' }));
    expect(() => readPolicyText(text)).toThrow(problem);
  });
});
