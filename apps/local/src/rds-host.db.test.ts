import pg from 'pg';
import { type Engines, startEngines } from './engines.js';
import { makeStackFolder } from './testing/stack-folder.js';

interface InstanceView {
  readonly identifier: string;
  readonly address: string;
  readonly port: number;
  readonly masterUsername: string;
  readonly status: string;
}

const MASTER = {
  masterUsername: 'postgres',
  masterPassword: 'canary-master-secret',
  allocatedStorage: 20,
  engineVersion: '18.1',
};

describe('the host of RDS instances', () => {
  const { dir, remove } = makeStackFolder();
  let engines: Engines;
  const call = async (method: string, path: string, body?: unknown, token = engines.rdsHost.token): Promise<Response> =>
    await fetch(`${engines.rdsHost.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  const create = async (identifier: string): Promise<InstanceView> => {
    const response = await call('PUT', `/instances/${identifier}`, MASTER);
    expect(response.status).toBe(200);
    return (await response.json()) as InstanceView;
  };
  const ask = async (port: number, sql: string, password = MASTER.masterPassword): Promise<unknown[]> => {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', password, database: 'postgres' });
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  };

  beforeAll(async () => {
    engines = await startEngines({ dir });
  });
  afterAll(async () => {
    await engines.stop();
    remove();
  });

  it('makes a real server whose master is neither superuser nor BYPASSRLS', async () => {
    const { port, ...rest } = await create('bh-master');
    expect(rest).toMatchObject({
      identifier: 'bh-master',
      address: '127.0.0.1',
      masterUsername: 'postgres',
      status: 'available',
    });
    const rows = await ask(
      port,
      `SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, current_setting('wal_level') AS wal,
              pg_has_role('pg_create_subscription', 'usage') AS subscribes, pg_has_role('pg_monitor', 'usage') AS monitors
         FROM pg_roles WHERE rolname = current_user`,
    );
    expect(rows).toEqual([
      {
        rolsuper: false,
        rolbypassrls: false,
        rolcreatedb: true,
        rolcreaterole: true,
        wal: 'logical',
        subscribes: true,
        monitors: true,
      },
    ]);
    await expect(ask(port, 'ALTER ROLE postgres SUPERUSER')).rejects.toThrow(/permission denied/);
    await expect(ask(port, "COPY pg_class TO PROGRAM 'true'")).rejects.toThrow(/permission denied/);
  });

  it('lets the master make what the planes need: databases, owner roles and replicating movers', async () => {
    const { port } = await create('bh-master');
    await ask(port, 'CREATE ROLE an_owner NOLOGIN');
    await ask(port, 'GRANT an_owner TO CURRENT_USER');
    await ask(port, 'CREATE DATABASE served OWNER an_owner');
    await ask(port, "CREATE ROLE mover LOGIN REPLICATION PASSWORD 'mover-secret'");
    await ask(port, 'GRANT pg_create_subscription, pg_monitor TO mover');
    await ask(port, 'GRANT SET ON PARAMETER session_replication_role TO mover');
    const made = await ask(
      port,
      "SELECT rolname FROM pg_roles WHERE rolname IN ('an_owner', 'mover') AND NOT rolsuper",
    );
    expect(made).toHaveLength(2);
  });

  it('answers a repeated call with the same instance, also when calls overlap', async () => {
    const made = await Promise.all([create('bh-same'), create('bh-same'), create('bh-same')]);
    expect(new Set(made.map(({ port }) => port)).size).toBe(1);
    const other = await call('PUT', '/instances/bh-same', { ...MASTER, masterUsername: 'someone' });
    expect(other.status).toBe(409);
    const list = (await (await call('GET', '/instances')).json()) as { instances: InstanceView[] };
    expect(list.instances.filter(({ identifier }) => identifier === 'bh-same')).toHaveLength(1);
  });

  it('changes the master password', async () => {
    const { port } = await create('bh-password');
    const changed = await call('POST', '/instances/bh-password/master-password', { masterPassword: 'the-next-secret' });
    expect(changed.status).toBe(204);
    await expect(ask(port, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
    expect(await ask(port, 'SELECT 1 AS one', 'the-next-secret')).toEqual([{ one: 1 }]);
  });

  it('refuses a wrong token, a wrong identifier and an unknown instance', async () => {
    expect((await call('GET', '/instances', undefined, 'wrong')).status).toBe(401);
    expect((await call('PUT', '/instances/..%2Fescape', MASTER)).status).toBe(400);
    expect((await call('GET', '/instances/bh-absent')).status).toBe(404);
    expect((await call('POST', '/instances/bh-absent/master-password', { masterPassword: 'x' })).status).toBe(404);
  });

  it('deletes an instance with its server and data, and is content when it is gone', async () => {
    const { port } = await create('bh-doomed');
    expect((await call('DELETE', '/instances/bh-doomed')).status).toBe(204);
    expect((await call('DELETE', '/instances/bh-doomed')).status).toBe(204);
    expect((await call('GET', '/instances/bh-doomed')).status).toBe(404);
    await expect(ask(port, 'SELECT 1')).rejects.toThrow(/ECONNREFUSED/);
  });

  it('brings instances back with their data and address when the stack starts again', async () => {
    const before = await create('bh-kept');
    await ask(before.port, 'CREATE DATABASE kept_database');
    await engines.stop();
    await expect(ask(before.port, 'SELECT 1')).rejects.toThrow(/ECONNREFUSED/);
    engines = await startEngines({ dir });
    const after = (await (await call('GET', '/instances/bh-kept')).json()) as InstanceView;
    expect(after).toEqual(before);
    expect(await ask(after.port, "SELECT datname FROM pg_database WHERE datname = 'kept_database'")).toHaveLength(1);
  });
});
