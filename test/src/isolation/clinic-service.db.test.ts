import { randomUUID } from 'node:crypto';
import { findingsOf } from '@bulkhead/domain/isolation';
import { forgedTokens, prove, type OpenApiDocument, type RoutesTarget, type ServiceTarget } from '@bulkhead/isolation';
import { ClinicStage, TENANTS } from './clinic-stage.js';

let stage: ClinicStage;
let units: { readonly a: string; readonly b: string };
let target: RoutesTarget;

beforeAll(async () => {
  stage = await ClinicStage.start();
  const { a, b } = TENANTS;
  units = {
    a: await stage.make(a, '/v1/org-units', { name: 'Main' }),
    b: await stage.make(b, '/v1/org-units', { name: 'Main' }),
  };
  target = await routesTarget();
}, 60_000);
afterAll(() => stage?.stop());

async function routesTarget(): Promise<RoutesTarget> {
  const { b } = TENANTS;
  const person = { unitId: units.b, familyName: 'Okafor', givenName: 'Ada', birthDate: '1984-02-29' };
  const patient = await stage.make(b, '/v1/patients', person);
  const times = { startsAt: '2027-01-31T09:00:00Z', endsAt: '2027-01-31T09:30:00Z' };
  const visit = { patientId: patient, practitionerId: 'usr_doctor', ...times };
  const appointment = await stage.make(b, '/v1/appointments', visit);
  const scan = { patientId: patient, name: 'x.txt', contentType: 'text/plain', content: 'YQ==' };
  const document = await stage.make(b, '/v1/documents', scan);
  const tokens = { a: await stage.token(TENANTS.a), b: await stage.token(b) };
  const openapi = await stage.send({ method: 'GET', path: '/openapi.json', headers: {} });
  return {
    kind: 'routes',
    name: 'clinic',
    document: JSON.parse(openapi.body) as OpenApiDocument,
    send: (request) => stage.send(request),
    tokens,
    refused: {
      ...forgedTokens(tokens.a, [{ ...(await stage.publicKey()) }], { tenant: b }),
      expired: await stage.token(TENANTS.a, { expires: '-1m' }),
      'of another audience': await stage.token(TENANTS.a, { audience: 'billing' }),
    },
    things: {
      '/v1/org-units/{id}': units.b,
      '/v1/patients/{id}': patient,
      '/v1/appointments/{id}': appointment,
      '/v1/documents/{id}': document,
      '/v1/claims/{id}': `clm_${randomUUID().replaceAll('-', '')}`,
    },
    references: { patientId: patient, unitId: units.b, parentId: units.b, appointmentId: appointment },
    bodies: {
      'POST /v1/patients': person,
      'PATCH /v1/patients/{id}': { familyName: 'Doe' },
      'POST /v1/appointments': visit,
      'POST /v1/claims': { appointmentId: appointment, procedureCode: '99213', amount: 100, currency: 'USD' },
      'POST /v1/documents': scan,
    },
    leastRoutes: 18,
  };
}

it('every route of the clinic answers another tenant’s id like one that does not exist, and refuses every wrong token', async () => {
  const report = await prove([target], { mode: 'copy' });
  expect(findingsOf(report)).toEqual([]);
  // B has not bought claims, so it has none that could be reached.
  expect(report.targets[0]?.voids).toEqual([
    'GET /v1/claims/{id}: its owner gets 403, so nothing was tried.',
    expect.stringMatching(/^GET \/v1\/claims: its owner is not shown clm_/),
  ]);
  expect(report.targets[0]?.checks).toContainEqual({ name: 'routes with an id', looked: 9 });
});

it('the clinic keeps contexts, entitlements and logs apart', async () => {
  const list = async (path: string, who: 'a' | 'b' | undefined) => {
    const authorization = who && { authorization: `Bearer ${await stage.token(TENANTS[who])}` };
    return stage.send({ method: 'GET', path, headers: { ...authorization } });
  };
  const service: ServiceTarget = {
    kind: 'service',
    name: 'clinic',
    tenants: TENANTS,
    async whoAmI(who) {
      const { status, body } = await list('/v1/org-units', who);
      if (status !== 200) return { tenant: undefined };
      const seen = (['a', 'b'] as const).filter((name) => body.includes(units[name]));
      return { tenant: seen.map((name) => TENANTS[name]).join(' and ') };
    },
    allowed: async (who) => (await list('/v1/claims', who)).status === 200,
    async logOf(marker) {
      const name = { familyName: marker, givenName: marker, notes: marker };
      await stage.make(TENANTS.a, '/v1/patients', { unitId: units.a, birthDate: '1984-02-29', ...name });
      await list(`/v1/patients?familyName=${marker}`, 'a');
      return stage.logged.join('\n');
    },
  };
  const report = await prove([service], { mode: 'live' });
  expect(findingsOf(report)).toEqual([]);
  expect(report).toMatchObject({ verdict: 'green', targets: [{ voids: [], checks: [{ looked: 3 }] }] });
});

it('the same proof is red when the caller is the owner: it would see a route that lets strangers in', async () => {
  const { b } = target.tokens ?? { b: '' };
  const report = await prove([{ ...target, tokens: { a: b, b } }], { mode: 'copy' });
  for (const object of [
    'GET /v1/patients/{id}',
    'PATCH /v1/patients/{id}',
    'GET /v1/documents/{id}',
    'GET /v1/patients',
  ])
    expect(findingsOf(report)).toContainEqual(expect.objectContaining({ rule: 'route_open', object }));
});
