import { createHmac, createPublicKey, generateKeyPairSync, sign, verify, type JsonWebKey } from 'node:crypto';
import { forgedTokens } from '../routes/forged-tokens.js';
import type { RouteAnswer, RouteRequest, RoutesTarget } from '../routes/target.js';

const AUDIENCE = 'practice';
const issuer = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const publicJwk: JsonWebKey = issuer.publicKey.export({ format: 'jwk' });

/** What is wrong with a practice; none of it by default. */
export interface PracticeLeaks {
  /** The tenant of a token that is believed; undefined refuses it. */
  readonly believes?: (token: string) => string | undefined;
  /** Answers for what is there and not the caller's. */
  readonly stranger?: 'shown' | 'told apart' | 'told apart by a header';
  readonly listsAll?: boolean;
  readonly refersToAnything?: boolean;
}

interface Claims {
  readonly tenant: string;
  readonly aud: string;
  readonly exp: number;
}

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
const read = (part = ''): Record<string, unknown> =>
  JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>;
const soon = (): number => Math.floor(Date.now() / 1000) + 600;

function token(tenant: string, changes: Partial<Claims> = {}): string {
  const text = `${encode({ alg: 'ES256', typ: 'JWT' })}.${encode({ tenant, aud: AUDIENCE, exp: soon(), ...changes })}`;
  const mac = sign('sha256', Buffer.from(text), { key: issuer.privateKey, dsaEncoding: 'ieee-p1363' });
  return `${text}.${mac.toString('base64url')}`;
}

function signedBy(key: JsonWebKey, text: string): boolean {
  const [head = '', body = '', mac = ''] = text.split('.');
  const publicKey = createPublicKey({ key, format: 'jwk' });
  return verify(
    'sha256',
    Buffer.from(`${head}.${body}`),
    { key: publicKey, dsaEncoding: 'ieee-p1363' },
    Buffer.from(mac, 'base64url'),
  );
}

const inTime = (text: string): boolean => Number(read(text.split('.')[1])['exp']) * 1000 > Date.now();
const forUs = (text: string): boolean => read(text.split('.')[1])['aud'] === AUDIENCE;
const tenantOf = (text: string): string => String(read(text.split('.')[1])['tenant']);
const algorithm = (text: string): string => String(read(text.split('.')[0])['alg']);
const sound = (text: string): boolean => algorithm(text) === 'ES256' && signedBy(publicJwk, text);

const believing =
  (rule: (text: string) => boolean) =>
  (text: string): string | undefined =>
    rule(text) ? tenantOf(text) : undefined;

/** Ways to believe too much, by what they believe. */
export const BELIEVERS: Readonly<Record<string, (token: string) => string | undefined>> = {
  'a token of another audience': believing((text) => sound(text) && inTime(text)),
  'an expired token': believing((text) => sound(text) && forUs(text)),
  'a token without a signature': believing(
    (text) => /^none$/i.test(algorithm(text)) || (sound(text) && inTime(text) && forUs(text)),
  ),
  'a token that nobody checked': believing((text) => inTime(text) && forUs(text)),
  'a token with the public key as secret': believing((text) => {
    const [head, body, mac] = text.split('.');
    if (algorithm(text) !== 'HS256') return sound(text) && inTime(text) && forUs(text);
    const pem = issuer.publicKey.export({ type: 'spki', format: 'pem' });
    return createHmac('sha256', pem).update(`${head}.${body}`).digest('base64url') === mac;
  }),
  'a token that brings its own key': believing((text) => {
    const { jwk = publicJwk } = read(text.split('.')[0]) as { jwk?: JsonWebKey };
    return algorithm(text) === 'ES256' && signedBy(jwk, text) && inTime(text) && forUs(text);
  }),
};

const secured = (operation: object): object => ({ security: [{ tenant: [] }], ...operation });
const visit = { type: 'object', required: ['patientId'], properties: { patientId: { type: 'string' } } };
const DOCUMENT = {
  paths: {
    '/v1/health': { get: {} },
    '/v1/patients': { get: secured({}) },
    '/v1/patients/{id}': { get: secured({}), delete: secured({}) },
    '/v1/patients/{id}/visits': { get: secured({}) },
    '/v1/visits': {
      post: secured({
        requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Visit' } } } },
      }),
    },
  },
  components: { schemas: { Visit: visit } },
};

/** A small service with patients of two tenants, as a target of the proof. */
export function practiceTarget(leaks: PracticeLeaks = {}): RoutesTarget {
  const patients = new Map([
    ['pat_aaaaaaaaaaaaaaaa', 'ten_a'],
    ['pat_bbbbbbbbbbbbbbbb', 'ten_b'],
  ]);
  const good = token('ten_a');
  return {
    kind: 'routes',
    name: 'practice',
    document: DOCUMENT,
    send: async (request) => answer(request, patients, leaks),
    tokens: { a: good, b: token('ten_b') },
    refused: {
      ...forgedTokens(good, [publicJwk], { tenant: 'ten_b' }),
      expired: token('ten_a', { exp: soon() - 3600 }),
      'of another audience': token('ten_a', { aud: 'billing' }),
    },
    things: { '/v1/patients/{id}': 'pat_bbbbbbbbbbbbbbbb' },
    references: { patientId: 'pat_bbbbbbbbbbbbbbbb' },
    bodies: {},
    leastRoutes: 5,
  };
}

function answer(request: RouteRequest, patients: ReadonlyMap<string, string>, leaks: PracticeLeaks): RouteAnswer {
  const { believes = believing((text) => sound(text) && inTime(text) && forUs(text)), stranger } = leaks;
  const said = (status: number, body: unknown, headers: Record<string, string> = {}): RouteAnswer => ({
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const tenant = believes(request.headers['authorization']?.slice('Bearer '.length) ?? 'e30.e30.');
  if (tenant === undefined) return said(401, { errorCode: 'unauthenticated' });
  if (request.path === '/v1/patients')
    return said(
      200,
      [...patients].filter(([, owner]) => leaks.listsAll || owner === tenant),
    );
  const posted = request.body === undefined ? undefined : (JSON.parse(request.body) as { patientId: string });
  const id = posted?.patientId ?? request.path.split('/')[3] ?? '';
  const owner = patients.get(id);
  const mine =
    owner === tenant || (owner !== undefined && (stranger === 'shown' || (posted && leaks.refersToAnything)));
  if (mine) return said(request.method === 'POST' ? 201 : 200, { id });
  if (owner !== undefined && stranger === 'told apart') return said(403, { errorCode: 'forbidden', id });
  const marked = owner !== undefined && stranger === 'told apart by a header';
  return said(404, { errorCode: 'patient_not_found', id }, marked ? { 'cache-control': 'private' } : {});
}
