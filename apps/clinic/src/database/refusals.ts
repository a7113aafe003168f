import { BulkheadError } from '@bulkhead/kernel';

const DEADLOCK = '40P01';
const SERIALIZATION = '40001';

/** What the clinic's own constraints and functions say, by SQLSTATE or by the constraint's name. */
const REFUSALS: Readonly<
  Record<string, readonly [code: string, status: number, message: string, remediation: string]>
> = {
  appointment_free: [
    'practitioner_not_free',
    409,
    'The practitioner has another appointment at this time.',
    'Choose another time or another practitioner.',
  ],
  claim_tenant_id_appointment_id_procedure_code_key: [
    'claim_exists',
    409,
    'This procedure of the appointment was claimed already.',
    'Look at the claims of the appointment.',
  ],
  org_unit_depth: ['org_unit_too_deep', 422, 'The org unit would lie too deep.', 'Put it higher up in the tree.'],
  CL002: [
    'org_unit_unknown',
    403,
    'Your rights are limited to an org unit that does not exist.',
    'Ask the administrator of your organisation for rights in another unit.',
  ],
};

interface DatabaseFault {
  readonly code?: unknown;
  readonly constraint?: unknown;
}

/** Two bookings that wait for each other: Postgres ended one, which left nothing and now sees the other. */
export function isWorthRepeating(error: unknown): boolean {
  const { code } = (error ?? {}) as DatabaseFault;
  return code === DEADLOCK || code === SERIALIZATION;
}

/** Turns a refusal that callers may meet into one that they may read. Anything else is a bug and stays as it is. */
export function explained(error: unknown): unknown {
  const { code, constraint } = (error ?? {}) as DatabaseFault;
  const refusal = REFUSALS[String(constraint)] ?? REFUSALS[String(code)];
  if (refusal === undefined) return error;
  const [name, status, publicMessage, remediation] = refusal;
  return new BulkheadError({ code: name, status, publicMessage, remediation, cause: error });
}
