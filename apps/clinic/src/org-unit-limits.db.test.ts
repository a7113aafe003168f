import { startClinicPlane, type ClinicPlane } from './testing/clinic-plane.js';
import { ClinicFixture } from './testing/clinic-fixture.js';
import { MORNING, made, startPractice, type Practice } from './testing/practice.js';
import { shippedMigrations } from './fleet/index.js';
import pg from 'pg';

let cell: ClinicPlane;
let clinic: ClinicFixture;
const WHOLE = { tenant: 'ten_a' };
// The tree: region > north > ward, and region > south. Each with a patient.
let region: Practice;
let north: string;
let ward: string;
let south: string;
const patients: Record<string, string> = {};
const limitedTo = (unit: string) => ({ ...WHOLE, unit });

beforeAll(async () => {
  cell = await startClinicPlane('cel_1', shippedMigrations());
  await cell.settle(WHOLE.tenant, 'ten_b');
  clinic = await ClinicFixture.start([cell]);
  for (const tenant of [WHOLE.tenant, 'ten_b']) clinic.routes.set(tenant, 'cel_1');
  clinic.routes.announce();
  region = await startPractice(clinic, WHOLE, 'Region');
  const below = (parentId: string, name: string) => made(clinic.post(WHOLE, '/v1/org-units', { parentId, name }));
  north = await below(region.unit, 'North');
  ward = await below(north, 'Ward');
  south = await below(region.unit, 'South');
  for (const unitId of [north, ward, south]) patients[unitId] = await register(unitId);
});
afterAll(async () => {
  await clinic?.stop();
  await cell?.stop();
});

const register = (unitId: string, caller: { tenant: string; unit?: string } = WHOLE) =>
  made(clinic.post(caller, '/v1/patients', { unitId, familyName: 'Roe', givenName: 'R', birthDate: '1990-05-05' }));
const ids = async (caller: { tenant: string; unit?: string }, url: string): Promise<string[]> =>
  (await clinic.get(caller, url)).body.data.map(({ id }: { id: string }) => id);

describe('somebody whose rights are limited to an org unit', () => {
  it('sees the unit and what lies below, and nothing beside or above', async () => {
    expect(await ids(limitedTo(north), '/v1/org-units')).toEqual([north, ward]);
    expect(await ids(limitedTo(north), '/v1/patients')).toEqual([patients[north], patients[ward]]);
    expect(await ids(limitedTo(ward), '/v1/patients')).toEqual([patients[ward]]);
    expect(await ids(limitedTo(region.unit), '/v1/patients')).toHaveLength(4);
    expect(await ids(limitedTo(north), '/v1/appointments')).toEqual([]);
    expect(await ids(limitedTo(north), '/v1/claims')).toEqual([]);
  });

  it.each([
    ['patients', () => patients[south]],
    ['patients', () => region.patient],
    ['appointments', () => region.appointment],
    ['claims', () => region.claim],
    ['documents', () => region.document],
    ['org-units', () => south],
    ['org-units', () => region.unit],
  ])('gets 404 for %s of other units', async (list, id) => {
    expect((await clinic.get(limitedTo(north), `/v1/${list}/${id()}`)).status).toBe(404);
  });

  it('can neither put anything into another unit nor take it from there', async () => {
    const before = await cell.asSuperuser('SELECT id, unit_id, family_name FROM app.patient ORDER BY id');
    const person = { unitId: south, familyName: 'Doe', givenName: 'D', birthDate: '1990-05-05' };
    const attempts = [
      clinic.post(limitedTo(north), '/v1/patients', person),
      clinic.post(limitedTo(north), '/v1/org-units', { name: 'Mine', parentId: south }),
      clinic.post(limitedTo(north), '/v1/appointments', {
        patientId: patients[south],
        practitionerId: 'u',
        ...MORNING,
      }),
      move(patients[north], south),
      move(patients[south], north),
    ];
    expect((await Promise.all(attempts)).map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
    const root = await clinic.post(limitedTo(north), '/v1/org-units', { name: 'Another root' });
    expect(root).toMatchObject({ status: 403, body: { errorCode: 'outside_unit' } });
    expect(await cell.asSuperuser('SELECT id, unit_id, family_name FROM app.patient ORDER BY id')).toEqual(before);
  });

  it('works inside of the unit as others do in the whole organisation', async () => {
    const patient = await register(ward, limitedTo(north));
    const booking = { patientId: patient, practitionerId: 'usr_north', ...MORNING };
    const appointment = await made(clinic.post(limitedTo(north), '/v1/appointments', booking));
    const bill = { appointmentId: appointment, procedureCode: '99213', amount: 100, currency: 'USD' };
    const claim = await made(clinic.post(limitedTo(north), '/v1/claims', bill));
    // What belongs to the patient goes along when the patient moves.
    expect((await move(patient, north)).status).toBe(200);
    for (const [list, id] of [
      ['appointments', appointment],
      ['claims', claim],
    ] as const) {
      expect((await clinic.get(limitedTo(north), `/v1/${list}/${id}`)).body.unitId).toBe(north);
      expect((await clinic.get(limitedTo(ward), `/v1/${list}/${id}`)).status).toBe(404);
    }
  });

  it('cannot book a practitioner who is busy in another unit', async () => {
    const booking = { practitionerId: 'usr_everywhere', ...MORNING };
    await made(clinic.post(WHOLE, '/v1/appointments', { ...booking, patientId: patients[south] }));
    const refused = await clinic.post(limitedTo(north), '/v1/appointments', { ...booking, patientId: patients[north] });
    expect(refused).toMatchObject({ status: 409, body: { errorCode: 'practitioner_not_free' } });
  });

  it('is refused, and not answered with nothing, when there is no such unit in the tenant', async () => {
    const unknown = { status: 403, body: { errorCode: 'org_unit_unknown' } };
    expect(await clinic.get(limitedTo('north'), '/v1/patients')).toMatchObject(unknown);
    expect(await clinic.get({ tenant: 'ten_b', unit: north }, '/v1/patients')).toMatchObject(unknown);
  });

  const move = (patient: string | undefined, unitId: string) =>
    clinic.send(limitedTo(north), { method: 'PATCH', url: `/v1/patients/${patient}`, body: { unitId } });
});

test('the tree has at most twelve levels', async () => {
  let parentId = ward;
  for (let level = 4; level <= 12; level++)
    parentId = await made(clinic.post(WHOLE, '/v1/org-units', { name: `Level ${level}`, parentId }));
  const refused = await clinic.post(WHOLE, '/v1/org-units', { name: 'Level 13', parentId });
  expect(refused).toMatchObject({ status: 422, body: { errorCode: 'org_unit_too_deep' } });
});

test('the database answers no statement that was not told whom it serves', async () => {
  const client = new pg.Client(cell.servingUrl);
  await client.connect();
  try {
    const context = cell.sign(WHOLE.tenant);
    for (const table of ['org_unit', 'patient', 'appointment', 'claim', 'document']) {
      await client.query('BEGIN');
      await client.query(`SELECT set_config('bulkhead.context', $1, true)`, [context]);
      await expect(client.query(`SELECT FROM app.${table}`)).rejects.toMatchObject({ code: 'CL001' });
      await client.query('ROLLBACK');
    }
    // Nor when the tenant has no rows at all.
    await client.query(`SELECT set_config('bulkhead.context', $1, false)`, [cell.sign('ten_b')]);
    await expect(client.query('SELECT FROM app.claim')).rejects.toMatchObject({ code: 'CL001' });
  } finally {
    await client.end();
  }
});
