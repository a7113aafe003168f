import { BulkheadError, type TenantId } from '@bulkhead/kernel';
import { IsNull, MoreThan, type EntityManager } from 'typeorm';
import { SUPPORT_KINDS, SupportGrantEntity, type SupportKind } from './entities/support.entity.js';

/**
 * The vendor's own people reach a tenant only while they were let in: a token with one of the roles `support` and
 * `break-glass` needs a grant of that kind that runs now, and ends with it.
 * @param person subject of the token.
 * @returns Unix second at which the token must end; undefined for tokens that hold neither role.
 * @throws BulkheadError `support_grant_required` (403).
 */
export async function supportGrantEnd(
  manager: EntityManager,
  tenantId: TenantId,
  person: string,
  roles: readonly string[],
): Promise<number | undefined> {
  const kinds = SUPPORT_KINDS.filter((kind) => roles.includes(kind));
  if (kinds.length === 0) return undefined;
  const ends = await Promise.all(kinds.map((kind) => endOf(manager, tenantId, person, kind)));
  return Math.min(...ends);
}

async function endOf(manager: EntityManager, tenantId: TenantId, person: string, kind: SupportKind): Promise<number> {
  const [grant] = await manager.find(SupportGrantEntity, {
    where: { tenantId, person, kind, endedAt: IsNull(), activeUntil: MoreThan(new Date()) },
    order: { activeUntil: 'DESC' },
    take: 1,
  });
  if (grant?.activeUntil) return Math.floor(grant.activeUntil.getTime() / 1000);
  throw new BulkheadError({
    code: 'support_grant_required',
    status: 403,
    publicMessage: `This person has no ${kind} grant for the tenant that runs now.`,
    remediation: 'Ask for one with POST /v1/support-grants and have it approved.',
  });
}
