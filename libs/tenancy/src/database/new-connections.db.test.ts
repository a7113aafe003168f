import { jest } from '@jest/globals';
import { waitFor } from '@bulkhead/kernel';
import pg from 'pg';
import { Entity, PrimaryColumn } from 'typeorm';
import { HandRoutes, contextFor, startTenantPlane, startTenantService, type TenantPlane } from '../testing/index.js';
import { TenantManagers } from '../typeorm/tenant-managers.js';

@Entity({ schema: 'app', name: 'note' })
class Note {
  @PrimaryColumn({ name: 'tenant_id', type: 'text' }) tenantId!: string;
  @PrimaryColumn({ type: 'int' }) id!: number;
}

const a = contextFor('ten_a');
const b = contextFor('ten_b');
const many = Array.from({ length: 12 }, (_, n) => contextFor(`ten_${n}`));
const TENANTS = [a, b, ...many].map(({ tenantId }) => tenantId);
let plane: TenantPlane;
/** What the secret says, and how often it was read. */
let password = 'test-only';
let asked = 0;

beforeAll(async () => {
  plane = await startTenantPlane('cel_1');
  await plane.settle(...TENANTS);
  await plane.asOwner(`CREATE TABLE app.note (tenant_id text COLLATE "C", id int, PRIMARY KEY (tenant_id, id));
    SELECT bulkhead.protect('app.note')`);
});
afterAll(() => plane?.stop());

function start(connectionsPerHome: number, limits: pg.ClientConfig = {}): ReturnType<typeof startTenantService> {
  const routes = new HandRoutes();
  for (const tenant of TENANTS) routes.set(tenant, 'cel_1');
  return startTenantService([plane], routes, {
    connectionsPerHome,
    connect: () => {
      asked += 1;
      const url = new URL(plane.servingUrl);
      url.password = password;
      return { connectionString: url.toString(), ...limits };
    },
  });
}

async function rotate(to: string): Promise<void> {
  await plane.asSuperuser(`ALTER ROLE ${plane.servingRole} PASSWORD '${to}'`);
}

async function cut(): Promise<void> {
  await plane.asSuperuser('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [
    plane.servingRole,
  ]);
}

