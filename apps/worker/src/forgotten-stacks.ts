import type { Dependencies } from '@bulkhead/activities';
import { RecordStack, WORKER } from '@bulkhead/control';
import { FleetStackEntity } from '@bulkhead/store';
import type { DataSource } from 'typeorm';

/**
 * Records the state of stacks that no run has recorded: those of releases that did not, and of a worker that died
 * between a run and its record. Nothing is concluded from how they were made.
 * @returns how many there were.
 */
export async function recordForgottenStacks(
  { automation, gate }: Pick<Dependencies, 'automation' | 'gate'>,
  source: DataSource,
): Promise<number> {
  const rows = await source.manager.find(FleetStackEntity, { select: { stack: true } });
  const known = new Set(rows.map(({ stack }) => stack));
  const forgotten = (await automation.listStacks()).filter((stack) => !known.has(stack));
  for (const stack of forgotten) {
    const state = await automation.recordedState(stack);
    const command = state && new RecordStack({ stack, state, appliedDigest: null, unlessKnown: true });
    if (command) await gate.execute(command, { principal: WORKER });
  }
  return forgotten.length;
}
