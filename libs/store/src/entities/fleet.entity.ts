import type { FleetPlan } from '@bulkhead/domain/fleet';
import type { OperationId } from '@bulkhead/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What the state of a stack was when its last run ended; holds no secret. */
@Entity({ schema: 'control', name: 'fleet_stacks' })
export class FleetStackEntity {
  @PrimaryColumn({ type: 'text' }) stack!: string;
  @Column({ type: 'jsonb' }) state!: object;
  /** Null when the last run did not end well. */
  @Column({ type: 'text', name: 'applied_digest', nullable: true }) appliedDigest!: string | null;
  @Column({ type: 'timestamptz', name: 'recorded_at' }) recordedAt!: Date;
}

/** A plan that may be applied; named by its hash, which never changes. */
@Entity({ schema: 'control', name: 'fleet_plans' })
export class FleetPlanEntity {
  @PrimaryColumn({ type: 'text' }) hash!: string;
  @Column({ type: 'jsonb' }) plan!: FleetPlan;
  @Column({ type: 'timestamptz', name: 'expires_at' }) expiresAt!: Date;
  @Column({ type: 'text', name: 'kept_by' }) keptBy!: string;
  @Column({ type: 'timestamptz', name: 'kept_at', insert: false, update: false }) keptAt!: Date;
}

/** How far a plan is with a stack. Begun: every check has passed, and the stack may have changed. */
@Entity({ schema: 'control', name: 'fleet_plan_stacks' })
export class FleetPlanStackEntity {
  @PrimaryColumn({ type: 'text', name: 'plan_hash' }) planHash!: string;
  @PrimaryColumn({ type: 'text' }) stack!: string;
  @Column({ type: 'text', name: 'operation_id' }) operationId!: OperationId;
  /** `made`: the run has ended well, and what its tenants have there may not be bound anew yet. */
  @Column({ type: 'text' }) state!: 'begun' | 'made' | 'applied';
  @Column({ type: 'timestamptz', name: 'begun_at', insert: false, update: false }) begunAt!: Date;
  @Column({ type: 'timestamptz', name: 'applied_at', nullable: true }) appliedAt!: Date | null;
}
