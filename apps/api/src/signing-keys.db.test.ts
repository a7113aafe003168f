import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { TokenVault } from '@bulkhead/control';
import { Redacted, type TenantId } from '@bulkhead/kernel';
import { openControlDatabase } from '@bulkhead/store';
import { createLogger } from '@bulkhead/runtime';
import { decodeJwt, decodeProtectedHeader, SignJWT, UnsecuredJWT } from 'jose';
import { createApi } from './api.js';
import { AUDIENCE } from './testing/test-issuer.js';
import { ApiFixture, TOKEN_ISSUER, type Answer } from './testing/api.fixture.js';
import { asSuperuser, tablesThatHold, verifiedClaims } from './testing/token-tools.js';

const tokenSecret = new Redacted<Uint8Array>(randomBytes(32));
const person = { audience: 'clinic', subject: { kind: 'person', id: 'usr_7' }, roles: ['clinician'] };

let api: ApiFixture;
let tenantId: TenantId;
beforeAll(async () => {
  api = await ApiFixture.start({ tokenSecret });
  await api.standUpRegion();
  ({ tenantId } = await api.onboard());
});
afterAll(() => api.stop());

const token = async (): Promise<string> => (await api.post(`/v1/tenants/${tenantId}/tokens`, person)).body.token;
const keyOf = (jwt: string): string => String(decodeProtectedHeader(jwt).kid);
const rotate = (body: object = {}): Promise<Answer> => api.post('/v1/signing-keys/rotate', body);
const published = async (): Promise<string[]> =>
  (await api.get('/v1/.well-known/jwks.json', { token: null })).body.keys.map(({ kid }: { kid: string }) => kid);
/** As if the current key had signed for so long. */
const age = (days: number) =>
  asSuperuser(
    api,
    `update control.signing_keys set promoted_at = now() - make_interval(days => $1) where state = 'current'`,
    [days],
  );

describe('published keys', () => {
  it('are there for anybody, may be cached, and hold nothing private', async () => {
    const jwt = await token();
    const answer = await api.get('/v1/.well-known/jwks.json', { token: null });
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toBe('public, max-age=300');
    const coordinate = expect.stringMatching(/^[\w-]{43}$/);
    const key = { kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig', kid: coordinate, x: coordinate, y: coordinate };
    expect(answer.body).toEqual({ keys: [key, key] });
    expect(answer.body.keys[0].kid).toBe(keyOf(jwt));
  });

  it('are made once, however many ask for the first token at the same time', async () => {
    const fresh = await ApiFixture.start();
    try {
      await fresh.standUpRegion();
      const tenant = await fresh.onboard();
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => fresh.post(`/v1/tenants/${tenant.tenantId}/tokens`, person)),
      );
      expect(new Set(answers.map(({ body }) => keyOf(body.token))).size).toBe(1);
      const { body } = await fresh.get('/v1/.well-known/jwks.json', { token: null });
      expect(body.keys).toHaveLength(2);
    } finally {
      await fresh.stop();
    }
  });
});

describe('a token', () => {
  it('is accepted as it was issued, and by its own audience only', async () => {
    const jwt = await token();
    expect(await verifiedClaims(api, jwt)).toMatchObject({ sub: 'usr_7' });
    await expect(verifiedClaims(api, jwt, 'billing')).rejects.toMatchObject({
      code: 'ERR_JWT_CLAIM_VALIDATION_FAILED',
    });
  });

  it('is refused when it was forged, in any of the ways that tokens are forged', async () => {
    const jwt = await token();
    const [header = '', payload = '', signature = ''] = jwt.split('.');
    const claims = { ...decodeJwt(jwt), tenant: 'ten_other' };
    const changed = Buffer.from(JSON.stringify(claims)).toString('base64url');
    const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const kid = keyOf(jwt);
    const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const { keys } = (await api.get('/v1/.well-known/jwks.json', { token: null })).body;
    const confused = `${encoded({ alg: 'HS256', typ: 'bulkhead-tenant+jwt', kid })}.${changed}`;
    const forgeries = {
      'other claims under the signature': `${header}.${changed}.${signature}`,
      'no signature': `${header}.${changed}.`,
      'alg none': new UnsecuredJWT(claims).encode(),
      'alg none with our header': `${encoded({ alg: 'none', typ: 'bulkhead-tenant+jwt', kid })}.${changed}.`,
      'the public key as a shared secret': `${confused}.${createHmac('sha256', JSON.stringify(keys[0])).update(confused).digest('base64url')}`,
      'a foreign key under our id': await new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', typ: 'bulkhead-tenant+jwt', kid })
        .sign(foreign),
      'a foreign key that the token brings': await new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', typ: 'bulkhead-tenant+jwt', jwk: { ...keys[0] } })
        .sign(foreign),
      'another token of the same key': jwt.replace(payload, payload.slice(0, -2)),
    };
    for (const [how, forged] of Object.entries(forgeries)) {
      const outcome = await verifiedClaims(api, forged).then(
        () => `${how}: accepted`,
        () => 'refused',
      );
      expect(outcome).toBe('refused');
    }
  });

  it('ends: one of 30 seconds is refused after them', async () => {
    const jwt = await token();
    const { exp = 0 } = decodeJwt(jwt);
    expect(exp * 1000 - Date.now()).toBeLessThanOrEqual(900_000);
    const shorter = (await api.post(`/v1/tenants/${tenantId}/tokens`, { ...person, lifetimeSeconds: 30 })).body;
    expect(shorter.expiresAt - shorter.issuedAt).toBe(30);
    await expect(verifiedClaims(api, shorter.token, 'clinic', (shorter.expiresAt + 1) * 1000)).rejects.toMatchObject({
      code: 'ERR_JWT_EXPIRED',
    });
  });
});

