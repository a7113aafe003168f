// What the token service signs and @bulkhead/tenancy verifies: a JWT (RFC 7519) signed with ES256 only.

export const TENANT_TOKEN_ALGORITHM = 'ES256';
/** Header `typ`: keeps any other token of the same issuer from being taken for a tenant's (RFC 8725, section 3.11). */
export const TENANT_TOKEN_TYPE = 'bulkhead-tenant+jwt';

/** Longest life that a token may be given. A longer one is not accepted, whoever signed it. */
export const LONGEST_TOKEN_SECONDS = 15 * 60;

export const SUBJECT_KINDS = ['person', 'service'] as const;
export type SubjectKind = (typeof SUBJECT_KINDS)[number];

/** Claims beside the registered `iss`, `aud`, `sub`, `iat`, `exp` and `jti`, all of which are required. */
export interface TenantTokenClaims {
  /** Tenant that the token is for. */
  readonly tenant: string;
  readonly kind: SubjectKind;
  /** Rights inside the tenant: a person's roles or a service's scopes. */
  readonly roles: readonly string[];
  /** Org unit that the rights are limited to; absent for the whole tenant. */
  readonly unit?: string;
  /** The service that acts for the person in `sub` (RFC 8693, section 4.1). The rights are the person's. */
  readonly act?: { readonly sub: string };
  /** Signed context for the tenant's database, as placed when the token was issued. */
  readonly context?: string;
}
