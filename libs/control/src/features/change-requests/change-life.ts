import { dateOf } from '@bulkhead/domain';
import { nextChangeState } from '@bulkhead/domain/change-requests';
import { BulkheadError, type ChangeId } from '@bulkhead/kernel';
import { ChangeDecisionEntity, UnitOfWork, type ChangeRequestEntity, type OperationFailure } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { EntityManager } from 'typeorm';
import { Gated, type Principal } from '../../gate/index.js';
import { remedyOf } from './apply-remedy.js';
import { lockChange, moveChange, requireStarter } from './change-rows.js';
import { viewChange, type ChangeView } from './change-view.js';
import { loadRead, quotedBy, quoteOf } from './read-document.js';

const audit = ({ changeId }: { changeId: ChangeId }, change: ChangeView | undefined) => ({
  subject: { kind: 'change_request', id: changeId },
  ...(change?.tenantId && { tenantId: change.tenantId }),
  ...(change && { details: { state: change.state } }),
});

@Gated<ScheduleChange, ChangeView>({
  name: 'change_request.schedule',
  roles: ['sales-ops', 'platform-admin'],
  audit,
})
export class ScheduleChange extends Command<ChangeView> {
  constructor(
    readonly changeId: ChangeId,
    readonly quoteHash: string,
    readonly principal: Principal,
  ) {
    super();
  }
}

/** Has it applied on the day that was quoted, without anybody being there. */
@CommandHandler(ScheduleChange)
export class ScheduleChangeHandler implements ICommandHandler<ScheduleChange> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ changeId, quoteHash, principal }: ScheduleChange): Promise<ChangeView> {
    const { manager } = this.work;
    const change = await lockChange(manager, changeId);
    requireStarter(change, principal);
    nextChangeState(change.state, 'schedule');
    if (!remedyOf(change)) quotedBy(change);
    await loadRead(manager, change, quoteHash);
    return shown(manager, await moveChange(manager, change, 'schedule', { failure: null }));
  }
}

@Gated<CancelChange, ChangeView>({
  name: 'change_request.cancel',
  roles: ['sales-ops', 'platform-admin'],
  audit,
})
export class CancelChange extends Command<ChangeView> {
  constructor(
    readonly changeId: ChangeId,
    readonly principal: Principal,
  ) {
    super();
  }
}

@CommandHandler(CancelChange)
export class CancelChangeHandler implements ICommandHandler<CancelChange> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ changeId, principal }: CancelChange): Promise<ChangeView> {
    const { manager } = this.work;
    const change = await lockChange(manager, changeId);
    requireStarter(change, principal);
    return shown(manager, await moveChange(manager, change, 'cancel'));
  }
}

@Gated<ExpireChange, ChangeView>({ name: 'change_request.expire', roles: ['workload'], audit })
export class ExpireChange extends Command<ChangeView> {
  constructor(readonly changeId: ChangeId) {
    super();
  }
}

/** Closes a request whose quote has expired. */
@CommandHandler(ExpireChange)
export class ExpireChangeHandler implements ICommandHandler<ExpireChange> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ changeId }: ExpireChange): Promise<ChangeView> {
    const { manager } = this.work;
    const change = await lockChange(manager, changeId);
    const expiresAt = change.expiresAt ?? (await quoteOf(manager, change)).expiresAt;
    if (expiresAt.getTime() > Date.now()) throw notExpired(expiresAt);
    return shown(manager, await moveChange(manager, change, 'expire'));
  }
}

@Gated<UnscheduleChange, ChangeView>({ name: 'change_request.unschedule', roles: ['workload'], audit })
export class UnscheduleChange extends Command<ChangeView> {
  constructor(
    readonly changeId: ChangeId,
    readonly failure: OperationFailure,
  ) {
    super();
  }
}

/** Its day came and it could not be applied: it stays approved, and says why. */
@CommandHandler(UnscheduleChange)
export class UnscheduleChangeHandler implements ICommandHandler<UnscheduleChange> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ changeId, failure }: UnscheduleChange): Promise<ChangeView> {
    const { manager } = this.work;
    const change = await lockChange(manager, changeId);
    return shown(manager, await moveChange(manager, change, 'unschedule', { failure }));
  }
}

/** A change request as it is shown, with its quote and the decisions so far. */
export async function shown(manager: EntityManager, change: ChangeRequestEntity): Promise<ChangeView> {
  const quote = change.quoteId === null ? null : await quoteOf(manager, change);
  return viewChange(change, quote, await manager.findBy(ChangeDecisionEntity, { changeId: change.id }));
}

function notExpired(until: Date): BulkheadError {
  return new BulkheadError({
    code: 'quote_not_expired',
    status: 409,
    publicMessage: `The quote holds until ${dateOf(until)}.`,
    remediation: 'Cancel the request if it is not wanted any more.',
  });
}
