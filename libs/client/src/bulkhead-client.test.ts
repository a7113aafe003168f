import { BulkheadError } from '@bulkhead/kernel';
import {
  BulkheadApiError,
  BulkheadConnectionError,
  createClient,
  paginate,
  type Attempt,
  type ClientOptions,
} from './index.js';
import { collect } from './testing/collect.js';
import { problem, ScriptedApi } from './testing/scripted-api.js';

let api: ScriptedApi;
// One for each test: a request that was given up may still arrive.
beforeEach(async () => {
  api = await ScriptedApi.start();
});
afterEach(() => api.stop());

const client = (options: Partial<ClientOptions> = {}) =>
  createClient({ baseUrl: api.url, token: 'one', retries: { firstDelayMs: 1, longestDelayMs: 50 }, ...options });
const body = { name: 'A', slug: 'a-clinic', region: 'us-east-1', tier: 'pooled', plan: 'p', quantity: 1 } as const;
const refusalOf = async (attempt: Promise<unknown>): Promise<BulkheadApiError> =>
  (await attempt.then(
    () => {
      throw new Error('It was not refused');
    },
    (error: unknown) => error,
  )) as BulkheadApiError;
const keys = () => api.received.map(({ headers }) => headers['idempotency-key']);

describe('a request', () => {
  it('carries the credential and gives the answer', async () => {
    api.answers({ body: { data: [{ name: 'pooled' }] } });
    expect(await client().listTiers()).toEqual({ data: [{ name: 'pooled' }] });
    expect(api.received[0]).toMatchObject({
      method: 'GET',
      url: '/v1/tiers',
      headers: { authorization: 'Bearer one' },
    });
    expect(keys()).toEqual([undefined]);
  });

  it('asks for the token again each time it is sent', async () => {
    let asked = 0;
    api.answers('hang up', { body: { data: [] } });
    await client({ token: async () => `token-${++asked}` }).listTiers();
    expect(api.received.map(({ headers }) => headers.authorization)).toEqual(['Bearer token-1', 'Bearer token-2']);
  });

  it('cannot leave its place in the address', async () => {
    api.answers({ body: {} });
    await client().getTenant({ path: { id: '../api-keys?x=1' } });
    expect(api.received[0]?.url).toBe('/v1/tenants/..%2Fapi-keys%3Fx%3D1');
  });

  it('tells of every attempt, without credentials', async () => {
    const seen: Attempt[] = [];
    api.answers('hang up', problem(503, 'internal', { retryable: true }), { body: { data: [] } });
    await client({ onAttempt: (attempt) => void seen.push(attempt) }).listTiers();
    expect(seen.map(({ attempt, status }) => [attempt, status])).toEqual([
      [1, undefined],
      [2, 503],
      [3, 200],
    ]);
    expect(JSON.stringify(seen)).not.toContain('one"');
  });
});

