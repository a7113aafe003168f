import { jest } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { TENANT_TOKEN_TYPE, signContext } from '@bulkhead/domain/context';
import { Redacted } from '@bulkhead/kernel';
import {
  SignJWT,
  UnsecuredJWT,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JSONWebKeySet,
  type JWTHeaderParameters,
} from 'jose';
import { TenantTokens, type TenantTokensOptions } from './tenant-tokens.js';

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>;
const now = () => Math.floor(Date.now() / 1000);
let key: KeyPair;
let stranger: KeyPair;
let jwks: JSONWebKeySet;

beforeAll(async () => {
  [key, stranger] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);
  jwks = { keys: [{ ...(await exportJWK(key.publicKey)), kid: 'k1', alg: 'ES256' }] };
});

const signed = (tenantId: string) =>
  signContext(
    { id: 'k1', secret: new Redacted(new Uint8Array(32)) },
    { tenantId, home: 'cel_1', epoch: 1, expiresAt: now() + 300 },
  );
const claims = () => ({
  iss: 'https://tokens.example',
  aud: 'clinic',
  sub: 'usr_1',
  jti: 'tok_1',
  iat: now(),
  exp: now() + 300,
  tenant: 'ten_1',
  kind: 'person',
  roles: ['nurse'],
  unit: 'unit_7',
  context: signed('ten_1'),
});
const HEADER = { alg: 'ES256', typ: TENANT_TOKEN_TYPE, kid: 'k1' };
const token = (changes: object = {}, header: Partial<JWTHeaderParameters> = {}, signer = key) =>
  new SignJWT({ ...claims(), ...changes }).setProtectedHeader({ ...HEADER, ...header }).sign(signer.privateKey);
const tokens = (changes: Partial<TenantTokensOptions> = {}) =>
  new TenantTokens({
    issuer: 'https://tokens.example',
    audience: 'clinic',
    keys: jwks,
    isRevoked: () => false,
    ...changes,
  });
const outcome = (verifying: Promise<unknown>) =>
  verifying.then(
    () => 'accepted',
    (error: { code: string; status: number }) => `${error.status} ${error.code}`,
  );

describe('a tenant token', () => {
  it('becomes an immutable context with the rights of its subject', async () => {
    const context = await tokens().verify(await token());
    expect(context).toMatchObject({
      tenantId: 'ten_1',
      subject: { kind: 'person', id: 'usr_1' },
      roles: ['nurse'],
      unit: 'unit_7',
      tokenId: 'tok_1',
    });
    expect(Object.isFrozen(context) && Object.isFrozen(context.roles) && Object.isFrozen(context.subject)).toBe(true);
    expect(context.signedContext?.reveal()).toMatch(/^v1\.k1\.ten_1\./);
  });

  it('of a service that acts for a person has the person’s rights and names the service', async () => {
    const context = await tokens().verify(await token({ act: { sub: 'svc_claims' } }));
    expect(context).toMatchObject({ subject: { kind: 'person', id: 'usr_1' }, roles: ['nurse'], actor: 'svc_claims' });
  });

  const forged: [string, () => Promise<string>][] = [
    ['signed by another key', () => token({}, {}, stranger)],
    ['with alg none', async () => new UnsecuredJWT(claims()).encode()],
    [
      'with alg none and the right header otherwise',
      async () => {
        const body = Buffer.from(JSON.stringify(claims())).toString('base64url');
        return `${Buffer.from(JSON.stringify({ ...HEADER, alg: 'none' })).toString('base64url')}.${body}.`;
      },
    ],
    [
      'signed with HMAC and the public key as secret',
      async () =>
        new SignJWT(claims())
          .setProtectedHeader({ ...HEADER, alg: 'HS256' })
          .sign(Buffer.from(await exportSPKI(key.publicKey))),
    ],
    ['that brings its own key', async () => token({}, { jwk: await exportJWK(stranger.publicKey) }, stranger)],
    [
      'with changed claims',
      async () => {
        const [head, , mac] = (await token()).split('.');
        return [head, Buffer.from(JSON.stringify({ ...claims(), tenant: 'ten_2' })).toString('base64url'), mac].join(
          '.',
        );
      },
    ],
    ['of another audience', () => token({ aud: 'billing' })],
    ['without an audience', () => token({ aud: undefined })],
    ['of another issuer', () => token({ iss: 'https://elsewhere.example' })],
    ['of another type', () => token({}, { typ: 'at+jwt' })],
    ['without a type', () => token({}, { typ: undefined as unknown as string })],
    ['not valid yet', () => token({ nbf: now() + 60 })],
    ['issued in the future', () => token({ iat: now() + 60, exp: now() + 90 })],
    ['that would live for a day', () => token({ exp: now() + 86_400 })],
    ['without an end', () => token({ exp: undefined })],
    ['without an id', () => token({ jti: undefined })],
    ['without a tenant', () => token({ tenant: undefined })],
    ['with a list of tenants', () => token({ tenant: ['ten_1', 'ten_2'] })],
    ['of an unknown kind of subject', () => token({ kind: 'admin' })],
    ['with roles that are no list', () => token({ roles: 'nurse' })],
    ['with an actor without a name', () => token({ act: {} })],
    ['with the signed context of another tenant', () => token({ context: signed('ten_2') })],
    ['with a signed context that is none', () => token({ context: 'canary' })],
    ['that is no token', async () => 'canary'],
    ['that is empty', async () => ''],
  ];
  it.each(forged)('%s is refused', async (_, make) => {
    const text = await make();
    const error = await tokens()
      .verify(text)
      .catch((refusal: unknown) => refusal);
    expect(error).toMatchObject({ code: 'tenant_token_invalid', status: 401 });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/canary|usr_1|ten_2/);
  });

  it('ends on time, give or take the difference of clocks', async () => {
    expect(await outcome(tokens().verify(await token({ iat: now() - 60, exp: now() - 3 })))).toBe('accepted');
    expect(await outcome(tokens().verify(await token({ iat: now() - 60, exp: now() - 6 })))).toBe(
      '401 tenant_token_expired',
    );
  });

  it('that was revoked is not accepted again, and none is while the list cannot be asked', async () => {
    const revoked = new Set<string>();
    const verifier = tokens({ isRevoked: ({ id }) => revoked.has(id) });
    const text = await token();
    expect(await outcome(verifier.verify(text))).toBe('accepted');
    revoked.add('tok_1');
    expect(await outcome(verifier.verify(text))).toBe('401 tenant_token_revoked');
    const blind = tokens({ isRevoked: () => Promise.reject(new Error('no answer')) });
    expect(await outcome(blind.verify(text))).toBe('503 tenant_token_unverifiable');
  });
});

