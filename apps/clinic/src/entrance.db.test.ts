import { waitFor } from '@bulkhead/kernel';
import { shippedMigrations } from './fleet/index.js';
import { startClinicPlane, type ClinicPlane } from './testing/clinic-plane.js';
import { ClinicFixture } from './testing/clinic-fixture.js';
import { MORNING, startPractice, type Practice } from './testing/practice.js';

let cell: ClinicPlane;
let clinic: ClinicFixture;
let practice: Practice;
const A = { tenant: 'ten_a' };

beforeAll(async () => {
  cell = await startClinicPlane('cel_1', shippedMigrations());
  await cell.settle(A.tenant, 'ten_few');
  clinic = await ClinicFixture.start([cell]);
  for (const tenant of [A.tenant, 'ten_few']) clinic.routes.set(tenant, 'cel_1');
  clinic.routes.announce();
  practice = await startPractice(clinic, A);
});
afterAll(async () => {
  await clinic?.stop();
  await cell?.stop();
});

describe('who comes in', () => {
  it('nobody without a token for this service', async () => {
    const url = '/v1/patients';
    expect(await clinic.send(undefined, { url })).toMatchObject({
      status: 401,
      body: { errorCode: 'tenant_token_missing' },
    });
    const elsewhere = await clinic.get({ ...A, audience: 'billing' }, url);
    expect(elsewhere).toMatchObject({ status: 401, body: { errorCode: 'tenant_token_invalid' } });
    const [header, , signature] = (await clinic.token(A)).split('.');
    const payload = Buffer.from(JSON.stringify({ tenant: 'ten_b' })).toString('base64url');
    const forged = { authorization: `Bearer ${header}.${payload}.${signature}` };
    expect((await clinic.send(undefined, { url, headers: forged })).body.errorCode).toBe('tenant_token_invalid');
  });

  it('whose token is wrong is told so before the body is looked at', async () => {
    expect((await clinic.send(undefined, { method: 'POST', url: '/v1/patients', body: { what: 1 } })).status).toBe(401);
    const wrongRole = await clinic.post({ ...A, roles: ['billing'] }, '/v1/patients', { what: 1 });
    expect(wrongRole).toMatchObject({ status: 403, body: { errorCode: 'forbidden' } });
  });

  it.each([
    ['clinician', [200, 201, 403, 403]],
    ['front-desk', [200, 201, 403, 403]],
    ['billing', [200, 403, 201, 403]],
    ['practice-admin', [403, 403, 403, 201]],
    ['visitor', [403, 403, 403, 403]],
  ])('a %s may do what the role says', async (role, statuses) => {
    const who = { ...A, roles: [role] };
    const booking = { patientId: practice.patient, practitionerId: `usr_${role}`, ...MORNING };
    const bill = { appointmentId: practice.appointment, amount: 1, currency: 'USD', procedureCode: 'ROLE1' };
    const answers = [
      await clinic.get(who, '/v1/patients'),
      await clinic.post(who, '/v1/appointments', booking),
      await clinic.post(who, '/v1/claims', bill),
      await clinic.post(who, '/v1/org-units', { name: role }),
    ];
    expect(answers.map(({ status }) => status)).toEqual(statuses);
  });

  it.each([
    ['suspended', 403, 'tenant_suspended'],
    ['maintenance', 503, 'tenant_maintenance'],
    ['gone', 404, 'tenant_unknown'],
  ] as const)('no tenant that is %s', async (status, answered, errorCode) => {
    clinic.routes.set('ten_out', 'cel_1', 1, status);
    clinic.routes.announce();
    const out = { tenant: 'ten_out' };
    const code = async () => (await clinic.get(out, '/v1/patients')).body.errorCode;
    await waitFor('the routes', async () => (await code()) === errorCode);
    const booking = { patientId: practice.patient, practitionerId: 'usr_1', ...MORNING };
    for (const answer of [await clinic.get(out, '/v1/patients'), await clinic.post(out, '/v1/appointments', booking)])
      expect(answer).toMatchObject({ status: answered, body: { errorCode } });
  });

  it('a tenant for what its plan includes, as often as its plan says', async () => {
    const few = { tenant: 'ten_few' };
    expect(await clinic.get(few, '/v1/claims')).toMatchObject({ status: 403, body: { errorCode: 'not_entitled' } });
    expect((await clinic.get(few, '/v1/appointments')).status).toBe(200);
    expect((await clinic.get(few, '/v1/appointments')).status).toBe(200);
    expect(await clinic.get(few, '/v1/appointments')).toMatchObject({
      status: 429,
      body: { errorCode: 'rate_limited' },
    });
    expect((await clinic.get(A, '/v1/appointments')).status).toBe(200);
  });

  it('anybody who asks for health or the document', async () => {
    expect((await clinic.send(undefined, { url: '/v1/health' })).body).toEqual({ status: 'up' });
    expect((await clinic.send(undefined, { url: '/openapi.json' })).body.openapi).toBe('3.1.0');
  });
});

