import type { RecordedState } from '@bulkhead/domain/fleet';
import { FleetStackEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Gated } from '../../gate/index.js';

@Gated<RecordStack, void>({
  name: 'fleet.record_stack',
  roles: ['workload'],
  audit: ({ recorded: { stack, state, appliedDigest } }) => ({
    subject: { kind: 'stack', id: stack },
    details: { resources: state?.resources.length ?? 0, appliedDigest },
  }),
})
export class RecordStack extends Command<void> {
  constructor(
    readonly recorded: {
      readonly stack: string;
      /** Null when the stack is gone. */
      readonly state: RecordedState | null;
      /** Null when the run did not end well: then nobody knows what the state was made from. */
      readonly appliedDigest: string | null;
      /** Of no run: keeps away from what a run has recorded meanwhile, which is newer. */
      readonly unlessKnown?: boolean;
    },
  ) {
    super();
  }
}

/** Keeps what the state of a stack was when its last run ended. */
@CommandHandler(RecordStack)
export class RecordStackHandler implements ICommandHandler<RecordStack> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ recorded: { stack, state, appliedDigest, unlessKnown } }: RecordStack): Promise<void> {
    const { manager } = this.work;
    if (state === null) await manager.delete(FleetStackEntity, { stack });
    else if (unlessKnown) {
      const row = { stack, state, appliedDigest, recordedAt: new Date() };
      await manager.createQueryBuilder().insert().into(FleetStackEntity).values(row).orIgnore().execute();
    } else await manager.upsert(FleetStackEntity, { stack, state, appliedDigest, recordedAt: new Date() }, ['stack']);
  }
}
