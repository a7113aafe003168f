import pg from 'pg';

/** Rows of every table of the control schema, by table. Needs an address that may read them all. */
export async function storedRows(url: string): Promise<Record<string, number>> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'control' and table_type = 'BASE TABLE' order by 1`,
    );
    const counts: [string, number][] = [];
    for (const { name } of tables) {
      const { rows } = await client.query<{ count: number }>(`select count(*)::int as count from control.${name}`);
      counts.push([name, rows[0]?.count ?? 0]);
    }
    return Object.fromEntries(counts);
  } finally {
    await client.end();
  }
}

/** What was added between two counts: tables whose count did not change are left out. */
export function growth(before: Record<string, number>, after: Record<string, number>): Record<string, number> {
  const changed = Object.entries(after).filter(([table, count]) => count !== before[table]);
  return Object.fromEntries(changed.map(([table, count]) => [table, count - (before[table] ?? 0)]));
}

/** Audit leaves that wait for their place in the log, oldest first. */
export async function queuedLeaves(url: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const { rows } = await client.query<{ entry: string }>('select entry from control.audit_queue order by id');
    return rows.map(({ entry }) => JSON.parse(entry) as Record<string, unknown>);
  } finally {
    await client.end();
  }
}
