/** A revoked token is refused by every service within this many seconds: how old the list may be that is gone by. */
export const REVOCATION_SECONDS = 30;

/** One entry of the revocation list: a token, the tokens of a subject, or all tokens of a tenant. */
export interface TokenRevocation {
  readonly tenantId: string;
  /** `jti` of the one token that is meant. */
  readonly tokenId: string | null;
  /** `sub` of the tokens that are meant. */
  readonly subject: string | null;
  /** Tokens issued up to this second (Unix time) are meant. Null when one token is named. */
  readonly issuedUpTo: number | null;
}

/** Whether the entry means the token. `issuedAt` is its `iat`. */
export function revokes(
  revocation: TokenRevocation,
  token: { readonly id: string; readonly tenantId: string; readonly subject: string; readonly issuedAt: number },
): boolean {
  if (revocation.tenantId !== token.tenantId) return false;
  if (revocation.tokenId !== null) return revocation.tokenId === token.id;
  if (revocation.subject !== null && revocation.subject !== token.subject) return false;
  return revocation.issuedUpTo === null || token.issuedAt <= revocation.issuedUpTo;
}
