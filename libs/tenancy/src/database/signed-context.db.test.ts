import { waitFor } from '@bulkhead/kernel';
import pg from 'pg';
import { startTenantPlane, testKey, type TenantPlane } from '../testing/index.js';

const A = 'ten_a';
const B = 'ten_b';
let plane: TenantPlane;
let app: pg.Client;

beforeAll(async () => {
  plane = await startTenantPlane('cel_1');
  await plane.settle(A, B);
  await plane.asOwner(`CREATE TABLE app.note (tenant_id text COLLATE "C", id int, body text, PRIMARY KEY (tenant_id, id));
    CREATE TABLE app.nothing (tenant_id text COLLATE "C", id int, PRIMARY KEY (tenant_id, id));
    SELECT bulkhead.protect('app.note'); SELECT bulkhead.protect('app.nothing');
    INSERT INTO bulkhead.tenant_home VALUES ('ten_gone', 'bnd_2', 4)`);
  app = new pg.Client(plane.servingUrl);
  await app.connect();
  for (const tenant of [A, B])
    await as(plane.sign(tenant), `INSERT INTO app.note VALUES ('${tenant}', 1, 'of ${tenant}')`);
});
afterAll(async () => {
  await app?.end();
  await plane?.stop();
});

/** Runs one statement in a transaction of its own; `undefined` leaves the setting as it is. */
async function as(context: string | undefined, sql: string): Promise<Record<string, unknown>[]> {
  await app.query('BEGIN');
  try {
    if (context !== undefined) await app.query(`SELECT set_config('bulkhead.context', $1, true)`, [context]);
    const { rows } = await app.query<Record<string, unknown>>(sql);
    await app.query('COMMIT');
    return rows;
  } catch (error) {
    await app.query('ROLLBACK');
    throw error;
  }
}

const refusal = (code: string) => expect.objectContaining({ code });

