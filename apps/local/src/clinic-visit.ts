import { randomUUID } from 'node:crypto';
import { waitFor } from '@bulkhead/kernel';
import type { ApiClient, TenantView } from './api-client.js';

export interface ClinicAnswer<T> {
  readonly status: number;
  readonly body: T;
}

interface Problem {
  readonly status?: number;
  readonly errorCode?: string;
  readonly retryable?: boolean;
}

interface Made extends Problem {
  readonly id: string;
}

type Issuer = Pick<ApiClient, 'post'>;
type Visited = Pick<TenantView, 'id' | 'name'>;

/** What a person of one tenant sees of the clinic. */
export class ClinicVisit {
  private constructor(
    readonly tenant: Visited,
    private readonly url: string,
    private readonly token: string,
  ) {}

  /** @param issuer the control plane, as somebody who may issue tenants' tokens sees it. */
  static async begin(issuer: Issuer, clinicUrl: string, tenant: Visited): Promise<ClinicVisit> {
    const roles = ['front-desk', 'clinician', 'billing', 'practice-admin'];
    const body = { audience: 'clinic', subject: { kind: 'person', id: 'usr_demo' }, roles, database: true };
    const { token } = await issuer.post<{ token: string }>(`/v1/tenants/${tenant.id}/tokens`, body, randomUUID());
    return new ClinicVisit(tenant, clinicUrl, token);
  }

  /**
   * Registers a patient and books an appointment with a practitioner who has no other.
   * @returns the id of the appointment.
   * @throws Error when the clinic does not let itself be used within a minute.
   */
  async book(): Promise<string> {
    const unitId = await this.make('/v1/org-units', { name: 'Front desk' });
    const person = {
      unitId,
      familyName: 'Sample',
      givenName: 'Sam',
      birthDate: '1984-02-29',
      nationalId: '000-00-0000',
    };
    const patientId = await this.make('/v1/patients', person);
    const times = { startsAt: '2027-01-31T09:00:00Z', endsAt: '2027-01-31T09:30:00Z' };
    return await this.make('/v1/appointments', { patientId, practitionerId: `usr_${randomUUID()}`, ...times });
  }

  async look(appointmentId: string): Promise<ClinicAnswer<Made>> {
    return await this.call('GET', `/v1/appointments/${appointmentId}`);
  }

  /**
   * Makes something. A tenant that has just become active may not have reached every service yet: such answers pass by
   * themselves.
   * @returns its id.
   * @throws Error when it is refused, or not made within a minute.
   */
  async make(path: string, body: object): Promise<string> {
    const key = randomUUID();
    const attempt = async () => {
      const answer = await this.call<Made>('POST', path, body, key);
      if (answer.status === 201) return answer.body.id;
      const passes = answer.body.retryable === true || answer.body.errorCode === 'tenant_unknown';
      return passes ? undefined : `refused ${answer.status} ${answer.body.errorCode}`;
    };
    const made = await waitFor(`the clinic to take ${path}`, attempt, { timeoutMs: 60_000, intervalMs: 250 });
    if (made.startsWith('refused')) throw new Error(`The clinic ${made} at ${path}`);
    return made;
  }

  async call<T>(method: string, path: string, body?: object, key?: string): Promise<ClinicAnswer<T>> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    return { status: response.status, body: (text.startsWith('{') ? JSON.parse(text) : text) as T };
  }
}

/**
 * Books an appointment for each tenant through the clinic, then looks at every appointment as every tenant.
 * @param print takes one line for each look.
 * @returns whether each tenant sees its own appointment, and of the others' what it sees of one that never was.
 */
export async function bookForEach(
  issuer: Issuer,
  clinicUrl: string,
  tenants: readonly Visited[],
  print: (line: string) => void,
): Promise<boolean> {
  const visits = await Promise.all(tenants.map(async (tenant) => await ClinicVisit.begin(issuer, clinicUrl, tenant)));
  const booked: { readonly of: Visited; readonly id: string }[] = [];
  for (const visit of visits) booked.push({ of: visit.tenant, id: await visit.book() });
  const madeUp = `apt_${randomUUID().replaceAll('-', '')}`;
  let kept = true;
  for (const visit of visits) {
    const never = await visit.look(madeUp);
    for (const { of, id } of booked) {
      const { status, body } = await visit.look(id);
      const own = of.id === visit.tenant.id;
      const sameAsNever = status === never.status && body.errorCode === never.body.errorCode;
      const right = own ? status === 200 && body.id === id : status === 404 && sameAsNever;
      kept &&= right;
      const answer = status === 200 ? body.id : body.errorCode;
      print(
        `  ${right ? 'ok ' : 'BAD'} ${visit.tenant.name} looks at ${own ? 'its own' : `that of ${of.name}`}: ${status} ${answer}`,
      );
    }
  }
  return kept;
}
