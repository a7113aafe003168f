import type { DriftedProperty, RemedyWish } from '@bulkhead/domain/drift';
import { BulkheadError, type ChangeId, type OperationId } from '@bulkhead/kernel';
import { ChangeRequestEntity, DriftFindingEntity, refuseIfStackHeld, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { EntityManager } from 'typeorm';
import { Gated, openOperation } from '../../gate/index.js';
import { lockChange, moveChange } from './change-rows.js';
import { openFinding, recordedDigest } from './request-remedy.js';

/** What a request about a finding asks for; undefined for requests of other kinds. */
export function remedyOf({ document }: ChangeRequestEntity): RemedyWish | undefined {
  return document !== null && 'remedy' in document ? document : undefined;
}

/**
 * Opens the operation that carries a remedy out, unless anything that was approved has moved since.
 * @throws BulkheadError `finding_moved` (409), `finding_resolved` (409), `legal_hold` (409).
 */
export async function openRemedy(
  manager: EntityManager,
  {
    changeId,
    wish,
    requestedBy,
  }: { readonly changeId: ChangeId; readonly wish: RemedyWish; readonly requestedBy: string },
): Promise<OperationId> {
  await requireUnmoved(manager, wish);
  const { subject: subjectId, tenantId } = wish;
  return openOperation(manager, {
    ...{ kind: 'drift.remedy', subjectId, input: { changeId }, requestedBy },
    ...(tenantId !== null && { tenantId }),
  });
}

async function requireUnmoved(manager: EntityManager, wish: RemedyWish): Promise<void> {
  const finding = await openFinding(manager, wish.findingId);
  const moved = finding.digest !== wish.findingDigest || (await recordedDigest(manager, wish)) !== wish.recordedDigest;
  if (moved) throw findingMoved();
  if (wish.destructive) await refuseIfStackHeld(manager, wish, { locked: true });
}

/** What was approved is not what there is. */
export function findingMoved(): BulkheadError {
  return new BulkheadError({
    code: 'finding_moved',
    status: 409,
    publicMessage:
      'The resource or its record has changed since the request was made: what was approved is not what would be done.',
    remediation: 'Cancel the request, look at the finding again and make a new one.',
  });
}

export interface RemedyOfOperation {
  readonly operationId: OperationId;
  readonly changeId: ChangeId;
}

/** `settled`: an earlier try has done it. */
export interface RemedyTask {
  readonly wish: RemedyWish;
  readonly settled: boolean;
  /** Of the finding: where the orphan was seen, and what differed. */
  readonly region: string | null;
  readonly properties: readonly DriftedProperty[];
}

const audit = ({ request: { operationId, changeId } }: { request: RemedyOfOperation }) => ({
  subject: { kind: 'change_request', id: changeId },
  operationId,
});

@Gated<BeginRemedy, RemedyTask>({ name: 'change_request.begin_remedy', roles: ['workload'], audit })
export class BeginRemedy extends Command<RemedyTask> {
  constructor(readonly request: RemedyOfOperation) {
    super();
  }
}

/** What an operation has to do, for as long as the request is its own. */
@CommandHandler(BeginRemedy)
export class BeginRemedyHandler implements ICommandHandler<BeginRemedy> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request: { operationId, changeId } }: BeginRemedy): Promise<RemedyTask> {
    const { manager } = this.work;
    const { change, wish } = await lockRemedy(manager, changeId);
    const { region, properties } = await manager.findOneByOrFail(DriftFindingEntity, { id: wish.findingId });
    const settled = change.state === 'applied' && change.operationId === operationId;
    if (!settled) requireApplying(change, operationId);
    return { wish, settled, region, properties };
  }
}

@Gated<ConfirmRemedy, void>({ name: 'change_request.confirm_remedy', roles: ['workload'], audit })
export class ConfirmRemedy extends Command<void> {
  constructor(readonly request: RemedyOfOperation) {
    super();
  }
}

/**
 * The last look before a resource that is still there is touched: a hold may have been placed while the operation
 * waited, whatever has become of the finding since.
 */
@CommandHandler(ConfirmRemedy)
export class ConfirmRemedyHandler implements ICommandHandler<ConfirmRemedy> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request: { operationId, changeId } }: ConfirmRemedy): Promise<void> {
    const { manager } = this.work;
    const { change, wish } = await lockRemedy(manager, changeId);
    requireApplying(change, operationId);
    if (wish.destructive) await refuseIfStackHeld(manager, wish, { locked: true });
  }
}

@Gated<SettleRemedy, void>({ name: 'change_request.settle_remedy', roles: ['workload'], audit })
export class SettleRemedy extends Command<void> {
  constructor(readonly request: RemedyOfOperation) {
    super();
  }
}

/** The remedy was carried out: the request is applied and the finding resolved. */
@CommandHandler(SettleRemedy)
export class SettleRemedyHandler implements ICommandHandler<SettleRemedy> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request: { operationId, changeId } }: SettleRemedy): Promise<void> {
    const { manager } = this.work;
    const { change, wish } = await lockRemedy(manager, changeId);
    if (change.state === 'applied' && change.operationId === operationId) return;
    await moveChange(manager, change, 'finish');
    const resolution = change.kind === 'drift-adopt' ? 'adopted' : 'repaired';
    await manager.update(DriftFindingEntity, { id: wish.findingId }, { resolvedAt: new Date(), resolution });
  }
}

function requireApplying(change: ChangeRequestEntity, operationId: OperationId): void {
  if (change.state !== 'applying' || change.operationId !== operationId) throw findingMoved();
}

async function lockRemedy(
  manager: EntityManager,
  changeId: ChangeId,
): Promise<{ change: ChangeRequestEntity; wish: RemedyWish }> {
  const change = await lockChange(manager, changeId);
  const wish = remedyOf(change);
  if (!wish) throw new Error(`${changeId} asks for no remedy`);
  return { change, wish };
}
