import { randomBytes } from 'node:crypto';
import { finding, type Finding, type ProofMode } from '@bulkhead/domain/isolation';
import pg from 'pg';
import type { Collected } from '../collected.js';
import { Attempts, rolledBack } from './attempts.js';
import { fillTables, type Filled } from './fill.js';
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
import type { DatabaseTarget, Relation } from './target.js';

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
/** Owner and serving role. */
const LEAST_ROLES = 2;

/**
 * Proves a tenant database, or shows its leaks. Everything happens in one transaction that is rolled back: two tenants,
 * their key and their rows exist nowhere else.
 * @param mode `copy` carries out destructive probes, whose locks would stop a live database.
 */
export async function proveDatabase(target: DatabaseTarget, mode: ProofMode, collected: Collected): Promise<void> {
  await rolledBack(target.admin, async (client) => {
    await client.query(`SET LOCAL ROLE ${pg.escapeIdentifier(target.ownerRole)}`);
    const relations = await judgeCatalogues(client, target, collected);
    await mayServe(client, target);
    for (const [name, value] of Object.entries(target.profile.settings))
      await client.query('SELECT set_config($1, $2, true)', [name, value]);
    const tenants = await makeProbeTenants(client, target.name);
    const attempts = new Attempts(client, target.servingRole, target.profile.refusals);
    collected.void(...(await seesItsCanary({ client, target, tenants, attempts })));
    const filled = await fillTables(client, relations, tenants, target.profile);
    collected.looked('tables with probe rows', filled.tables.length);
    if (filled.tables.length < target.leastTenantTables)
      collected.void(`Rows could be put into ${filled.tables.length} tables; ${target.leastTenantTables} are wanted.`);
    collected.found(filled.unfilled.map(({ relation, reason }) => notFilled(target, relation.name, reason)));
    collected.void(...(await blindTables(attempts, tenants, filled)));
    await probe({ target, attempts, tenants, relations, filled, destructive: mode === 'copy' }, collected);
  });
}

/** What is there, and what can be seen to be wrong without trying. */
async function judgeCatalogues(
  client: pg.Client,
  target: DatabaseTarget,
  collected: Collected,
): Promise<readonly Relation[]> {
  const { relations, counts } = await takeInventory(client);
  for (const { name, looked } of counts) collected.looked(name, looked);
  const { findings, looked } = await lint(client, target);
  collected.looked('lints', looked);
  collected.found(findings);
  const seen = (name: string): number => counts.find((count) => count.name === name)?.looked ?? 0;
  if (seen('registry relations') < LEAST_REGISTRY_RELATIONS) collected.void('The plane’s own tables were not seen.');
  if (seen('roles') < LEAST_ROLES) collected.void('Owner and serving role were not seen.');
  return relations;
}

/**
 * The tenant must see its own row wherever the service may look: otherwise everything is refused for another reason than
 * isolation, and a refusal proves nothing.
 */
async function blindTables(attempts: Attempts, { a }: ProbeTenants, { tables }: Filled): Promise<string[]> {
  const blind: string[] = [];
  for (const { relation } of tables) {
    const own = await attempts.asServing(a.context, `SELECT 1 FROM ${relation.name} WHERE tenant_id = $1`, [a.id]);
    if (own.ok ? own.count > 0 : own.code === '42501') continue;
    blind.push(`A tenant does not see its own row of ${relation.name}${own.ok ? '' : ` (${own.code})`}.`);
  }
  return blind;
}

async function probe(scene: Scene, collected: Collected): Promise<void> {
  const { attempts, destructive } = scene;
  const probes = destructive ? { ...PROBES, 'probe: destroy': destroyProbe } : PROBES;
  for (const [name, run] of Object.entries(probes)) {
    const { looked, findings } = await run(scene);
    collected.looked(name, looked);
    collected.found(findings);
  }
  collected.looked('attempts', attempts.made);
  collected.void(...attempts.undecided.map((what) => `A probe was not decided: ${what}`));
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
