import { REGIONS, type LandingZoneSpec, type Region } from '@bulkhead/domain';
import { BulkheadError, type OperationId } from '@bulkhead/kernel';
import { LandingZoneEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, Max, Min } from 'class-validator';
import { Gated, openOperation } from '../../gate/index.js';
import { viewLandingZone, type LandingZoneView } from './landing-zone-view.js';
import { MayBeAbsent } from '../../http/index.js';

/** Six years: how long HIPAA wants its documentation kept (45 CFR 164.316(b)(2)(i)). */
const AUDIT_LOCK_DAYS = 2192;

export class ApplyLandingZoneBody {
  @ApiProperty({ enum: REGIONS })
  @IsIn(REGIONS)
  region!: Region;

  @ApiPropertyOptional({
    minimum: 1,
    maximum: 36_500,
    default: AUDIT_LOCK_DAYS,
    description: 'Days that nobody can delete an audit checkpoint.',
  })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(36_500)
  auditLockDays: number = AUDIT_LOCK_DAYS;
}

export interface LandingZoneApplied {
  readonly landingZone: LandingZoneView;
  readonly operationId: OperationId;
}

@Gated<ApplyLandingZone, LandingZoneApplied>({
  name: 'landing_zone.apply',
  roles: ['platform-admin'],
  audit: ({ request: { spec } }, applied) => ({
    subject: { kind: 'landing_zone', id: spec.region },
    ...(applied && { operationId: applied.operationId }),
    details: { ...spec },
  }),
})
export class ApplyLandingZone extends Command<LandingZoneApplied> {
  /** `requestedBy` as `principalName` writes it. */
  constructor(readonly request: { readonly spec: LandingZoneSpec; readonly requestedBy: string }) {
    super();
  }
}

/** Applies a region's landing zone. Repeating it mends what drifted; what it was applied with stays. */
@CommandHandler(ApplyLandingZone)
export class ApplyLandingZoneHandler implements ICommandHandler<ApplyLandingZone> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request: { spec, requestedBy } }: ApplyLandingZone): Promise<LandingZoneApplied> {
    const { manager } = this.work;
    const { region } = spec;
    const row = { region, state: 'provisioning' as const, spec };
    await manager.createQueryBuilder().insert().into(LandingZoneEntity).values(row).orIgnore().execute();
    const zone = await manager.findOneByOrFail(LandingZoneEntity, { region });
    refuseChange(zone.spec as LandingZoneSpec, spec);
    const operationId = await openOperation(manager, {
      kind: 'landing_zone.apply',
      subjectId: `landing-zone:${region}`,
      input: { spec },
      requestedBy,
    });
    return { landingZone: viewLandingZone(zone), operationId };
  }
}

/** Another bucket would leave the anchored checkpoints behind, and Object Lock cannot be shortened. */
function refuseChange(applied: LandingZoneSpec, wanted: LandingZoneSpec): void {
  const fields = (Object.keys(wanted) as (keyof LandingZoneSpec)[]).filter((field) => applied[field] !== wanted[field]);
  if (fields.length === 0) return;
  throw new BulkheadError({
    code: 'landing_zone_differs',
    status: 409,
    publicMessage: `The landing zone of ${wanted.region} was applied with another ${fields.join(', ')}.`,
    remediation: `Send auditLockDays ${applied.auditLockDays} and keep BULKHEAD_BUCKET_PREFIX as it was.`,
  });
}
