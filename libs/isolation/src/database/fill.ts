import pg from 'pg';
import type { ProbeTenant, ProbeTenants } from './probe-tenants.js';
import { sampleValue, type Column } from './sample-values.js';
import type { Relation } from './target.js';
import type { WorkloadProfile } from './workload-profile.js';

/** A reference of a tenant table to a table of the workload. */
export interface Reference {
  readonly name: string;
  readonly target: number;
  readonly columns: readonly string[];
  readonly targetColumns: readonly string[];
}

/** A table that holds one row of each probe tenant, with the values as they were written. */
export interface FilledTable {
  readonly relation: Relation;
  readonly columns: readonly Column[];
  readonly references: readonly Reference[];
  readonly a: Readonly<Record<string, string | null>>;
  readonly b: Readonly<Record<string, string | null>>;
}

export interface Filled {
  readonly tables: readonly FilledTable[];
  /** Tables that no row could be made for, with the reason. */
  readonly unfilled: readonly { readonly relation: Relation; readonly reason: string }[];
}

const COLUMNS = `
  SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, b.typcategory AS category, b.typname AS base,
         CASE WHEN b.typname IN ('varchar', 'bpchar') AND a.atttypmod > 4 THEN a.atttypmod - 4 END AS length,
         (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = b.oid) AS labels,
         a.attnotnull OR t.typnotnull AS required, a.atthasdef OR a.attidentity <> '' AS defaulted,
         ARRAY(SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE k.contype = 'c'
                AND ((k.conrelid = a.attrelid AND a.attnum = ANY (k.conkey)) OR k.contypid = t.oid)) AS checks
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid JOIN pg_type b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
   WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum`;

const REFERENCES = `
  SELECT f.conname AS name, f.confrelid::int8::int AS target,
         ARRAY(SELECT a.attname::text FROM unnest(f.conkey) WITH ORDINALITY k(n, i) JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.n ORDER BY i) AS columns,
         ARRAY(SELECT a.attname::text FROM unnest(f.confkey) WITH ORDINALITY k(n, i) JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.n ORDER BY i) AS "targetColumns"
    FROM pg_constraint f WHERE f.conrelid = $1 AND f.contype = 'f' AND f.conparentid = 0 ORDER BY 1`;

/** Puts one row of each probe tenant into every tenant table, parents first. The client acts as the owner role. */
export async function fillTables(
  client: pg.Client,
  relations: readonly Relation[],
  tenants: ProbeTenants,
  profile: WorkloadProfile,
): Promise<Filled> {
  const waiting = relations.filter(
    ({ kind, partition, hasTenant }) => (kind === 'r' || kind === 'p') && !partition && hasTenant,
  );
  const tables: FilledTable[] = [];
  const reasons = new Map<number, string>();
  // Parents first without sorting: what fails because its parent is not there yet is tried again after a round.
  for (let open = waiting; open.length > 0;) {
    const rest: Relation[] = [];
    for (const relation of open) {
      const made = await fillOne(client, relation, tables, tenants, profile);
      if (typeof made === 'string') {
        rest.push(relation);
        reasons.set(relation.oid, made);
      } else tables.push(made);
    }
    if (rest.length === open.length) {
      return { tables, unfilled: rest.map((relation) => ({ relation, reason: reasons.get(relation.oid) ?? '' })) };
    }
    open = rest;
  }
  return { tables, unfilled: [] };
}

async function fillOne(
  client: pg.Client,
  relation: Relation,
  filled: readonly FilledTable[],
  { a, b }: ProbeTenants,
  profile: WorkloadProfile,
): Promise<FilledTable | string> {
  const { rows: columns } = await client.query<Column>(COLUMNS, [relation.oid]);
  const { rows: references } = await client.query<Reference>(REFERENCES, [relation.oid]);
  await client.query('SAVEPOINT fill');
  const table = { relation, columns, references };
  const rowOf = (tenant: ProbeTenant) => insertSample(client, table, filled, tenant, profile);
  const [mine, theirs] = [await rowOf(a), await rowOf(b)];
  if (typeof mine !== 'string' && typeof theirs !== 'string') {
    await client.query('RELEASE SAVEPOINT fill');
    return { ...table, a: mine, b: theirs };
  }
  await client.query('ROLLBACK TO SAVEPOINT fill; RELEASE SAVEPOINT fill');
  return typeof mine === 'string' ? mine : (theirs as string);
}

