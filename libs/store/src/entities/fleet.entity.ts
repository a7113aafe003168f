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
