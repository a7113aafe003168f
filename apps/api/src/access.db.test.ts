import { createHash, randomUUID } from 'node:crypto';
import pg from 'pg';
import { ApiFixture } from './testing/api.fixture.js';

let api: ApiFixture;
/** Of a person who may also give the role "ci" away. */
let token: string;
beforeAll(async () => {
  api = await ApiFixture.start();
  token = await api.issuer.token({ roles: ['platform-admin', 'ci'] });
});
afterAll(() => api.stop());

async function asSuperuser(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(api.database.superuserUrl);
  await client.connect();
  try {
    return (await client.query(sql, values)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

describe('tokens', () => {
  it.each(['platform-admin', 'sales-ops', 'approver', 'auditor', 'ci'])('of a %s may look at tenants', async (role) => {
    const theirs = await api.issuer.token({ roles: ['something-else', role] });
    expect((await api.get('/v1/tenants', { token: theirs })).status).toBe(200);
  });

  it('are asked for with WWW-Authenticate', async () => {
    expect((await api.get('/v1/tenants', { token: null })).headers['www-authenticate']).toBe('Bearer');
  });
});

describe('API keys', () => {
  const body = { name: 'release pipeline', roles: ['ci'], expiresInDays: 7 };

  it('are shown once, kept as a digest, and work until they are revoked', async () => {
    const { answer, grown } = await api.effectOf(() => api.post('/v1/api-keys', body, { token }));
    expect(answer).toMatchObject({
      status: 201,
      body: { key: expect.stringMatching(/^bhk_[\w-]{43}$/), roles: ['ci'], createdBy: 'user:ada' },
    });
    expect(grown).toEqual({ api_keys: 1, audit_queue: 1, idempotency_keys: 1 });
    const { key, id } = answer.body;
    expect((await api.get('/v1/tenants', { token: key })).status).toBe(200);
    expect((await api.get('/v1/audit/events', { token: key })).status).toBe(403);
    expect((await api.leaves()).at(-1)).toMatchObject({ actor: { kind: 'api_key', id, roles: ['ci'] } });
    const listed = await api.get('/v1/api-keys');
    expect(listed.body.data[0]).toMatchObject({
      id,
      name: 'release pipeline',
      fingerprint: createHash('sha256').update(key).digest('hex').slice(0, 12),
    });
    expect(listed.text).not.toContain(key);
    expect((await api.send({ method: 'DELETE', url: `/v1/api-keys/${id}` })).status).toBe(204);
    expect((await api.get('/v1/tenants', { token: key })).body).toMatchObject({ errorCode: 'invalid_api_key' });
    expect((await api.send({ method: 'DELETE', url: `/v1/api-keys/${id}` })).status).toBe(204);
  });

  it('are in no table, no answer to a repetition and no log', async () => {
    const idempotency = randomUUID();
    const first = await api.post('/v1/api-keys', body, { token, key: idempotency });
    const again = await api.post('/v1/api-keys', body, { token, key: idempotency });
    expect(again).toMatchObject({
      status: 201,
      body: { id: first.body.id, key: null, note: expect.stringContaining('only once') },
    });
    const { key } = first.body;
    const tables = await asSuperuser(
      `select table_name as name from information_schema.tables where table_schema = 'control'`,
    );
    for (const { name } of tables) {
      const hits = await asSuperuser(`select 1 from control.${String(name)} t where t::text like '%' || $1 || '%'`, [
        key,
      ]);
      expect([name, hits]).toEqual([name, []]);
    }
    expect(api.logged.join('')).not.toContain(key);
  });

  it('expire', async () => {
    const { key, id } = (await api.post('/v1/api-keys', body, { token })).body;
    await asSuperuser(`update control.api_keys set expires_at = now() - interval '1 second' where id = $1`, [id]);
    expect((await api.get('/v1/tenants', { token: key })).status).toBe(401);
  });

  it('never hold more than their maker, nor make keys, nor live longer than a year', async () => {
    const auditor = await api.issuer.token({ sub: 'otto', roles: ['auditor'] });
    const beyond = await api.effectOf(() =>
      api.post('/v1/api-keys', { ...body, roles: ['auditor', 'platform-admin'] }, { token: auditor }),
    );
    expect(beyond).toMatchObject({
      answer: { status: 403, body: { errorCode: 'roles_beyond_own' } },
      grown: { audit_queue: 1 },
    });
    const { key } = (await api.post('/v1/api-keys', { ...body, roles: ['auditor'] }, { token: auditor })).body;
    expect((await api.post('/v1/api-keys', { ...body, roles: ['auditor'] }, { token: key })).body.errorCode).toBe(
      'api_key_not_allowed',
    );
    for (const wrong of [{ expiresInDays: 366 }, { roles: ['workload'] }, { roles: [] }, { roles: 'ci' }]) {
      expect((await api.post('/v1/api-keys', { ...body, ...wrong }, { token })).status).toBe(400);
    }
  });

  it('are seen and revoked by their maker, platform admins and (seen) auditors', async () => {
    const sal = await api.issuer.token({ sub: 'sal', roles: ['sales-ops'] });
    const eve = await api.issuer.token({ sub: 'eve', roles: ['ci'] });
    const { id } = (await api.post('/v1/api-keys', { ...body, roles: ['sales-ops'] }, { token: sal })).body;
    const seenBy = async (viewer: string): Promise<string[]> =>
      (await api.get('/v1/api-keys?limit=100', { token: viewer })).body.data.map((one: { id: string }) => one.id);
    expect(await seenBy(sal)).toEqual([id]);
    expect(await seenBy(eve)).toEqual([]);
    expect(await seenBy(api.adminToken)).toContain(id);
    expect((await api.send({ method: 'DELETE', url: `/v1/api-keys/${id}`, token: eve })).body).toMatchObject({
      status: 404,
      errorCode: 'api_key_not_found',
    });
    expect((await api.send({ method: 'DELETE', url: `/v1/api-keys/${id}`, token: sal })).status).toBe(204);
  });
});

describe('limits', () => {
  it('refuse a principal that asks too often, and nobody else', async () => {
    const limited = await ApiFixture.start({ requestsPerMinute: 3 });
    try {
      const busy = await limited.issuer.token({ sub: 'busy' });
      const statuses = [1, 2, 3, 4].map(async () => (await limited.get('/v1/tiers', { token: busy })).status);
      expect((await Promise.all(statuses)).toSorted((a, b) => a - b)).toEqual([200, 200, 200, 429]);
      const { answer, grown } = await limited.effectOf(() => limited.post('/v1/tenants', {}, { token: busy }));
      expect(answer).toMatchObject({ status: 429, body: { errorCode: 'too_many_requests', retryable: true } });
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      expect(grown).toEqual({});
      expect((await limited.get('/v1/tiers', { token: await limited.issuer.token({ sub: 'calm' }) })).status).toBe(200);
    } finally {
      await limited.stop();
    }
  });

  it('stop an address from trying credentials without end', async () => {
    const guessed = await ApiFixture.start();
    try {
      const answers = [];
      for (let guess = 0; guess < 62; guess++)
        answers.push((await guessed.get('/v1/tiers', { token: `bhk_${guess}` })).status);
      expect(answers.slice(0, 60)).toEqual(Array.from({ length: 60 }, () => 401));
      expect(answers.slice(60)).toEqual([429, 429]);
    } finally {
      await guessed.stop();
    }
  });
});
