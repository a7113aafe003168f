import { randomBytes, randomUUID } from 'node:crypto';
import { isSignedContext, parseContext, type ContextKey } from '@bulkhead/domain/context';
import { newId, Redacted, waitFor, type TenantId } from '@bulkhead/kernel';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import pg from 'pg';
import { ApiFixture, tenantBody, TOKEN_ISSUER, type Answer, type Request } from './testing/api.fixture.js';
import { addContextKey, asSuperuser, tablesThatHold, verifiedClaims } from './testing/token-tools.js';

const tokenSecret = new Redacted<Uint8Array>(randomBytes(32));
const person = { audience: 'clinic', subject: { kind: 'person', id: 'usr_7' }, roles: ['clinician'] };
const service = { audience: 'clinic', subject: { kind: 'service', id: 'claims' }, roles: ['claims.write'] };

let api: ApiFixture;
let tenantId: TenantId;
let home: string;
let contextKey: ContextKey;
let issuer: string;
let verifier: string;

beforeAll(async () => {
  api = await ApiFixture.start({ tokenSecret });
  await api.standUpRegion();
  ({ tenantId, home } = await api.onboard());
  contextKey = await addContextKey(api, tokenSecret, home);
  issuer = await api.issuer.token({ sub: 'identity', roles: ['tenancy-issuer'] });
  verifier = await api.issuer.token({ sub: 'clinic', roles: ['tenancy-service'] });
});
afterAll(() => api.stop());

const issue = (body: object, request: Partial<Request> = {}, id: string = tenantId): Promise<Answer> =>
  api.post(`/v1/tenants/${id}/tokens`, body, { token: issuer, ...request });

