import { LONGEST_TOKEN_SECONDS } from '@bulkhead/domain/context';
import type { TenantId, TokenId } from '@bulkhead/kernel';
import type { EntityManager } from 'typeorm';

/** Any constant will do: it keeps these locks apart from those of idempotency keys. */
const TOKEN_LOCK = 7_264_120;
/** Clocks of verifiers may be behind, and issue times may be ahead by as many seconds as there were revocations. */
const MARGIN_SECONDS = 60;

/**
 * Keeps issuing and revoking a tenant's tokens apart until the transaction ends: who issues shares the lock, who
 * revokes, suspends or begins maintenance takes it alone. Without it a token could be issued after the revocation by
 * somebody who had looked before it.
 */
export async function lockTokens(manager: EntityManager, tenantId: TenantId, how: 'shared' | 'alone'): Promise<void> {
  const lock = how === 'shared' ? 'pg_advisory_xact_lock_shared' : 'pg_advisory_xact_lock';
  await manager.query(`select ${lock}(hashtextextended($1, ${TOKEN_LOCK}))`, [tenantId]);
}

/**
 * The second (Unix time) at which a token that is issued now says it was issued: later than what was revoked, even
 * within the same second. Take the shared lock first.
 */
export async function issueSecond(manager: EntityManager, tenantId: TenantId): Promise<number> {
  const [row] = await manager.query(
    `select greatest(floor(extract(epoch from clock_timestamp()))::bigint,
                     (select max(issued_up_to) + 1 from control.token_revocations where tenant_id = $1))::text as second`,
    [tenantId],
  );
  return Number(row.second);
}

/** Revokes one token, the tokens of a subject, or all of the tenant. Takes the lock alone. */
export async function revokeTokens(
  manager: EntityManager,
  revocation: {
    readonly tenantId: TenantId;
    readonly tokenId?: TokenId;
    readonly subject?: string;
    readonly reason: string;
    readonly revokedBy: string;
  },
): Promise<void> {
  const { tenantId, tokenId = null, subject = null, reason, revokedBy } = revocation;
  await lockTokens(manager, tenantId, 'alone');
  const upTo = tokenId === null ? await issueSecond(manager, tenantId) : null;
  await manager.query(
    `insert into control.token_revocations (tenant_id, token_id, subject, issued_up_to, reason, revoked_by, listed_until)
     values ($1, $2, $3, $4, $5, $6, clock_timestamp() + make_interval(secs => $7))`,
    [tenantId, tokenId, subject, upTo, reason, revokedBy, LONGEST_TOKEN_SECONDS + MARGIN_SECONDS],
  );
}
