import type { DedicatedTenantOutputs, RegistrationOutputs } from '@bulkhead/domain';
import type { BindingId, OperationId, RosterId, StackId, TenantId } from '@bulkhead/kernel';
import { BindingEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { In } from 'typeorm';
import { Gated } from '../../gate/index.js';

@Gated<RecordRosterRun, void>({
  name: 'roster.record_run',
  roles: ['workload'],
  audit: ({ run }) => ({
    subject: { kind: 'roster', id: run.rosterId },
    details: { registered: run.registered.map(({ bindingId }) => bindingId), removed: [...run.removed] },
  }),
})
export class RecordRosterRun extends Command<void> {
  constructor(
    readonly run: {
      readonly rosterId: RosterId;
      readonly registered: readonly RegistrationOutputs[];
      readonly removed: readonly BindingId[];
    },
  ) {
    super();
  }
}

@CommandHandler(RecordRosterRun)
export class RecordRosterRunHandler implements ICommandHandler<RecordRosterRun> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ run }: RecordRosterRun): Promise<void> {
    const { manager } = this.work;
    for (const outputs of run.registered) {
      await manager.update(BindingEntity, { id: outputs.bindingId, state: 'reserved' }, { state: 'ready', outputs });
    }
    await manager.update(
      BindingEntity,
      { id: In([...run.removed]), state: 'retiring' },
      { state: 'retired', retiredAt: new Date() },
    );
  }
}

@Gated<RecordDedicatedStack, void>({
  name: 'stack.record',
  roles: ['workload'],
  audit: ({ stack }) => ({
    subject: { kind: 'stack', id: stack.stackId },
    details: { layers: Object.keys(stack.outputs) },
  }),
})
export class RecordDedicatedStack extends Command<void> {
  constructor(readonly stack: { readonly stackId: StackId; readonly outputs: DedicatedTenantOutputs }) {
    super();
  }
}

@CommandHandler(RecordDedicatedStack)
export class RecordDedicatedStackHandler implements ICommandHandler<RecordDedicatedStack> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ stack }: RecordDedicatedStack): Promise<void> {
    const { manager } = this.work;
    const bindings = await manager.findBy(BindingEntity, {
      stackId: stack.stackId,
      isolation: 'dedicated',
      state: 'reserved',
    });
    for (const { id, layer } of bindings) {
      const outputs = stack.outputs[layer];
      if (outputs) await manager.update(BindingEntity, { id }, { state: 'ready', outputs });
    }
  }
}

@Gated<RecordBound, void>({
  name: 'placement.record_bound',
  roles: ['workload'],
  audit: ({ bound }) => ({ subject: { kind: 'tenant', id: bound.tenantId }, ...bound }),
})
export class RecordBound extends Command<void> {
  constructor(readonly bound: { readonly operationId: OperationId; readonly tenantId: TenantId }) {
    super();
  }
}

@CommandHandler(RecordBound)
export class RecordBoundHandler implements ICommandHandler<RecordBound> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ bound }: RecordBound): Promise<void> {
    await this.work.manager.update(BindingEntity, { tenantId: bound.tenantId, state: 'ready' }, { state: 'bound' });
  }
}
