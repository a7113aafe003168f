import { randomBytes } from 'node:crypto';
import { finding, type CheckCount, type Finding, type ProofMode, type TargetProof } from '@bulkhead/domain/isolation';
import pg from 'pg';
import { Attempts, rolledBack } from './attempts.js';
import { fillTables } from './fill.js';
import { takeInventory } from './inventory.js';
import { lint } from './lints.js';
import { makeProbeTenants, type ProbeTenants } from './probe-tenants.js';
import { contextProbe, poolerProbe } from './probes/context.js';
import { destroyProbe } from './probes/destroy.js';
import { inferProbe } from './probes/infer.js';
import type { Probe, Scene } from './probes/probe.js';
import { functionProbe, reachProbe } from './probes/reach.js';
import { readProbe } from './probes/read.js';
import { writeProbe } from './probes/write.js';
import type { DatabaseTarget } from './target.js';

const PROBES: Readonly<Record<string, Probe>> = {
  'probe: read': readProbe,
  'probe: write': writeProbe,
  'probe: infer': inferProbe,
  'probe: contexts': contextProbe,
  'probe: pooler states': poolerProbe,
  'probe: reach': reachProbe,
  'probe: functions': functionProbe,
};

/** Registration, data keys, homes, context keys: what every tenant database has. */
const LEAST_REGISTRY_RELATIONS = 4;

/**
 * Proves a tenant database, or shows its leaks. Everything happens in one transaction that is rolled back: two tenants,
 * their key and their rows exist nowhere else.
 * @param mode `copy` carries out destructive probes, whose locks would stop a live database.
 */
export async function proveDatabase(target: DatabaseTarget, mode: ProofMode): Promise<TargetProof> {
  return rolledBack(target.admin, async (client) => {
    await client.query(`SET LOCAL ROLE ${pg.escapeIdentifier(target.ownerRole)}`);
    const { relations, counts } = await takeInventory(client);
    const { findings, looked } = await lint(client, target);
    const checks: CheckCount[] = [...counts, { name: 'lints', looked }];
    const voids: string[] = [];
    const seen = (name: string): number => counts.find((count) => count.name === name)?.looked ?? 0;
    if (seen('registry relations') < LEAST_REGISTRY_RELATIONS) voids.push('The plane’s own tables were not seen.');
    if (seen('roles') < 2) voids.push('Owner and serving role were not seen.');

    await mayServe(client, target);
    const tenants = await makeProbeTenants(client, target.name);
    const attempts = new Attempts(client, target.servingRole);
    voids.push(...(await seesItsCanary({ client, target, tenants, attempts })));
    const filled = await fillTables(client, relations, tenants);
    checks.push({ name: 'tables with probe rows', looked: filled.tables.length });
    if (filled.tables.length < target.leastTenantTables)
      voids.push(`Rows could be put into ${filled.tables.length} tables; ${target.leastTenantTables} are wanted.`);
    findings.push(...filled.unfilled.map(({ relation, reason }) => notFilled(target, relation.name, reason)));

    const scene: Scene = { target, attempts, tenants, relations, filled, destructive: mode === 'copy' };
    const probes = mode === 'copy' ? { ...PROBES, 'probe: destroy': destroyProbe } : PROBES;
    for (const [name, probe] of Object.entries(probes)) {
      const result = await probe(scene);
      checks.push({ name, looked: result.looked });
      findings.push(...result.findings);
    }
    checks.push({ name: 'attempts', looked: attempts.made });
    voids.push(...attempts.undecided.map((what) => `A probe was not decided: ${what}`));
    return { target: target.name, kind: 'database', checks, findings: distinct(findings), voids };
  });
}

/** Lets the admin act as the serving role, until the transaction is rolled back. */
async function mayServe(client: pg.Client, { ownerRole, servingRole }: DatabaseTarget): Promise<void> {
  const [owner, serving] = [pg.escapeIdentifier(ownerRole), pg.escapeIdentifier(servingRole)];
  await client.query('SET LOCAL ROLE NONE');
  const { rows } = await client.query<{ may: boolean }>(`SELECT pg_has_role(session_user, $1::name, 'SET') AS may`, [
    servingRole,
  ]);
  if (rows[0]?.may !== true) await client.query(`GRANT ${serving} TO CURRENT_USER WITH SET TRUE, INHERIT FALSE`);
  await client.query(`SET LOCAL ROLE ${owner}`);
}

/**
 * Plants a leak in a table of its own and looks for it, by lint and by probe. A proof that does not see it is blind:
 * somebody replaced the lint, or the probes do not act as the serving role.
 */
async function seesItsCanary(by: {
  readonly client: pg.Client;
  readonly target: DatabaseTarget;
  readonly tenants: ProbeTenants;
  readonly attempts: Attempts;
}): Promise<string[]> {
  const { client, target, tenants, attempts } = by;
  const name = `app.canary_${randomBytes(6).toString('hex')}`;
  await client.query('SAVEPOINT canary');
  try {
    await client.query(`CREATE TABLE ${name} (tenant_id text COLLATE "C" PRIMARY KEY, note text NOT NULL);
      GRANT SELECT ON ${name} TO ${pg.escapeIdentifier(target.servingRole)}`);
    await client.query(`INSERT INTO ${name} VALUES ($1, $2), ($3, $4)`, [
      tenants.a.id,
      tenants.a.secret,
      tenants.b.id,
      tenants.b.secret,
    ]);
    const { relations } = await takeInventory(client);
    const canary = relations.filter((relation) => relation.name === name);
    const linted = (await lint(client, target)).findings;
    const nothing = { tables: [], unfilled: [] };
    const probed = await readProbe({
      target,
      attempts,
      tenants,
      relations: canary,
      filled: nothing,
      destructive: false,
    });
    const found = (findings: readonly Finding[], rule: string) =>
      findings.some((one) => one.rule === rule && one.object === name);
    return [
      ...(found(linted, 'rls_missing') ? [] : ['The lint did not name the planted leak.']),
      ...(found(probed.findings, 'row_read') ? [] : ['The probes did not see the planted leak.']),
    ];
  } finally {
    await client.query('ROLLBACK TO SAVEPOINT canary; RELEASE SAVEPOINT canary');
  }
}

function notFilled(target: DatabaseTarget, object: string, reason: string): Finding {
  return finding('not_filled', {
    target: target.name,
    object,
    detail: `Postgres said ${reason}.`,
    shown: 'probe:fill',
  });
}

/** One finding for each rule, object and way; the first detail is kept. */
function distinct(findings: readonly Finding[]): Finding[] {
  const keyed = new Map(findings.toReversed().map((one) => [`${one.rule} ${one.object} ${one.shown}`, one]));
  return [...keyed.values()].toReversed();
}