describe('what comes in', () => {
  it.each([
    ['an unknown field', { unit: 'x' }, '/unit'],
    ['a date that does not exist', { birthDate: '2027-02-30' }, '/birthDate'],
    ['null', { givenName: null }, '/givenName'],
    ['an endless name', { familyName: 'x'.repeat(201) }, '/familyName'],
    ['text that cannot be stored', { familyName: 'a\0b' }, '/familyName'],
    ['a number', { familyName: 1 }, '/familyName'],
  ])('is refused by its pointer: %s', async (_, change, pointer) => {
    const person = { unitId: practice.unit, familyName: 'Doe', givenName: 'D', birthDate: '1990-05-05', ...change };
    const { status, body } = await clinic.post(A, '/v1/patients', person);
    expect([status, body.errorCode]).toEqual([400, 'invalid_request']);
    expect(new Set(body.errors.map((error: { pointer: string }) => error.pointer))).toEqual(new Set([pointer]));
  });

  it.each(["x'; DROP TABLE app.patient; --", '%00', '..%2f..', 'pat_1'])(
    'an address with %s names nothing',
    async (id) => {
      const answer = await clinic.get(A, `/v1/patients/${encodeURIComponent(id).replaceAll('%25', '%')}`);
      expect(answer).toMatchObject({ status: 404, body: { errorCode: 'patient_not_found' } });
    },
  );

  it('is refused as a problem when it is no JSON, too large, or without a key', async () => {
    const headers = { authorization: `Bearer ${await clinic.token(A)}`, 'content-type': 'application/json' };
    const raw = (payload: string, key: object = { 'idempotency-key': 'k'.repeat(20) }) =>
      clinic.app.inject({ method: 'POST', url: '/v1/org-units', headers: { ...headers, ...key }, payload });
    const answers = [
      await raw('{'),
      await raw(JSON.stringify({ name: 'x'.repeat(6 * 1024 * 1024) })),
      await raw('{"name":"x"}', {}),
    ];
    expect(answers.map((answer) => [answer.statusCode, answer.json<{ errorCode: string }>().errorCode])).toEqual([
      [400, 'bad_request'],
      [413, 'bad_request'],
      [400, 'idempotency_key_missing'],
    ]);
  });
});

test('no log line holds what a patient is called, when born, or what was searched for', async () => {
  const person = {
    unitId: practice.unit,
    familyName: 'Quetzalcoatl',
    givenName: 'Xiuhtecuhtli',
    birthDate: '1931-07-19',
  };
  await clinic.post(A, '/v1/patients', person);
  await clinic.get(A, '/v1/patients?family_name=quetzal');
  await clinic.post(A, '/v1/patients', { ...person, nickname: 'Quetzalcoatl' });
  await clinic.get(A, '/v1/patients/Quetzalcoatl');
  await clinic.post(A, '/v1/patients', person, 'Quetzalcoatl-Quetzalcoatl');
  const written = clinic.logged.join('\n');
  expect(written).toContain('"route":"/v1/patients/:id"');
  expect(written).toContain('"tenantId":"ten_a"');
  expect(written).not.toMatch(/quetzal|xiuhtec|1931/i);
  expect(written).not.toContain('eyJ');
});
