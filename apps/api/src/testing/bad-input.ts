import { tenantBody, type Request } from './api.fixture.js';
import type { TestIssuer } from './test-issuer.js';

/** One way to ask for a tenant wrongly. */
export interface BadInput {
  readonly what: string;
  readonly request: (issuer: TestIssuer) => Partial<Request> | Promise<Partial<Request>>;
  readonly status: number;
  readonly code: string;
  /** Of the first field that is named. */
  readonly pointer?: string;
  /** Part of the remediation. */
  readonly remedy?: string;
}

const create = (changes: Record<string, unknown>) => () => ({ body: tenantBody(changes) });
const raw = (text: (valid: string) => string) => () => ({ rawBody: text(JSON.stringify(tenantBody())) });
const without = (field: string) => () => {
  const { [field]: _, ...body } = tenantBody();
  return { body };
};

/** Refusals of a caller who is known: one audit leaf, nothing else. */
export const OF_A_KNOWN_CALLER: readonly BadInput[] = [
  {
    what: 'an unknown tier',
    request: create({ tier: 'platinum' }),
    status: 422,
    code: 'unknown_tier',
    pointer: '/tier',
    remedy: 'hybrid-storage',
  },
  {
    what: 'an unknown plan',
    request: create({ plan: 'free' }),
    status: 422,
    code: 'unknown_plan',
    pointer: '/plan',
    remedy: 'clinic-per-provider',
  },
  {
    what: 'a tier that the plan is not sold with',
    request: create({ tier: 'dedicated' }),
    status: 422,
    code: 'tier_not_in_plan',
    remedy: 'enterprise-health-system',
  },
  {
    what: 'an invalid region',
    request: create({ region: 'mars-north-1' }),
    status: 400,
    code: 'invalid_request',
    pointer: '/region',
  },
  {
    what: 'a region without a cell',
    request: create({ region: 'us-west-2' }),
    status: 409,
    code: 'no_cell_with_room',
    remedy: 'POST /v1/cells',
  },
  {
    what: 'more than the plan sells',
    request: create({ quantity: 100_000 }),
    status: 422,
    code: 'invalid_quantity',
    pointer: '/quantity',
  },
  {
    what: 'a quantity of nothing',
    request: create({ quantity: 0 }),
    status: 400,
    code: 'invalid_request',
    pointer: '/quantity',
  },
  {
    what: 'a quantity as text',
    request: create({ quantity: '3' }),
    status: 400,
    code: 'invalid_request',
    pointer: '/quantity',
  },
  {
    what: 'half a unit',
    request: create({ quantity: 1.5 }),
    status: 400,
    code: 'invalid_request',
    pointer: '/quantity',
  },
  {
    what: 'a slug with capitals',
    request: create({ slug: 'Riverside' }),
    status: 400,
    code: 'invalid_request',
    pointer: '/slug',
  },
  {
    what: 'a slug in place of an object',
    request: create({ slug: { $ne: null } }),
    status: 400,
    code: 'invalid_request',
    pointer: '/slug',
  },
  { what: 'an empty name', request: create({ name: ' ' }), status: 400, code: 'invalid_request', pointer: '/name' },
  {
    what: 'a name that no database can store',
    request: create({ name: 'a\0b' }),
    status: 400,
    code: 'invalid_request',
    pointer: '/name',
  },
  {
    what: 'a name of half characters',
    request: raw((text) => text.replace('Riverside', String.raw`\ud800`)),
    status: 400,
    code: 'invalid_request',
    pointer: '/name',
  },
  {
    what: 'an unknown partner',
    request: create({ partnerId: `prt_${'0'.repeat(32)}` }),
    status: 422,
    code: 'unknown_partner',
    pointer: '/partnerId',
  },
  {
    what: 'null for a field that may be left out',
    request: create({ environment: null }),
    status: 400,
    code: 'invalid_request',
    pointer: '/environment',
  },
  { what: 'a missing field', request: without('plan'), status: 400, code: 'invalid_request', pointer: '/plan' },
  {
    what: 'an unknown field',
    request: create({ colour: 'red' }),
    status: 400,
    code: 'invalid_request',
    pointer: '/colour',
  },
  {
    what: 'a tenantId',
    request: create({ tenantId: 'ten_1' }),
    status: 400,
    code: 'invalid_request',
    pointer: '/tenantId',
  },
  {
    what: 'a requestedBy',
    request: create({ requestedBy: 'user:eve' }),
    status: 400,
    code: 'invalid_request',
    pointer: '/requestedBy',
  },
  {
    what: '__proto__',
    request: raw((text) => text.replace('{', '{"__proto__":{"roles":["platform-admin"]},')),
    status: 400,
    code: 'forbidden_key',
    pointer: '/__proto__',
  },
  {
    what: 'constructor.prototype',
    request: raw((text) => text.replace('{', '{"constructor":{"prototype":{"x":1}},')),
    status: 400,
    code: 'forbidden_key',
  },
  {
    what: 'constructor',
    request: raw((text) => text.replace('{', '{"constructor":1,')),
    status: 400,
    code: 'forbidden_key',
    pointer: '/constructor',
  },
  { what: 'a list for a body', request: () => ({ body: [tenantBody()] }), status: 400, code: 'invalid_request' },
  { what: 'null for a body', request: () => ({ body: null }), status: 400, code: 'invalid_request', pointer: '/name' },
  { what: 'text for a body', request: () => ({ body: 'tenant' }), status: 400, code: 'invalid_request' },
  { what: 'a body that is no JSON', request: raw((text) => text.slice(1)), status: 400, code: 'malformed_request' },
  { what: 'an empty body', request: () => ({ rawBody: '' }), status: 400, code: 'malformed_request' },
  {
    what: 'a body nested without end',
    request: () => ({ rawBody: `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}` }),
    status: 400,
    code: 'invalid_request',
  },
  {
    what: 'a body over the limit',
    request: create({ name: 'n'.repeat(66_000) }),
    status: 413,
    code: 'body_too_large',
    remedy: 'Send less',
  },
  {
    what: 'a body that is no JSON by its type',
    request: () => ({ rawBody: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
    status: 415,
    code: 'unsupported_media_type',
  },
  {
    what: 'no idempotency key',
    request: () => ({ body: tenantBody(), key: null }),
    status: 400,
    code: 'idempotency_key_missing',
    remedy: 'UUID',
  },
  {
    what: 'an idempotency key with spaces',
    request: () => ({ body: tenantBody(), key: 'a b' }),
    status: 400,
    code: 'invalid_idempotency_key',
  },
  {
    what: 'an idempotency key without end',
    request: () => ({ body: tenantBody(), key: 'k'.repeat(256) }),
    status: 400,
    code: 'invalid_idempotency_key',
  },
  {
    what: 'an unknown parameter',
    request: () => ({ url: '/v1/tenants?tenantId=1', body: tenantBody() }),
    status: 400,
    code: 'invalid_request',
    pointer: '/query/tenantId',
  },
  {
    what: 'a wrong role',
    request: async (issuer) => ({ body: tenantBody(), token: await issuer.token({ roles: ['auditor'] }) }),
    status: 403,
    code: 'forbidden',
    remedy: 'platform-admin',
  },
  {
    what: 'no role',
    request: async (issuer) => ({ body: tenantBody(), token: await issuer.token({ roles: [] }) }),
    status: 403,
    code: 'forbidden',
  },
  {
    what: 'roles that are not a list',
    request: async (issuer) => ({ body: tenantBody(), token: await issuer.token({ roles: 'platform-admin' }) }),
    status: 403,
    code: 'forbidden',
  },
  {
    what: 'the worker’s role in a token',
    request: async (issuer) => ({ body: tenantBody(), token: await issuer.token({ roles: ['workload'] }) }),
    status: 403,
    code: 'forbidden',
  },
];
