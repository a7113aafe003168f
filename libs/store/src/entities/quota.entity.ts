import type { CloudQuota } from '@bulkhead/domain';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A limit of the cloud account in a region, and what of it was used when somebody last looked. */
@Entity({ schema: 'control', name: 'cloud_quotas' })
export class CloudQuotaEntity {
  @PrimaryColumn({ type: 'text' }) region!: string;
  @PrimaryColumn({ type: 'text' }) quota!: CloudQuota;
  @Column({ type: 'integer', name: 'most' }) limit!: number;
  @Column({ type: 'integer' }) used!: number;
  @Column({ type: 'text' }) source!: 'service-quotas' | 'declared';
  @Column({ type: 'timestamptz', name: 'observed_at' }) observedAt!: Date;
}
