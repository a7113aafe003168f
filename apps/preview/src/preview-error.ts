import { BulkheadError, type FieldError } from '@bulkhead/kernel';

/** The preview cannot be made, for a reason that whoever started it can mend. */
export function previewError(
  code: string,
  publicMessage: string,
  remediation: string,
  { errors = [], cause }: { errors?: readonly FieldError[]; cause?: unknown } = {},
): BulkheadError {
  return new BulkheadError({ code, status: 422, publicMessage, remediation, errors, cause });
}
