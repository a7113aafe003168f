import { MAX_PLANNED_CHANGES, planExpiry, readFleetPlan, type FleetPlan } from '@bulkhead/domain/fleet';
import { BulkheadError } from '@bulkhead/kernel';
import { FleetPlanEntity, FleetPlanStackEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiProperty } from '@nestjs/swagger';
import { IsObject } from 'class-validator';
import { Gated } from '../../gate/index.js';
import { changesOf, viewPlan, type FleetPlanView } from './fleet-plan-view.js';

export class KeepFleetPlanBody {
  @ApiProperty({ type: Object, additionalProperties: true, description: 'The preview’s JSON document, unchanged.' })
  @IsObject()
  plan!: object;
}

@Gated<KeepFleetPlan, FleetPlanView>({
  name: 'fleet.keep_plan',
  roles: ['platform-admin'],
  audit: (_command, kept) => ({
    subject: kept ? { kind: 'fleet_plan', id: kept.planHash } : null,
    ...(kept && { details: { head: kept.head, code: kept.code, stacks: kept.stacks.length } }),
  }),
})
export class KeepFleetPlan extends Command<FleetPlanView> {
  /** `keptBy` as `principalName` writes it. */
  constructor(
    readonly plan: object,
    readonly keptBy: string,
  ) {
    super();
  }
}

/** Keeps a plan, so that it can be applied by its hash. The same plan is kept once. */
@CommandHandler(KeepFleetPlan)
export class KeepFleetPlanHandler implements ICommandHandler<KeepFleetPlan> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ plan: given, keptBy }: KeepFleetPlan): Promise<FleetPlanView> {
    const { manager } = this.work;
    const plan = readFleetPlan(given);
    refuseUnfit(plan);
    const hash = plan.planHash;
    const row = { hash, plan, expiresAt: new Date(plan.expiresAt), keptBy };
    await manager.createQueryBuilder().insert().into(FleetPlanEntity).values(row).orIgnore().execute();
    const kept = await manager.findOneByOrFail(FleetPlanEntity, { hash });
    return viewPlan(kept, await manager.findBy(FleetPlanStackEntity, { planHash: hash }));
  }
}

function refuseUnfit(plan: FleetPlan): void {
  const { expiresAt, blocked, problems, stacks } = plan;
  if (Date.parse(expiresAt) > Date.parse(planExpiry(new Date().toISOString())))
    throw unfit('plan_invalid', 422, 'It would be valid for longer than a plan may be.');
  if (Date.parse(expiresAt) <= Date.now()) throw unfit('plan_expired', 409, `It expired at ${expiresAt}.`);
  const broken = stacks.some(({ violations, steps }) => violations.length > 0 || steps.some((step) => step.blocked));
  if (blocked || broken || problems.length > 0)
    throw unfit('plan_blocked', 409, 'It is blocked: state would be lost, a rule is broken, or templates are unfit.');
  if (stacks.some(({ result }) => result === 'failed'))
    throw unfit('plan_incomplete', 409, 'Stacks of it could not be previewed.');
  const changes = changesOf(plan).length;
  if (changes === 0) throw unfit('nothing_to_apply', 409, 'It changes no stack.');
  if (changes > MAX_PLANNED_CHANGES)
    throw unfit('plan_too_large', 422, `It changes ${changes} stacks, and ${MAX_PLANNED_CHANGES} are applied at once.`);
}

function unfit(code: string, status: 409 | 422, why: string): BulkheadError {
  return new BulkheadError({
    code,
    status,
    publicMessage: `The fleet plan cannot be taken. ${why}`,
    remediation: 'Mend what the preview names and preview again; a large fleet in parts, with --tenant.',
  });
}
