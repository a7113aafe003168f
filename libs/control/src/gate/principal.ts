/**
 * Who may do something. Absence of a role means no. `tenancy-issuer` is the vendor's identity service, `tenancy-service`
 * a service that tenants work with, `tenancy-worker` a service that works for tenants by itself and gets tokens for itself
 * only, `isolation-prover` what gets tokens for tenants of the isolation proof, `workload` the
 * control plane's own processes.
 */
export const ROLES = [
  'platform-admin',
  'sales-ops',
  'approver',
  'support',
  'auditor',
  'ci',
  'tenancy-issuer',
  'tenancy-service',
  'tenancy-worker',
  'isolation-prover',
  'workload',
] as const;
export type Role = (typeof ROLES)[number];

export interface Principal {
  readonly kind: 'user' | 'api_key' | 'workload';
  /** Subject of the token, id of the API key, or name of the workload. */
  readonly id: string;
  readonly roles: readonly Role[];
}

/** `user:…`, `api_key:…`: how a principal is written in rows. */
export function principalName(principal: Principal): string {
  return `${principal.kind}:${principal.id}`;
}

export interface Call {
  readonly principal: Principal;
  /** Same key and same command: the first answer is given again. */
  readonly idempotencyKey?: string;
  readonly requestId?: string;
}

/** Who a worker is to the gate. */
export const WORKER: Principal = { kind: 'workload', id: 'worker', roles: ['workload'] };