describe('rotation', () => {
  it('lets the key that was already published sign, accepts the previous one, and forgets its private part', async () => {
    const jwt = await token();
    const [current, next] = await published();
    await age(1);
    const { answer, grown } = await api.effectOf(() => rotate());
    expect(answer).toMatchObject({ status: 200, body: { current: next, previous: current } });
    expect(grown).toEqual({ signing_keys: 1, audit_queue: 1, idempotency_keys: 1 });
    expect((await api.leaves()).at(-1)).toMatchObject({ action: 'signing_key.rotate', subject: { id: next } });
    expect(keyOf(await token())).toBe(next);
    expect(await published()).toEqual([next, answer.body.next, current]);
    expect(await verifiedClaims(api, jwt)).toMatchObject({ sub: 'usr_7' });
    const kept = await asSuperuser(
      api,
      `select state from control.signing_keys where private_wrapped is not null order by 1`,
    );
    expect(kept).toEqual([{ state: 'current' }, { state: 'next' }]);
  });

  it('ends the tokens of a key with the second rotation, which must not come too early', async () => {
    const jwt = await token();
    expect(await rotate()).toMatchObject({ status: 409, body: { errorCode: 'rotated_recently' } });
    await age(1);
    await rotate();
    await age(1);
    await rotate();
    await expect(verifiedClaims(api, jwt)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
  });

  it('withdraws a key that leaked at once: no token of it is accepted, and it signs nothing more', async () => {
    const jwt = await token();
    const { body } = await rotate({ withdrawCurrent: true });
    expect(await published()).not.toContain(keyOf(jwt));
    expect(body.previous).toBeNull();
    await expect(verifiedClaims(api, jwt)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
    expect(keyOf(await token())).toBe(body.current);
  });

  it('comes by itself when a key has signed for 30 days', async () => {
    const [before, next] = await published();
    await age(29);
    expect(keyOf(await token())).toBe(before);
    await age(30);
    const tokens = await Promise.all([1, 2, 3, 4, 5].map(token));
    expect(new Set(tokens.map(keyOf))).toEqual(new Set([next]));
    expect((await api.leaves()).filter(({ action }) => action === 'signing_key.rotate').at(-1)).toMatchObject({
      actor: { kind: 'workload', id: 'api' },
    });
  });

  it('is for platform admins only', async () => {
    for (const role of ['tenancy-issuer', 'tenancy-service', 'ci', 'workload']) {
      const theirs = await api.issuer.token({ roles: [role] });
      expect((await api.post('/v1/signing-keys/rotate', {}, { token: theirs })).status).toBe(403);
    }
  });
});

describe('the private part', () => {
  it('is in the database as ciphertext, and in none of its forms', async () => {
    const rows = await asSuperuser(api, `select id, private_wrapped from control.signing_keys where state = 'current'`);
    const key = new TokenVault(tokenSecret).openSigningKey(
      String(rows[0]?.['id']),
      rows[0]?.['private_wrapped'] as Buffer,
    );
    const secret = Buffer.from(String(key.export({ format: 'jwk' }).d), 'base64url');
    for (const form of ['hex', 'base64', 'base64url'] as const)
      expect(await tablesThatHold(api, secret.toString(form).replace(/=+$/, ''))).toEqual([]);
    expect(api.logged.join('')).not.toContain(secret.toString('base64url'));
  });

  it('opens with no other token key: such an API issues nothing and grants nothing', async () => {
    const source = await openControlDatabase(api.database.apiUrl, 2);
    const other = await createApi({
      source,
      logger: createLogger({ name: 'api', level: 'silent' }),
      bucketPrefix: 'test',
      auditPublicKeys: [],
      oidcIssuer: api.issuer.url,
      oidcAudience: AUDIENCE,
      requestsPerMinute: 100,
      tokenIssuer: TOKEN_ISSUER,
      tokenSecret: new Redacted<Uint8Array>(randomBytes(32)),
    });
    try {
      const leaves = (await api.leaves()).length;
      const answer = await other.inject({
        method: 'POST',
        url: `/v1/tenants/${tenantId}/tokens`,
        headers: {
          authorization: `Bearer ${api.adminToken}`,
          'idempotency-key': 'k',
          'content-type': 'application/json',
        },
        payload: JSON.stringify(person),
      });
      expect(answer.json()).toMatchObject({ status: 503, errorCode: 'signing_key_unreadable' });
      expect((await api.leaves()).length).toBe(leaves);
    } finally {
      await other.close();
      await source.destroy();
    }
  });
});
