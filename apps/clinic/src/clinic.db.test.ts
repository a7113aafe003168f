import { randomUUID } from 'node:crypto';
import { startClinicPlane, type ClinicPlane } from './testing/clinic-plane.js';
import { ClinicFixture, type Answer, type Sent } from './testing/clinic-fixture.js';
import { encoded, MORNING, made, startPractice, type Practice } from './testing/practice.js';
import { shippedMigrations } from './fleet/index.js';

let cell: ClinicPlane;
let own: ClinicPlane;
let clinic: ClinicFixture;
const A = { tenant: 'ten_a' };
const B = { tenant: 'ten_b' };
const DEDICATED = { tenant: 'ten_own' };
let ofA: Practice;
let ofB: Practice;

beforeAll(async () => {
  [cell, own] = await Promise.all([
    startClinicPlane('cel_1', shippedMigrations()),
    startClinicPlane('bnd_1', shippedMigrations()),
  ]);
  await cell.settle(A.tenant, B.tenant);
  await own.settle(DEDICATED.tenant);
  clinic = await ClinicFixture.start([cell, own]);
  for (const { tenant } of [A, B]) clinic.routes.set(tenant, 'cel_1');
  clinic.routes.set(DEDICATED.tenant, 'bnd_1');
  clinic.routes.announce();
  ofA = await startPractice(clinic, A);
  ofB = await startPractice(clinic, B);
});
afterAll(async () => {
  await clinic?.stop();
  await Promise.all([cell?.stop(), own?.stop()]);
});

/** An answer without what names the one request. */
const told = ({ status, body }: Answer): unknown => ({ status, ...body, instance: undefined });

