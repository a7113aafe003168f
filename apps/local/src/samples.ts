import { AWS_REGION } from './aws-emulator.js';
import type { ApiClient, OperationDetail, OperationView, TenantView } from './api-client.js';
import { followOperations, type FollowedOperation } from './operation-progress.js';

interface Sample {
  readonly name: string;
  readonly slug: string;
  readonly tier: string;
  readonly plan: string;
  readonly quantity: number;
}

/** The tenants that every local stack begins with: one in the shared plane, one with resources of its own. */
export const SAMPLES: readonly Sample[] = [
  {
    name: 'Riverside Family Clinic',
    slug: 'riverside-family-clinic',
    tier: 'pooled',
    plan: 'clinic-per-provider',
    quantity: 12,
  },
  {
    name: 'Lakeside Health System',
    slug: 'lakeside-health-system',
    tier: 'dedicated',
    plan: 'enterprise-health-system',
    quantity: 1,
  },
];

const CELL = { name: `${AWS_REGION}-a`, region: AWS_REGION, capacity: 500 };

interface Accepted {
  readonly operation: { readonly id: string };
}

interface Named {
  readonly id: string;
  readonly name: string;
  readonly state: string;
}

async function begin(api: ApiClient, path: string, body: unknown, key: string): Promise<string> {
  return (await api.post<Accepted>(path, body, key)).operation.id;
}

// What every tenant stands on; its rows tell whether an earlier start has made it.
async function groundwork(api: ApiClient): Promise<FollowedOperation[]> {
  const zones = await api.get<{ data: readonly { region: string; state: string }[] }>('/v1/landing-zones');
  const cells = await api.list<Named>('/v1/cells');
  const zone: FollowedOperation = {
    title: `Landing zone ${AWS_REGION}`,
    begin: async () =>
      await begin(api, '/v1/landing-zones', { region: AWS_REGION }, `sample-landing-zone-${AWS_REGION}`),
  };
  const cell: FollowedOperation = {
    title: `Cell ${CELL.name}`,
    begin: async () => await begin(api, '/v1/cells', CELL, `sample-cell-${CELL.name}`),
  };
  const isDone = {
    zone: zones.data.some(({ region, state }) => region === AWS_REGION && state === 'active'),
    cell: cells.some(({ name, state }) => name === CELL.name && state === 'active'),
  };
  return [...(isDone.zone ? [] : [zone]), ...(isDone.cell ? [] : [cell])];
}

function onboarding(
  api: ApiClient,
  sample: Sample,
  environment: 'production' | 'sandbox' = 'production',
): FollowedOperation {
  const { name, tier } = sample;
  const body = { ...sample, region: AWS_REGION, environment };
  return {
    title: `${name} (${tier})`,
    begin: async () => await begin(api, '/v1/tenants', body, `sample-${sample.slug}`),
  };
}

async function findTenant(api: ApiClient, slug: string): Promise<TenantView | undefined> {
  const found = await api.list<TenantView>(`/v1/tenants?q=${slug}`);
  return found.find((tenant) => tenant.slug === slug);
}

/** A sample tenant with the operation that onboarded it. */
export interface OnboardedTenant {
  readonly tenant: TenantView;
  readonly operation: OperationDetail;
}

async function describe(api: ApiClient, { slug, name }: Sample): Promise<OnboardedTenant> {
  const tenant = await findTenant(api, slug);
  if (!tenant) throw new Error(`${name} is not listed`);
  const operations = await api.list<OperationView>(`/v1/operations?tenant=${tenant.id}&kind=tenant.onboard`);
  const newest = operations[0];
  if (!newest) throw new Error(`${name} has no onboarding`);
  return { tenant, operation: await api.get<OperationDetail>(`/v1/operations/${newest.id}`) };
}

/**
 * Onboards the sample tenants through the public API, with the landing zone and the cell that they stand on. What an
 * earlier start has made is left as it is.
 * @throws BulkheadError when an operation ends badly or needs an operator.
 */
export async function onboardSamples(api: ApiClient, print: (line: string) => void): Promise<OnboardedTenant[]> {
  const wanted = await groundwork(api);
  for (const sample of SAMPLES) {
    const tenant = await findTenant(api, sample.slug);
    if (tenant?.state !== 'active') wanted.push(onboarding(api, sample));
  }
  if (wanted.length > 0) await followOperations(api, wanted, print);
  const onboarded: OnboardedTenant[] = [];
  for (const sample of SAMPLES) onboarded.push(await describe(api, sample));
  return onboarded;
}

/** Onboards further tenants of both tiers, one after the other, so that the medians mean something. */
export async function onboardForMeasuring(
  api: ApiClient,
  counts: Readonly<Record<string, number>>,
  print: (line: string) => void,
): Promise<void> {
  const operations = SAMPLES.flatMap((sample) =>
    Array.from({ length: counts[sample.tier] ?? 0 }, (_, index) => {
      const slug = `measured-${sample.tier}-${index + 1}`;
      return onboarding(api, { ...sample, slug, name: `Measured ${sample.tier} ${index + 1}` }, 'sandbox');
    }),
  );
  await followOperations(api, operations, print);
}

/** Times from request to active of all onboardings that succeeded, milliseconds, by tier. */
export async function onboardingTimes(api: ApiClient): Promise<Map<string, number[]>> {
  const tenants = new Map((await api.list<TenantView>('/v1/tenants')).map((tenant) => [tenant.id, tenant]));
  const times = new Map<string, number[]>();
  for (const { tenantId, createdAt, finishedAt } of await api.list<OperationView>(
    '/v1/operations?kind=tenant.onboard&state=succeeded',
  )) {
    const tier = tenants.get(tenantId ?? '')?.tier.name;
    if (tier === undefined || finishedAt === null) continue;
    times.set(tier, [...(times.get(tier) ?? []), Date.parse(finishedAt) - Date.parse(createdAt)]);
  }
  return times;
}

/** The median of a list that is not empty; the mean of the two in the middle when their number is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
