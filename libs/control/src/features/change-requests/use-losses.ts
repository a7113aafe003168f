import {
  allowingRequest,
  homeIn,
  lossNotApproved,
  lossOfHome,
  type ApprovedLoss,
  type PlannedStep,
  type RecordedState,
} from '@bulkhead/domain/fleet';
import type { OperationId } from '@bulkhead/kernel';
import {
  ChangeRequestEntity,
  FleetStackEntity,
  OperationEntity,
  refuseIfStackHeld,
  tenantsAtHome,
  UnitOfWork,
} from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { EntityManager } from 'typeorm';
import { Gated } from '../../gate/index.js';
import { loadRead } from './read-document.js';
import { moveChange } from './change-rows.js';

interface LossesOfOperation {
  readonly operationId: OperationId;
  readonly stack: string;
}

@Gated<TakeStateLosses, void>({
  name: 'change_request.take_losses',
  roles: ['workload'],
  audit: ({ taken: { operationId, stack, losses } }) => ({
    subject: { kind: 'stack', id: stack },
    operationId,
    details: { losses: losses.map(({ step: { operation, urn } }) => `${operation} ${urn}`) },
  }),
})
export class TakeStateLosses extends Command<void> {
  constructor(
    readonly taken: LossesOfOperation & {
      readonly losses: readonly { readonly tenantId: string | undefined; readonly step: PlannedStep }[];
    },
  ) {
    super();
  }
}

/**
 * The last look before state is lost: each loss is named by a request that is approved, has not expired, and that no
 * legal hold forbids, and nobody lives on it, nor is about to. The requests are this operation's from here on, and allow nothing else.
 */
@CommandHandler(TakeStateLosses)
export class TakeStateLossesHandler implements ICommandHandler<TakeStateLosses> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ taken: { operationId, stack, losses } }: TakeStateLosses): Promise<void> {
    const { manager } = this.work;
    const changes = await requestsOf(manager, stack, operationId);
    const approved = changes.flatMap(({ id, document, expiresAt }): ApprovedLoss[] =>
      document && 'losses' in document && expiresAt ? [{ ...document, id, expiresAt: expiresAt.toISOString() }] : [],
    );
    const used = new Set<string>();
    for (const loss of losses) {
      const request = allowingRequest(approved, { stack, ...loss }, new Date());
      if (!request) throw lossNotApproved(stack, loss.step.urn);
      await refuseIfStackHeld(manager, request, { locked: true });
      await refuseHome(manager, stack, loss.step);
      used.add(request.id);
    }
    for (const change of changes.filter(({ id, state }) => used.has(id) && state === 'approved')) {
      // What was approved is what stands there.
      await loadRead(manager, change, change.hash ?? '');
      await moveChange(manager, change, 'apply', { operationId });
    }
  }
}

async function refuseHome(manager: EntityManager, stack: string, { type, name }: PlannedStep): Promise<void> {
  const kind = homeIn(type);
  const tenants = kind ? await tenantsAtHome(manager, stack, kind, { locked: true }) : [];
  if (kind && tenants.length > 0) throw lossOfHome(stack, name, kind, tenants);
}

/** Those that are approved, and those that this operation has taken already. */
function requestsOf(manager: EntityManager, stack: string, operationId: OperationId): Promise<ChangeRequestEntity[]> {
  return manager
    .createQueryBuilder(ChangeRequestEntity, 'change')
    .setLock('pessimistic_write')
    .where(`change.kind = 'state-loss' and change.document ->> 'stack' = :stack`, { stack })
    .andWhere(`(change.state = 'approved' or (change.state = 'applying' and change.operationId = :operationId))`, {
      operationId,
    })
    .orderBy('change.id')
    .getMany();
}

@Gated<SettleStateLosses, void>({
  name: 'change_request.settle_losses',
  roles: ['workload'],
  audit: ({ settled: { operationId, stack, lost } }) => ({
    subject: { kind: 'stack', id: stack },
    operationId,
    details: { lost },
  }),
})
export class SettleStateLosses extends Command<void> {
  constructor(readonly settled: LossesOfOperation & { readonly lost: boolean }) {
    super();
  }
}

/**
 * What was asked for has come about and the requests are done; or it has not, and they stay approved. After a failure
 * the recorded state says which: an approval whose resource is gone, or was made anew, has been used.
 */
@CommandHandler(SettleStateLosses)
export class SettleStateLossesHandler implements ICommandHandler<SettleStateLosses> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ settled: { operationId, stack, lost } }: SettleStateLosses): Promise<void> {
    const { manager } = this.work;
    const taken = (await requestsOf(manager, stack, operationId)).filter(({ state }) => state === 'applying');
    if (taken.length === 0) return;
    const recorded = await manager.findOneBy(FleetStackEntity, { stack });
    const { createdAt } = await manager.findOneByOrFail(OperationEntity, { id: operationId });
    for (const change of taken) {
      const done = lost || isUsed(change, recorded?.state as RecordedState | undefined, createdAt);
      await moveChange(manager, change, done ? 'finish' : 'fall_back');
    }
  }
}

/** Whether something that the request names is not there any more as it was before this time. */
function isUsed({ document }: ChangeRequestEntity, state: RecordedState | null | undefined, since: Date): boolean {
  if (!state || !document || !('losses' in document)) return false;
  const made = new Map(state.resources.map(({ urn, created }) => [urn, created]));
  return document.losses.some(({ urn }) => {
    const created = made.get(urn);
    return !made.has(urn) || (typeof created === 'string' && Date.parse(created) > since.getTime());
  });
}
