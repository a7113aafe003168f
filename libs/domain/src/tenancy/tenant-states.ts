import { BulkheadError } from '@bulkhead/kernel';

export const TENANT_STATES = ['provisioning', 'active', 'suspended', 'abandoned'] as const;
export type TenantState = (typeof TENANT_STATES)[number];

export const TENANT_EVENTS = ['activate', 'abandon', 'suspend', 'resume'] as const;
export type TenantEvent = (typeof TENANT_EVENTS)[number];

/** An abandoned onboarding is final; the customer who returns gets a new tenant. */
const TRANSITIONS: Readonly<Record<TenantState, Readonly<Partial<Record<TenantEvent, TenantState>>>>> = {
  provisioning: { activate: 'active', abandon: 'abandoned' },
  active: { suspend: 'suspended' },
  suspended: { resume: 'active' },
  abandoned: {},
};

/** @throws BulkheadError `tenant_transition_refused` (409) naming what may happen instead. */
export function nextTenantState(state: TenantState, event: TenantEvent): TenantState {
  const next = TRANSITIONS[state][event];
  if (next !== undefined) return next;
  const possible = Object.keys(TRANSITIONS[state]);
  throw new BulkheadError({
    code: 'tenant_transition_refused',
    status: 409,
    publicMessage: `A tenant that is ${state} cannot take "${event}".`,
    remediation:
      possible.length === 0
        ? 'An abandoned tenant is final; onboard a new one.'
        : `From ${state} these are possible: ${possible.join(', ')}.`,
  });
}

/** What decides whether a tenant is served. Maintenance is a flag beside the state: it outlives a suspension. */
export interface TenantStanding {
  readonly state: TenantState;
  readonly maintenance: boolean;
}

/** Whether the tenant's people and services may work now. Every state but `active`, known or not, means no. */
export function isServed({ state, maintenance }: TenantStanding): boolean {
  return state === 'active' && !maintenance;
}

/**
 * Refuses work for a tenant that is not served.
 * @throws BulkheadError `tenant_suspended` (403), `tenant_in_maintenance` (503, retryable) or `tenant_not_active` (409).
 */
export function requireServed(standing: TenantStanding): void {
  if (isServed(standing)) return;
  const { state } = standing;
  if (state === 'suspended') throw suspended();
  if (state === 'active') throw inMaintenance();
  throw new BulkheadError({
    code: 'tenant_not_active',
    status: 409,
    publicMessage: `The tenant is ${state} and not in use.`,
    remediation: 'Wait until its onboarding has succeeded.',
  });
}

function suspended(): BulkheadError {
  return new BulkheadError({
    code: 'tenant_suspended',
    status: 403,
    publicMessage: 'The tenant is suspended.',
    remediation: 'Ask a platform admin why, and to resume it.',
  });
}

function inMaintenance(): BulkheadError {
  return new BulkheadError({
    code: 'tenant_in_maintenance',
    status: 503,
    retryable: true,
    publicMessage: 'The tenant is in maintenance.',
    remediation: 'Try again when the maintenance has ended.',
  });
}
