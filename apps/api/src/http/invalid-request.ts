import { BulkheadError, type FieldError } from '@bulkhead/kernel';

/** The refusal of a body or a query that does not have the right form: every problem at once. */
export function invalidRequest(errors: readonly FieldError[]): BulkheadError {
  const [first] = errors.map(({ pointer, message }) => `${pointer || '(body)'}: ${message}`);
  const others = errors.length > 1 ? ` There are ${errors.length - 1} more.` : '';
  return new BulkheadError({
    code: 'invalid_request',
    status: 400,
    publicMessage: `The request is not valid. ${first}${others}`,
    remediation: 'Mend the fields named in errors[]; /v1/openapi.json describes them.',
    errors,
  });
}

/**
 * A field's name as part of a JSON pointer (RFC 6901). One that does not look like a field's name may be data in the
 * wrong place, so it is not repeated.
 */
export function pointerSegment(key: string): string {
  return /^[\w.-]{1,64}$/.test(key) ? key : '(unnamed)';
}
