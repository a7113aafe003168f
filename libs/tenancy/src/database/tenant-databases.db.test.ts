import { jest } from '@jest/globals';
import { waitFor } from '@bulkhead/kernel';
import pg from 'pg';
import type { TenantDatabases } from './tenant-databases.js';
import { HandRoutes, contextFor, startTenantPlane, startTenantService, type TenantPlane } from '../testing/index.js';

let cell: TenantPlane;
let own: TenantPlane;
let routes: HandRoutes;
let service: Awaited<ReturnType<typeof startTenantService>>;
let databases: TenantDatabases;

const TABLE = `CREATE TABLE app.note (tenant_id text COLLATE "C", id int, body text, PRIMARY KEY (tenant_id, id)); SELECT bulkhead.protect('app.note')`;
const a = contextFor('ten_a');
const b = contextFor('ten_b');

beforeAll(async () => {
  [cell, own] = await Promise.all([startTenantPlane('cel_1'), startTenantPlane('bnd_2')]);
  await Promise.all([cell.asOwner(TABLE), own.asOwner(TABLE)]);
  await cell.settle('ten_a', 'ten_b');
  routes = new HandRoutes();
  for (const tenant of ['ten_a', 'ten_b', 'ten_lost']) routes.set(tenant, 'cel_1');
  service = await startTenantService([cell, own], routes, { connectionsPerHome: 2, followMs: 1_500 });
  databases = service.databases;
});
afterAll(async () => {
  await service?.stop();
  await Promise.all([cell?.stop(), own?.stop()]);
});

const add = (id: number, tenant = 'ten_a') => ({
  text: 'INSERT INTO app.note VALUES ($1, $2, $3)',
  values: [tenant, id, 'x'],
});
const ids = async (context = a) =>
  (await databases.query<{ id: number }>(context, 'SELECT id FROM app.note ORDER BY id')).rows.map(({ id }) => id);
const refusal = (code: string) => expect.objectContaining({ code });

describe('one statement', () => {
  it('is one committed transaction for its tenant', async () => {
    await databases.query(a, add(1));
    await databases.query(b, add(2, 'ten_b'));
    expect(await ids(a)).toEqual([1]);
    expect(await ids(b)).toEqual([2]);
    const named = { name: 'by_id', text: 'SELECT body FROM app.note WHERE id = $1', values: [1] };
    expect((await databases.query(a, named)).rows).toEqual([{ body: 'x' }]);
    expect((await databases.query(b, named)).rows).toEqual([]);
  });

  it('that fails leaves nothing, and the connection works on', async () => {
    await expect(databases.query(a, add(1))).rejects.toThrow(refusal('23505'));
    await expect(databases.query(a, add(9, 'ten_b'))).rejects.toThrow(refusal('42501'));
    await expect(databases.query(a, 'SELEC')).rejects.toThrow(refusal('42601'));
    expect(await Promise.all([ids(a), ids(b), ids(a), ids(b)])).toEqual([[1], [2], [1], [2]]);
  });

  it('cannot be made two', async () => {
    await expect(databases.query(a, 'SELECT 1; COMMIT')).rejects.toThrow(refusal('42601'));
    await expect(databases.withTenant(a, (tx) => tx.query(`SELECT 1; SET bulkhead.context = 'x'`))).rejects.toThrow(
      refusal('42601'),
    );
  });

  it('leaves no context behind on its connection, nor does a transaction', async () => {
    const used = new Set<pg.Client>();
    // oxlint-disable-next-line typescript/unbound-method -- it is called with the client it belongs to
    const query = pg.Client.prototype.query as (...args: unknown[]) => unknown;
    const spied = jest.spyOn(pg.Client.prototype, 'query').mockImplementation(function (
      this: pg.Client,
      ...args: unknown[]
    ) {
      used.add(this);
      return query.apply(this, args) as never;
    });
    for (const ask of [() => ids(a), () => databases.withTenant(b, (tx) => tx.query('SELECT FROM app.note'))]) {
      used.clear();
      await ask();
      const [client] = used;
      // Asked at once: its session has not been reset yet.
      await expect(client?.query('SELECT * FROM app.note')).rejects.toThrow(refusal('TN001'));
    }
    spied.mockRestore();
  });

  it('does not show its context to other sessions of the login', async () => {
    const looking = databases.withTenant(b, async (tx) => {
      await tx.query('SELECT pg_sleep(0.2)');
      return 'done';
    });
    const { rows } = await databases.query<{ query: string }>(a, 'SELECT query FROM pg_stat_activity');
    expect(rows.length).toBeGreaterThan(1);
    expect(JSON.stringify(rows)).not.toMatch(/v1\.k1|ten_b/);
    expect(await looking).toBe('done');
  });
});

