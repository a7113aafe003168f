import { LandingZoneEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Gated } from '../../gate/index.js';

@Gated<RecordLandingZone, void>({
  name: 'landing_zone.record',
  roles: ['workload'],
  audit: ({ zone }) => ({ subject: { kind: 'landing_zone', id: zone.region }, details: { active: zone.active } }),
})
export class RecordLandingZone extends Command<void> {
  constructor(readonly zone: { readonly region: string; readonly active: boolean }) {
    super();
  }
}

@CommandHandler(RecordLandingZone)
export class RecordLandingZoneHandler implements ICommandHandler<RecordLandingZone> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ zone: { region, active } }: RecordLandingZone): Promise<void> {
    // A repeat that failed leaves the zone that stands as it is.
    const change = active ? { region } : { region, state: 'provisioning' as const };
    await this.work.manager.update(LandingZoneEntity, change, { state: active ? 'active' : 'failed' });
  }
}