describe('one tenant and another', () => {
  const madeUp = (prefix: string) => `${prefix}_${randomUUID().replaceAll('-', '')}`;
  type Case = readonly [what: string, request: (ids: Practice) => Sent];
  const cases: readonly Case[] = [
    ['looks at an org unit', ({ unit }) => ({ url: `/v1/org-units/${unit}` })],
    [
      'adds an org unit below one',
      ({ unit }) => ({ method: 'POST', url: '/v1/org-units', body: { name: 'Below', parentId: unit } }),
    ],
    ['looks at a patient', ({ patient }) => ({ url: `/v1/patients/${patient}` })],
    [
      'registers a patient in an org unit',
      ({ unit }) => ({
        method: 'POST',
        url: '/v1/patients',
        body: { unitId: unit, familyName: 'Doe', givenName: 'J', birthDate: '2000-01-01' },
      }),
    ],
    [
      'changes a patient',
      ({ patient }) => ({ method: 'PATCH', url: `/v1/patients/${patient}`, body: { familyName: 'Taken' } }),
    ],
    [
      'moves its own patient to an org unit',
      ({ unit }) => ({ method: 'PATCH', url: `/v1/patients/${ofA.patient}`, body: { unitId: unit } }),
    ],
    [
      'books for a patient',
      ({ patient }) => ({
        method: 'POST',
        url: '/v1/appointments',
        body: { patientId: patient, practitionerId: 'usr_other', ...MORNING },
      }),
    ],
    ['looks at an appointment', ({ appointment }) => ({ url: `/v1/appointments/${appointment}` })],
    [
      'cancels an appointment',
      ({ appointment }) => ({ method: 'POST', url: `/v1/appointments/${appointment}/cancel` }),
    ],
    [
      'claims for an appointment',
      ({ appointment }) => ({
        method: 'POST',
        url: '/v1/claims',
        body: { appointmentId: appointment, procedureCode: '99214', amount: 1, currency: 'USD' },
      }),
    ],
    ['looks at a claim', ({ claim }) => ({ url: `/v1/claims/${claim}` })],
    [
      'stores a document of a patient',
      ({ patient }) => ({
        method: 'POST',
        url: '/v1/documents',
        body: { patientId: patient, name: 'a', contentType: 'text/plain', content: encoded('a') },
      }),
    ],
    ['looks at a document', ({ document }) => ({ url: `/v1/documents/${document}` })],
    ['reads a document', ({ document }) => ({ url: `/v1/documents/${document}/content` })],
    ['removes a document', ({ document }) => ({ method: 'DELETE', url: `/v1/documents/${document}` })],
  ];

  it.each(cases)('gets the same 404 for the other’s id as for a made-up one when it %s', async (_, request) => {
    const before = await everything();
    const nobody = {
      unit: madeUp('unt'),
      patient: madeUp('pat'),
      appointment: madeUp('apt'),
      claim: madeUp('clm'),
      document: madeUp('doc'),
    };
    const theirs = await clinic.send(A, request(ofB));
    expect(theirs.status).toBe(404);
    expect(told(theirs)).toEqual(told(await clinic.send(A, request(nobody))));
    expect(await everything()).toEqual(before);
  });

  it('has a case for every route that takes an id', () => {
    const covered = new Set(
      cases.map(([, request]) => {
        const { method = 'GET', url } = request(ofA);
        return `${method.toLowerCase()} ${url.replace(/[a-z]{3}_[0-9a-f]{32}/, '{id}')}`;
      }),
    );
    const document = JSON.parse(openapi.text) as { paths: Record<string, Record<string, unknown>> };
    const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    const listsAndHealth = routes.filter((route) => route.startsWith('get ') && !route.includes('{id}'));
    expect(routes.filter((route) => !covered.has(route))).toEqual(listsAndHealth);
  });

  it('lists its own only', async () => {
    for (const [url, id] of [
      ['/v1/org-units', ofA.unit],
      ['/v1/patients', ofA.patient],
      ['/v1/appointments', ofA.appointment],
      [`/v1/appointments?patient_id=${ofA.patient}`, ofA.appointment],
      ['/v1/claims', ofA.claim],
      ['/v1/documents', ofA.document],
    ] as const) {
      const { body } = await clinic.get(A, url);
      expect(body).toEqual({ data: [expect.objectContaining({ id })], hasMore: false });
    }
    expect((await clinic.get(A, `/v1/appointments?patient_id=${ofB.patient}`)).body.data).toEqual([]);
  });

  it('may use one Idempotency-Key without getting what the other made', async () => {
    const key = randomUUID();
    const unit = { name: 'Same key' };
    const [mine, theirs] = [
      await clinic.post(A, '/v1/org-units', unit, key),
      await clinic.post(B, '/v1/org-units', unit, key),
    ];
    expect([mine.status, theirs.status]).toEqual([201, 201]);
    expect(theirs.body.id).not.toBe(mine.body.id);
  });

  it('works the same with a database of its own', async () => {
    const practice = await startPractice(clinic, DEDICATED);
    expect((await clinic.get(DEDICATED, `/v1/appointments/${practice.appointment}`)).body).toMatchObject({
      id: practice.appointment,
      state: 'booked',
      ...{ startsAt: '2027-01-31T09:00:00.000Z', endsAt: '2027-01-31T09:30:00.000Z' },
    });
    expect((await clinic.get(A, `/v1/appointments/${practice.appointment}`)).status).toBe(404);
    expect(await own.asSuperuser('SELECT tenant_id FROM app.patient')).toEqual([{ tenant_id: DEDICATED.tenant }]);
  });

  async function everything(): Promise<unknown> {
    const tables = ['org_unit', 'patient', 'appointment', 'claim', 'document', 'request'];
    return await cell.asSuperuser(
      tables.map((name) => `SELECT t::text FROM app.${name} t`).join(' UNION ALL ') + ' ORDER BY 1',
    );
  }
});

let openapi: Answer;
beforeAll(async () => {
  openapi = await clinic.send(undefined, { url: '/openapi.json' });
});