describe('withTenant', () => {
  it('commits what its function did, and nothing when it throws', async () => {
    await databases.withTenant(a, async (tx) => {
      await Promise.all([tx.query(add(11)), tx.query(add(12))]);
    });
    await expect(
      databases.withTenant(a, async (tx) => {
        await tx.query(add(13));
        throw new Error('changed my mind');
      }),
    ).rejects.toThrow('changed my mind');
    expect(await ids()).toEqual([1, 11, 12]);
  });

  it('does not report success when a failed statement was ignored', async () => {
    await expect(
      databases.withTenant(a, async (tx) => {
        await tx.query(add(14));
        await tx.query(add(1)).catch(() => undefined);
      }),
    ).rejects.toThrow(refusal('23505'));
    await expect(
      databases.withTenant(a, async (tx) => {
        tx.query('SELECT 1 / 0').catch(() => undefined);
      }),
    ).rejects.toThrow(refusal('22012'));
    expect(await ids()).toEqual([1, 11, 12]);
  });

  it('lets no statement through after its end, when the connection serves another tenant', async () => {
    let late: (() => Promise<unknown>) | undefined;
    await databases.withTenant(a, async (tx) => {
      late = () => tx.query('SELECT * FROM app.note');
    });
    await databases.withTenant(b, async () => {
      await expect(late?.()).rejects.toThrow(refusal('transaction_over'));
    });
  });

  it('reads in the isolation that was asked for, and does not write when told not to', async () => {
    const level = await databases.withTenant(a, (tx) => tx.query('SHOW transaction_isolation'), {
      isolation: 'serializable',
    });
    expect(level.rows).toEqual([{ transaction_isolation: 'serializable' }]);
    await expect(databases.withTenant(a, (tx) => tx.query(add(15)), { readOnly: true })).rejects.toThrow(
      refusal('25006'),
    );
  });

  it('explains a context that the database does not accept', async () => {
    const expiring = contextFor('ten_a', cell.sign('ten_a', { expiresAt: Math.floor(Date.now() / 1000) + 3 }));
    await expect(
      databases.withTenant(expiring, async (tx) => {
        await tx.query('SELECT FROM app.note');
        await tx.query('SELECT pg_sleep(3)');
        await tx.query('SELECT FROM app.note');
      }),
    ).rejects.toThrow(expect.objectContaining({ code: 'tenant_context_expired', status: 401 }));
    await cell.asOwner(`SELECT bulkhead.drop_context_key('k1')`);
    await expect(databases.query(a, 'SELECT FROM app.note')).rejects.toThrow(
      expect.objectContaining({ code: 'tenant_context_refused', status: 500 }),
    );
    await cell.setKey(cell.key);
    expect(await ids()).toEqual([1, 11, 12]);
  });

  it('survives connections that are cut under it', async () => {
    const cut = databases.withTenant(a, (tx) => tx.query('SELECT pg_sleep(5)'));
    await waitFor('the statement', async () => {
      const rows = await cell.asSuperuser(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1 AND query = 'SELECT pg_sleep(5)' AND state = 'active'`,
        [cell.servingRole],
      );
      return rows.length > 0;
    });
    await expect(cut).rejects.toThrow(/terminat/);
    await cell.asSuperuser('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [
      cell.servingRole,
    ]);
    await waitFor('new connections', () =>
      ids().then(
        (found) => found.length === 3,
        () => false,
      ),
    );
    expect(await Promise.all([ids(a), ids(b), ids(a)])).toEqual([[1, 11, 12], [2], [1, 11, 12]]);
  });
});

describe('a tenant that moves', () => {
  /** The flip as replication does it: the row on the old side first, some time later on the new one, then the route. */
  async function move(from: TenantPlane, to: TenantPlane, epoch: number, pauseMs: number): Promise<void> {
    const row =
      'INSERT INTO bulkhead.tenant_home VALUES ($1, $2, $3) ON CONFLICT (tenant_id) DO UPDATE SET home = $2, epoch = $3';
    await from.asOwner(row, ['ten_a', to.home, epoch]);
    routes.set('ten_a', to.home, epoch);
    setTimeout(() => routes.announce(), pauseMs);
    setTimeout(() => void to.asOwner(row, ['ten_a', to.home, epoch]), pauseMs * 2);
  }

  it('is followed: statements and idempotent work run at the new home, each once', async () => {
    await move(cell, own, 2, 30);
    await databases.query(a, add(21));
    let runs = 0;
    await databases.withTenant(
      a,
      async (tx) => {
        runs++;
        await tx.query(add(22));
      },
      { idempotent: true },
    );
    expect(runs).toBe(1);
    expect(await ids()).toEqual([21, 22]);
    expect(
      (await cell.asOwner(`SELECT id FROM app.note WHERE tenant_id = 'ten_a' ORDER BY 1`)).map(({ id }) => id),
    ).toEqual([1, 11, 12]);
  });

  it('back, in the middle of work that is not idempotent: that work is not repeated, and has done nothing', async () => {
    let runs = 0;
    const work = databases.withTenant(a, async (tx) => {
      runs++;
      await tx.query('SELECT FROM app.note');
      await move(own, cell, 3, 30);
      await tx.query(add(31));
    });
    await expect(work).rejects.toThrow(expect.objectContaining({ code: 'tenant_moved', status: 503, retryable: true }));
    expect(runs).toBe(1);
    await databases.withTenant(
      a,
      async (tx) => {
        runs++;
        await tx.query(add(32));
      },
      { idempotent: true },
    );
    expect(await ids()).toEqual([1, 11, 12, 32]);
    expect((await own.asOwner('SELECT id FROM app.note ORDER BY 1')).map(({ id }) => id)).toEqual([21, 22]);
  });

  it('whose old home still has rows is never answered from there', async () => {
    await move(cell, own, 4, 20);
    expect(await ids()).toEqual([21, 22]);
    await move(own, cell, 5, 20);
    expect(await ids()).toEqual([1, 11, 12, 32]);
  });

  it('and does not arrive ends in a refusal', async () => {
    await expect(databases.query(contextFor('ten_lost'), 'SELECT * FROM app.note')).rejects.toThrow(
      refusal('tenant_moved'),
    );
  });
});
