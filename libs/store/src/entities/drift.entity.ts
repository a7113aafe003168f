import type { ComparedStack, DriftedProperty, DriftKind, Upshot } from '@bulkhead/domain/drift';
import type { Layer } from '@bulkhead/domain';
import type { DriftFindingId, DriftRunId, OperationId, TenantId } from '@bulkhead/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A comparison of the cloud with what is recorded of it. */
@Entity({ schema: 'control', name: 'drift_runs' })
export class DriftRunEntity {
  @PrimaryColumn({ type: 'text' }) id!: DriftRunId;
  @Column({ type: 'text', name: 'operation_id' }) operationId!: OperationId;
  /** Null for the whole fleet. */
  @Column({ type: 'text', name: 'tenant_id', nullable: true }) tenantId!: TenantId | null;
  @Column({ type: 'text' }) state!: 'running' | 'finished' | 'failed';
  @Column({ type: 'jsonb', insert: false }) stacks!: readonly ComparedStack[];
  /** Orphans; null when the run did not sweep, or has not yet. */
  @Column({ type: 'integer', nullable: true, insert: false }) orphans!: number | null;
  @Column({ type: 'text', name: 'requested_by' }) requestedBy!: string;
  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false }) createdAt!: Date;
  @Column({ type: 'timestamptz', name: 'finished_at', nullable: true, insert: false }) finishedAt!: Date | null;
}

/** One difference, as long as it lasts: found again it is the same row, and one that is gone is resolved. */
@Entity({ schema: 'control', name: 'drift_findings' })
export class DriftFindingEntity {
  @PrimaryColumn({ type: 'text' }) id!: DriftFindingId;
  @Column({ type: 'text' }) stack!: string;
  @Column({ type: 'text' }) kind!: DriftKind;
  @Column({ type: 'text' }) type!: string;
  @Column({ type: 'text' }) resource!: string;
  @Column({ type: 'text' }) name!: string;
  @Column({ type: 'text', nullable: true }) owner!: string | null;
  @Column({ type: 'text', name: 'tenant_id', nullable: true }) tenantId!: TenantId | null;
  @Column({ type: 'text', nullable: true }) layer!: Layer | null;
  @Column({ type: 'boolean' }) stateful!: boolean;
  @Column({ type: 'jsonb' }) properties!: readonly DriftedProperty[];
  @Column({ type: 'text' }) upshot!: Upshot;
  /** Of an orphan: where it was seen. Null for what a stack manages. */
  @Column({ type: 'text', nullable: true }) region!: string | null;
  /** See `findingDigest`. */
  @Column({ type: 'text' }) digest!: string;
  @Column({ type: 'timestamptz', name: 'first_seen_at', insert: false, update: false }) firstSeenAt!: Date;
  @Column({ type: 'timestamptz', name: 'last_seen_at' }) lastSeenAt!: Date;
  @Column({ type: 'timestamptz', name: 'resolved_at', nullable: true }) resolvedAt!: Date | null;
  /** `gone`: a later look did not find it any more. Else what a change request did. */
  @Column({ type: 'text', nullable: true }) resolution!: 'gone' | 'repaired' | 'adopted' | null;
}
