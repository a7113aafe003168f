import { BulkheadError, type TenantId } from '@bulkhead/kernel';
import { IsNull, MoreThan, type EntityManager } from 'typeorm';
import { SUPPORT_KINDS, SupportGrantEntity, type SupportKind } from './entities/support.entity.js';

interface Subject {
  readonly kind: 'person' | 'service';
  readonly id: string;
}

/**
 * The vendor's own people reach a tenant only while they were let in: a token with one of the roles `support` and
 * `break-glass` needs a grant of that kind that runs now, and ends with it.
 * @param subject of the token: a service is nobody who was let in, whatever it is called.
 * @returns Unix second at which the token must end; undefined for tokens that hold neither role.
 * @throws BulkheadError `support_grant_required` (403).
 */
export async function supportGrantEnd(
  manager: EntityManager,
  tenantId: TenantId,
  subject: Subject,
  roles: readonly string[],
): Promise<number | undefined> {
  const kinds = SUPPORT_KINDS.filter((kind) => roles.includes(kind));
  if (kinds.length === 0) return undefined;
  const ends = await Promise.all(kinds.map((kind) => endOf(manager, tenantId, subject, kind)));
  return Math.min(...ends);
}

async function endOf(manager: EntityManager, tenantId: TenantId, subject: Subject, kind: SupportKind): Promise<number> {
  const running = { tenantId, person: subject.id, kind, endedAt: IsNull(), activeUntil: MoreThan(new Date()) };
  const [grant] =
    subject.kind === 'person'
      ? await manager.find(SupportGrantEntity, { where: running, order: { activeUntil: 'DESC' }, take: 1 })
      : [];
  if (grant?.activeUntil) return Math.floor(grant.activeUntil.getTime() / 1000);
  throw new BulkheadError({
    code: 'support_grant_required',
    status: 403,
    publicMessage: `The subject is no person with a ${kind} grant for the tenant that runs now.`,
    remediation: 'Ask for one with POST /v1/support-grants and have it approved.',
  });
}
