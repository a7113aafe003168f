import type { OperationState } from '@bulkhead/domain';
import type { OperationId, TenantId } from '@bulkhead/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Why an operation or a step failed, as it may be shown: no secrets, no PHI. */
export interface OperationFailure {
  readonly code: string;
  readonly message: string;
  readonly remediation: string;
}

@Entity({ schema: 'control', name: 'operations' })
export class OperationEntity {
  @PrimaryColumn({ type: 'text' }) id!: OperationId;
  @Column({ type: 'text' }) kind!: string;
  @Column({ type: 'text', name: 'tenant_id', nullable: true }) tenantId!: TenantId | null;
  /** What the operation changes (a tenant, a cell, a landing zone's region): one open operation for each. */
  @Column({ type: 'text', name: 'subject_id' }) subjectId!: string;
  @Column({ type: 'text' }) state!: OperationState;
  @Column({ type: 'jsonb' }) input!: object;
  @Column({ type: 'jsonb', nullable: true }) result!: object | null;
  @Column({ type: 'jsonb', nullable: true }) error!: OperationFailure | null;
  @Column({ type: 'text', name: 'requested_by' }) requestedBy!: string;
  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false }) createdAt!: Date;
  @Column({ type: 'timestamptz', name: 'finished_at', nullable: true }) finishedAt!: Date | null;
}

export type StepState = 'pending' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'compensated';

/** The one declared exception to the gate: progress of a step, written by the worker as it happens. */
@Entity({ schema: 'control', name: 'operation_steps' })
export class OperationStepEntity {
  @PrimaryColumn({ type: 'text', name: 'operation_id' }) operationId!: OperationId;
  @PrimaryColumn({ type: 'text' }) name!: string;
  @Column({ type: 'integer' }) ordinal!: number;
  @Column({ type: 'text' }) state!: StepState;
  @Column({ type: 'integer' }) attempt!: number;
  @Column({ type: 'text', name: 'waiting_for', nullable: true }) waitingFor!: string | null;
  /** Last line of progress, e.g. the resource that Pulumi is at. */
  @Column({ type: 'text', nullable: true }) detail!: string | null;
  @Column({ type: 'jsonb', nullable: true }) error!: OperationFailure | null;
  @Column({ type: 'timestamptz', name: 'started_at', nullable: true }) startedAt!: Date | null;
  @Column({ type: 'timestamptz', name: 'finished_at', nullable: true }) finishedAt!: Date | null;
}
