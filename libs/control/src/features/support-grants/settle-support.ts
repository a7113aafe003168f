import { BulkheadError, type Id } from '@bulkhead/kernel';
import { revokeTokens, SupportApprovalEntity, SupportGrantEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { EntityManager } from 'typeorm';
import { Gated, principalName, type Principal } from '../../gate/index.js';
import { notFound } from '../../http/not-found.js';
import { viewSupportGrant, type SupportGrantView } from './support-grant-view.js';

interface OnGrant {
  readonly id: Id<'supportGrant'>;
  readonly principal: Principal;
}

const audit = ({ request: { id } }: { request: OnGrant }, grant: SupportGrantView | undefined) => ({
  subject: { kind: 'support_grant', id },
  ...(grant && { tenantId: grant.tenantId, details: { state: grant.state, person: grant.person } }),
});

@Gated<ApproveSupport, SupportGrantView>({
  name: 'support_grant.approve',
  roles: ['approver', 'platform-admin'],
  audit,
})
export class ApproveSupport extends Command<SupportGrantView> {
  constructor(readonly request: OnGrant) {
    super();
  }
}

/** Says yes; with the last yes that is needed the time begins. */
@CommandHandler(ApproveSupport)
export class ApproveSupportHandler implements ICommandHandler<ApproveSupport> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request: { id, principal } }: ApproveSupport): Promise<SupportGrantView> {
    const { manager } = this.work;
    const grant = await lockGrant(manager, id);
    if (grant.activeFrom || grant.endedAt) throw notRequested();
    // A key speaks for the person who made it, whom nobody sees here: people approve, not keys.
    if (principal.kind !== 'user' || principal.id === grant.person) throw selfApproval();
    if (await manager.existsBy(SupportApprovalEntity, { grantId: id, person: principal.id })) throw alreadyApproved();
    await manager.insert(SupportApprovalEntity, { grantId: id, person: principal.id });
    const approvals = await manager.findBy(SupportApprovalEntity, { grantId: id });
    if (approvals.length >= grant.approvalsNeeded) {
      const activeFrom = new Date();
      const activeUntil = new Date(activeFrom.getTime() + grant.minutes * 60_000);
      await manager.update(SupportGrantEntity, { id }, { activeFrom, activeUntil });
    }
    return viewSupportGrant(await lockGrant(manager, id), approvals);
  }
}

@Gated<EndSupport, SupportGrantView>({
  name: 'support_grant.end',
  roles: ['support', 'approver', 'platform-admin'],
  audit,
})
export class EndSupport extends Command<SupportGrantView> {
  constructor(readonly request: OnGrant) {
    super();
  }
}

/** Ends it before its time, or withdraws it, and revokes the person's tokens for the tenant. */
@CommandHandler(EndSupport)
export class EndSupportHandler implements ICommandHandler<EndSupport> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request: { id, principal } }: EndSupport): Promise<SupportGrantView> {
    const { manager } = this.work;
    const { tenantId, person, endedAt } = await lockGrant(manager, id);
    if (endedAt) throw notRequested();
    const endedBy = principalName(principal);
    await manager.update(SupportGrantEntity, { id }, { endedBy, endedAt: new Date() });
    await revokeTokens(manager, { tenantId, subject: person, reason: 'support ended', revokedBy: endedBy });
    const approvals = await manager.findBy(SupportApprovalEntity, { grantId: id });
    return viewSupportGrant(await lockGrant(manager, id), approvals);
  }
}

async function lockGrant(manager: EntityManager, id: Id<'supportGrant'>): Promise<SupportGrantEntity> {
  const grant = await manager.findOne(SupportGrantEntity, { where: { id }, lock: { mode: 'pessimistic_write' } });
  if (!grant) throw notFound('support grant');
  return grant;
}

function selfApproval(): BulkheadError {
  return new BulkheadError({
    code: 'self_approval',
    status: 403,
    publicMessage: 'Nobody lets themselves in, and keys approve nobody.',
    remediation: 'Ask another approver.',
  });
}

function alreadyApproved(): BulkheadError {
  return new BulkheadError({
    code: 'already_decided',
    status: 409,
    publicMessage: 'You have approved it already; another approval must come from somebody else.',
    remediation: 'Ask another approver.',
  });
}

function notRequested(): BulkheadError {
  return new BulkheadError({
    code: 'support_grant_settled',
    status: 409,
    publicMessage: 'The grant has begun or has ended already.',
    remediation: 'Look at it with GET /v1/support-grants; ask for another if it is needed.',
  });
}
