import { newId, type OperationId, type TenantId } from '@bulkhead/kernel';
import { DriftRunEntity, loadTenant, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { Gated, openOperation } from '../../gate/index.js';
import { MayBeAbsent } from '../../http/absent.js';
import { viewRun, type DriftRunView } from './drift-view.js';

export class RunDriftBody {
  @ApiPropertyOptional({
    pattern: '^ten_[0-9a-f]{32}$',
    description: 'Only this tenant; the whole fleet when left out.',
  })
  @MayBeAbsent()
  @Matches(/^ten_[0-9a-f]{32}$/, { message: 'tenantId must be a tenant id' })
  tenantId?: TenantId;
}

export interface DriftRunStarted {
  readonly run: DriftRunView;
  readonly operationId: OperationId;
}

@Gated<RunDrift, DriftRunStarted>({
  name: 'drift.run',
  roles: ['platform-admin', 'ci', 'workload'],
  audit: ({ request: { tenantId } }, started) => ({
    subject: started ? { kind: 'drift_run', id: started.run.id } : null,
    ...(tenantId !== undefined && { tenantId }),
    ...(started && { operationId: started.operationId }),
  }),
})
export class RunDrift extends Command<DriftRunStarted> {
  /** `requestedBy` as `principalName` writes it. */
  constructor(readonly request: RunDriftBody & { readonly requestedBy: string }) {
    super();
  }
}

/**
 * Starts a comparison of the cloud with what is recorded of it; one at a time of the fleet, and of each tenant, so that
 * a look at one does not keep the daily one from being made. It changes nothing in the cloud.
 */
@CommandHandler(RunDrift)
export class RunDriftHandler implements ICommandHandler<RunDrift> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request: { tenantId, requestedBy } }: RunDrift): Promise<DriftRunStarted> {
    const { manager } = this.work;
    if (tenantId !== undefined) await loadTenant(manager, tenantId);
    const id = newId('driftRun');
    const operationId = await openOperation(manager, {
      kind: 'drift.detect',
      subjectId: tenantId === undefined ? 'drift' : `drift of ${tenantId}`,
      input: { driftRunId: id, sweeps: tenantId === undefined },
      requestedBy,
    });
    await manager.insert(DriftRunEntity, {
      id,
      operationId,
      tenantId: tenantId ?? null,
      state: 'running',
      requestedBy,
    });
    return { run: viewRun(await manager.findOneByOrFail(DriftRunEntity, { id })), operationId };
  }
}
