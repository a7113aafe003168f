import { BulkheadError, isId, type Id, type IdKind } from '@bulkhead/kernel';

/**
 * Reads an id out of an address. An id of another shape names nothing, so it gets the same 404 as one that names
 * nothing.
 */
export function idFrom<K extends IdKind>(kind: K, text: string, what: string): Id<K> {
  if (isId(kind, text)) return text;
  throw notFound(what);
}

/** The one shape of "there is no such thing", for ids that never were and for ids out of reach. */
export function notFound(what: string): BulkheadError {
  return new BulkheadError({
    code: `${what.replaceAll(' ', '_')}_not_found`,
    status: 404,
    publicMessage: `There is no such ${what}.`,
    remediation: `Check the address; list what exists with a GET on the ${what}s.`,
  });
}
