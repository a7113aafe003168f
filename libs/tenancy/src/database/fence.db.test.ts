import { waitFor } from '@bulkhead/kernel';
import pg from 'pg';
import { startTenantPlane, type TenantPlane } from '../testing/index.js';

const A = 'ten_a';
const B = 'ten_b';
let plane: TenantPlane;
const clients: pg.Client[] = [];

beforeAll(async () => {
  plane = await startTenantPlane('cel_1');
  await plane.settle(A, B);
  await plane.asOwner(`CREATE TABLE app.note (tenant_id text COLLATE "C", id bigint GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (tenant_id, id));
    SELECT bulkhead.protect('app.note')`);
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end()));
  await plane.asOwner(`UPDATE bulkhead.tenant_home SET home = 'cel_1', epoch = 1`);
  await plane.asSuperuser(
    `SET session_replication_role = replica; DELETE FROM app.note; RESET session_replication_role`,
  );
});
afterAll(() => plane?.stop());

async function connected(url: string, role?: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  clients.push(client);
  await client.connect();
  if (role !== undefined) await client.query(`SET ROLE ${role}`);
  return client;
}

async function writer(isolation: string, tenant = A): Promise<pg.Client> {
  const client = await connected(plane.servingUrl);
  await client.query(`BEGIN ISOLATION LEVEL ${isolation}`);
  await client.query(`SELECT set_config('bulkhead.context', $1, true)`, [plane.sign(tenant)]);
  return client;
}

const insert = (client: pg.Client, tenant = A) => client.query('INSERT INTO app.note VALUES ($1)', [tenant]);

/** The mover's cut-over (shared/moves, step 8): lock alone, move the home, commit when told to. */
async function fence(mover: pg.Client): Promise<void> {
  await mover.query(`BEGIN; SET LOCAL lock_timeout = '300ms'`);
  await mover.query('SELECT pg_advisory_xact_lock(bulkhead.fence_key($1))', [A]);
  await mover.query(`UPDATE bulkhead.tenant_home SET home = 'bnd_2', epoch = epoch + 1 WHERE tenant_id = $1`, [A]);
}
const stored = async () => Number((await plane.asOwner<{ n: string }>('SELECT count(*) AS n FROM app.note'))[0]?.n);
const waiting = (client: pg.Client) => async () =>
  (
    await plane.asSuperuser<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'`,
      [(client as unknown as { processID: number }).processID],
    )
  )[0]?.n === 1;

describe.each(['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'])('a writer under %s', (isolation) => {
  it('that wrote before the fence holds the fence up until it has ended', async () => {
    const [first, mover] = [await writer(isolation), await connected(plane.superuserUrl, plane.ownerRole)];
    await insert(first);
    await expect(fence(mover)).rejects.toThrow(expect.objectContaining({ code: '55P03' }));
    await mover.query('ROLLBACK');
    await first.query('COMMIT');
    await fence(mover);
    await mover.query('COMMIT');
    expect(await stored()).toBe(1);
  });

  it('that comes while the fence is being moved waits, and is then refused', async () => {
    const mover = await connected(plane.superuserUrl, plane.ownerRole);
    const late = await writer(isolation);
    await late.query('SELECT FROM app.note');
    await fence(mover);
    const write = insert(late).then(
      () => 'written',
      (error: { code: string }) => error.code,
    );
    await waitFor('the writer to wait', waiting(late));
    await mover.query('COMMIT');
    expect(await write).toBe(isolation === 'READ COMMITTED' ? 'TN007' : '40001');
    await late.query('ROLLBACK');
    expect(await stored()).toBe(0);
  });

  it('whose snapshot is older than the fence is refused', async () => {
    const old = await writer(isolation);
    await old.query('SELECT count(*) FROM app.note');
    const mover = await connected(plane.superuserUrl, plane.ownerRole);
    await fence(mover);
    await mover.query('COMMIT');
    await expect(insert(old)).rejects.toThrow(
      expect.objectContaining({ code: isolation === 'READ COMMITTED' ? 'TN007' : '40001' }),
    );
    await old.query('ROLLBACK');
    expect(await stored()).toBe(0);
  });

  it('of another tenant is not held up', async () => {
    const mover = await connected(plane.superuserUrl, plane.ownerRole);
    await fence(mover);
    const neighbour = await writer(isolation, B);
    await insert(neighbour, B);
    await neighbour.query('COMMIT');
    await mover.query('ROLLBACK');
    expect(await stored()).toBe(1);
  });
});

it('no acknowledged write is lost and none is stored after the fence, whenever it falls', async () => {
  for (let round = 0; round < 5; round++) {
    await plane.asOwner(`UPDATE bulkhead.tenant_home SET home = 'cel_1', epoch = 1 WHERE tenant_id = $1`, [A]);
    const before = await stored();
    let acknowledged = 0;
    const writers = ['READ COMMITTED', 'READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'].map(async (isolation) => {
      const client = await connected(plane.servingUrl);
      for (;;) {
        try {
          await client.query(`BEGIN ISOLATION LEVEL ${isolation}`);
          await client.query(`SELECT set_config('bulkhead.context', $1, true)`, [plane.sign(A)]);
          await insert(client);
          await client.query('COMMIT');
          acknowledged++;
        } catch (error) {
          await client.query('ROLLBACK');
          if ((error as { code: string }).code === 'TN007') return;
        }
      }
    });
    await waitFor('writers to be busy', () => acknowledged > 20);
    const mover = await connected(plane.superuserUrl, plane.ownerRole);
    await fence(mover);
    const atFence = Number((await mover.query<{ n: string }>('SELECT count(*) AS n FROM app.note')).rows[0]?.n);
    await mover.query('COMMIT');
    await Promise.all(writers);
    expect(atFence - before).toBe(acknowledged);
    expect(await stored()).toBe(atFence);
  }
});

it('TRUNCATE is refused even to the owner, and applying replicated rows is not fenced', async () => {
  await expect(plane.asOwner('TRUNCATE app.note')).rejects.toThrow(expect.objectContaining({ code: 'TN009' }));
  await plane.asSuperuser(`SET session_replication_role = replica`);
  await plane.asSuperuser('INSERT INTO app.note VALUES ($1)', [A]);
  await plane.asSuperuser('RESET session_replication_role');
  expect(await stored()).toBe(1);
});
