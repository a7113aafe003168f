import { BulkheadError } from '@bulkhead/kernel';
import { v7 } from 'uuid';

const PREFIXES = {
  'org unit': 'unt',
  patient: 'pat',
  appointment: 'apt',
  claim: 'clm',
  document: 'doc',
} as const;
export type Kind = keyof typeof PREFIXES;

/** A prefix and a UUIDv7 (RFC 9562) in 32 hexadecimal digits: ids sort by creation time. */
export function newId(kind: Kind): string {
  return `${PREFIXES[kind]}_${v7().replaceAll('-', '')}`;
}

/** What an id of this kind looks like. */
export function idPattern(kind: Kind): RegExp {
  return new RegExp(`^${PREFIXES[kind]}_[0-9a-f]{32}$`);
}

/** The one shape of "there is no such thing": for ids that never were, and for those of other units and tenants. */
export function notFound(kind: Kind): BulkheadError {
  return new BulkheadError({
    code: `${kind.replace(' ', '_')}_not_found`,
    status: 404,
    publicMessage: `There is no such ${kind}.`,
    remediation: 'Check the id; the list shows what there is.',
  });
}

/** The row that was found, or the refusal. */
export function found<T>(kind: Kind, row: T | undefined): T {
  if (row === undefined) throw notFound(kind);
  return row;
}
