import { setTimeout as delay } from 'node:timers/promises';
import {
  RETRY_SIGNAL,
  WORKFLOW_OF,
  WORKFLOW_QUEUE,
  type OperationCall,
  type OperationKind,
  type Patience,
} from '@bulkhead/definitions';
import type { OperationId } from '@bulkhead/kernel';
import type { Logger } from '@bulkhead/runtime';
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType, type Priority } from '@temporalio/common';
import type { DataSource, EntityManager } from 'typeorm';

const TENANT_ID = defineSearchAttributeKey('TenantId', SearchAttributeType.KEYWORD);
const BATCH = 20;
const POLL_MS = 250;
const RPC_TIMEOUT_MS = 5_000;

interface OutboxRow {
  readonly id: string;
  readonly operation_id: OperationId;
  readonly action: 'start' | 'signal' | 'cancel';
  readonly message: { readonly kind: OperationKind; readonly input: OperationCall['input'] };
  readonly tenant_id: string | null;
}

// Of one operation only the oldest message is taken: a cancellation must not overtake the start that it cancels.
const TAKE = `
  select o.id, o.operation_id, o.action, o.message, op.tenant_id
    from control.outbox o join control.operations op on op.id = o.operation_id
   where o.delivered_at is null and o.next_attempt_at <= now()
     and not exists (select 1 from control.outbox e
       where e.operation_id = o.operation_id and e.delivered_at is null and e.id < o.id)
   order by o.id limit ${BATCH} for update of o skip locked`;

/**
 * Delivers what commands promised to Temporal, at least once. A message that was sent and not yet marked is sent again
 * after a crash; that is harmless, because the workflow's id is the operation's id and signals only say "look again".
 */
export class OutboxRelay {
  constructor(
    private readonly source: DataSource,
    private readonly temporal: Client,
    private readonly logger: Logger,
    private readonly patience: Partial<Patience> = {},
  ) {}

  /** Delivers until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const delivered = await this.deliverBatch().catch((error: unknown) => {
        this.logger.error('The outbox could not be read.', { error });
        return 0;
      });
      if (delivered < BATCH) await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Delivers what waits now; returns how many messages were tried. */
  async deliverBatch(): Promise<number> {
    return this.source.transaction(async (manager) => {
      const rows: OutboxRow[] = await manager.query(TAKE);
      const outcomes = await Promise.all(rows.map((row) => this.#try(row)));
      // One after the other: they share the connection of the transaction.
      for (const [index, row] of rows.entries()) await this.#mark(manager, row, outcomes[index]);
      return rows.length;
    });
  }

  /** Returns what went wrong, if anything did. */
  async #try(row: OutboxRow): Promise<{ error: unknown } | undefined> {
    try {
      await this.temporal.withDeadline(Date.now() + RPC_TIMEOUT_MS, () => this.#deliver(row));
      return undefined;
    } catch (error) {
      this.logger.warn('A message could not be delivered; it is tried again.', {
        operationId: row.operation_id,
        action: row.action,
        error,
      });
      return { error };
    }
  }

  async #mark(manager: EntityManager, { id }: OutboxRow, failed: { error: unknown } | undefined): Promise<void> {
    if (!failed) {
      await manager.query('update control.outbox set delivered_at = now(), attempts = attempts + 1 where id = $1', [
        id,
      ]);
      return;
    }
    // Doubles up to half a minute: Temporal may be down for longer than anybody wants to read about. From the clock,
    // not from the transaction's start: the attempt may have waited longer than the first pauses are.
    await manager.query(
      `update control.outbox set attempts = attempts + 1, last_error = $2,
         next_attempt_at = clock_timestamp()
           + least(interval '30 seconds', interval '0.5 seconds' * power(2, least(attempts, 10)))
       where id = $1`,
      [id, failed.error instanceof Error ? failed.error.name : 'unknown'],
    );
  }

  async #deliver(row: OutboxRow): Promise<void> {
    if (row.action === 'start') return this.#start(row);
    const handle = this.temporal.workflow.getHandle(row.operation_id);
    try {
      await (row.action === 'cancel' ? handle.cancel() : handle.signal(RETRY_SIGNAL));
    } catch (error) {
      // Its start was delivered before, so it has ended: there is nothing left to retry or to cancel.
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }

  async #start({ operation_id: operationId, message, tenant_id: tenantId }: OutboxRow): Promise<void> {
    const { kind, input } = message;
    const call: OperationCall = { operationId, input, patience: this.patience };
    try {
      await this.temporal.workflow.start(WORKFLOW_OF[kind], {
        workflowId: operationId,
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        workflowIdConflictPolicy: 'FAIL',
        taskQueue: WORKFLOW_QUEUE,
        args: [call],
        priority: priorityOf(input, tenantId),
        ...(tenantId && { typedSearchAttributes: [{ key: TENANT_ID, value: tenantId }] }),
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }
}

/** Premium first; within a class every tenant has its fair share, however much work one of them brings. */
function priorityOf(input: OperationCall['input'], tenantId: string | null): Priority {
  const premium = 'serviceClass' in input && input.serviceClass === 'premium';
  return { priorityKey: premium ? 2 : 3, ...(tenantId && { fairnessKey: tenantId, fairnessWeight: 1 }) };
}
