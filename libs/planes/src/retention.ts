import { BulkheadError } from '@bulkhead/kernel';

/** @throws BulkheadError `retention_not_met` (409) when less is kept than was promised. Days. */
export function requireAtLeast(what: string, observed: number, promised: number): void {
  if (observed >= promised) return;
  throw new BulkheadError({
    code: 'retention_not_met',
    status: 409,
    publicMessage: `${what} are kept for ${observed} days, and ${promised} were promised.`,
    remediation: 'Raise the retention of the plane that serves this tenant, then retry the operation.',
  });
}
