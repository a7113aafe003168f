import { randomUUID } from 'node:crypto';
import { runWithTenant, type HandledMessage } from '@bulkhead/tenancy';
import { contextFor, startTenantService } from '@bulkhead/tenancy/testing';
import { ClinicDatabase } from '../database/clinic-database.js';
import { shippedMigrations } from '../fleet/index.js';
import { startClinicPlane, type ClinicPlane } from '../testing/clinic-plane.js';
import { ClinicFixture } from '../testing/clinic-fixture.js';
import { made, startPractice, type Practice } from '../testing/practice.js';
import { claimDecisions } from './claim-decisions.js';
import { messageIdOf } from './claim-messages.js';

const A = { tenant: 'ten_a' };
let cell: ClinicPlane;
let clinic: ClinicFixture;
let practice: Practice;
let service: Awaited<ReturnType<typeof startTenantService>>;

beforeAll(async () => {
  cell = await startClinicPlane('cel_1', shippedMigrations());
  await cell.settle(A.tenant, 'ten_b');
  clinic = await ClinicFixture.start([cell]);
  for (const tenant of [A.tenant, 'ten_b']) clinic.routes.set(tenant, 'cel_1');
  clinic.routes.announce();
  practice = await startPractice(clinic, A);
  service = await startTenantService([cell], clinic.routes);
});
afterAll(async () => {
  await service?.stop();
  await clinic?.stop();
  await cell?.stop();
});

async function claim(amount: number, currency = 'USD'): Promise<string> {
  const procedureCode = randomUUID().slice(0, 8).toUpperCase();
  return await made(
    clinic.post(A, '/v1/claims', { appointmentId: practice.appointment, procedureCode, amount, currency }),
  );
}

/** Handles the message of a claim as the worker does, in the service's own context. */
async function handle(claimId: string, attempt = 1, tenant = A.tenant): Promise<void> {
  const context = contextFor(tenant);
  const sentBy = { kind: 'person', id: 'usr_1' };
  const message: HandledMessage = {
    id: messageIdOf(claimId),
    kind: 'claim.submit',
    attempt,
    payload: { claimId },
    sentBy,
  };
  await runWithTenant(context, () => claimDecisions(new ClinicDatabase(service.databases))(message, context));
}

const look = async (id: string) => (await clinic.get(A, `/v1/claims/${id}`)).body;

it.each([
  ['what the payer pays', 999_999, 'USD', 'accepted', null],
  ['what it wants to be asked about first', 1_000_000, 'USD', 'rejected', 'prior_authorisation_missing'],
  ['what is in another currency', 1, 'CHF', 'rejected', 'currency_not_paid'],
])('decides about %s', async (_, amount, currency, state, refusal) => {
  const id = await claim(amount, currency);
  expect(await look(id)).toMatchObject({ state: 'submitted', refusal: null });
  await handle(id);
  expect(await look(id)).toMatchObject({ state, refusal });
});

it('decides once, however often the message comes', async () => {
  const id = await claim(100);
  await Promise.all([handle(id), handle(id), handle(id)]);
  const decidedAt = () => cell.asSuperuser('SELECT decided_at FROM app.claim WHERE id = $1', [id]);
  const first = await decidedAt();
  await handle(id, 2);
  expect(await decidedAt()).toEqual(first);
});

it('waits for a claim that is not written yet, and gives up one that never will be', async () => {
  const never = `clm_${randomUUID().replaceAll('-', '')}`;
  for (const attempt of [1, 2, 3])
    await expect(handle(never, attempt)).rejects.toMatchObject({ code: 'claim_not_written', retryable: true });
  await expect(handle(never, 4)).resolves.toBeUndefined();
});

it('decides nothing for a message that names the claim of another tenant', async () => {
  const id = await claim(100);
  await handle(id, 4, 'ten_b');
  expect(await look(id)).toMatchObject({ state: 'submitted' });
});
