import fc from 'fast-check';
import { growth, storedRows } from '@bulkhead/control/testing';
import { ApiFixture, tenantBody, type Answer, type Request } from './testing/api.fixture.js';

/** Right for no field but a name. */
const CANARY = 'Canary_4F1D9B7E';
const RUNS = { numRuns: 150 };

let api: ApiFixture;
beforeAll(async () => {
  api = await ApiFixture.start();
  await api.standUpRegion();
});
afterAll(() => api.stop());

/** Valid bodies, of which one part at a time is replaced. */
const BODIES: Readonly<Record<string, () => Record<string, unknown>>> = {
  '/v1/tenants': () => tenantBody({ environment: 'sandbox', partnerId: undefined }),
  '/v1/cells': () => ({
    name: 'east-a',
    region: 'us-east-1',
    capacity: 10,
    databaseClass: 'db.r7g.large',
    databaseGb: 20,
  }),
  '/v1/landing-zones': () => ({ region: 'us-east-1', auditLockDays: 10 }),
  '/v1/api-keys': () => ({ name: 'key', roles: ['platform-admin'], expiresInDays: 1 }),
};

const text = fc
  .oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', '\0', '\ud800', "';--", '${7*7}', '../..', '%00'),
  )
  .map((tail) => `${CANARY}${tail}`);
const hostile = fc.oneof(
  { weight: 4, arbitrary: text },
  fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      text,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value')),
      fc.dictionary(fc.constantFrom('a', '$ne', 'toString'), tie('value')),
    ),
  })).value,
);
const route = fc.constantFrom(...Object.keys(BODIES));

function expectDiscreet({ status, text: answer, headers }: Answer): void {
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
  expect(headers['content-type']).toBe('application/problem+json; charset=utf-8');
  // The name of an unknown field is told back when it looks like one, so that its sender can mend it; nothing else is.
  const withoutNames = `${answer}${JSON.stringify(headers)}`.replaceAll(new RegExp(`/${CANARY}[\\w.-]*`, 'g'), '');
  expect(withoutNames).not.toContain(CANARY);
}

describe('whatever is sent', () => {
  it('in any field of a body is refused without being repeated, and stores nothing but a leaf', async () => {
    const before = await storedRows(api.database.superuserUrl);
    let refused = 0;
    const field = route.chain((url) =>
      fc.tuple(fc.constant(url), fc.constantFrom(...Object.keys((BODIES[url] as () => object)())), hostile),
    );
    await fc.assert(
      fc.asyncProperty(field, async ([url, name, value]) => {
        // A name may be any text that can be stored; every other field has a form that the canary does not have.
        fc.pre(name !== 'name' || typeof value !== 'string');
        const answer = await api.post(url, { ...(BODIES[url] as () => object)(), [name]: value });
        fc.pre(!isHarmless(name, value));
        expectDiscreet(answer);
        refused += 1;
      }),
      RUNS,
    );
    const grown = growth(before, await storedRows(api.database.superuserUrl));
    expect(grown['audit_queue']).toBeGreaterThanOrEqual(refused);
  });

  it('as a whole body, as text that may be JSON', async () => {
    expect.hasAssertions();
    const anything = fc.oneof(
      fc.json({ noUnicodeString: false }).map((json) => json.replaceAll('"a', `"${CANARY}`)),
      text,
      fc.uint8Array().map((bytes) => `${CANARY}${Buffer.from(bytes).toString('latin1')}`),
    );
    await fc.assert(
      fc.asyncProperty(route, anything, async (url, rawBody) => {
        expectDiscreet(await api.send({ method: 'POST', url, rawBody }));
      }),
      RUNS,
    );
  });

  it('as an address, a parameter or a header', async () => {
    expect.hasAssertions();
    const encoded = text.filter((value) => value.isWellFormed()).map(encodeURIComponent);
    const parts = fc.constantFrom(
      'tenants',
      'operations',
      'cells',
      'landing-zones',
      'tiers',
      'plans',
      'audit/events',
      'audit/proofs/inclusion',
      CANARY,
    );
    const parameters = fc.constantFrom('limit', 'starting_after', 'state', 'tenant', 'index', 'first', CANARY);
    const requests: fc.Arbitrary<Request> = fc.oneof(
      fc.tuple(parts, encoded).map(([part, id]) => ({ url: `/v1/${part}/${id}` })),
      fc.tuple(parameters, encoded).map(([name, value]) => ({ url: `/v1/operations?${name}=${value}` })),
      encoded.map((key) => ({ method: 'POST' as const, url: '/v1/tenants', body: {}, key })),
      encoded.map((token) => ({
        url: '/v1/tenants',
        token,
        headers: { 'x-forwarded-for': CANARY, 'x-request-id': CANARY },
      })),
    );
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        expectDiscreet(await api.send(request));
      }),
      RUNS,
    );
  });

  it('was logged nowhere', () => {
    expect(api.logged.length).toBeGreaterThan(300);
    expect(api.logged.join('')).not.toContain(CANARY);
  });
});

/** What replaced a field happened to be right. */
function isHarmless(name: string, value: unknown): boolean {
  return (
    typeof value === 'number' && ['quantity', 'capacity', 'databaseGb', 'auditLockDays', 'expiresInDays'].includes(name)
  );
}
