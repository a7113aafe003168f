import type { DriftRunId } from '@bulkhead/kernel';
import { DriftRunEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Gated } from '../../gate/index.js';

export interface DriftEnd {
  readonly driftRunId: DriftRunId;
  /** `failed`: it did not come to its end; what it recorded until then stands. */
  readonly state: 'finished' | 'failed';
}

@Gated<EndDrift, void>({
  name: 'drift.end',
  roles: ['workload'],
  audit: ({ end: { driftRunId, state } }) => ({ subject: { kind: 'drift_run', id: driftRunId }, details: { state } }),
})
export class EndDrift extends Command<void> {
  constructor(readonly end: DriftEnd) {
    super();
  }
}

/** Closes a run. The first end counts. */
@CommandHandler(EndDrift)
export class EndDriftHandler implements ICommandHandler<EndDrift> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ end: { driftRunId: id, state } }: EndDrift): Promise<void> {
    await this.work.manager.update(DriftRunEntity, { id, state: 'running' }, { state, finishedAt: new Date() });
  }
}
