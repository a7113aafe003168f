import type { Isolation, Layer } from '@bulkhead/domain';
import type { BindingId, CellId, RosterId, StackId, TenantId } from '@bulkhead/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ schema: 'control', name: 'landing_zones' })
export class LandingZoneEntity {
  @PrimaryColumn({ type: 'text' }) region!: string;
  @Column({ type: 'text' }) state!: 'provisioning' | 'active' | 'failed';
  @Column({ type: 'jsonb' }) spec!: object;
}

@Entity({ schema: 'control', name: 'cells' })
export class CellEntity {
  @PrimaryColumn({ type: 'text' }) id!: CellId;
  @Column({ type: 'text' }) name!: string;
  @Column({ type: 'text' }) region!: string;
  /** How many tenants may have a shared binding of one layer here. */
  @Column({ type: 'integer' }) capacity!: number;
  @Column({ type: 'text' }) state!: 'provisioning' | 'active' | 'failed';
  @Column({ type: 'jsonb' }) spec!: object;
  /** `CellOutputs` of the cell's stack once it is active. */
  @Column({ type: 'jsonb', nullable: true }) outputs!: object | null;
  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false }) createdAt!: Date;
}

@Entity({ schema: 'control', name: 'rosters' })
export class RosterEntity {
  @PrimaryColumn({ type: 'text' }) id!: RosterId;
  @Column({ type: 'text', name: 'cell_id' }) cellId!: CellId;
  @Column({ type: 'integer' }) ordinal!: number;
}

/**
 * reserved: promised, nothing exists yet. ready: its resources exist. bound: the plane's registry names the tenant.
 * retiring: being taken down. retired: its resources are gone; the row stays as the record.
 */
export type BindingState = 'reserved' | 'ready' | 'bound' | 'retiring' | 'retired';

@Entity({ schema: 'control', name: 'bindings' })
export class BindingEntity {
  @PrimaryColumn({ type: 'text' }) id!: BindingId;
  @Column({ type: 'text' }) layer!: Layer;
  @Column({ type: 'text' }) isolation!: Isolation;
  /** The cell of a shared binding; for a dedicated one, the cell whose key encrypts it when its key layer is shared. */
  @Column({ type: 'text', name: 'cell_id', nullable: true }) cellId!: CellId | null;
  @Column({ type: 'text', name: 'roster_id', nullable: true }) rosterId!: RosterId | null;
  @Column({ type: 'text', name: 'stack_id', nullable: true }) stackId!: StackId | null;
  @Column({ type: 'text', name: 'tenant_id', nullable: true }) tenantId!: TenantId | null;
  @Column({ type: 'text' }) state!: BindingState;
  /** What the program answered for this binding; never holds a secret, only where one is kept. */
  @Column({ type: 'jsonb', nullable: true }) outputs!: object | null;
  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false }) createdAt!: Date;
  @Column({ type: 'timestamptz', name: 'retired_at', nullable: true }) retiredAt!: Date | null;
}

@Entity({ schema: 'control', name: 'placements' })
export class PlacementEntity {
  @PrimaryColumn({ type: 'text', name: 'tenant_id' }) tenantId!: TenantId;
  @PrimaryColumn({ type: 'text' }) layer!: Layer;
  @Column({ type: 'text', name: 'binding_id' }) bindingId!: BindingId;
  /** int8 that only grows; the driver hands it over as text. */
  @Column({ type: 'bigint' }) epoch!: string;
}