it('a token of another algorithm is refused although its key is in the set', async () => {
  const rsa = await generateKeyPair('RS256');
  const keys = { keys: [...jwks.keys, { ...(await exportJWK(rsa.publicKey)), kid: 'rsa' }] };
  const text = await token({}, { alg: 'RS256', kid: 'rsa' }, rsa);
  expect(await outcome(tokens({ keys }).verify(text))).toBe('401 tenant_token_invalid');
});

describe('keys by address', () => {
  let server: Server;
  let answer: { status: number; body: unknown };
  beforeAll(async () => {
    server = createServer((_, response) => response.writeHead(answer.status).end(JSON.stringify(answer.body))).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
  });
  afterAll(() => void server.close());
  const address = () => new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`);

  it('follow a rotation, and their absence is not the caller’s fault', async () => {
    answer = { status: 500, body: {} };
    expect(await outcome(tokens({ keys: address() }).verify(await token()))).toBe('503 tenant_token_unverifiable');
    answer = { status: 200, body: jwks };
    expect(await outcome(tokens({ keys: address() }).verify(await token()))).toBe('accepted');
    const next = { ...(await exportJWK(stranger.publicKey)), kid: 'k2', alg: 'ES256' };
    answer = { status: 200, body: { keys: [...jwks.keys, next] } };
    const both = tokens({ keys: address() });
    expect(await outcome(both.verify(await token()))).toBe('accepted');
    expect(await outcome(both.verify(await token({}, { kid: 'k2' }, stranger)))).toBe('accepted');
    answer = { status: 200, body: { keys: [next] } };
    expect(await outcome(tokens({ keys: address() }).verify(await token()))).toBe('401 tenant_token_invalid');
  });

  it('are fetched again within a minute: a key that was withdrawn is believed no longer', async () => {
    answer = { status: 200, body: jwks };
    const verifier = tokens({ keys: address() });
    expect(await outcome(verifier.verify(await token()))).toBe('accepted');
    answer = { status: 200, body: { keys: [] } };
    const sooner = await token();
    const aMinuteLater = Date.now() + 61_000;
    const clock = jest.spyOn(Date, 'now').mockReturnValue(aMinuteLater);
    try {
      expect(await outcome(verifier.verify(sooner))).toBe('401 tenant_token_invalid');
    } finally {
      clock.mockRestore();
    }
  });
});
