import { blocked, report, stack, step } from '../testing/sample-report.js';
import { exitCode } from '../report.js';
import { toJunit } from './junit.js';
import { COMMENT_LIMIT, toMarkdown } from './markdown.js';
import { readFleetPlan } from '@bulkhead/domain/fleet';
import { toPlanFile } from './plan-file.js';
import { toSarif } from './sarif.js';

const violation = {
  rule: 'key-rotates',
  urn: 'urn:pulumi:s::bulkhead::aws:kms/key:Key::key-key',
  message: 'Rotation is off.',
};
const digest = `sha256:${'a'.repeat(64)}`;
const changing = stack({ result: 'changes', steps: [step()] });
const failed = stack({ result: 'failed', reason: 'The program threw.' });
const losing = stack({ result: 'changes', steps: [blocked] });

describe('the exit code', () => {
  it.each([
    ['0 when nothing would change', [stack(), stack({ result: 'not-run' })], 0],
    ['1 when a stack failed', [changing, failed], 1],
    ['2 when stacks would change', [stack(), changing], 2],
    ['3 when state would be lost, whatever failed besides', [failed, losing], 3],
    ['3 when a rule is broken', [stack({ result: 'changes', violations: [violation] })], 3],
  ] as const)('is %s', (_what, stacks, code) => expect(exitCode(report({ stacks }))).toBe(code));

  it('is 3 when a published template was changed, although no stack would', () => {
    expect(exitCode(report({ problems: [{ rule: 'published-version-changed', message: 'x' }] }))).toBe(3);
  });
});

describe('the Markdown', () => {
  it('names what is blocked before anything else, and says that there are no prices', () => {
    const text = toMarkdown(report({ stacks: [changing, losing] }));
    expect(text.indexOf('State would be lost.')).toBeLessThan(text.indexOf('Changes by stack'));
    expect(text).toContain('no price table');
    expect(text).toContain('**lakeside** **replace** `database-instance`');
  });

  it('fits into a comment, however large the fleet, and counts what it leaves out', () => {
    const stacks = Array.from({ length: 400 }, (_, at) =>
      stack({ ...changing, stack: `dedicated-tenant.stk_${at}`, steps: Array.from({ length: 9 }, () => step()) }),
    );
    const text = toMarkdown(report({ stacks: [losing, ...stacks] }));
    expect(text.length).toBeLessThanOrEqual(COMMENT_LIMIT);
    expect(text.length).toBeGreaterThan(COMMENT_LIMIT * 0.9);
    const shown = text.match(/<details>/g)?.length ?? 0;
    expect(text).toContain(`${402 - shown - 1} of 402 entries are left out`);
    expect(text.match(/<\/details>/g)).toHaveLength(shown);
    expect(text).toContain('**replace** `database-instance`');
  });

  it('lets no value and no message become markup', () => {
    const nasty = step({ properties: [{ path: 'a`b', before: '"`<img src=x>`\n# Title"', replaces: false }] });
    const text = toMarkdown(report({ stacks: [stack({ ...changing, steps: [nasty], notes: ['<script>[a](b)'] })] }));
    expect(text).not.toMatch(/^# Title/m);
    expect(text).toContain('\\<script\\>\\[a\\](b)');
    expect(text).toContain('`"ˋ<img src=x>ˋ\\n# Title"`'.replace('\\n', ' '));
  });
});

describe('SARIF', () => {
  type Log = {
    runs: {
      tool: { driver: { rules: { id: string; properties: { tags: string[] } }[] } };
      results: { ruleId: string; locations: object[] }[];
    }[];
  };
  it('carries every rule of the pack with its controls, and a result for each violation, loss and problem', () => {
    const problems = [
      { rule: 'published-version-changed' as const, message: 'x', file: 'tenant-templates/tiers/a.yaml', line: 3 },
    ];
    const { runs } = toSarif(report({ problems, stacks: [losing, stack({ violations: [violation] })] })) as Log;
    const [run] = runs;
    const rule = run?.tool.driver.rules.find(({ id }) => id === 'key-rotates');
    expect(rule?.properties.tags).toEqual(['security', 'HIPAA §164.312(a)(2)(iv)', 'CIS AWS 3.6', 'NIST 800-53 SC-12']);
    expect(run?.results.map(({ ruleId }) => ruleId)).toEqual([
      'published-version-changed',
      'state-kept',
      'key-rotates',
    ]);
    expect(run?.results[0]?.locations).toMatchObject([
      { physicalLocation: { artifactLocation: { uri: 'tenant-templates/tiers/a.yaml' }, region: { startLine: 3 } } },
    ]);
    const known = new Set(run?.tool.driver.rules.map(({ id }) => id));
    for (const { ruleId } of run?.results ?? []) expect(known.has(ruleId)).toBe(true);
  });
});

describe('JUnit', () => {
  it('fails what is blocked, errs what failed, skips what was not run, and is XML whatever a message holds', () => {
    const nasty = stack({ ...failed, reason: 'a < "b" & \u0007' });
    const text = toJunit(
      report({ stacks: [losing, nasty, stack({ result: 'not-run', reason: 'untouched' }), stack()] }),
    );
    expect(text).toContain('tests="4" failures="1" errors="1" skipped="1"');
    expect(text).toContain('a &lt; &quot;b&quot; &amp; \uFFFD');
  });
});

describe('the plan file', () => {
  const hashOf = (changes: Parameters<typeof report>[0]) =>
    (toPlanFile(report(changes)) as { planHash: string }).planHash;
  it('has one hash for one change of one fleet, and another for another', () => {
    expect(hashOf({})).toBe(hashOf({}));
    const later = { bundle: { createdAt: '2026-12-01T00:00:00.000Z', source: 'x' } };
    for (const other of [later, { stacks: [changing] }, { stacks: [stack({ stateDigest: 'sha256:moved' })] }])
      expect(hashOf(other)).not.toBe(hashOf({}));
  });

  it('holds for a week from when the fleet was read, and says cost and rules of all stacks', () => {
    const monthly = { amountMinor: 150, currency: 'USD' as const };
    const broken = stack({ ...changing, violations: [violation], monthly });
    const plan = toPlanFile(report({ stacks: [broken, stack({ monthly })] }));
    expect([plan.expiresAt, plan.monthly]).toEqual(['2026-11-08T00:00:00.000Z', { amountMinor: 300, currency: 'USD' }]);
    expect(plan.policies.filter(({ violations }) => violations > 0)).toEqual([{ rule: 'key-rotates', violations: 1 }]);
  });

  it('is read back whole, and not when anything of it was changed', () => {
    const plan = toPlanFile(
      report({ code: digest, stacks: [stack({ wantedDigest: digest, stateDigest: digest, tenants: [] })] }),
    );
    const text = JSON.stringify(plan);
    expect(readFleetPlan(JSON.parse(text))).toEqual(JSON.parse(text));
    for (const [was, is] of [
      ['2026-11-08', '2027-11-08'],
      ['"blocked":false', '"blocked":true'],
      ['"steps":[]', '"steps":[{}]'],
    ])
      expect(() => readFleetPlan(JSON.parse(text.replace(was!, is!)))).toThrow('its hash says');
  });
});
