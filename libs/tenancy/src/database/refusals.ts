import { BulkheadError } from '@bulkhead/kernel';

/** SQLSTATEs that the tenant database raises for a context (plane schema, file 0002). */
const ELSEWHERE = 'TN006';
const STALE = 'TN007';
const UNKNOWN_HERE = 'TN008';
const EXPIRED = 'TN005';
const FENCE_HELD = 'TN100';

/** Where the database says that the tenant is. */
export interface KnownHome {
  readonly home: string;
  readonly epoch: number;
}

/** SQLSTATE of an error that Postgres raised, however it was wrapped by a driver. */
export function sqlStateOf(error: unknown): string | undefined {
  const fault = (error as { driverError?: unknown } | null)?.driverError ?? error;
  const { code } = (fault ?? {}) as { code?: unknown };
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** Tells whether the database refused because the route is not the true one: nothing was done, another may serve. */
export function isStaleRoute(error: unknown): boolean {
  return [ELSEWHERE, STALE, UNKNOWN_HERE].includes(sqlStateOf(error) ?? '');
}

/** The home and epoch that a stale-route refusal names; undefined when the database knows neither. */
export function knownHomeOf(error: unknown): KnownHome | undefined {
  if (sqlStateOf(error) !== STALE) return undefined;
  const fault = ((error as { driverError?: unknown }).driverError ?? error) as { detail?: string };
  const { home, epoch } = JSON.parse(fault.detail ?? '{}') as Partial<KnownHome>;
  return home === undefined || epoch === undefined ? undefined : { home, epoch };
}

/** Turns a refusal of the context into an error that may be shown; gives any other error back as it is. */
export function explained(error: unknown): unknown {
  const state = sqlStateOf(error);
  if (state === undefined || !/^TN\d{3}$/.test(state)) return error;
  if (isStaleRoute(error)) {
    return new BulkheadError({
      code: 'tenant_moved',
      status: 503,
      publicMessage: 'The data was moved to another place while the request ran. Nothing was changed.',
      remediation:
        'Send the request again. Work that may run twice can be marked `idempotent`, and is then repeated for you.',
      retryable: true,
      cause: error,
    });
  }
  if (state === FENCE_HELD) {
    return new BulkheadError({
      code: 'tenant_fence_held',
      status: 503,
      publicMessage: 'Changes of this data are held up at the moment. Nothing was changed.',
      remediation:
        'Send the request again in a moment; if it lasts, look in pg_locks for who holds the advisory lock of the fence.',
      retryable: true,
      cause: error,
    });
  }
  if (state === EXPIRED) {
    return new BulkheadError({
      code: 'tenant_context_expired',
      status: 401,
      publicMessage: 'The token expired while the request ran. Nothing was changed.',
      remediation: 'Get a new token and send the request again.',
      cause: error,
    });
  }
  return new BulkheadError({
    code: 'tenant_context_refused',
    status: 500,
    publicMessage: 'The database did not accept for whom the request runs.',
    remediation: `Look up ${state} in the plane schema: the context is missing, malformed, forged, or signed with a retired key.`,
    cause: error,
  });
}
