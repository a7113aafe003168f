import { randomUUID } from 'node:crypto';
import { send, type Dependencies } from '@bulkhead/activities';
import { ReportOperation } from '@bulkhead/control';
import type { OperationId } from '@bulkhead/kernel';
import { WorkflowNotFoundError, type WorkflowExecutionDescription } from '@temporalio/client';
import type { DataSource } from 'typeorm';

interface OpenOperation {
  readonly id: OperationId;
  readonly state: string;
}

// Those whose start Temporal has confirmed, and that nothing is on its way to. A minute: a workflow that has just
// closed is about to be seen as ended.
const STARTED_AND_OPEN = `
  select op.id, op.state from control.operations op
   where op.finished_at is null
     and exists (select 1 from control.outbox o where o.operation_id = op.id and o.action = 'start'
                  and o.delivered_at < now() - interval '1 minute')
     and not exists (select 1 from control.outbox o where o.operation_id = op.id and o.delivered_at is null)
   order by op.id`;

const LOST = {
  code: 'workflow_lost',
  message: 'Temporal does not know the workflow of this operation any more.',
  remediation:
    'Restore Temporal’s database to a moment after this operation began. What the operation made is named in its placement.',
};

/**
 * Finds operations that nobody carries out: their workflow was terminated by hand, or Temporal lost its store. An
 * operation that stays open for ever would hold its tenant's slug, capacity and resources with nobody looking.
 */
export class LostWorkflows {
  constructor(
    private readonly source: DataSource,
    private readonly dependencies: Pick<Dependencies, 'gate' | 'temporal' | 'logger'>,
  ) {}

  /** Sets every lost workflow going again where it stood, or asks for an operator. Returns how many were lost. */
  async recover(): Promise<number> {
    const open: OpenOperation[] = await this.source.query(STARTED_AND_OPEN);
    let lost = 0;
    for (const operation of open) if (await this.#recoverOne(operation)) lost += 1;
    return lost;
  }

  async #recoverOne(operation: OpenOperation): Promise<boolean> {
    const { id } = operation;
    const workflow = await this.#describe(id);
    if (workflow?.status.name === 'RUNNING' || (await this.#hasEnded(id))) return false;
    this.dependencies.logger.warn('The workflow of an open operation is gone.', {
      operationId: id,
      state: operation.state,
    });
    if (workflow === undefined || !(await this.#resume(id, workflow))) await this.#askForOperator(operation);
    // The request may be younger than the point at which the workflow goes on.
    else if (operation.state === 'cancelling') await this.dependencies.temporal.workflow.getHandle(id).cancel();
    return true;
  }

  async #describe(id: OperationId): Promise<WorkflowExecutionDescription | undefined> {
    try {
      return await this.dependencies.temporal.workflow.getHandle(id).describe();
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  }

  /** The last thing that a workflow does before it closes is to say how the operation ended. */
  async #hasEnded(id: OperationId): Promise<boolean> {
    const rows: unknown[] = await this.source.query(
      'select 1 from control.operations where id = $1 and finished_at is not null',
      [id],
    );
    return rows.length > 0;
  }

  /** A new run with the history up to the last decision: what was registered to be undone is known to it. */
  async #resume(workflowId: OperationId, { runId }: WorkflowExecutionDescription): Promise<boolean> {
    const { temporal } = this.dependencies;
    const { events } = await temporal.workflow.getHandle(workflowId, runId).fetchHistory();
    const decision = events?.findLast(({ workflowTaskCompletedEventAttributes: completed }) => completed);
    if (decision?.eventId === undefined) return false;
    await temporal.workflowService.resetWorkflowExecution({
      namespace: temporal.options.namespace,
      workflowExecution: { workflowId, runId },
      reason: 'Its operation has not ended.',
      requestId: randomUUID(),
      workflowTaskFinishEventId: decision.eventId,
    });
    return true;
  }

  async #askForOperator({ id: operationId, state }: OpenOperation): Promise<void> {
    if (state === 'needs_attention') return;
    await send(this.dependencies, new ReportOperation({ operationId, state: 'needs_attention', error: LOST }));
  }
}