describe('the signed context', () => {
  it('opens the rows of its tenant and no others', async () => {
    expect(await as(plane.sign(A), 'SELECT body FROM app.note')).toEqual([{ body: 'of ten_a' }]);
    expect(await as(plane.sign(B), 'SELECT body FROM app.note')).toEqual([{ body: 'of ten_b' }]);
    expect(await as(plane.sign(A), `SELECT body FROM app.note WHERE tenant_id = 'ten_b'`)).toEqual([]);
    await expect(as(plane.sign(A), `INSERT INTO app.note VALUES ('ten_b', 2)`)).rejects.toThrow(refusal('42501'));
    await expect(as(plane.sign(A), `UPDATE app.note SET tenant_id = 'ten_b'`)).rejects.toThrow(refusal('42501'));
    expect(await as(plane.sign(A), `DELETE FROM app.note WHERE tenant_id = 'ten_b' RETURNING 1`)).toEqual([]);
  });

  const soon = () => Math.floor(Date.now() / 1000) + 600;
  const tampered = (change: (part: string[]) => void) => () => {
    const part = plane.sign(A).split('.');
    change(part);
    return part.join('.');
  };
  const wrong: [string, string, () => string][] = [
    ['empty', 'TN001', () => ''],
    ['not a context', 'TN002', () => 'ten_b'],
    ['only dots', 'TN002', () => '......'],
    ['with a part too many', 'TN002', () => `${plane.sign(A)}.x`],
    ['of another version', 'TN002', tampered((part) => void (part[0] = 'v2'))],
    ['with a MAC that is not hexadecimal', 'TN002', tampered((part) => void (part[6] = 'z'.repeat(64)))],
    ['with a MAC in capitals', 'TN002', tampered((part) => void (part[6] = part[6]!.toUpperCase()))],
    ['without a MAC', 'TN002', tampered((part) => void (part[6] = ''))],
    ['of a key that is not active', 'TN003', () => plane.sign(A, {}, testKey('k9'))],
    ['of a key that pretends to be the active one', 'TN004', () => plane.sign(A, {}, testKey('k1'))],
    ['with another tenant', 'TN004', tampered((part) => void (part[2] = B))],
    ['with a later expiry', 'TN004', tampered((part) => void (part[5] = String(soon() + 999)))],
    ['with a later epoch', 'TN004', tampered((part) => void (part[4] = '2'))],
    ['with an expiry that is no number', 'TN004', tampered((part) => void (part[5] = 'never'))],
    ['expired', 'TN005', () => plane.sign(A, { expiresAt: Math.floor(Date.now() / 1000) - 1 })],
    ['for another database', 'TN006', () => plane.sign(A, { home: 'cel_2' })],
    ['for the place that the tenant has moved to', 'TN006', () => plane.sign('ten_gone', { home: 'bnd_2', epoch: 4 })],
    ['of a later epoch than the database knows', 'TN007', () => plane.sign(A, { epoch: 2 })],
    ['of a tenant that has moved away', 'TN007', () => plane.sign('ten_gone')],
    ['of a tenant that was never here', 'TN008', () => plane.sign('ten_nowhere')],
  ];

  it.each(wrong)(
    '%s is refused with %s, on full and on empty tables, for reads and writes',
    async (_, code, context) => {
      for (const sql of [
        'SELECT * FROM app.note',
        'SELECT count(*) FROM app.note',
        'SELECT * FROM app.nothing',
        'SELECT * FROM app.nothing WHERE id = 1',
        `SELECT * FROM app.note WHERE tenant_id = 'ten_a' AND id = 1`,
        `INSERT INTO app.nothing VALUES ('ten_a', 1)`,
        'UPDATE app.note SET body = NULL',
        'DELETE FROM app.nothing',
        `MERGE INTO app.nothing n USING (VALUES ('ten_a', 1)) v(t, i) ON n.tenant_id = v.t AND n.id = v.i WHEN NOT MATCHED THEN INSERT VALUES (t, i)`,
      ]) {
        await expect(as(context(), sql)).rejects.toThrow(refusal(code));
      }
      expect(await as(plane.sign(A), 'SELECT body FROM app.note')).toEqual([{ body: 'of ten_a' }]);
    },
  );

  it('is asked for before an empty table is read from its start to its end', async () => {
    const plan = await as(
      plane.sign(A),
      `SELECT set_config('enable_indexscan', 'off', false), set_config('enable_bitmapscan', 'off', false)`,
    ).then(() => as(plane.sign(A), 'EXPLAIN SELECT * FROM app.nothing'));
    expect(JSON.stringify(plan)).toContain('Seq Scan on nothing');
    await expect(as('', 'SELECT * FROM app.nothing')).rejects.toThrow(refusal('TN001'));
    await expect(as(plane.sign('ten_gone'), 'SELECT * FROM app.nothing WHERE id = 1')).rejects.toThrow(
      refusal('TN007'),
    );
    await app.query('RESET ALL');
  });

  it('tells the new home and epoch to a stale context, and to a forged one nothing', async () => {
    await expect(as(plane.sign('ten_gone'), 'SELECT FROM app.note')).rejects.toThrow(
      expect.objectContaining({ code: 'TN007', detail: '{"home" : "bnd_2", "epoch" : 4}' }),
    );
    await expect(as(plane.sign('ten_gone', {}, testKey('k1')), 'SELECT FROM app.note')).rejects.toThrow(
      expect.objectContaining({ code: 'TN004', detail: undefined }),
    );
  });

  it('is gone after commit, rollback and error: never the context of the transaction before', async () => {
    const fresh = new pg.Client(plane.servingUrl);
    await fresh.connect();
    await expect(fresh.query('SELECT * FROM app.nothing')).rejects.toThrow(refusal('TN001'));
    await fresh.end();

    await as(plane.sign(A), 'SELECT FROM app.note');
    await expect(as(undefined, 'SELECT * FROM app.note')).rejects.toThrow(refusal('TN001'));
    await expect(as(plane.sign(A), 'SELECT 1 / 0')).rejects.toThrow(refusal('22012'));
    await expect(as(undefined, 'SELECT * FROM app.note')).rejects.toThrow(refusal('TN001'));
    await app.query('BEGIN');
    await app.query(`SELECT set_config('bulkhead.context', $1, true)`, [plane.sign(A)]);
    await app.query('SAVEPOINT s');
    await app.query(`SELECT set_config('bulkhead.context', $1, true)`, [plane.sign(B)]);
    await app.query('ROLLBACK TO s');
    expect((await app.query('SELECT body FROM app.note')).rows).toEqual([{ body: 'of ten_a' }]);
    await app.query('ROLLBACK');
    await expect(app.query('SELECT * FROM app.note')).rejects.toThrow(refusal('TN001'));
  });

  it('ends in the middle of a transaction when its time is over', async () => {
    await app.query('BEGIN');
    const expiresAt = Math.floor(Date.now() / 1000) + 3;
    await app.query(`SELECT set_config('bulkhead.context', $1, true)`, [plane.sign(A, { expiresAt })]);
    await app.query('SELECT FROM app.note');
    const refused = await waitFor('its end', () =>
      app.query('SELECT FROM app.note').then(
        () => undefined,
        (error: unknown) => error,
      ),
    );
    expect(refused).toMatchObject({ code: 'TN005' });
    await app.query('ROLLBACK');
  });

  it('of two keys both count; the third retires the first, and a withdrawn key ends at once', async () => {
    const [second, third] = [testKey('k2'), testKey('k3')];
    await plane.setKey(second);
    for (const key of [plane.key, second])
      expect(await as(plane.sign(A, {}, key), 'SELECT FROM app.note')).toHaveLength(1);
    await plane.setKey(second);
    await expect(plane.setKey(testKey('k2'))).rejects.toThrow('a key id is used once');
    await plane.setKey(third);
    await expect(as(plane.sign(A), 'SELECT FROM app.note')).rejects.toThrow(refusal('TN003'));
    await plane.asOwner(`SELECT bulkhead.drop_context_key('k3')`);
    await expect(as(plane.sign(A, {}, third), 'SELECT FROM app.note')).rejects.toThrow(refusal('TN003'));
    expect(await as(plane.sign(A, {}, second), 'SELECT FROM app.note')).toHaveLength(1);
    await plane.setKey(plane.key);
    expect(await as(plane.sign(A), 'SELECT FROM app.note')).toHaveLength(1);
  });
});

