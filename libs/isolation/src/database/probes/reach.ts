import type { Finding } from '@bulkhead/domain/isolation';
import pg from 'pg';
import { connected, isContextRefusal } from '../attempts.js';
import { reporter, type Probe, type Scene } from './probe.js';

/** Statements that would make or shadow something, or step outside of row security. */
const FORBIDDEN: readonly (readonly [string, string])[] = [
  ['a temporary table', 'CREATE TEMP TABLE bulkhead_probe (tenant_id text)'],
  ['a function', 'CREATE FUNCTION app.bulkhead_probe() RETURNS int LANGUAGE sql RETURN 1'],
  ['a schema', 'CREATE SCHEMA bulkhead_probe'],
  ['a publication', 'CREATE PUBLICATION bulkhead_probe FOR ALL TABLES'],
  ['triggers switched off', `SET LOCAL session_replication_role = 'replica'`],
  ['a program', `COPY (SELECT 1) TO PROGRAM 'true'`],
  ['a file of the server', `SELECT pg_catalog.pg_read_file('PG_VERSION')`],
  ['the registry', 'SELECT 1 FROM bulkhead.registration LIMIT 1'],
  ['wrapped keys', 'SELECT 1 FROM bulkhead.data_key LIMIT 1'],
  ['context keys', 'SELECT 1 FROM bulkhead.context_key LIMIT 1'],
  // Pads of the right length: others would be refused for their form, whoever may call it.
  [
    'a context key of one’s own',
    `SELECT bulkhead.set_context_key('probe', decode(repeat('36', 64), 'hex'), decode(repeat('5c', 64), 'hex'))`,
  ],
  ['the homes', 'UPDATE bulkhead.tenant_home SET epoch = epoch + 1'],
];

/** Reaches past the tables: roles, temporary objects, the registry, large objects, the server itself. */
export const reachProbe: Probe = async (scene) => {
  const { attempts, tenants, target } = scene;
  const report = reporter(scene, 'reach');
  const findings: Finding[] = [];
  for (const [what, sql] of FORBIDDEN) {
    const outcome = await attempts.asServing(tenants.a.context, sql);
    if (outcome.ok) findings.push(report('destructive_allowed', what, `The serving role could do: ${sql}`));
  }
  findings.push(...(await largeObjects(scene)));
  if (target.serving) findings.push(...(await roles(scene)));
  return { looked: FORBIDDEN.length + 1, findings };
};

/** A large object of B, made here. */
async function largeObjects({ attempts, tenants, ...scene }: Scene): Promise<Finding[]> {
  await attempts.client.query('SAVEPOINT large_object');
  const made = await attempts.client.query<{ oid: number }>('SELECT lo_from_bytea(0, $1) AS oid', [
    Buffer.from(tenants.b.secret),
  ]);
  const read = await attempts.asServing(tenants.a.context, `SELECT lo_get($1)`, [made.rows[0]?.oid]);
  await attempts.client.query('ROLLBACK TO SAVEPOINT large_object; RELEASE SAVEPOINT large_object');
  return read.ok ? [reporter(scene, 'reach')('large_object_read', 'large objects', 'lo_get answered.')] : [];
}

/** SET ROLE looks at the login, so only a session of the serving login can tell. */
async function roles({ target, ...scene }: Scene): Promise<Finding[]> {
  const findings: Finding[] = [];
  const report = reporter({ ...scene, target }, 'reach');
  await connected(target.serving ?? {}, async (client) => {
    for (const role of [target.ownerRole, ...target.operators]) {
      const taken = await client.query(`SET ROLE ${pg.escapeIdentifier(role)}`).then(
        () => true,
        () => false,
      );
      if (taken) findings.push(report('role_taken', role, 'SET ROLE was carried out.'));
      await client.query('RESET ROLE');
    }
  });
  return findings;
}

/**
 * Calls what the serving role may call, with the id of B where a text is asked for. What runs with its owner's rights is
 * called without a context too, which it must refuse whatever else it is given. On live databases functions that may
 * write are judged from the catalogues only (lint `definer_callable`).
 */
export const functionProbe: Probe = async (scene) => {
  const { attempts, tenants, target } = scene;
  const { rows: functions } = await attempts.client.query<{
    name: string;
    signature: string;
    definer: boolean;
    types: string[];
  }>(
    `SELECT p.oid::regproc::text AS name, p.oid::regprocedure::text AS signature, p.prosecdef AS definer,
            ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) t) AS types
       FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT IN ('information_schema', 'bulkhead') AND p.prokind = 'f'
        AND p.prorettype <> 'trigger'::regtype AND has_function_privilege($1, p.oid, 'EXECUTE') AND (p.provolatile <> 'v' OR $2)
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')`,
    [target.servingRole, scene.destructive],
  );
  const findings: Finding[] = [];
  const report = reporter(scene, 'function');
  for (const { name, signature, definer, types } of functions) {
    const places = types.map((type, index) => `$${index + 1}::text::${type}`).join(', ');
    const values = types.map((type) => (type === 'text' || type === 'character varying' ? tenants.b.id : null));
    const call = `SELECT f::text AS said FROM ${name}(${places}) f`;
    const outcome = await attempts.asServing(tenants.a.context, call, values);
    const said = outcome.ok ? outcome.rows.map((row) => String(row['said'])).join('\n') : outcome.text;
    // Its own argument may come back; what only B's rows hold may not.
    if (said.includes(tenants.b.secret))
      findings.push(report('function_tells', signature, 'It answered with a row of another.'));
    if (definer && !isContextRefusal(await attempts.asServing('', call, values)))
      findings.push(report('context_not_required', signature, 'It did not ask for a context before all else.'));
  }
  return { looked: functions.length, findings };
};
