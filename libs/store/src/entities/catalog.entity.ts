import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A published version of a tier: immutable, as the database enforces. `spec` is the validated template. */
@Entity({ schema: 'control', name: 'tiers' })
export class TierEntity {
  @PrimaryColumn({ type: 'text' }) name!: string;
  @PrimaryColumn({ type: 'integer' }) version!: number;
  @Column({ type: 'text' }) digest!: string;
  @Column({ type: 'jsonb' }) spec!: object;
  @Column({ type: 'timestamptz', name: 'published_at', insert: false, update: false }) publishedAt!: Date;
}

/** A published version of a plan: immutable, as the database enforces. `spec` is the validated template. */
@Entity({ schema: 'control', name: 'plans' })
export class PlanEntity {
  @PrimaryColumn({ type: 'text' }) name!: string;
  @PrimaryColumn({ type: 'integer' }) version!: number;
  @Column({ type: 'text' }) digest!: string;
  @Column({ type: 'jsonb' }) spec!: object;
  @Column({ type: 'timestamptz', name: 'published_at', insert: false, update: false }) publishedAt!: Date;
}

@Entity({ schema: 'control', name: 'plan_modules' })
export class PlanModuleEntity {
  @PrimaryColumn({ type: 'text', name: 'plan_name' }) planName!: string;
  @PrimaryColumn({ type: 'integer', name: 'plan_version' }) planVersion!: number;
  @PrimaryColumn({ type: 'text' }) module!: string;
}

@Entity({ schema: 'control', name: 'plan_quotas' })
export class PlanQuotaEntity {
  @PrimaryColumn({ type: 'text', name: 'plan_name' }) planName!: string;
  @PrimaryColumn({ type: 'integer', name: 'plan_version' }) planVersion!: number;
  @PrimaryColumn({ type: 'text' }) quota!: string;
  /** int8: the driver hands it over as text. */
  @Column({ type: 'bigint' }) ceiling!: string;
}
