import { REGIONS, type LandingZoneSpec } from '@bulkhead/domain';
import type { LandingZoneEntity } from '@bulkhead/store';
import { ApiProperty } from '@nestjs/swagger';

export class LandingZoneView {
  @ApiProperty({ enum: REGIONS }) region!: string;
  @ApiProperty({ enum: ['provisioning', 'active', 'failed'] }) state!: string;
  @ApiProperty({ description: 'Bucket of the signed audit checkpoints.' }) auditBucket!: string;
  @ApiProperty() logBucket!: string;
  @ApiProperty() auditLockDays!: number;
}

export class LandingZoneList {
  @ApiProperty({ type: [LandingZoneView] }) data!: LandingZoneView[];
}

export function viewLandingZone({ region, state, spec }: LandingZoneEntity): LandingZoneView {
  const { auditBucket, logBucket, auditLockDays } = spec as LandingZoneSpec;
  return { region, state, auditBucket, logBucket, auditLockDays };
}
