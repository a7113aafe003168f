import {
  allowingRequest,
  lossNotApproved,
  stateDigest,
  type PlannedStack,
  type RecordedState,
} from '@bulkhead/domain/fleet';
import { BulkheadError, type OperationId } from '@bulkhead/kernel';
import { FleetPlanEntity, FleetPlanStackEntity, FleetStackEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, Max, Min } from 'class-validator';
import type { EntityManager } from 'typeorm';
import { Gated, openOperation } from '../../gate/index.js';
import { MayBeAbsent, notFound } from '../../http/index.js';
import { approvedLosses } from './approved-loss-reader.js';
import { changesOf } from './fleet-plan-view.js';

export class ApplyFleetPlanBody {
  @ApiPropertyOptional({ minimum: 1, maximum: 8, default: 2, description: 'Stacks at once, after the canaries.' })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(8)
  parallel: number = 2;

  @ApiPropertyOptional({
    minimum: 1,
    maximum: 100,
    default: 1,
    description: 'How many stacks of each program are applied one after the other before the rest of them.',
  })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(100)
  canaries: number = 1;
}

export interface FleetPlanApplying {
  readonly operationId: OperationId;
}

@Gated<ApplyFleetPlan, FleetPlanApplying>({
  name: 'fleet.apply_plan',
  roles: ['platform-admin'],
  audit: ({ request: { planHash, parallel, canaries } }, applying) => ({
    subject: { kind: 'fleet_plan', id: planHash },
    ...(applying && { operationId: applying.operationId }),
    details: { parallel, canaries },
  }),
})
export class ApplyFleetPlan extends Command<FleetPlanApplying> {
  /** `requestedBy` as `principalName` writes it. */
  constructor(readonly request: ApplyFleetPlanBody & { readonly planHash: string; readonly requestedBy: string }) {
    super();
  }
}

/**
 * Starts to apply a plan: one at a time for the whole fleet. What is known here to have moved is refused at once, before
 * anything is touched; each stack is looked at again when its turn comes, by the worker, on its real state.
 */
@CommandHandler(ApplyFleetPlan)
export class ApplyFleetPlanHandler implements ICommandHandler<ApplyFleetPlan> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request }: ApplyFleetPlan): Promise<FleetPlanApplying> {
    const { manager } = this.work;
    const { planHash, parallel, canaries, requestedBy } = request;
    const kept = await manager.findOneBy(FleetPlanEntity, { hash: planHash });
    if (!kept) throw notFound('fleet plan');
    if (kept.expiresAt.getTime() <= Date.now()) throw planExpired(kept.expiresAt);
    const progress = await manager.findBy(FleetPlanStackEntity, { planHash });
    const state = new Map(progress.map((row) => [row.stack, row.state]));
    const left = changesOf(kept.plan).filter(({ stack }) => state.get(stack) !== 'applied');
    if (left.length === 0) throw nothingLeft();
    for (const planned of left.filter(({ stack }) => state.get(stack) !== 'made')) {
      await refuseIfMoved(manager, planned);
      await refuseUnapproved(manager, planned);
    }
    const input = { planHash, stacks: left.map(({ stack }) => stack), parallel, canaries };
    const operationId = await openOperation(manager, { kind: 'fleet.apply', subjectId: 'fleet', input, requestedBy });
    return { operationId };
  }
}

async function refuseIfMoved(manager: EntityManager, { stack, stateDigest: planned }: PlannedStack): Promise<void> {
  const recorded = await manager.findOneBy(FleetStackEntity, { stack });
  if (recorded && stateDigest(recorded.state as RecordedState) === planned) return;
  throw planStale(stack);
}

async function refuseUnapproved(manager: EntityManager, { stack, steps }: PlannedStack): Promise<void> {
  const lossy = steps.filter(({ loss }) => loss);
  if (lossy.length === 0) return;
  const approved = await approvedLosses(manager, stack);
  const now = new Date();
  for (const step of lossy)
    if (!allowingRequest(approved, { stack, tenantId: step.tenantId, step }, now))
      throw lossNotApproved(stack, step.urn);
}

/** The state of a stack is no longer the one that the plan was made on. */
export function planStale(stack: string): BulkheadError {
  return new BulkheadError({
    code: 'plan_stale',
    status: 409,
    publicMessage: `The state of ${stack} has moved since the plan was made.`,
    remediation: 'Preview again and apply the new plan.',
  });
}

export function planExpired(at: Date): BulkheadError {
  return new BulkheadError({
    code: 'plan_expired',
    status: 409,
    publicMessage: `The plan expired at ${at.toISOString()}.`,
    remediation: 'Preview again and apply the new plan.',
  });
}

function nothingLeft(): BulkheadError {
  return new BulkheadError({
    code: 'nothing_to_apply',
    status: 409,
    publicMessage: 'Every stack of the plan has been applied.',
    remediation: 'Nothing is to be done.',
  });
}
