import type { LegalHoldEntity } from '@bulkhead/store';
import { ApiProperty } from '@nestjs/swagger';

export class LegalHoldView {
  @ApiProperty({ example: 'hld_019bb8f0a1c27d0e8f1a2b3c4d5e6f70' }) id!: string;
  @ApiProperty() tenantId!: string;
  @ApiProperty({ example: 'Doe v. Riverside' }) matter!: string;
  @ApiProperty() reason!: string;
  @ApiProperty() placedBy!: string;
  @ApiProperty({ format: 'date-time' }) placedAt!: string;
  @ApiProperty({ type: String, nullable: true }) releasedBy!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) releasedAt!: string | null;
  @ApiProperty({ type: String, nullable: true }) releaseReason!: string | null;
}

export class LegalHoldPage {
  @ApiProperty({ type: [LegalHoldView] }) data!: LegalHoldView[];
  @ApiProperty() hasMore!: boolean;
}

export function viewLegalHold(hold: LegalHoldEntity): LegalHoldView {
  const { id, tenantId, matter, reason, placedBy, releasedBy, releaseReason } = hold;
  const times = { placedAt: hold.placedAt.toISOString(), releasedAt: hold.releasedAt?.toISOString() ?? null };
  return { id, tenantId, matter, reason, placedBy, releasedBy, releaseReason, ...times };
}
