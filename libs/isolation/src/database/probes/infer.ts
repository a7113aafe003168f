import type { Finding } from '@bulkhead/domain/isolation';
import { insertStatement, mixedRow, type FilledTable } from '../fill.js';
import { reporter, type Probe, type Scene } from './probe.js';

/** Learns what B has without reading it: from key violations, references, error texts, plans, statistics and counters. */
export const inferProbe: Probe = async (scene) => {
  const findings: Finding[] = [];
  for (const table of scene.filled.tables) {
    findings.push(...(await uniqueOracle(scene, table)), ...(await referenceOracle(scene, table)));
    findings.push(...(await errorOracle(scene, table)));
  }
  findings.push(...(await statistics(scene)), ...(await sequences(scene)));
  return { looked: scene.filled.tables.length, findings };
};

/** A row of A with all of B's values: it collides only where a key ignores the tenant. */
async function uniqueOracle({ attempts, tenants, ...scene }: Scene, table: FilledTable): Promise<Finding[]> {
  const { relation } = table;
  const insert = insertStatement(table, mixedRow(table, 'a', tenants.a.id));
  const outcome = await attempts.asServing(tenants.a.context, insert.text, insert.values);
  if (outcome.ok || (outcome.code !== '23505' && outcome.code !== '23P01')) return [];
  const key = /constraint "([^"]+)"/.exec(outcome.text)?.[1] ?? '';
  // A key with the tenant in it can collide with A's own row only, and that is nobody's secret.
  const { rowCount } = await attempts.client.query(
    `SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_attribute a ON a.attrelid = i.indrelid
      WHERE i.indrelid IN (SELECT $1::oid UNION SELECT relid FROM pg_partition_tree($1::oid::regclass)) AND c.relname = $2
        AND a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1]) AND a.attname = 'tenant_id'`,
    [relation.oid, key],
  );
  if (rowCount !== 0) return [];
  return [reporter(scene, 'infer')('unique_oracle', relation.name, `Key ${key} collided with another tenant’s value.`)];
}

/** A row of A that refers to what is B's: it must be as if the thing did not exist. */
async function referenceOracle({ attempts, tenants, ...scene }: Scene, table: FilledTable): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { name, columns, target } of table.references) {
    if (target === table.relation.oid) continue;
    const theirs = columns.filter((column) => column !== 'tenant_id');
    if (theirs.every((column) => (table.b[column] ?? null) === null || table.b[column] === table.a[column])) continue;
    const referring = Object.fromEntries(theirs.map((column) => [column, table.b[column] ?? null]));
    const insert = insertStatement(table, { ...mixedRow(table, 'a', tenants.a.id), ...referring });
    const outcome = await attempts.asServing(tenants.a.context, insert.text, insert.values);
    if (!outcome.ok) continue;
    const detail = `${name} accepted a reference to a row of another.`;
    findings.push(reporter(scene, 'infer')('foreign_key_oracle', table.relation.name, detail));
  }
  return findings;
}

/** Fails on B's rows only: an error tells that they are there; and no error may quote them. */
async function errorOracle({ attempts, tenants, ...scene }: Scene, { relation }: FilledTable): Promise<Finding[]> {
  const { a, b } = tenants;
  const report = reporter(scene, 'infer');
  const tries: readonly (readonly [string, readonly unknown[]])[] = [
    [`SELECT 1 FROM ${relation.name} WHERE 1 / (CASE WHEN tenant_id = $1 THEN 0 ELSE 1 END) = 1`, [b.id]],
    [`SELECT 1 FROM ${relation.name} r WHERE tenant_id <> $1 AND CAST(r::text AS int) = 1`, [a.id]],
    [
      `EXPLAIN (ANALYZE, VERBOSE, TIMING OFF, SUMMARY OFF) SELECT * FROM ${relation.name} WHERE tenant_id <> $1`,
      [a.id],
    ],
  ];
  const findings: Finding[] = [];
  for (const [sql, values] of tries) {
    const outcome = await attempts.asServing(a.context, sql, values);
    const said = outcome.ok ? JSON.stringify(outcome.rows) : outcome.text;
    const broke = !outcome.ok && /^22/.test(outcome.code);
    if (broke || said.includes(b.secret))
      findings.push(
        report('error_oracle', relation.name, 'A statement failed, or said something, because of a row of another.'),
      );
  }
  return findings;
}

async function statistics({ attempts, tenants, relations, ...scene }: Scene): Promise<Finding[]> {
  const report = reporter(scene, 'infer');
  const findings: Finding[] = [];
  const shown = await attempts.asServing(
    tenants.a.context,
    `SELECT DISTINCT format('%I.%I', schemaname, tablename) AS name FROM pg_stats
      WHERE format('%I.%I', schemaname, tablename) = ANY ($1) AND (most_common_vals IS NOT NULL OR histogram_bounds IS NOT NULL)`,
    [relations.filter(({ hasTenant }) => hasTenant).map(({ name }) => name)],
  );
  if (shown.ok)
    findings.push(
      ...shown.rows.map(({ name }) =>
        report('statistics_readable', String(name), 'pg_stats shows values of all tenants.'),
      ),
    );
  for (const relation of ['pg_catalog.pg_statistic', 'pg_catalog.pg_statistic_ext_data', 'pg_catalog.pg_authid']) {
    const outcome = await attempts.asServing(tenants.a.context, `SELECT 1 FROM ${relation} LIMIT 1`);
    if (outcome.ok) findings.push(report('statistics_readable', relation, 'The serving role reads it.'));
  }
  return findings;
}

async function sequences({ attempts, tenants, relations, ...scene }: Scene): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { name } of relations.filter(({ kind }) => kind === 'S')) {
    const outcome = await attempts.asServing(tenants.a.context, `SELECT last_value FROM ${name}`);
    if (outcome.ok) findings.push(reporter(scene, 'infer')('sequence_granted', name, 'last_value was read.'));
  }
  return findings;
}
