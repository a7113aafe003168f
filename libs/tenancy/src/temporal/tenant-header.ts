import { defaultPayloadConverter, type Headers, type Payload } from '@temporalio/common';

/** Header that says for whom a workflow, and each activity of it, runs. */
export const TENANT_HEADER = 'bulkhead-tenant';

/**
 * What the header holds. No token: Temporal keeps headers in its history for as long as the workflow. The seal, made with
 * the tenant's data key, proves the rest to an activity.
 */
export interface TenantHeader {
  readonly tenantId: string;
  /** Base64. */
  readonly seal: string;
}

export function headerPayload(header: TenantHeader): Payload {
  return defaultPayloadConverter.toPayload(header);
}

/** The header, if there is one that is whole. */
export function tenantHeaderOf(headers: Headers): TenantHeader | undefined {
  const payload = headers[TENANT_HEADER];
  if (payload === undefined) return undefined;
  const { tenantId, seal } = defaultPayloadConverter.fromPayload<Partial<TenantHeader>>(payload);
  return typeof tenantId === 'string' && typeof seal === 'string' ? { tenantId, seal } : undefined;
}
