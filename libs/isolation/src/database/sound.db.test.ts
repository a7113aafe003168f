import { findingsOf, toSarif, type ProofReport } from '@bulkhead/domain/isolation';
import { prove } from '../prove.js';
import { Attempts, rolledBack } from './attempts.js';
import type { DatabaseTarget } from './target.js';
import { startProofPlane, type ProofPlane } from '../testing/index.js';

let plane: ProofPlane;

beforeAll(async () => {
  plane = await startProofPlane();
});
afterAll(() => plane?.stop());

const looked = (report: ProofReport, name: string): number =>
  report.targets[0]?.checks.find((check) => check.name === name)?.looked ?? 0;

it.each(['live', 'copy'] as const)(
  'a sound database is green in mode %s, and the report says what was looked at',
  async (mode) => {
    const report = await plane.onCopy({}, (target) => prove([target], { mode }));
    expect(findingsOf(report)).toEqual([]);
    expect(report).toMatchObject({ verdict: 'green', targets: [{ voids: [] }] });
    expect(findingsOf(report)).toEqual([]);
    const least = {
      tables: 3,
      partitions: 1,
      views: 1,
      sequences: 2,
      policies: 6,
      'tables with probe rows': 3,
      attempts: 100,
    };
    for (const [name, count] of Object.entries(least)) expect(looked(report, name)).toBeGreaterThanOrEqual(count);
    expect(toSarif(report)).toMatchObject({
      version: '2.1.0',
      runs: [{ results: [], invocations: [{ executionSuccessful: true }] }],
    });
  },
);

it('takes whoever only administers a role for no serving role, and whoever may act as it for one', async () => {
  const named = (target: DatabaseTarget) =>
    plane.query(target, `SELECT rule, object FROM bulkhead.lint('{}') WHERE object LIKE '%\\_master'`);
  // It may act as the owner, which nobody said that it may; it serves nobody.
  const asMade = await plane.onCopy({}, named);
  expect(asMade).toEqual([{ rule: 'unknown_operator', object: expect.stringMatching(/_master$/) }]);
  const change = 'GRANT {app} TO {master} WITH SET TRUE, INHERIT FALSE';
  const serving = await plane.onCopy({ change, undo: 'GRANT {app} TO {master} WITH SET FALSE, INHERIT FALSE' }, named);
  expect(serving.map(({ rule }) => rule)).toContain('serving_too_mighty');
});

it('an attempt that a timeout, a deadlock or an unknown error ended is not decided', async () => {
  await plane.onCopy({}, async ({ admin, servingRole }) => {
    await rolledBack(admin, async (client) => {
      await client.query(`GRANT ${servingRole} TO CURRENT_USER WITH SET TRUE, INHERIT FALSE`);
      const attempts = new Attempts(client, servingRole);
      const raise = (code: string) =>
        attempts.asServing('', `DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '${code}'; END $$`);
      for (const code of ['TN001', '42501', '23505', '22P02']) await raise(code);
      expect(attempts.undecided).toEqual([]);
      for (const code of ['57014', '40P01', '40001', '55P03', 'TN100', '42P01', 'ZZ999', '54001']) await raise(code);
      expect(attempts.undecided).toHaveLength(8);
    });
  });
});

it('a proof leaves nothing behind', async () => {
  const state = `SELECT (SELECT count(*) FROM app.patient)::int AS rows, (SELECT count(*) FROM bulkhead.context_key)::int AS keys,
    (SELECT count(*) FROM bulkhead.tenant_home)::int AS homes, (SELECT count(*) FROM pg_class)::int AS relations,
    (SELECT count(*) FROM pg_auth_members)::int AS members, (SELECT last_value FROM app.visit_id_seq)::int AS counter`;
  await plane.onCopy({}, async (target) => {
    const before = await plane.query(target, state);
    await prove([target], { mode: 'copy' });
    expect(await plane.query(target, state)).toEqual(before);
  });
});

const blind: readonly (readonly [string, string, string])[] = [
  [
    'nothing is there to look at',
    'DROP TABLE app.patient, app.visit, app.event CASCADE',
    'Rows could be put into 0 tables; 3 are wanted.',
  ],
  [
    'the lint was replaced',
    `CREATE OR REPLACE FUNCTION bulkhead.lint_tables() RETURNS TABLE (rule text, object text, detail text) LANGUAGE sql STABLE AS $$ SELECT ''::text, '', '' WHERE false $$`,
    'The lint did not name the planted leak.',
  ],
  [
    'the serving role cannot even look',
    'REVOKE USAGE ON SCHEMA app FROM {app}',
    'The probes did not see the planted leak.',
  ],
];

it.each(blind)('the report is void when %s', async (_, change, reason) => {
  const report = await plane.onCopy({ change }, (target) => prove([target], { mode: 'live' }));
  expect(report.verdict).toBe('void');
  expect(report.targets[0]?.voids).toContain(reason);
});

it('the report is void without targets, and when a target does not answer', async () => {
  expect((await prove([], { mode: 'live' })).verdict).toBe('void');
  const report = await plane.onCopy({}, (target) => prove([{ ...target, ownerRole: 'nobody_here' }], { mode: 'live' }));
  expect(report).toMatchObject({ verdict: 'void', targets: [{ voids: [expect.stringContaining('broke off')] }] });
});

it('a table whose rows cannot be made is told, and does not hide', async () => {
  const change = `SET ROLE {owner}; CREATE TABLE app.odd (tenant_id text COLLATE "C" PRIMARY KEY, body text CHECK (md5(body) = 'x') NOT NULL); SELECT bulkhead.protect('app.odd')`;
  const report = await plane.onCopy({ change }, (target) => prove([target], { mode: 'live' }));
  expect(report.verdict).toBe('green');
  expect(findingsOf(report)).toEqual([
    expect.objectContaining({ rule: 'not_filled', object: 'app.odd', severity: 'note' }),
  ]);
});
