import type { Caller, ClinicFixture } from './clinic-fixture.js';

/** Ids of one of everything, made through the service. */
export interface Practice {
  readonly unit: string;
  readonly patient: string;
  readonly appointment: string;
  readonly claim: string;
  readonly document: string;
}

export const MORNING = { startsAt: '2027-01-31T09:00:00Z', endsAt: '2027-01-31T09:30:00Z' };

/** A content as a body takes it. */
export function encoded(text: string): string {
  return Buffer.from(text).toString('base64');
}

export async function made(answer: Promise<{ status: number; text: string; body: { id: string } }>): Promise<string> {
  const { status, text, body } = await answer;
  if (status !== 201) throw new Error(`Nothing was made: ${status} ${text}`);
  return body.id;
}

/** Makes one of everything for the caller's tenant. */
export async function startPractice(clinic: ClinicFixture, caller: Caller, name = 'Main'): Promise<Practice> {
  const unit = await made(clinic.post(caller, '/v1/org-units', { name }));
  const person = { unitId: unit, familyName: 'Okafor', givenName: 'Ada', birthDate: '1984-02-29' };
  const patient = await made(clinic.post(caller, '/v1/patients', person));
  const booking = { patientId: patient, practitionerId: 'usr_doctor', ...MORNING };
  const appointment = await made(clinic.post(caller, '/v1/appointments', booking));
  const bill = { appointmentId: appointment, procedureCode: '99213', amount: 12_500, currency: 'USD' };
  const claim = await made(clinic.post(caller, '/v1/claims', bill));
  const scan = { patientId: patient, name: 'x-ray.txt', contentType: 'text/plain', content: encoded('nothing broken') };
  const document = await made(clinic.post(caller, '/v1/documents', scan));
  return { unit, patient, appointment, claim, document };
}
