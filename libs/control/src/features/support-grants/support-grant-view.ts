import { SUPPORT_KINDS, type SupportApprovalEntity, type SupportGrantEntity } from '@bulkhead/store';
import { ApiProperty } from '@nestjs/swagger';

export class SupportGrantView {
  @ApiProperty({ example: 'grt_019bb8f0a1c27d0e8f1a2b3c4d5e6f70' }) id!: string;
  @ApiProperty() tenantId!: string;
  @ApiProperty({ enum: SUPPORT_KINDS }) kind!: string;
  @ApiProperty({ description: 'Subject of the tokens that it lets be issued.' }) person!: string;
  @ApiProperty() reason!: string;
  @ApiProperty() minutes!: number;
  @ApiProperty({ enum: ['requested', 'active', 'over'] }) state!: 'requested' | 'active' | 'over';
  @ApiProperty() approvalsNeeded!: number;
  @ApiProperty({ type: [String] }) approvedBy!: string[];
  @ApiProperty({ format: 'date-time' }) requestedAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) activeUntil!: string | null;
  @ApiProperty({ type: String, nullable: true }) endedBy!: string | null;
}

export class SupportGrantPage {
  @ApiProperty({ type: [SupportGrantView] }) data!: SupportGrantView[];
  @ApiProperty() hasMore!: boolean;
}

export function viewSupportGrant(
  grant: SupportGrantEntity,
  approvals: readonly SupportApprovalEntity[],
): SupportGrantView {
  const { id, tenantId, kind, person, reason, minutes, approvalsNeeded, endedBy, activeUntil } = grant;
  return {
    ...{ id, tenantId, kind, person, reason, minutes, approvalsNeeded, endedBy },
    state: stateOf(grant),
    approvedBy: approvals.filter(({ grantId }) => grantId === id).map((approval) => approval.person),
    requestedAt: grant.requestedAt.toISOString(),
    activeUntil: activeUntil?.toISOString() ?? null,
  };
}

function stateOf({ activeUntil, endedAt }: SupportGrantEntity): SupportGrantView['state'] {
  if (endedAt) return 'over';
  if (!activeUntil) return 'requested';
  return activeUntil.getTime() > Date.now() ? 'active' : 'over';
}
