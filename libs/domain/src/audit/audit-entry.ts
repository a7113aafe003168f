import canonicalize from 'canonicalize';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export const AUDIT_ACTOR_KINDS = ['user', 'api_key', 'workload', 'system'] as const;

export interface AuditActor {
  readonly kind: (typeof AUDIT_ACTOR_KINDS)[number];
  readonly id: string;
  readonly roles: readonly string[];
}

/** What was acted on, such as `{kind: 'tenant', id: 'ten_…'}`. */
export interface AuditSubject {
  readonly kind: string;
  readonly id: string;
}

/**
 * `accepted` and `refused` are of commands; `completed`, `failed` and `cancelled` are of operations, at their end;
 * `granted` and `denied` are of access decisions.
 */
export type AuditOutcome = 'accepted' | 'refused' | 'completed' | 'failed' | 'cancelled' | 'granted' | 'denied';

/** One leaf of the audit log. It is kept for ever and read by outsiders: facts picked by name, no secrets, no PHI. */
export interface AuditEntry {
  readonly id: string;
  /** ISO 8601 in UTC, as `Date.toISOString` writes it. */
  readonly occurredAt: string;
  readonly actor: AuditActor;
  /** `noun.verb`, such as `tenant.create`. */
  readonly action: string;
  readonly outcome: AuditOutcome;
  readonly subject: AuditSubject | null;
  readonly tenantId: string | null;
  readonly operationId: string | null;
  /** Code of the error, when refused or failed. */
  readonly code: string | null;
  readonly details: { readonly [key: string]: Json };
  readonly requestId: string | null;
}

/**
 * The leaf's bytes as text: RFC 8785 canonical JSON, so that whoever holds the entry can compute its hash again.
 * A refused command may carry any text, and its leaf must not be lost for that: what Postgres or RFC 8785 cannot hold
 * (U+0000 and lone surrogates) becomes U+FFFD.
 * @throws Error for what is no JSON (NaN, bigint, cycles).
 */
export function encodeEntry(entry: AuditEntry): string {
  return canonicalJson(withCleanText(JSON.parse(JSON.stringify(entry))));
}

/** RFC 8785 canonical JSON of a value that has one. */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new Error('The value has no JSON form');
  return text;
}

function cleanText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}

function withCleanText(value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (Array.isArray(value)) return value.map(withCleanText);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [cleanText(name), withCleanText(member)]));
}
