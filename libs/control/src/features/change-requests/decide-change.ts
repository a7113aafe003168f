import { nextChangeState } from '@bulkhead/domain/change-requests';
import { BulkheadError, type ChangeId } from '@bulkhead/kernel';
import { ChangeDecisionEntity, refuseIfStackHeld, UnitOfWork, type ChangeRequestEntity } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Length, Matches } from 'class-validator';
import type { EntityManager } from 'typeorm';
import { Gated, principalName, type Principal } from '../../gate/index.js';
import { MayBeAbsent } from '../../http/absent.js';
import { remedyOf } from './apply-remedy.js';
import { lockChange, moveChange, personOf } from './change-rows.js';
import { viewChange, type ChangeView } from './change-view.js';
import { loadRead } from './read-document.js';

export class DecisionBody {
  @ApiProperty({ pattern: '^[0-9a-f]{64}$', description: 'Hash of the request: what was read is what is decided on.' })
  @Matches(/^[0-9a-f]{64}$/, { message: 'hash must be the hash of the request' })
  hash!: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 500 })
  @MayBeAbsent()
  @Length(1, 500)
  @Matches(/^[^\p{Cc}]+$/u, { message: 'note must not hold control characters' })
  note?: string;
}

interface Decision extends DecisionBody {
  readonly changeId: ChangeId;
  readonly principal: Principal;
}

const audit = ({ request: { changeId, hash, note } }: { request: Decision }, change: ChangeView | undefined) => ({
  subject: { kind: 'change_request', id: changeId },
  ...(change?.tenantId && { tenantId: change.tenantId }),
  details: { hash, ...(note !== undefined && { note }), ...(change && { state: change.state }) },
});

@Gated<ApproveChange, ChangeView>({ name: 'change_request.approve', roles: ['approver'], audit })
export class ApproveChange extends Command<ChangeView> {
  constructor(readonly request: Decision) {
    super();
  }
}

@Gated<RejectChange, ChangeView>({ name: 'change_request.reject', roles: ['approver'], audit })
export class RejectChange extends Command<ChangeView> {
  constructor(readonly request: Decision) {
    super();
  }
}

/** Says yes; with the last yes that is needed the request is approved. */
@CommandHandler(ApproveChange)
export class ApproveChangeHandler implements ICommandHandler<ApproveChange> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request }: ApproveChange): Promise<ChangeView> {
    const { manager } = this.work;
    const change = await lockChange(manager, request.changeId);
    nextChangeState(change.state, 'approve');
    const quote = await loadRead(manager, change, request.hash);
    const wish = remedyOf(change);
    if (change.document && (!wish || wish.destructive))
      await refuseIfStackHeld(manager, change.document, { locked: true });
    await recordDecision(manager, change, request, 'approve');
    const decisions = await manager.findBy(ChangeDecisionEntity, { changeId: change.id });
    const approvals = decisions.filter(({ decision }) => decision === 'approve').length;
    const decided = approvals >= change.approvalsNeeded ? await moveChange(manager, change, 'approve') : change;
    return viewChange(decided, quote, decisions);
  }
}

/** Says no, which closes the request. */
@CommandHandler(RejectChange)
export class RejectChangeHandler implements ICommandHandler<RejectChange> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request }: RejectChange): Promise<ChangeView> {
    const { manager } = this.work;
    const change = await lockChange(manager, request.changeId);
    nextChangeState(change.state, 'reject');
    const quote = await loadRead(manager, change, request.hash);
    await recordDecision(manager, change, request, 'reject');
    const decisions = await manager.findBy(ChangeDecisionEntity, { changeId: change.id });
    return viewChange(await moveChange(manager, change, 'reject'), quote, decisions);
  }
}

async function recordDecision(
  manager: EntityManager,
  change: ChangeRequestEntity,
  { principal, hash, note }: Decision,
  decision: ChangeDecisionEntity['decision'],
): Promise<void> {
  const person = await personOf(manager, principal);
  if (person === change.requester && decision === 'approve') throw selfApproval();
  if (await manager.existsBy(ChangeDecisionEntity, { changeId: change.id, person })) throw alreadyDecided();
  const decidedBy = principalName(principal);
  await manager.insert(ChangeDecisionEntity, {
    ...{ changeId: change.id, person, decidedBy, decision, hash },
    note: note ?? null,
  });
}

function selfApproval(): BulkheadError {
  return new BulkheadError({
    code: 'self_approval',
    status: 403,
    publicMessage: 'Nobody approves their own request, nor with an API key of their own.',
    remediation: 'Ask another approver.',
  });
}

function alreadyDecided(): BulkheadError {
  return new BulkheadError({
    code: 'already_decided',
    status: 409,
    publicMessage: 'You have decided on this request already; another approval must come from somebody else.',
    remediation: 'Ask another approver.',
  });
}
