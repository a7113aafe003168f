import { readdirSync, readFileSync } from 'node:fs';
import { findingsOf } from '@bulkhead/domain/isolation';
import { parseWorkloadProfile, prove } from '@bulkhead/isolation';
import { startProofPlane, type ProofPlane } from '@bulkhead/isolation/testing';

const CLINIC = new URL('../../../apps/clinic/', import.meta.url);
const migrations = readdirSync(new URL('migrations/', CLINIC))
  .filter((name) => name.endsWith('.sql'))
  .toSorted();
const workload = migrations.map((name) => readFileSync(new URL(`migrations/${name}`, CLINIC), 'utf8'));
const profile = parseWorkloadProfile(readFileSync(new URL('isolation.json', CLINIC), 'utf8'));

let plane: ProofPlane;
beforeAll(async () => {
  plane = await startProofPlane({ workload: ['CREATE SCHEMA clinic;', ...workload].join('\n'), profile });
});
afterAll(() => plane?.stop());

it.each(['live', 'copy'] as const)(
  'the clinic’s database is proven with a row in every table, in mode %s',
  async (mode) => {
    const report = await plane.onCopy({}, (target) => prove([target], { mode }));
    expect(findingsOf(report)).toEqual([]);
    expect(report).toMatchObject({ verdict: 'green', targets: [{ voids: [] }] });
  },
);

it('a table that a migration forgets to protect fails', async () => {
  const change = 'SET ROLE {owner}; CREATE TABLE app.allergy (tenant_id text, id int, PRIMARY KEY (tenant_id, id))';
  const report = await plane.onCopy({ change }, (target) => prove([target], { mode: 'live' }));
  expect(report.verdict).toBe('findings');
  for (const rule of ['rls_missing', 'row_read', 'context_not_required'])
    expect(findingsOf(report)).toContainEqual(expect.objectContaining({ rule, object: 'app.allergy' }));
});

it('without the service’s own setting the proof is void: a refusal for another reason proves nothing', async () => {
  const blind = { ...profile, settings: {} };
  const report = await plane.onCopy({}, (target) => prove([{ ...target, profile: blind }], { mode: 'live' }));
  expect(report.verdict).toBe('void');
  expect(report.targets[0]?.voids).toContain('A tenant does not see its own row of app.patient (CL001).');
});