/** First with a value in every column; then with only those that must have one. */
async function insertSample(
  client: pg.Client,
  table: Pick<FilledTable, 'relation' | 'columns' | 'references'>,
  filled: readonly FilledTable[],
  tenant: ProbeTenant,
  profile: WorkloadProfile,
): Promise<Record<string, string | null> | string> {
  let reason = '';
  for (const sparse of [false, true]) {
    const row = withSamples(sampleRow(table, filled, tenant, sparse), profile.samples[table.relation.name], tenant);
    await client.query('SAVEPOINT sample');
    try {
      await client.query(`SELECT set_config('bulkhead.context', $1, true)`, [tenant.context]);
      const { text, values } = insertStatement(table, row);
      await client.query(text, values);
      await client.query('RELEASE SAVEPOINT sample');
      return row;
    } catch (error) {
      const { code, constraint, column } = error as Partial<pg.DatabaseError>;
      if (code === undefined) throw error;
      reason = [code, constraint ?? column].filter(Boolean).join(' ');
      await client.query('ROLLBACK TO SAVEPOINT sample');
    }
  }
  return reason;
}

function sampleRow(
  { columns, references, relation }: Pick<FilledTable, 'relation' | 'columns' | 'references'>,
  filled: readonly FilledTable[],
  tenant: ProbeTenant,
  sparse: boolean,
): Record<string, string | null> {
  const row: Record<string, string | null> = {};
  for (const column of columns) {
    if (column.name === 'tenant_id') row[column.name] = tenant.id;
    else if (!sparse || (column.required && !column.defaulted)) row[column.name] = sampleValue(column, tenant) ?? null;
  }
  for (const { target, columns: mine, targetColumns } of references) {
    // A row may refer to itself.
    const parent =
      target === relation.oid
        ? row
        : filled.find((table) => table.relation.oid === target)?.[tenant.ordinal === 1 ? 'a' : 'b'];
    mine.forEach((name, place) => {
      const value = parent?.[targetColumns[place] ?? ''];
      if (value !== undefined && row[name] !== undefined) row[name] = value;
    });
  }
  return row;
}

/** The row with the values that the workload's profile gives. */
function withSamples(
  row: Record<string, string | null>,
  samples: Readonly<Record<string, string>> = {},
  { ordinal }: ProbeTenant,
): Record<string, string | null> {
  const known = (name: string): string => (name === 'ordinal' ? String(ordinal) : (row[name] ?? ''));
  const given = Object.entries(samples).map(([column, text]) => [
    column,
    text.replaceAll(/\{([a-z_]+)\}/g, (_, name: string) => known(name)),
  ]);
  return { ...row, ...Object.fromEntries(given) };
}

/** The statement that inserts a row of texts, each read by the input function of its column's type. */
export function insertStatement(
  { relation, columns }: Pick<FilledTable, 'relation' | 'columns'>,
  row: Readonly<Record<string, string | null>>,
  into: string = relation.name,
): { readonly text: string; readonly values: (string | null)[] } {
  const used = columns.filter(({ name }) => row[name] !== undefined);
  const names = used.map(({ name }) => pg.escapeIdentifier(name)).join(', ');
  const places = used.map(({ type }, index) => `$${index + 1}::${type}`).join(', ');
  return {
    text: `INSERT INTO ${into} (${names}) OVERRIDING SYSTEM VALUE VALUES (${places})`,
    values: used.map(({ name }) => row[name] ?? null),
  };
}

/** The other tenant's values under one tenant's name, with that one's own references: nothing but the tenant decides. */
export function mixedRow(table: FilledTable, owner: 'a' | 'b', tenantId: string): Record<string, string | null> {
  const [own, other] = owner === 'a' ? [table.a, table.b] : [table.b, table.a];
  const referring = table.references.flatMap(({ columns }) => columns).filter((name) => other[name] !== undefined);
  const references = Object.fromEntries(referring.map((name) => [name, own[name] ?? null]));
  return { ...other, ...references, tenant_id: tenantId };
}
