import type { CloudQuota } from '@bulkhead/domain';
import { CloudQuotaEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { In, Not } from 'typeorm';
import { Gated } from '../../gate/index.js';

export interface ObservedQuotas {
  readonly region: string;
  readonly source: CloudQuotaEntity['source'];
  readonly quotas: readonly { readonly quota: CloudQuota; readonly limit: number; readonly used: number }[];
}

@Gated<RecordCloudQuotas, void>({
  name: 'cloud_quotas.record',
  roles: ['workload'],
  audit: ({ observed: { region, source, quotas } }) => ({
    subject: { kind: 'cloud_quotas', id: region },
    details: { source, quotas: quotas.map(({ quota, used, limit }) => `${quota} ${used}/${limit}`) },
  }),
})
export class RecordCloudQuotas extends Command<void> {
  constructor(readonly observed: ObservedQuotas) {
    super();
  }
}

/** Keeps what the cloud account limits and uses, as the worker has just seen it; what it did not see is not known. */
@CommandHandler(RecordCloudQuotas)
export class RecordCloudQuotasHandler implements ICommandHandler<RecordCloudQuotas> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ observed: { region, source, quotas } }: RecordCloudQuotas): Promise<void> {
    const { manager } = this.work;
    const observedAt = new Date();
    await manager.delete(CloudQuotaEntity, { region, quota: Not(In(quotas.map(({ quota }) => quota))) });
    const rows = quotas.map((one) => ({ region, source, ...one, observedAt }));
    await manager.upsert(CloudQuotaEntity, rows, ['region', 'quota']);
  }
}