describe('a password that was rotated', () => {
  beforeEach(() => {
    asked = 0;
  });
  afterEach(async () => {
    password = 'test-only';
    await rotate(password);
  });

  it('is read again, once, by all who are refused', async () => {
    const rotating = await start(3);
    await rotating.databases.query(a, 'SELECT 1');
    await rotate('rotated');
    await cut();
    password = 'rotated';
    const three = () => Promise.all([1, 2, 3].map(() => rotating.databases.query(b, 'SELECT pg_sleep(0.05)')));
    await waitFor('the cut connections to be noticed', () =>
      three().then(
        () => true,
        () => false,
      ),
    );
    expect(asked).toBe(2);
    // The secret has not been renewed: then it is said, and not asked for without end.
    await rotate('rotated again');
    await cut();
    await waitFor('the refusal', () =>
      rotating.databases.query(a, 'SELECT 1').then(
        () => false,
        (error: unknown) => (error as { code?: string }).code === '28P01',
      ),
    );
    await rotating.stop();
  });

  it('leaves nobody waiting of more callers than there are connections', async () => {
    const rotating = await start(2);
    const gate = Promise.withResolvers<void>();
    let begun = 0;
    const holders = [a, b].map((who) =>
      rotating.databases.withTenant(who, async (tx) => {
        await tx.query('SELECT 1');
        begun += 1;
        await gate.promise;
        await tx.query('SELECT 1');
      }),
    );
    const held = Promise.allSettled(holders);
    await waitFor('all connections to be taken', () => begun === 2);
    const waiting = many.map((who) => rotating.databases.query<{ n: number }>(who, 'SELECT 1 AS n'));
    await rotate('rotated');
    await cut();
    password = 'rotated';
    gate.resolve();
    expect((await held).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const answers = await Promise.all(waiting);
    expect(answers.map(({ rows }) => rows[0]?.n)).toEqual(waiting.map(() => 1));
    expect(asked).toBe(2);
    await rotating.stop();
  });

  it('ends no transaction of TypeORM that is under way', async () => {
    const rotating = await start(2);
    const managers = new TenantManagers(rotating.databases, { entities: [Note], connectionsPerHome: 2 });
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const first = managers.withTenant(a, async (m) => {
      await m.insert(Note, { tenantId: 'ten_a', id: 1 });
      begun.resolve();
      await gate.promise;
      await m.insert(Note, { tenantId: 'ten_a', id: 2 });
    });
    await begun.promise;
    await rotate('rotated');
    password = 'rotated';
    const others = await Promise.all(
      [3, 4, 5].map((id) => managers.withTenant(b, (m) => m.insert(Note, { tenantId: 'ten_b', id }))),
    );
    expect(others).toHaveLength(3);
    gate.resolve();
    await first;
    expect(await managers.withTenant(a, (m) => m.count(Note))).toBe(2);
    await managers.close();
    await rotating.stop();
  });
});

it('settings that a request stored for the login are not those of the next session', async () => {
  const before = await start(1);
  const stored = [
    'default_transaction_read_only = on',
    `search_path = 'app'`,
    `default_transaction_isolation = 'serializable'`,
  ];
  for (const setting of stored) await before.databases.query(a, `ALTER ROLE CURRENT_USER SET ${setting}`);
  await before.stop();
  const after = await start(1);
  await after.databases.query(b, `INSERT INTO app.note VALUES ('ten_b', 9)`);
  const { rows } = await after.databases.query(
    b,
    `SELECT current_setting('search_path') AS path, current_setting('transaction_isolation') AS isolation`,
  );
  expect(rows).toEqual([{ path: '"$user", public', isolation: 'read committed' }]);
  await after.stop();
  await plane.asSuperuser(`ALTER ROLE ${plane.servingRole} RESET ALL`);
});

describe('a tenant that asks for all connections', () => {
  it('leaves one to the others, and is served in its turn', async () => {
    const service = await start(4);
    const gate = Promise.withResolvers<void>();
    const begun: number[] = [];
    const greedy = [1, 2, 3, 4, 5, 6].map((n) =>
      service.databases.withTenant(a, async (tx) => {
        await tx.query('SELECT 1');
        begun.push(n);
        await gate.promise;
      }),
    );
    await waitFor('its share to be taken', () => begun.length === 3);
    expect((await service.databases.query<{ n: number }>(b, 'SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
    expect(new Set(begun)).toEqual(new Set([1, 2, 3]));
    gate.resolve();
    await Promise.all(greedy);
    expect(new Set(begun)).toEqual(new Set([1, 2, 3, 4, 5, 6]));
    await service.stop();
  });

  it('through TypeORM gets no more of them while those it had are being reset', async () => {
    const service = await start(1);
    const managers = new TenantManagers(service.databases, { entities: [Note], connectionsPerHome: 4 });
    const gate = Promise.withResolvers<void>();
    // oxlint-disable-next-line typescript/unbound-method -- it is called with the client it belongs to
    const query = pg.Client.prototype.query as (...args: unknown[]) => unknown;
    const spied = jest.spyOn(pg.Client.prototype, 'query').mockImplementation(function (
      this: unknown,
      ...args: unknown[]
    ) {
      const ask = () => query.apply(this, args);
      return (String(args[0]).includes('reset_session') ? gate.promise.then(ask) : ask()) as never;
    });
    const ask = (who: typeof a) => managers.withTenant(who, (m) => m.query('SELECT 1'));
    await Promise.all([1, 2, 3].map(() => ask(a)));
    let isServed = false;
    const fourth = ask(a).then(() => (isServed = true));
    await ask(b);
    expect(isServed).toBe(false);
    gate.resolve();
    await fourth;
    await managers.close();
    spied.mockRestore();
    await service.stop();
  });

  it('does not hold them with a statement without end', async () => {
    const service = await start(1, { statement_timeout: 300 });
    await expect(service.databases.query(a, 'SELECT pg_sleep(3600)')).rejects.toMatchObject({ code: '57014' });
    await service.stop();
  });
});