describe('an injected statement', () => {
  const hostile: [string, () => string, string][] = [
    [
      'names another tenant in the setting',
      () =>
        `SELECT set_config('bulkhead.context', 'v1.k1.${B}.cel_1.1.4000000000.${'0'.repeat(64)}', true), n.* FROM app.note n`,
      'own rows',
    ],
    [
      'sets the setting before the rows are sought',
      () =>
        `SELECT n.* FROM (SELECT set_config('bulkhead.context', replace(current_setting('bulkhead.context'), '${A}', '${B}'), true) OFFSET 0) s, LATERAL (SELECT * FROM app.note WHERE s IS NOT NULL) n`,
      'own rows',
    ],
    [
      'writes with a swapped setting',
      () =>
        `WITH s AS MATERIALIZED (SELECT set_config('bulkhead.context', replace(current_setting('bulkhead.context'), '${A}', '${B}'), true)) INSERT INTO app.note SELECT '${B}', 66 FROM s`,
      'TN004',
    ],
    ['reads the key', () => 'SELECT * FROM bulkhead.context_key', '42501'],
    ['reads the homes', () => 'SELECT * FROM bulkhead.tenant_home', '42501'],
    ['adds a key', () => `SELECT bulkhead.set_context_key('k6', '\\x00', '\\x00')`, '42501'],
    ['becomes the owner', () => `SELECT set_config('role', '${plane.ownerRole}', true)`, '42501'],
    ['turns triggers and checks off', () => `SELECT set_config('session_replication_role', 'replica', true)`, '42501'],
    [
      'asks for an error instead of a filter',
      () => `SELECT set_config('row_security', 'off', true), n.* FROM app.note n`,
      'own rows',
    ],
    ['truncates', () => 'TRUNCATE app.note', '42501'],
    ['locks everybody out', () => 'LOCK TABLE bulkhead.tenant_home', '42501'],
    ['hides a table behind a temporary one', () => 'CREATE TEMP TABLE note (tenant_id text)', '42501'],
    ['plants an operator', () => `CREATE FUNCTION app.eq(text, text) RETURNS bool LANGUAGE sql RETURN true`, '42501'],
    ['copies from a program', () => `COPY app.note FROM PROGRAM 'id'`, '42501'],
    ['copies into the table', () => `COPY app.note FROM STDIN`, '0A000'],
    [
      'listens to error texts',
      () => `SELECT * FROM app.note WHERE 1 / (CASE WHEN tenant_id = '${B}' THEN 0 ELSE 1 END) = 1`,
      'own rows',
    ],
    ['switches row security off', () => 'ALTER TABLE app.note DISABLE ROW LEVEL SECURITY', '42501'],
    ['drops the fence', () => 'DROP TRIGGER tenant_fence ON app.note', '42501'],
  ];
  const untouched = [
    { tenant_id: A, id: 1 },
    { tenant_id: B, id: 1 },
  ];
  const stored = () => plane.asOwner('SELECT tenant_id, id FROM app.note ORDER BY 1, 2');

  it.each(hostile.filter(([, , code]) => code === 'own rows'))('that %s sees its own rows', async (_, sql) => {
    expect(await as(plane.sign(A), sql())).toEqual([expect.objectContaining({ tenant_id: A })]);
    expect(await stored()).toEqual(untouched);
  });

  it.each(hostile.filter(([, , code]) => code !== 'own rows'))('that %s is refused', async (_, sql, code) => {
    await expect(as(plane.sign(A), sql())).rejects.toThrow(refusal(code));
    expect(await stored()).toEqual(untouched);
  });

  it('that left settings behind in the session does not reach the next transaction', async () => {
    await as(
      plane.sign(A),
      `SELECT set_config('bulkhead.context', '${plane.sign(A)}', false), set_config('search_path', 'pg_temp, app', false)`,
    );
    expect(await as(plane.sign(B), 'SELECT tenant_id FROM app.note')).toEqual([{ tenant_id: B }]);
    await app.query('RESET ALL');
  });

  it('cannot tell whether another tenant has a key', async () => {
    const attempt = (tenant: string, id: number) =>
      as(plane.sign(A), `INSERT INTO app.note VALUES ('${tenant}', ${id})`).catch(
        (error: unknown) => (error as { code: string }).code,
      );
    expect(await attempt(B, 1)).toBe('42501');
    expect(await attempt(B, 2)).toBe('42501');
  });
});
