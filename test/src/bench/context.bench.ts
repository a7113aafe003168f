import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { contextFor, startTenantPlane, startTenantService } from '@bulkhead/tenancy/testing';
import { fixedRoutes, type Statement } from '@bulkhead/tenancy';
import pg from 'pg';
import { compare, type Comparison } from './paired.js';
import { report, save } from './report.js';
import { LARGE_TENANT, TENANT, makeTenantTables } from './tenant-tables.js';

// What the boundary costs. Usage: node context.bench.js [pairs] [file for the JSON]

const [pairs = '600', file = 'bench-context.json'] = process.argv.slice(2);
const HOME = 'cel_bench';

const plane = await startTenantPlane(HOME);
const routes = fixedRoutes(
  [TENANT, LARGE_TENANT].map((tenantId) => ({ tenantId, home: HOME, epoch: 1, status: 'active' as const })),
);
const service = await startTenantService([plane], routes, { connectionsPerHome: 1 });
const client = new pg.Client({ connectionString: plane.servingUrl, pipeline: true });
try {
  process.stderr.write('Filling three tables of a million rows...\n');
  await makeTenantTables(plane);
  await client.connect();
  const each = comparisons().map((comparison) => ({ ...comparison, before: { subject: settled, against: settled } }));
  const results = await compare(each, Number(pairs));
  report(results);
  await save(file, { results });
} finally {
  await client.end();
  await service.stop();
  await plane.stop();
}

/** The library resets a session once nobody waits for it: that must not fall into the time of the other side. */
async function settled(): Promise<void> {
  await pause(5);
}

function comparisons(): Comparison[] {
  const { databases } = service;
  const one = contextFor(TENANT, plane.sign(TENANT, { expiresAt: Math.floor(Date.now() / 1000) + 7200 }));
  const large = contextFor(LARGE_TENANT, plane.sign(LARGE_TENANT, { expiresAt: Math.floor(Date.now() / 1000) + 7200 }));
  const context = one.signedContext?.reveal() ?? '';
  const statement = (name: string, text: string, values: unknown[] = []): Statement => ({ name, text, values });
  const point = (table: string) =>
    statement(`point_${table}`, `SELECT * FROM app.${table} WHERE tenant_id = $1 AND id = $2`, [TENANT, 500]);
  const list = (table: string) => `SELECT id, name, amount FROM app.${table}`;
  const LIST_END = 'ORDER BY id LIMIT 100';
  const total = (table: string) => `SELECT count(*), sum(amount), max(name) FROM app.${table}`;
  const prefix = `name LIKE 'name 12%'`;
  const range = `name >= 'name 12' AND name < 'name 13'`;
  const open = (text: string, tenant: string) => () => databases.query(one, statement(nameOf(text), text, [tenant]));
  const guarded =
    (text: string, who = one) =>
    () =>
      databases.query(who, statement(nameOf(text), text));
  const bare = () => client.query(point('note_open') as pg.QueryConfig);
  const transaction = () =>
    Promise.all([
      client.query('BEGIN'),
      client.query({ name: 'context', text: `SELECT set_config('bulkhead.context', $1, true)`, values: [context] }),
      client.query(point('note_open') as pg.QueryConfig),
      client.query('COMMIT'),
    ]);
  const library = () => databases.query(one, point('note'));
  const libraryOpen = () => databases.query(one, point('note_open'));
  const where = 'WHERE tenant_id = $1';
  return [
    { name: 'A/A control, point read', subject: library, against: library, repeats: 20 },
    {
      name: 'A/A control, aggregate',
      subject: guarded(total('note'), large),
      against: guarded(total('note'), large),
      repeats: 1,
    },
    {
      name: 'point read: library ÷ pipelined BEGIN…COMMIT without RLS',
      subject: library,
      against: transaction,
      limit: 1.05,
      repeats: 20,
    },
    {
      name: 'point read: library ÷ library on a table without RLS',
      subject: library,
      against: libraryOpen,
      limit: 1.05,
      repeats: 20,
    },
    {
      name: 'point read: unsigned RLS ÷ without RLS',
      subject: () => databases.query(one, point('note_unsigned')),
      against: libraryOpen,
      repeats: 20,
    },
    ...['call', 'look_up', 'hash'].map((part) => ({
      name: `point read: the policy's ${part.replace('_', '-')} only ÷ without RLS`,
      subject: () => databases.query(one, point(`note_${part}`)),
      against: libraryOpen,
      repeats: 20,
    })),
    { name: 'point read: library ÷ bare prepared SELECT', subject: library, against: bare, limit: 1.7, repeats: 20 },
    {
      name: 'list of 100: RLS ÷ explicit predicate',
      subject: guarded(`${list('note')} ${LIST_END}`),
      against: open(`${list('note_open')} ${where} ${LIST_END}`, TENANT),
      limit: 1.1,
      repeats: 10,
    },
    {
      name: 'aggregate of 1,000 rows: RLS ÷ explicit predicate',
      subject: guarded(total('note')),
      against: open(`${total('note_open')} ${where}`, TENANT),
      limit: 1.1,
      repeats: 5,
    },
    {
      name: 'aggregate of 100,000 rows: RLS ÷ explicit predicate',
      subject: guarded(total('note'), large),
      against: open(`${total('note_open')} ${where}`, LARGE_TENANT),
      limit: 1.1,
      repeats: 1,
    },
    {
      name: 'prefix search by LIKE, 100,000 rows',
      subject: guarded(`${list('note')} WHERE ${prefix}`, large),
      against: open(`${list('note_open')} ${where} AND ${prefix}`, LARGE_TENANT),
      repeats: 1,
    },
    {
      name: 'prefix search by range, 100,000 rows',
      subject: guarded(`${list('note')} WHERE ${range}`, large),
      against: open(`${list('note_open')} ${where} AND ${range}`, LARGE_TENANT),
      repeats: 1,
    },
  ];
}

/** Postgres keeps 63 bytes of a prepared statement's name. */
function nameOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