describe('a booking', () => {
  it('of a practitioner who is busy is refused, and one right after it is not', async () => {
    const at = (startsAt: string, endsAt: string) =>
      clinic.post(A, '/v1/appointments', { patientId: ofA.patient, practitionerId: 'usr_busy', startsAt, endsAt });
    expect((await at('2027-02-01T09:00:00Z', '2027-02-01T10:00:00Z')).status).toBe(201);
    const refused = await at('2027-02-01T10:30:00+01:00', '2027-02-01T11:30:00+01:00');
    expect(refused).toMatchObject({ status: 409, body: { errorCode: 'practitioner_not_free' } });
    expect((await at('2027-02-01T10:00:00Z', '2027-02-01T10:30:00Z')).status).toBe(201);
  });

  it('of one practitioner at one time is made once, however many come together', async () => {
    for (let round = 0; round < 5; round++) {
      const day = `2027-03-0${round + 1}`;
      const booking = { patientId: ofA.patient, practitionerId: 'usr_wanted' };
      const times = { startsAt: `${day}T09:00:00Z`, endsAt: `${day}T09:30:00Z` };
      const answers = await Promise.all(
        Array.from({ length: 4 }, () => clinic.post(A, '/v1/appointments', { ...booking, ...times })),
      );
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409, 409, 409]);
    }
  });

  it('says nothing about the practitioner of another tenant', async () => {
    const booking = { practitionerId: 'usr_shared', ...MORNING };
    const answers = await Promise.all([
      clinic.post(A, '/v1/appointments', { ...booking, patientId: ofA.patient }),
      clinic.post(B, '/v1/appointments', { ...booking, patientId: ofB.patient }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
  });

  it('that was cancelled leaves its time to others, and is cancelled twice without harm', async () => {
    const booking = { patientId: ofA.patient, practitionerId: 'usr_free_again', ...MORNING };
    const id = await made(clinic.post(A, '/v1/appointments', booking));
    for (const _ of [1, 2]) {
      expect(await clinic.post(A, `/v1/appointments/${id}/cancel`)).toMatchObject({
        status: 200,
        body: { state: 'cancelled' },
      });
    }
    expect((await clinic.post(A, '/v1/appointments', booking)).status).toBe(201);
  });

  it('that is sent again with its key is the same booking; another one with that key is refused', async () => {
    const key = randomUUID();
    const booking = { patientId: ofA.patient, practitionerId: 'usr_again', ...MORNING };
    const answers = await Promise.all([1, 2, 3].map(() => clinic.post(A, '/v1/appointments', booking, key)));
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1);
    const other = await clinic.post(A, '/v1/appointments', { ...booking, practitionerId: 'usr_else' }, key);
    expect(other).toMatchObject({ status: 409, body: { errorCode: 'idempotency_key_reused' } });
  });

  it('needs times that make sense', async () => {
    const booking = { patientId: ofA.patient, practitionerId: 'usr_late', startsAt: MORNING.endsAt };
    const backwards = await clinic.post(A, '/v1/appointments', { ...booking, endsAt: MORNING.startsAt });
    expect(backwards).toMatchObject({ status: 422, body: { errorCode: 'appointment_times' } });
    const vague = await clinic.post(A, '/v1/appointments', { ...booking, endsAt: '2027-01-31T11:00:00' });
    expect(vague).toMatchObject({ status: 400, body: { errors: [{ pointer: '/endsAt' }] } });
  });
});

it('finds patients by the beginning of their family name, and pages through them', async () => {
  const unitId = ofA.unit;
  const names = ['Smith', 'SMITHERS', 'Smyth', 'Ångström'];
  for (const familyName of names)
    await made(clinic.post(A, '/v1/patients', { unitId, familyName, givenName: 'X', birthDate: '2000-01-01' }));
  const found = async (query: string) =>
    (await clinic.get(A, `/v1/patients?${query}`)).body.data.map((one: { familyName: string }) => one.familyName);
  expect(await found('family_name=smi')).toEqual(['Smith', 'SMITHERS']);
  expect(await found(`family_name=${encodeURIComponent('ån')}`)).toEqual(['Ångström']);
  const first = (await clinic.get(A, '/v1/patients?family_name=sm&limit=2')).body;
  expect(first.hasMore).toBe(true);
  const rest = (await clinic.get(A, `/v1/patients?family_name=sm&limit=2&starting_after=${first.data[1].id}`)).body;
  expect([rest.hasMore, rest.data.map((one: { familyName: string }) => one.familyName)]).toEqual([false, ['Smyth']]);
});
