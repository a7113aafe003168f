import { BulkheadError } from '@bulkhead/kernel';

/** The command cannot do what it was asked to, for a reason on this side of the API. */
export function usageError(code: string, publicMessage: string, remediation: string, cause?: unknown): BulkheadError {
  return new BulkheadError({ code, status: 400, publicMessage, remediation, ...(cause !== undefined && { cause }) });
}
