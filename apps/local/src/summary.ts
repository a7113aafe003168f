import type { ApiClient, BindingView } from './api-client.js';
import { median, onboardingTimes, type OnboardedTenant } from './samples.js';

interface Placement {
  readonly bindings: readonly BindingView[];
}

interface Subscription {
  readonly state: string;
  readonly billingProvider: string | null;
  readonly customerRef: string | null;
  readonly subscriptionRef: string | null;
  readonly invoiceScheduleRef: string | null;
}

interface AuditEvents {
  readonly data: readonly { readonly index: number }[];
}

/** The bindings of a tenant, one for each layer. */
export async function placementOf(api: ApiClient, tenantId: string): Promise<readonly BindingView[]> {
  return (await api.get<Placement>(`/v1/tenants/${tenantId}/placement`)).bindings;
}

/** Where a layer is served from, in the words of the tool that one would look with. */
export function whereItIs({ layer, outputs }: BindingView): string {
  const { host, port, database, bucket, prefix, alias, keyArn, queueUrl, lane, locator } = outputs;
  switch (layer) {
    case 'database':
      return `${database} on ${host}:${port}`;
    case 'storage':
      return `s3://${bucket}/${prefix ?? locator ?? ''}`;
    case 'key':
      return [alias ?? locator, keyArn].filter(Boolean).join(' under ');
    default:
      return [queueUrl, lane ?? locator].filter(Boolean).join(' lane ');
  }
}

async function auditLines(api: ApiClient, { operation }: OnboardedTenant): Promise<string> {
  const { data } = await api.get<AuditEvents>(`/v1/audit/events?operation=${operation.id}&limit=100`);
  const indexes = data.map(({ index }) => index).toSorted((a, b) => a - b);
  const leaves = indexes.length === 0 ? 'not yet in the log' : `leaves ${indexes.join(', ')}`;
  const digest = operation.result?.digest;
  return typeof digest === 'string' ? `${leaves}; receipt sha256 ${digest.slice(0, 16)}…` : leaves;
}

function duration({ operation: { createdAt, finishedAt } }: OnboardedTenant): string {
  return finishedAt === null
    ? 'not finished'
    : `${((Date.parse(finishedAt) - Date.parse(createdAt)) / 1000).toFixed(1)} s`;
}

async function tenantLines(api: ApiClient, onboarded: OnboardedTenant): Promise<string[]> {
  const { tenant, operation } = onboarded;
  const bindings = await placementOf(api, tenant.id);
  const subscription = await api.get<Subscription>(`/v1/tenants/${tenant.id}/subscription`);
  const { billingProvider, customerRef, subscriptionRef, invoiceScheduleRef } = subscription;
  // The ledger invoices by the subscription itself.
  const references = new Set([customerRef, subscriptionRef, invoiceScheduleRef].filter(Boolean));
  const row = (name: string, text: string) => `  ${name.padEnd(10)}${text}`;
  return [
    `${tenant.name}: ${tenant.state}`,
    row('tenant', `${tenant.id} (${tenant.tier.name}, ${tenant.plan.name}, quantity ${tenant.quantity})`),
    ...bindings.map((binding) => row(binding.layer, `${whereItIs(binding)} (${binding.isolation})`)),
    row('billing', `${billingProvider}: ${[...references].join(', ')}`),
    row('audit', await auditLines(api, onboarded)),
    row('operation', `${operation.id}, ${duration(onboarded)}`),
    '',
  ];
}

/** What was made for each tenant, and how long onboarding takes, in lines for the terminal. */
export async function summarise(api: ApiClient, onboarded: readonly OnboardedTenant[]): Promise<string[]> {
  const lines = ['', ...(await Promise.all(onboarded.map(async (one) => await tenantLines(api, one)))).flat()];
  for (const [tier, times] of await onboardingTimes(api)) {
    lines.push(`Onboarding ${tier}, cold: p50 ${(median(times) / 1000).toFixed(2)} s (${times.length} onboarded)`);
  }
  return lines;
}
