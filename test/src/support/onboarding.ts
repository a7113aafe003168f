import { waitFor } from '@bulkhead/kernel';
import type { Api } from './api.js';

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly remediation: string;
}

export interface Step {
  readonly name: string;
  readonly state: 'pending' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'compensated';
  readonly attempt: number;
  readonly waitingFor: string | null;
  readonly error: Failure | null;
}

export interface Operation {
  readonly id: string;
  readonly kind: string;
  readonly tenantId: string | null;
  readonly state: string;
  readonly error: Failure | null;
  readonly result: Readonly<Record<string, unknown>> | null;
  readonly steps: readonly Step[];
}

export interface Tenant {
  readonly id: string;
  readonly slug: string;
  readonly state: string;
}

export const REGION = 'us-east-1';
export const TIERS = ['pooled', 'hybrid-storage', 'hybrid-database', 'dedicated'] as const;
export type Tier = (typeof TIERS)[number];

const PLANS: Readonly<Record<Tier, string>> = {
  pooled: 'clinic-per-provider',
  'hybrid-storage': 'practice-per-clinic',
  'hybrid-database': 'enterprise-health-system',
  dedicated: 'enterprise-health-system',
};

/** On a machine that runs other tests beside: a run of Pulumi takes seconds, a takeover of a dead one waits 20 s. */
const PATIENCE = { timeoutMs: 240_000, intervalMs: 200 };
const FINAL = ['succeeded', 'failed', 'cancelled'];

/** The body that asks for a tenant. */
export function wish(tier: Tier, slug: string) {
  return { name: `Clinic ${slug}`, slug, region: REGION, tier, plan: PLANS[tier], quantity: 1 };
}

export interface Accepted {
  readonly tenant: Tenant;
  readonly operation: { readonly id: string };
}

export async function beginOnboarding(api: Api, tier: Tier, slug: string, key = `onboard-${slug}`): Promise<Accepted> {
  return await api.post<Accepted>('/v1/tenants', wish(tier, slug), key);
}

/** Waits until an operation has ended or needs an operator; the API may be away meanwhile. */
export async function settled(api: Api, id: string): Promise<Operation> {
  return await until(api, id, `operation ${id} to settle`, ({ state }) =>
    [...FINAL, 'needs_attention'].includes(state),
  );
}

/** Waits until an operation is as `matches` wants it; the API may be away meanwhile. */
export async function until(
  api: Api,
  id: string,
  what: string,
  matches: (operation: Operation) => boolean,
): Promise<Operation> {
  let last: Operation | undefined;
  try {
    return await waitFor(
      what,
      async () => {
        last = await api.get<Operation>(`/v1/operations/${id}`);
        return matches(last) && last;
      },
      PATIENCE,
    );
  } catch (error) {
    throw new Error(`${String(error)}; it was ${JSON.stringify(last)}`, { cause: error });
  }
}

/** Waits until a step has begun. */
export async function begun(api: Api, id: string, step: string): Promise<void> {
  const hasBegun = ({ steps }: Operation) => steps.some(({ name, state }) => name === step && state !== 'pending');
  await until(api, id, `${step} of ${id} to begin`, hasBegun);
}

/** @throws Error with the operation when it did not succeed. */
export async function succeeded(api: Api, id: string): Promise<Operation> {
  const operation = await settled(api, id);
  if (operation.state === 'succeeded') return operation;
  throw new Error(`The operation did not succeed: ${JSON.stringify(operation)}`);
}

export async function onboard(
  api: Api,
  tier: Tier,
  slug: string,
  key?: string,
): Promise<{ tenant: Tenant; operation: Operation }> {
  const accepted = await beginOnboarding(api, tier, slug, key);
  const operation = await succeeded(api, accepted.operation.id);
  return { tenant: await api.get<Tenant>(`/v1/tenants/${accepted.tenant.id}`), operation };
}

/** The landing zone and the cell that tenants stand on. */
export async function layGroundwork(api: Api): Promise<void> {
  const zone = await api.post<Accepted>('/v1/landing-zones', { region: REGION }, 'landing-zone');
  await succeeded(api, zone.operation.id);
  const cell = await api.post<Accepted>('/v1/cells', { name: 'cell-a', region: REGION, capacity: 500 }, 'cell-a');
  await succeeded(api, cell.operation.id);
}
