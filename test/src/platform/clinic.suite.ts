import { bookForEach, ClinicVisit, startWorkloadPlane, type WorkloadPlane } from '@bulkhead/local';
import { waitFor } from '@bulkhead/kernel';
import type { Tenant } from '../support/onboarding.js';
import { queryAt, type TestStack } from '../support/test-stack.js';
import { placeOf, superuserUrl } from './serving-logins.suite.js';

const PHI = { familyName: 'Quetzalcoatl', nationalId: '987-65-4320', notes: 'allergic to penicillin' };

interface Claim {
  readonly state: string;
  readonly refusal: string | null;
}

/** The sample service of the workload plane, beside a control plane that provisions its tenants. */
export function describeClinic(current: () => TestStack): void {
  describe('the clinic', () => {
    let workload: WorkloadPlane;
    const visits: Record<string, ClinicVisit> = {};
    const visit = (tier: string): ClinicVisit => visits[tier] as ClinicVisit;
    const tenantOf = async (tier: string): Promise<{ id: string; name: string }> => {
      const found = await current().api.list<Tenant>(`/v1/tenants?q=first-${tier}`);
      return { id: found.find(({ slug }) => slug === `first-${tier}`)?.id ?? '', name: tier };
    };
    const begin = async (tier: string) =>
      await ClinicVisit.begin(current().api, workload.clinicUrl, await tenantOf(tier));

    beforeAll(async () => {
      const { engines, api } = current();
      workload = await startWorkloadPlane(engines, api.url);
      for (const tier of ['pooled', 'hybrid-storage', 'dedicated']) visits[tier] = await begin(tier);
    });

    it('books for a pooled and a dedicated tenant, and shows neither what the other booked', async () => {
      const tenants = await Promise.all(['pooled', 'dedicated'].map(tenantOf));
      const lines: string[] = [];
      const kept = await bookForEach(current().api, workload.clinicUrl, tenants, (line) => lines.push(line));
      expect(kept).toBe(true);
      expect(lines.map((line) => /: (\d+) /.exec(line)?.[1])).toEqual(['200', '404', '404', '200']);
    });

    it.each(['pooled', 'dedicated'])('keeps PHI of a %s tenant readable for it, and for nobody else', async (tier) => {
      const patientId = await registered(visit(tier));
      const seen = await visit(tier).call('GET', `/v1/patients/${patientId}`);
      expect(seen).toMatchObject({ status: 200, body: PHI });
      const content = Buffer.from('a scan of something').toString('base64');
      const scan = { patientId, name: 'biopsy.txt', contentType: 'text/plain', content };
      const id = await visit(tier).make('/v1/documents', scan);
      expect(await visit(tier).call('GET', `/v1/documents/${id}/content`)).toEqual({
        status: 200,
        body: 'a scan of something',
      });
      expect(await visit(tier).call('GET', `/v1/documents/${id}`)).toMatchObject({ body: { name: 'biopsy.txt' } });
      // The superuser of the server sees rows, and neither of these.
      const stored = JSON.stringify(
        await queryAt(
          superuserUrl(current(), await placeOf(current(), tier)),
          'select p, d from app.patient p, app.document d',
        ),
      );
      const texts = [PHI.nationalId, PHI.notes, 'biopsy.txt'];
      for (const text of texts) {
        expect(stored).not.toContain(text);
        expect(stored).not.toContain(Buffer.from(text).toString('hex'));
      }
      expect(stored).toContain(PHI.familyName);
    });

    it.each(['hybrid-storage', 'dedicated'])('decides claims of a %s tenant from its queue', async (tier) => {
      const submit = async (amount: number): Promise<Claim> => {
        const bill = { appointmentId: await visit(tier).book(), procedureCode: '99213', amount, currency: 'USD' };
        const id = await visit(tier).make('/v1/claims', bill);
        const decided = async () => {
          const { body } = await visit(tier).call<Claim>('GET', `/v1/claims/${id}`);
          return body.state === 'submitted' ? undefined : body;
        };
        return await waitFor('the decision', decided, { timeoutMs: 60_000 });
      };
      expect(await submit(12_500)).toMatchObject({ state: 'accepted', refusal: null });
      expect(await submit(5_000_000)).toMatchObject({ state: 'rejected', refusal: 'prior_authorisation_missing' });
    });

    it('gives a tenant the modules of its plan only', async () => {
      const answer = await visit('pooled').call('GET', '/v1/claims');
      expect(answer).toMatchObject({ status: 403, body: { errorCode: 'not_entitled' } });
    });

    it('refuses a tenant from its suspension until it is resumed', async () => {
      const { api } = current();
      const { id } = await tenantOf('pooled');
      const look = async (as: ClinicVisit) => await as.call<{ errorCode?: string }>('GET', '/v1/patients');
      expect((await look(visit('pooled'))).status).toBe(200);
      await api.post(`/v1/tenants/${id}/suspend`, { reason: 'unpaid' });
      await waitFor('the refusal', async () => (await look(visit('pooled'))).body.errorCode === 'tenant_suspended');
      expect((await look(visit('dedicated'))).status).toBe(200);
      await api.post(`/v1/tenants/${id}/resume`, {});
      const again = await begin('pooled');
      await waitFor('the tenant to be back', async () => (await look(again)).status === 200);
    });

    async function registered(as: ClinicVisit): Promise<string> {
      const unitId = await as.make('/v1/org-units', { name: 'Ward' });
      return await as.make('/v1/patients', { unitId, givenName: 'X', birthDate: '1931-07-19', ...PHI });
    }
  });
}