describe('a POST', () => {
  it('is repeated with the same key and body when the connection is lost or the API is busy', async () => {
    api.answers(
      'hang up',
      problem(503, 'identity_provider_unavailable', { retryable: true }),
      problem(429, 'too_many_requests', { retryable: true, after: 0 }),
      { status: 202, body: { tenant: { id: 'ten_1' }, operation: { id: 'op_1' } } },
    );
    expect(await client().createTenant({ body })).toMatchObject({ tenant: { id: 'ten_1' } });
    expect(keys()).toHaveLength(4);
    expect(new Set(keys()).size).toBe(1);
    expect(keys()[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(api.received.map((request) => JSON.parse(request.body))).toEqual([body, body, body, body]);
  });

  it('is repeated while the first try is still being handled', async () => {
    api.answers('hang up', problem(409, 'request_in_flight', { retryable: true }), { status: 202, body: {} });
    await client().createTenant({ body });
    expect(new Set(keys()).size).toBe(1);
  });

  it('has a new key for each call, and the caller’s when there is one', async () => {
    api.answers({ body: {} }, { body: {} }, { body: {} });
    const sdk = client();
    await sdk.createTenant({ body });
    await sdk.createTenant({ body });
    await sdk.createTenant({ body, headers: { 'Idempotency-Key': 'mine' } });
    expect(new Set(keys()).size).toBe(3);
    expect(keys()[2]).toBe('mine');
  });

  it('is sent once when it is refused for good', async () => {
    api.answers(problem(422, 'idempotency_key_reused'), { body: {} });
    expect((await refusalOf(client().createTenant({ body }))).code).toBe('idempotency_key_reused');
    expect(api.received).toHaveLength(1);
  });
});

describe('a refusal', () => {
  it('says what the problem document says', async () => {
    const errors = [{ pointer: '/slug', message: 'Too short.' }];
    api.answers(problem(400, 'invalid_request', { errors }));
    const error = await refusalOf(client().createTenant({ body }));
    expect(error).toBeInstanceOf(BulkheadApiError);
    expect(error).toBeInstanceOf(BulkheadError);
    expect(error).toMatchObject({
      errorCode: 'invalid_request',
      status: 400,
      message: 'It is invalid_request.',
      remediation: 'Do something else.',
      retryable: false,
      errors,
      instance: 'urn:uuid:7f3b1c7e-0000-4000-8000-000000000001',
    });
  });

  it('is given after the last attempt, and at once when the API asks for a longer wait than is allowed', async () => {
    const busy = problem(429, 'too_many_requests', { retryable: true });
    api.answers(busy, busy, busy, busy, { body: {} });
    expect(await refusalOf(client().listTiers())).toMatchObject({ status: 429 });
    expect(api.received).toHaveLength(4);
    api.answers(problem(429, 'too_many_requests', { retryable: true, after: 60 }), { body: {} });
    expect(await refusalOf(client().listTiers())).toMatchObject({ status: 429, errorCode: 'too_many_requests' });
    expect(api.received).toHaveLength(1);
  });

  it.each([
    ['a web page with 200', { body: '<html>' }, 'unreadable_answer'],
    ['a web page with 404', { status: 404, body: '<html>' }, 'http_404'],
    ['a redirect', { status: 302, headers: { location: 'https://elsewhere.example' } }, 'unexpected_redirect'],
    [
      'a problem without a code',
      { status: 400, headers: { 'content-type': 'application/problem+json' }, body: [] },
      'http_400',
    ],
  ])('is clear when something else than the API answers: %s', async (_what, answer, code) => {
    api.answers(answer);
    const error = await refusalOf(client().listTiers());
    expect(error).toMatchObject({ code, remediation: expect.stringContaining('address') });
    expect(api.received).toHaveLength(1);
  });

  it('says that nothing has changed', async () => {
    api.answers({ status: 304 });
    const error = await refusalOf(client().getTenant({ path: { id: 'ten_1' }, headers: { 'If-None-Match': '"1"' } }));
    expect(error).toMatchObject({ errorCode: 'not_modified', status: 304 });
    expect(api.received[0]?.headers['if-none-match']).toBe('"1"');
  });

  it('names the address when nobody listens', async () => {
    const gone = await ScriptedApi.start();
    const { url } = gone;
    await gone.stop();
    const error = await refusalOf(client({ baseUrl: url }).listTiers());
    expect(error).toBeInstanceOf(BulkheadConnectionError);
    expect(error).toMatchObject({
      code: 'api_unreachable',
      message: `The API at ${url} cannot be reached (ECONNREFUSED).`,
    });
  });

  it('comes when no answer begins in time', async () => {
    api.answers('never answer');
    const error = await refusalOf(client({ timeoutMs: 50, retries: { attempts: 1 } }).listTiers());
    expect(error).toMatchObject({ code: 'api_timeout', retryable: true });
  });

  it('is the caller’s own reason when the caller gives up, during a request and between two', async () => {
    const reason = new Error('enough');
    const during = new AbortController();
    api.answers(() => during.abort(reason));
    await expect(client().listTiers({ signal: during.signal })).rejects.toBe(reason);
    const between = new AbortController();
    api.answers('hang up', { body: {} });
    const onAttempt = () => void setImmediate(() => between.abort(reason));
    const patient = client({ retries: { firstDelayMs: 60_000, longestDelayMs: 120_000 }, onAttempt });
    await expect(patient.listTiers({ signal: between.signal })).rejects.toBe(reason);
    expect(api.received).toHaveLength(1);
  });
});

describe('a client', () => {
  it.each(['', 'nonsense', 'ftp://127.0.0.1', 'http://bulkhead.example.com', 'https://user:pass@bulkhead.example.com'])(
    'is not made for the address "%s"',
    (baseUrl) => {
      expect(() => createClient({ baseUrl })).toThrow(expect.objectContaining({ code: 'invalid_address' }));
    },
  );

  it('names the address that it is not made for, without what may be secret in it', () => {
    const messageOf = (baseUrl: string) => {
      try {
        return createClient({ baseUrl }).baseUrl;
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(messageOf('http://bulkhead.example.com')).toBe('http://bulkhead.example.com/ is no address of an API.');
    expect(messageOf('https://u:secret@example.com/?key=s')).toBe('https://example.com/ is no address of an API.');
    expect(messageOf('bhk_secret')).toBe('This is no address of an API.');
    expect(messageOf('https://example.com/v1/')).toBe('https://example.com');
  });

  it('is not made with two credentials', () => {
    expect(() => client({ apiKey: 'bhk_x' })).toThrow(expect.objectContaining({ code: 'two_credentials' }));
  });

  it('reads readiness also when the API is not ready', async () => {
    api.answers({ status: 503, body: { ready: false, checks: { database: 'down' } } });
    expect(await client().getReadiness()).toEqual({ ready: false, checks: { database: 'down' } });
  });

  it('tells which identity provider the API trusts, and that it does not say', async () => {
    const answers = [
      { body: { authorization_servers: ['https://id.example.com'] } },
      { body: { authorization_servers: [7] } },
      { body: '<html>' },
      { status: 404, body: { authorization_servers: ['https://id.example.com'] } },
    ];
    api.answers(...answers);
    const said = [];
    for (const _ of answers) said.push(await client().getIdentityProvider());
    expect(said).toEqual(['https://id.example.com', undefined, undefined, undefined]);
    expect(api.received[0]).toMatchObject({ url: '/.well-known/oauth-protected-resource' });
    expect(api.received[0]?.headers.authorization).toBeUndefined();
  });
});

describe('a list', () => {
  const page = (from: number, to: number, hasMore: boolean) => ({
    body: { data: Array.from({ length: to - from }, (_, i) => ({ id: `ten_${from + i}` })), hasMore },
  });
  const tenants = (most?: number) =>
    collect(
      paginate(
        (query) => client().listTenants({ query: { tier: 'pooled', ...query } }),
        most === undefined ? {} : { most },
      ),
    );

  it('is read to its end, page after page', async () => {
    api.answers(page(0, 100, true), page(100, 150, false));
    const read = await tenants();
    expect(read.map(({ id }) => id)).toEqual(Array.from({ length: 150 }, (_, i) => `ten_${i}`));
    expect(api.received.map(({ url }) => url)).toEqual([
      '/v1/tenants?tier=pooled&limit=100',
      '/v1/tenants?tier=pooled&limit=100&starting_after=ten_99',
    ]);
  });

  it('is read no further than wanted', async () => {
    api.answers(page(0, 7, true));
    expect(await tenants(7)).toHaveLength(7);
    expect(api.received.map(({ url }) => url)).toEqual(['/v1/tenants?tier=pooled&limit=7']);
  });

  it('ends when the API promises more and gives nothing', async () => {
    api.answers(page(0, 1, true), page(0, 0, true));
    expect(await tenants()).toHaveLength(1);
  });
});