describe('POST /v1/tenants/{id}/tokens', () => {
  it('issues a token whose claims are those that services verify', async () => {
    const { answer, grown } = await api.effectOf(() => issue({ ...person, unit: 'north', actor: 'scheduler' }));
    expect(answer.status).toBe(201);
    const { token, tokenId, issuedAt, expiresAt } = answer.body;
    expect(decodeProtectedHeader(token)).toEqual({
      alg: 'ES256',
      typ: 'bulkhead-tenant+jwt',
      kid: expect.stringMatching(/^[\w-]{43}$/),
    });
    expect(await verifiedClaims(api, token)).toEqual({
      iss: TOKEN_ISSUER,
      aud: 'clinic',
      sub: 'usr_7',
      jti: tokenId,
      iat: issuedAt,
      exp: expiresAt,
      tenant: tenantId,
      kind: 'person',
      roles: ['clinician'],
      unit: 'north',
      act: { sub: 'scheduler' },
    });
    expect(expiresAt - issuedAt).toBe(600);
    // The first token brings the first keys with it, which the API rotates in its own name.
    expect(grown).toEqual({ signing_keys: 2, audit_queue: 2, idempotency_keys: 1 });
    expect((await api.leaves()).at(-1)).toMatchObject({
      action: 'tenant_token.issue',
      outcome: 'accepted',
      tenantId,
      actor: { id: 'identity' },
      details: { audience: 'clinic', subject: 'person:usr_7', roles: ['clinician'], unit: 'north', tokenId, expiresAt },
    });
  });

  it('puts a context for the tenant’s database into the token of whoever reaches it', async () => {
    const { token, expiresAt } = (await issue({ ...service, database: true, lifetimeSeconds: 900 })).body;
    const context = String((await verifiedClaims(api, token))['context']);
    expect(parseContext(context)).toMatchObject({ tenantId, home, epoch: 1, expiresAt, keyId: contextKey.id });
    expect(isSignedContext(contextKey, context, Date.now())).toBe(true);
    expect((await verifiedClaims(api, (await issue(service)).body.token))['context']).toBeUndefined();
  });

  it('signs contexts with the newest key of the home', async () => {
    const newer = await addContextKey(api, tokenSecret, home);
    const { token } = (await issue({ ...service, database: true })).body;
    expect(isSignedContext(newer, String(decodeJwt(token)['context']), Date.now())).toBe(true);
  });

  it('gives the token once: a repetition names it and does not hold it', async () => {
    const key = randomUUID();
    const first = await issue(person, { key });
    const { answer: again, grown } = await api.effectOf(() => issue(person, { key }));
    expect(again).toMatchObject({ status: 201, body: { ...first.body, token: null } });
    expect(grown).toEqual({});
    expect((await issue(service, { key })).body.errorCode).toBe('idempotency_key_reused');
  });

  it('leaves the token, the context and the private key in no table, no log and no refusal', async () => {
    const { token } = (await issue({ ...service, database: true })).body;
    const exchanged = await exchange(token);
    await exchange('aaaa.bbbb.cccc');
    const signature = token.split('.')[2];
    const mac = parseContext(exchanged.body.context).mac;
    const written = api.logged.join('');
    for (const secret of [token, signature, mac]) {
      expect(await tablesThatHold(api, secret)).toEqual([]);
      expect(written).not.toContain(secret);
    }
    for (const secret of [contextKey.secret.reveal(), tokenSecret.reveal()]) {
      for (const form of ['hex', 'base64', 'base64url'] as const)
        expect(await tablesThatHold(api, Buffer.from(secret).toString(form).replace(/=+$/, ''))).toEqual([]);
    }
    // A P-256 key in PKCS #8 names its curve just before the private part, and a JWK has it in "d".
    expect(await tablesThatHold(api, '2a8648ce3d030107')).toEqual([]);
    expect(await asSuperuser(api, `select 1 from control.signing_keys where public_jwk ? 'd'`)).toEqual([]);
    // The search finds what is there.
    expect(await tablesThatHold(api, decodeJwt(token).jti ?? '')).toEqual(
      expect.arrayContaining(['control.idempotency_keys', 'control.audit_queue']),
    );
  });

  it.each([
    ['platform-admin', 201],
    ['tenancy-issuer', 201],
    ['tenancy-service', 403],
    ['tenancy-worker', 403],
    ['sales-ops', 403],
    ['approver', 403],
    ['auditor', 403],
    ['ci', 403],
    ['workload', 403],
  ])('answers %s with %d', async (role, status) => {
    const token = await api.issuer.token({ sub: role, roles: [role] });
    const answer = await issue(person, { token });
    expect(answer.status).toBe(status);
    const outcome = status === 201 ? 'accepted' : 'refused';
    expect((await api.leaves()).at(-1)).toMatchObject({ action: 'tenant_token.issue', outcome, actor: { id: role } });
  });

  it('gives the isolation prover tokens of tenants of the proof only; others are not there for it', async () => {
    const token = await api.issuer.token({ sub: 'prover', roles: ['isolation-prover'] });
    expect(await issue(person, { token })).toMatchObject({ status: 404, body: { errorCode: 'tenant_not_found' } });
    const probes = (cell: string) =>
      asSuperuser(
        api,
        `update control.tenants set environment = 'sandbox', probe_of = ${cell} where id = '${tenantId}'`,
      );
    await probes(`'${home}'`);
    try {
      expect((await issue(person, { token })).status).toBe(201);
    } finally {
      await probes('null');
    }
  });

  it('gives a service that works by itself tokens for itself, and for nobody else', async () => {
    const token = await api.issuer.token({ sub: 'clinic-claims', roles: ['tenancy-worker'] });
    const own = { audience: 'clinic', subject: { kind: 'service', id: 'clinic-claims' }, roles: [], database: true };
    const issued = (await issue(own, { token })).body.token;
    expect(decodeJwt(issued)).toMatchObject({ sub: 'clinic-claims', kind: 'service', roles: [] });
    const others = ['service clinic', 'person clinic-claims'].map((who) => who.split(' '));
    const subjects = others.map(([kind, id]) => ({ ...own, subject: { kind, id } }));
    for (const body of [person, ...subjects, { ...own, roles: ['clinician'] }, { ...own, unit: 'north' }])
      expect(await issue(body, { token })).toMatchObject({ status: 403, body: { errorCode: 'token_not_own' } });
    expect((await api.get('/v1/tenants', { token })).status).toBe(403);
  });

  it('works with an API key of the identity service', async () => {
    const token = await api.issuer.token({ roles: ['platform-admin', 'tenancy-issuer'] });
    const body = { name: 'identity service', roles: ['tenancy-issuer'] };
    const { key } = (await api.post('/v1/api-keys', body, { token })).body;
    expect((await issue(person, { token: key })).status).toBe(201);
    expect((await api.get('/v1/tenants', { token: key })).status).toBe(403);
  });

  it.each([
    ['a life over 15 minutes', { ...person, lifetimeSeconds: 901 }, 400, '/lifetimeSeconds'],
    ['no audience', { ...person, audience: '' }, 400, '/audience'],
    ['several audiences', { ...person, audience: ['clinic', 'billing'] }, 400, '/audience'],
    ['an unknown kind of subject', { ...person, subject: { kind: 'robot', id: 'r' } }, 400, '/subject/kind'],
    ['a subject with more', { ...person, subject: { ...person.subject, sub: 'x' } }, 400, '/subject/sub'],
    ['no subject', { ...person, subject: undefined }, 400, '/subject'],
    ['roles as text', { ...person, roles: 'clinician' }, 400, '/roles'],
    ['an empty unit, which could be read as none', { ...person, unit: '' }, 400, '/unit'],
    ['a tenant in the body', { ...person, tenant: 'ten_1' }, 400, '/tenant'],
    ['an actor for a service', { ...service, actor: 'other' }, 422, '/actor'],
  ])('refuses %s', async (_, body, status, pointer) => {
    const { answer, grown } = await api.effectOf(() => issue(body));
    expect(answer.status).toBe(status);
    expect(answer.body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
    expect(grown).toEqual({ audit_queue: 1 });
  });

  it('knows no difference between a made-up tenant and a malformed one', async () => {
    for (const id of [newId('tenant'), 'ten_1', 'x'])
      expect(await issue(person, {}, id)).toMatchObject({ status: 404, body: { errorCode: 'tenant_not_found' } });
  });

  it('gives no token to a tenant that is not in use yet, and no context to one without a key', async () => {
    const { tenant } = (await api.post('/v1/tenants', tenantBody())).body;
    expect((await issue(person, {}, tenant.id)).body.errorCode).toBe('tenant_not_active');
    await api.standUpRegion('us-west-2');
    const other = await api.onboard({ region: 'us-west-2' });
    const refused = await issue({ ...service, database: true }, {}, other.tenantId);
    expect(refused).toMatchObject({ status: 503, body: { errorCode: 'context_key_missing', retryable: true } });
    expect((await issue(service, {}, other.tenantId)).status).toBe(201);
  });
});

const exchange = (token: string, request: Partial<Request> = {}, id: string = tenantId): Promise<Answer> =>
  api.post(`/v1/tenants/${id}/contexts`, { token }, { token: verifier, ...request });

describe('POST /v1/tenants/{id}/contexts', () => {
  it('gives a context for where the tenant is now, until the token ends', async () => {
    const { token, expiresAt } = (await issue({ ...service, database: true })).body;
    await asSuperuser(api, `update control.placements set epoch = 2 where tenant_id = $1 and layer = 'database'`, [
      tenantId,
    ]);
    const key = randomUUID();
    const answer = await exchange(token, { key });
    expect(answer).toMatchObject({ status: 201, body: { home, epoch: 2, expiresAt } });
    expect(parseContext(answer.body.context)).toMatchObject({ tenantId, home, epoch: 2, expiresAt });
    expect((await exchange(token, { key })).body).toEqual({ context: null, home, epoch: 2, expiresAt });
  });

  it('refuses a token without a context, of another tenant, forged, or revoked', async () => {
    const other = await api.onboard();
    const { token, tokenId } = (await issue({ ...service, database: true })).body;
    const [header, , signature] = token.split('.');
    const claims = Buffer.from(JSON.stringify({ ...decodeJwt(token), tenant: other.tenantId })).toString('base64url');
    const invalid = { status: 422, body: { errorCode: 'tenant_token_invalid' } };
    expect(await exchange((await issue(service)).body.token)).toMatchObject(invalid);
    expect(await exchange(token, {}, other.tenantId)).toMatchObject(invalid);
    expect(await exchange(`${header}.${claims}.${signature}`, {}, other.tenantId)).toMatchObject(invalid);
    await revoke({ tokenId, reason: 'lost' });
    expect(await exchange(token)).toMatchObject({ status: 422, body: { errorCode: 'tenant_token_revoked' } });
  });

  it('is for services and platform admins only', async () => {
    const { token } = (await issue({ ...service, database: true })).body;
    expect((await exchange(token, { token: issuer })).status).toBe(403);
    expect((await exchange(token, { token: null })).status).toBe(401);
    expect((await exchange(token, { token: api.adminToken })).status).toBe(201);
  });
});

const revoke = (how: object, request: Partial<Request> = {}): Promise<Answer> =>
  api.post(`/v1/tenants/${tenantId}/tokens/revoke`, how, { token: issuer, ...request });

describe('revocation', () => {
  it('puts one token, a subject or the whole tenant on the list that services poll', async () => {
    const { tokenId } = (await issue(person)).body;
    const { answer, grown } = await api.effectOf(() => revoke({ tokenId, reason: 'a phone was lost' }));
    expect([answer.status, grown]).toEqual([204, { token_revocations: 1, audit_queue: 1, idempotency_keys: 1 }]);
    expect((await api.leaves()).at(-1)).toMatchObject({
      action: 'tenant_token.revoke',
      tenantId,
      details: { tokenId, reason: 'a phone was lost' },
    });
    await revoke({ subject: 'usr_7', reason: 'left' });
    await revoke({ reason: 'breach' });
    const { body: list, headers } = await api.get('/v1/token-revocations', { token: verifier });
    expect(list).toMatchObject({ pollSeconds: 10, staleSeconds: 30 });
    const second = expect.any(Number);
    expect(list.data.slice(-3)).toEqual([
      { tenantId, tokenId, subject: null, issuedUpTo: null },
      { tenantId, tokenId: null, subject: 'usr_7', issuedUpTo: second },
      { tenantId, tokenId: null, subject: null, issuedUpTo: second },
    ]);
    const known = { headers: { 'if-none-match': String(headers['etag']) }, token: verifier };
    expect((await api.get('/v1/token-revocations', known)).status).toBe(304);
  });

  it('means every token issued before it and none issued after it, also within one second', async () => {
    for (let round = 0; round < 3; round++) {
      const before = (await issue(person)).body.issuedAt;
      await revoke({ reason: 'breach' });
      const after = (await issue(person)).body.issuedAt;
      const { data } = (await api.get('/v1/token-revocations', { token: verifier })).body;
      expect(before).toBeLessThanOrEqual(data.at(-1).issuedUpTo);
      expect(after).toBeGreaterThan(data.at(-1).issuedUpTo);
    }
  });

  it('waits for a token that is being issued, so that it is meant as well', async () => {
    const issuing = new pg.Client(api.database.superuserUrl);
    await issuing.connect();
    try {
      await issuing.query('begin');
      await issuing.query('select pg_advisory_xact_lock_shared(hashtextextended($1, 7264120))', [tenantId]);
      const revoking = revoke({ reason: 'breach' });
      const waits = `select 1 from pg_locks where locktype = 'advisory' and not granted
                        and database = (select oid from pg_database where datname = current_database())`;
      await waitFor('the revocation to wait', async () => (await asSuperuser(api, waits)).length > 0);
      // Issuing does not wait for issuing.
      expect((await issue(person, {}, (await api.onboard()).tenantId)).status).toBe(201);
      await issuing.query('commit');
      expect((await revoking).status).toBe(204);
    } finally {
      await issuing.end();
    }
  });

  it('leaves the list when no token that is meant can be valid any more', async () => {
    await asSuperuser(api, `update control.token_revocations set listed_until = now() - interval '1 second'`);
    expect((await api.get('/v1/token-revocations', { token: verifier })).body.data).toEqual([]);
    await revoke({ reason: 'again' });
    const [row] = await asSuperuser(
      api,
      `select extract(epoch from listed_until - revoked_at) as seconds from control.token_revocations order by id desc limit 1`,
    );
    expect(Number(row?.['seconds'])).toBeGreaterThan(15 * 60);
  });

  it.each([
    ['tenancy-issuer', 200],
    ['tenancy-service', 200],
    ['tenancy-worker', 200],
    ['auditor', 200],
    ['platform-admin', 200],
    ['sales-ops', 403],
    ['ci', 403],
  ])('list is given to %s with %d', async (role, status) => {
    const token = await api.issuer.token({ sub: role, roles: [role] });
    expect((await api.get('/v1/token-revocations', { token })).status).toBe(status);
  });

  it('refuses a token and a subject at once, a missing reason and a stranger', async () => {
    const both = { tokenId: newId('token'), subject: 'usr_7', reason: 'both' };
    expect(await revoke(both)).toMatchObject({ status: 422, body: { errorCode: 'revocation_ambiguous' } });
    expect((await revoke({})).status).toBe(400);
    expect((await revoke({ reason: 'no' }, { token: verifier })).status).toBe(403);
  });
});
