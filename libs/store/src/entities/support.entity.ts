import type { Id, TenantId } from '@bulkhead/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';

export const SUPPORT_KINDS = ['support', 'break-glass'] as const;
export type SupportKind = (typeof SUPPORT_KINDS)[number];

@Entity({ schema: 'control', name: 'support_grants' })
export class SupportGrantEntity {
  @PrimaryColumn({ type: 'text' }) id!: Id<'supportGrant'>;
  @Column({ type: 'text', name: 'tenant_id' }) tenantId!: TenantId;
  @Column({ type: 'text' }) kind!: SupportKind;
  @Column({ type: 'text' }) person!: string;
  @Column({ type: 'text' }) reason!: string;
  @Column({ type: 'integer' }) minutes!: number;
  @Column({ type: 'integer', name: 'approvals_needed' }) approvalsNeeded!: number;
  @Column({ type: 'timestamptz', name: 'requested_at', insert: false, update: false }) requestedAt!: Date;
  /** Both are null until the last approval. */
  @Column({ type: 'timestamptz', name: 'active_from', nullable: true }) activeFrom!: Date | null;
  @Column({ type: 'timestamptz', name: 'active_until', nullable: true }) activeUntil!: Date | null;
  @Column({ type: 'text', name: 'ended_by', nullable: true }) endedBy!: string | null;
  @Column({ type: 'timestamptz', name: 'ended_at', nullable: true }) endedAt!: Date | null;
}

@Entity({ schema: 'control', name: 'support_approvals' })
export class SupportApprovalEntity {
  @PrimaryColumn({ type: 'text', name: 'grant_id' }) grantId!: Id<'supportGrant'>;
  @PrimaryColumn({ type: 'text' }) person!: string;
  @Column({ type: 'timestamptz', name: 'approved_at', insert: false, update: false }) approvedAt!: Date;
}
