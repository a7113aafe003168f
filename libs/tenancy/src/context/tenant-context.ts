import { AsyncLocalStorage } from 'node:async_hooks';
import type { SubjectKind } from '@bulkhead/domain/context';
import { BulkheadError, type Redacted } from '@bulkhead/kernel';

/** For which tenant, and for whom, the current work is done. Frozen: it cannot change while a request runs. */
export interface TenantContext {
  readonly tenantId: string;
  /** The person or service whose rights count. */
  readonly subject: { readonly kind: SubjectKind; readonly id: string };
  /** The service that acts for {@link subject}, when it is not the subject itself. It adds no rights. */
  readonly actor?: string;
  readonly roles: readonly string[];
  /** Org unit that the rights are limited to; absent for the whole tenant. */
  readonly unit?: string;
  /** Id of the token (`jti`): what logs and revocations name. */
  readonly tokenId: string;
  /** Unix time, seconds. */
  readonly expiresAt: number;
  /** The token itself, to be exchanged at the token service. Never passed on: whoever got it could use it here. */
  readonly token: Redacted;
  /** Signed context for the tenant's database as placed when the token was issued. */
  readonly signedContext?: Redacted;
}

const current = new AsyncLocalStorage<TenantContext>();

/**
 * Runs `work`, and all that it awaits or starts, for this tenant.
 * @throws BulkheadError `tenant_switch` (500) inside of work for another tenant: one request serves one tenant.
 */
export function runWithTenant<T>(context: TenantContext, work: () => T): T {
  const outer = current.getStore();
  if (outer !== undefined && outer.tenantId !== context.tenantId) {
    throw new BulkheadError({
      code: 'tenant_switch',
      status: 500,
      publicMessage: 'Work for one tenant tried to go on for another.',
      remediation: 'Start the work for the other tenant outside of this request, with a token of its own.',
    });
  }
  return current.run(Object.freeze(context), work);
}

/**
 * The context of the current work.
 * @throws BulkheadError `no_tenant_context` (500) outside of {@link runWithTenant}.
 */
export function currentTenant(): TenantContext {
  const context = current.getStore();
  if (context !== undefined) return context;
  throw new BulkheadError({
    code: 'no_tenant_context',
    status: 500,
    publicMessage: 'The work was started without a tenant.',
    remediation: 'Resolve the tenant from the token first and start the work inside of runWithTenant.',
  });
}
