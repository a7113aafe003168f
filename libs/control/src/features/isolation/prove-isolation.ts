import { newId, type OperationId } from '@bulkhead/kernel';
import { IsolationProofEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Gated, openOperation } from '../../gate/index.js';
import { viewProof, type IsolationProofView } from './isolation-view.js';

export interface IsolationProofStarted {
  readonly proof: IsolationProofView;
  readonly operationId: OperationId;
}

@Gated<ProveIsolation, IsolationProofStarted>({
  name: 'isolation.prove',
  roles: ['platform-admin', 'auditor', 'workload'],
  audit: (_command, started) => ({
    subject: started ? { kind: 'isolation_proof', id: started.proof.id } : null,
    ...(started && { operationId: started.operationId }),
  }),
})
export class ProveIsolation extends Command<IsolationProofStarted> {
  /** `requestedBy` as `principalName` writes it. */
  constructor(readonly requestedBy: string) {
    super();
  }
}

/** Starts a proof over every live cell and dedicated database; one at a time. */
@CommandHandler(ProveIsolation)
export class ProveIsolationHandler implements ICommandHandler<ProveIsolation> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ requestedBy }: ProveIsolation): Promise<IsolationProofStarted> {
    const { manager } = this.work;
    const id = newId('isolationProof');
    const operationId = await openOperation(manager, {
      kind: 'isolation.prove',
      subjectId: 'isolation',
      input: { proofId: id },
      requestedBy,
    });
    await manager.insert(IsolationProofEntity, { id, operationId, state: 'running', requestedBy });
    return { proof: viewProof(await manager.findOneByOrFail(IsolationProofEntity, { id })), operationId };
  }
}
