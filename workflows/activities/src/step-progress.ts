import type { Failure, StepTag } from '@bulkhead/definitions';
import type { OperationId } from '@bulkhead/kernel';
import type { DataSource } from 'typeorm';

/**
 * Writes how far a step is, as it happens. The one declared exception to the gate: a progress line decides nothing, and
 * an audit leaf for each would drown the ones that do. Rows exist since the operation was opened; a step that the
 * operation does not show changes none.
 */
export class StepProgress {
  constructor(private readonly source: DataSource) {}

  async started(tag: StepTag, attempt: number): Promise<void> {
    await this.#set(
      tag,
      `state = 'running', attempt = $3, waiting_for = null, error = null, detail = null, finished_at = null,
       started_at = coalesce(started_at, now())`,
      [attempt],
    );
  }

  async finished(tag: StepTag): Promise<void> {
    const state = tag.phase === 'do' ? 'succeeded' : 'compensated';
    await this.#set(tag, `state = $3, waiting_for = null, error = null, detail = null, finished_at = now()`, [state]);
  }

  /** @param again whether Temporal will try it again by itself. */
  async failed(tag: StepTag, failure: Failure, again: boolean): Promise<void> {
    await this.#set(tag, `state = $3, waiting_for = $4, error = $5, detail = null`, [
      again ? 'waiting' : 'failed',
      again ? 'the next try' : null,
      JSON.stringify(failure),
    ]);
  }

  /** The step waits for an operator. */
  async waiting(tag: Omit<StepTag, 'phase'>, failure: Failure, waitingFor: string): Promise<void> {
    await this.#set(tag, `state = 'waiting', waiting_for = $3, error = $4, detail = null`, [
      waitingFor,
      JSON.stringify(failure),
    ]);
  }

  /** Nothing of an operation that was taken back is still under way or waits for anybody. */
  async closed(operationId: OperationId): Promise<void> {
    await this.source.query(
      `update control.operation_steps set state = 'failed', waiting_for = null, detail = null, finished_at = now()
        where operation_id = $1 and state in ('running', 'waiting')`,
      [operationId],
    );
  }

  /** One line of progress, such as the resource that Pulumi is at. */
  async detail(tag: StepTag, line: string): Promise<void> {
    await this.#set(tag, `detail = $3`, [line]);
  }

  async #set({ operationId, step }: Omit<StepTag, 'phase'>, change: string, values: unknown[]): Promise<void> {
    const sql = `update control.operation_steps set ${change} where operation_id = $1 and name = $2`;
    await this.source.query(sql, [operationId, step, ...values]);
  }
}
