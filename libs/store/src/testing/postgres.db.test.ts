import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { waitFor } from '@bulkhead/kernel';
import { startTestPostgres } from './postgres.js';

async function query<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client(url);
  // The server may go while it is being asked whether it has gone.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('startTestPostgres', () => {
  it('gives separate databases on one server, with roles that own nothing but the migrator', async () => {
    const [one, two] = await Promise.all([startTestPostgres(), startTestPostgres()]);
    expect(new URL(one.apiUrl).host).toBe(new URL(two.apiUrl).host);
    expect(one.name).not.toBe(two.name);
    const owners = await query<{ owner: string }>(
      one.superuserUrl,
      `select distinct pg_get_userbyid(relowner) as owner from pg_class where relnamespace = 'control'::regnamespace`,
    );
    expect(owners).toEqual([{ owner: 'bulkhead_migrator' }]);
    for (const url of [one.apiUrl, one.workerUrl, one.migratorUrl]) {
      const [role] = await query(url, 'select rolsuper, rolbypassrls from pg_roles where rolname = current_user');
      expect(role).toEqual({ rolsuper: false, rolbypassrls: false });
    }
    await one.stop();
    await two.stop();
    await expect(query(one.superuserUrl, 'select 1')).rejects.toThrow('does not exist');
  });

  it('leaves no server behind when the process that asked for it is killed', async () => {
    const module = fileURLToPath(new URL('./postgres.js', import.meta.url));
    const script = `const { startTestPostgres } = await import(${JSON.stringify(module)});
      console.log((await startTestPostgres()).superuserUrl); setInterval(() => {}, 1000);`;
    const { BULKHEAD_TEST_PG_URL: _, ...env } = process.env;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
    const url = line.trim();
    const [server] = await query<{ folder: string }>(url, `select current_setting('data_directory') as folder`);
    const folder = server?.folder ?? '';
    expect(existsSync(folder)).toBe(true);
    child.kill('SIGKILL');
    await waitFor('the server to be gone', () =>
      query(url, 'select 1').then(
        () => false,
        (error: { code?: string }) => error.code === 'ECONNREFUSED' && !existsSync(folder),
      ),
    );
  });
});
