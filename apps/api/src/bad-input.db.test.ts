import { ApiFixture, tenantBody } from './testing/api.fixture.js';
import { OF_A_STRANGER } from './testing/bad-credentials.js';
import { OF_A_KNOWN_CALLER, type BadInput } from './testing/bad-input.js';

let api: ApiFixture;
beforeAll(async () => {
  api = await ApiFixture.start();
  await api.standUpRegion();
});
afterAll(() => api.stop());

async function refusalOf({ request, status, code, pointer, remedy }: BadInput): Promise<Record<string, number>> {
  const asked = { method: 'POST', url: '/v1/tenants', ...(await request(api.issuer)) } as const;
  const { answer, grown } = await api.effectOf(() => api.send(asked));
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  expect(answer.body).toMatchObject({
    status,
    errorCode: code,
    type: `urn:bulkhead:problem:${code}`,
    title: expect.any(String),
    detail: expect.stringMatching(/\.$/),
    remediation: expect.stringContaining(remedy ?? '.'),
    instance: `urn:uuid:${String(answer.headers['x-request-id'])}`,
  });
  expect(answer.status).toBe(status);
  const pointers: unknown[] = answer.body.errors?.map((field: { pointer: string }) => field.pointer) ?? [];
  expect(pointer === undefined || pointers.includes(pointer)).toBe(true);
  return grown;
}

describe('POST /v1/tenants', () => {
  it.each(OF_A_KNOWN_CALLER.map((input) => [input.what, input] as const))(
    'refuses %s and stores one audit leaf',
    async (_, input) => {
      expect(await refusalOf(input)).toEqual({ audit_queue: 1 });
      expect((await api.leaves()).at(-1)).toMatchObject({
        action: 'tenant.create',
        outcome: 'refused',
        code: input.code,
        actor: { id: 'ada' },
      });
    },
  );

  it.each(OF_A_STRANGER.map((input) => [input.what, input] as const))(
    'refuses %s and stores nothing',
    async (_, input) => {
      expect(
        await refusalOf({
          ...input,
          request: async (issuer) => ({ body: tenantBody(), ...(await input.request(issuer)) }),
        }),
      ).toEqual({});
    },
  );

  it('refuses a slug that another tenant has, also while both are being created', async () => {
    const body = tenantBody();
    const answers = await Promise.all([1, 2, 3].map(() => api.post('/v1/tenants', body)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([202, 409, 409]);
    const input = {
      what: 'slug',
      request: () => ({ body }),
      status: 409,
      code: 'slug_taken',
      pointer: '/slug',
      remedy: 'another slug',
    };
    expect(await refusalOf(input)).toEqual({ audit_queue: 1 });
  });

  it('names every wrong field at once', async () => {
    const { body } = await api.post('/v1/tenants', { name: '', slug: 'X', extra: 1 });
    const pointers = new Set(body.errors.map(({ pointer }: { pointer: string }) => pointer));
    expect(pointers).toEqual(new Set(['/name', '/slug', '/region', '/tier', '/plan', '/quantity', '/extra']));
  });
});
