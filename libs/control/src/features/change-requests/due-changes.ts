import { BulkheadError } from '@bulkhead/kernel';
import type { Command } from '@nestjs/cqrs';
import { WORKER, type CommandGate } from '../../gate/index.js';
import { ApplyChange } from './apply-change.js';
import { ExpireChange, UnscheduleChange } from './change-life.js';
import type { ChangeReader, DueChange } from './change-reader.js';

/** Codes of refusals that pass by themselves: another operation of the tenant is under way. */
const PASSING = new Set(['operation_in_progress']);

/** Applies what is scheduled for today and closes what has expired. Two workers may try: the second finds it done. */
export class DueChanges {
  constructor(
    private readonly changes: Pick<ChangeReader, 'due'>,
    private readonly gate: Pick<CommandGate, 'execute'>,
  ) {}

  /** @returns how many requests were due. */
  async settle(): Promise<number> {
    const due = await this.changes.due();
    for (const change of due) await this.#settleOne(change);
    return due.length;
  }

  async #settleOne({ changeId, quoteHash, what }: DueChange): Promise<void> {
    if (what === 'expire') return void (await this.#send(new ExpireChange(changeId)));
    const refusal = await this.#send(new ApplyChange({ changeId, quoteHash, principal: WORKER }));
    if (!refusal || refusal.retryable || PASSING.has(refusal.code)) return;
    const { code, publicMessage: message, remediation } = refusal;
    // Else it would be refused again and again, and nobody would be told.
    await this.#send(new UnscheduleChange(changeId, { code, message, remediation }));
  }

  async #send(command: Command<unknown>): Promise<BulkheadError | undefined> {
    try {
      await this.gate.execute(command, { principal: WORKER });
      return undefined;
    } catch (error) {
      if (error instanceof BulkheadError) return error;
      throw error;
    }
  }
}
