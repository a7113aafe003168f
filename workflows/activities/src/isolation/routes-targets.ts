import { setTimeout as delay } from 'node:timers/promises';
import { randomUUID, type JsonWebKey } from 'node:crypto';
import type { ProbeTenant } from '@bulkhead/control';
import { forgedTokens, type OpenApiDocument, type RoutesTarget } from '@bulkhead/isolation';
import { BulkheadError } from '@bulkhead/kernel';
import { Courier, parsed, REFUSALS_PER_MINUTE } from './courier.js';
import { PROOF_AUDIENCE, proofTokens } from './probe-library.js';
import type { ProvenService, Prover } from './prover.js';

/** Fewer routes than this and it was not the control plane's document. */
const LEAST_CONTROL_ROUTES = 40;
/** How long a service may take to hear of a tenant that was onboarded a moment ago. */
const HEARING_MS = 30_000;
const PAUSE_MS = 250;

const courier = new Courier();
const patient = new Courier(REFUSALS_PER_MINUTE);

/** The control plane's own routes: no token of a tenant may open any of them. */
export async function controlRoutes(prover: Prover, [a]: readonly ProbeTenant[]): Promise<RoutesTarget> {
  const { apiUrl } = prover.options;
  if (!a) throw noTenants();
  const token = await prover.token(a.tenantId, { audience: PROOF_AUDIENCE, roles: ['platform-admin'] });
  return {
    ...base('control plane', apiUrl, patient),
    document: await documentAt(`${apiUrl}/v1/openapi.json`),
    refused: { 'of a tenant': token },
    stillGood: () => isGood(prover, token),
    things: {},
    leastRoutes: LEAST_CONTROL_ROUTES,
  };
}

/** Whether the tenancy library lets the token in, as the services do that it is for. */
async function isGood(prover: Prover, token: string): Promise<boolean> {
  return proofTokens(prover)
    .verify(token)
    .then(
      () => true,
      () => false,
    );
}

/** A service of the workload plane, with both tenants' tokens and with what B has there. */
export async function serviceRoutes(
  prover: Prover,
  { name, document, profile }: ProvenService,
  [first, second]: readonly ProbeTenant[],
): Promise<RoutesTarget> {
  if (!first || !second) throw noTenants();
  const { roles } = profile;
  const [a, b, elsewhere] = await Promise.all([
    prover.token(first.tenantId, { audience: name, roles }),
    prover.token(second.tenantId, { audience: name, roles }),
    prover.token(first.tenantId, { audience: PROOF_AUDIENCE, roles }),
  ]);
  const keySet = `${prover.options.apiUrl}/v1/.well-known/jwks.json`;
  const { keys: published } = parsed(keySet, await courier.send(keySet)) as { keys: JsonWebKey[] };
  return {
    ...base(name, document.origin),
    document: await documentAt(document.href),
    tokens: { a, b },
    refused: { ...forgedTokens(a, published, { tenant: second.tenantId }), 'of another audience': elsewhere },
    things: await thingsOf(document.origin, b, profile.things),
    leastRoutes: profile.leastRoutes,
  };
}

function base(name: string, origin: string, by = courier) {
  const send: RoutesTarget['send'] = ({ method, path, headers, body }) =>
    by.send(`${origin}${path}`, { method, headers, ...(body !== undefined && { body }) });
  return { kind: 'routes', name, send, references: {}, bodies: {} } as const;
}

async function documentAt(address: string): Promise<OpenApiDocument> {
  const answer = await courier.send(address, { headers: { accept: 'application/json' } });
  if (answer.status !== 200) throw unusable(`${address} answered ${answer.status}.`);
  return parsed(address, answer) as OpenApiDocument;
}

/** What B has, by the path of one: what is listed first, or is made now, once for all proofs. */
async function thingsOf(
  origin: string,
  token: string,
  wanted: ProvenService['profile']['things'],
): Promise<Record<string, string>> {
  const made = new Map<string, string>();
  for (const { path, body } of wanted) {
    const { data } = await asOwner<{ data?: readonly { id: string }[] }>(origin, token, 'GET', path);
    const id = data?.[0]?.id ?? (await asOwner<{ id: string }>(origin, token, 'POST', path, filled(body, made))).id;
    made.set(path, id);
  }
  return Object.fromEntries([...made].map(([path, id]) => [`${path}/{id}`, id]));
}

function filled(body: Readonly<Record<string, unknown>>, made: ReadonlyMap<string, string>): object {
  const put = (value: unknown): unknown => {
    const named = typeof value === 'string' ? /^\{(.+)\}$/.exec(value)?.[1] : undefined;
    return named === undefined ? value : made.get(named);
  };
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, put(value)]));
}

async function asOwner<T>(origin: string, token: string, method: string, path: string, body?: object): Promise<T> {
  const headers = {
    authorization: `Bearer ${token}`,
    accept: 'application/json',
    ...(body && { 'content-type': 'application/json', 'idempotency-key': randomUUID() }),
  };
  const until = Date.now() + HEARING_MS;
  for (;;) {
    const address = `${origin}${path}`;
    const answer = await courier.send(address, {
      method,
      headers,
      ...(body && { body: JSON.stringify(body) }),
    });
    if (answer.status < 300) return parsed(address, answer) as T;
    const { errorCode, retryable } = parsed(address, answer) as { errorCode?: string; retryable?: boolean };
    if (Date.now() > until || !(retryable === true || errorCode === 'tenant_unknown'))
      throw unusable(`${method} ${path} answered a tenant of the proof with ${answer.status} ${errorCode ?? ''}.`);
    await delay(PAUSE_MS);
  }
}

function unusable(publicMessage: string): BulkheadError {
  return new BulkheadError({
    code: 'proven_service_unusable',
    status: 503,
    publicMessage,
    remediation: 'Check the address of the service’s OpenAPI document, and what its profile says.',
  });
}

function noTenants(): BulkheadError {
  return unusable('No cell has two tenants of the proof that are served.');
}
