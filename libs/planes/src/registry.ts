import type { Layer } from '@bulkhead/domain';
import { BulkheadError, type BindingId, type TenantId } from '@bulkhead/kernel';
import type pg from 'pg';

export interface RegistryEntry {
  readonly bindingId: BindingId;
  readonly layer: Layer;
  readonly tenantId: TenantId;
  /** Where the layer is: a database, bucket or prefix, key, queue or lane. */
  readonly locator: string;
}

/**
 * Names the tenant of a binding in the plane's registry. A dedicated binding is entered here; a shared one was
 * registered by its roster, and one that is gone from there must not come back: no roster would know it.
 * @throws BulkheadError `binding_taken`, `binding_not_found` (409).
 */
export async function enter(
  client: pg.Client,
  entry: RegistryEntry,
  { registered }: { registered: boolean },
): Promise<void> {
  const { bindingId, layer, tenantId, locator } = entry;
  if (!registered) {
    await client.query(
      `insert into bulkhead.registration (binding_id, layer, locator) values ($1, $2, $3) on conflict (binding_id) do nothing`,
      [bindingId, layer, locator],
    );
  }
  const { rows } = await client.query(
    `update bulkhead.registration set tenant_id = coalesce(tenant_id, $2), bound_at = coalesce(bound_at, now())
      where binding_id = $1 returning tenant_id`,
    [bindingId, tenantId],
  );
  if (rows.length === 0) throw notFound(bindingId);
  if (rows[0].tenant_id !== tenantId) throw taken(bindingId);
}

/** Takes the tenant out again: a shared binding goes back to having none, a dedicated one leaves no row. */
export async function leave(client: pg.Client, entry: RegistryEntry, { keepRow }: { keepRow: boolean }): Promise<void> {
  const { bindingId, tenantId } = entry;
  if (keepRow) {
    const clear =
      'update bulkhead.registration set tenant_id = null, bound_at = null where binding_id = $1 and tenant_id = $2';
    await client.query(clear, [bindingId, tenantId]);
  } else {
    // Its data keys go with the row, and only with it: alone they would be taken from whoever the binding serves.
    await client.query('delete from bulkhead.registration where binding_id = $1 and tenant_id = $2', [
      bindingId,
      tenantId,
    ]);
  }
}

/** @throws BulkheadError `binding_not_found` (409) when the registry does not name this tenant for the binding. */
export async function assertEntered(client: pg.Client, { bindingId, tenantId }: RegistryEntry): Promise<void> {
  const find = 'select 1 from bulkhead.registration where binding_id = $1 and tenant_id = $2';
  const { rowCount } = await client.query(find, [bindingId, tenantId]);
  if (rowCount !== 1) throw notFound(bindingId);
}

function notFound(bindingId: BindingId): BulkheadError {
  return new BulkheadError({
    code: 'binding_not_found',
    status: 409,
    publicMessage: `The plane's registry does not name the tenant of ${bindingId}.`,
    remediation: 'Retry the operation: binding is repeated from the start.',
  });
}

function taken(bindingId: BindingId): BulkheadError {
  return new BulkheadError({
    code: 'binding_taken',
    status: 409,
    publicMessage: `Binding ${bindingId} already serves another tenant.`,
    remediation: 'Cancel the operation and start it anew: a binding serves one tenant in its life.',
  });
}
