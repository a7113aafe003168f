import type { RosterId } from '@bulkhead/kernel';
import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  defineUpdate,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { ROSTERS_CONTINUING, SETTLE_UPDATE, type CellRostersInput, type SettleRequest } from '../contract.js';
import { withDefaults } from '../operation/proxies.js';
import { RosterLine } from '../rosters/roster-line.js';

const settleUpdate = defineUpdate<void, [SettleRequest]>(SETTLE_UPDATE);

/**
 * One for each cell, as long as the cell lives: collects what waits to be registered into or removed from the cell's
 * rosters, and runs each roster for all of its requests at once, as a database commits a group.
 */
export async function cellRosters(input: CellRostersInput): Promise<void> {
  const lines = new Map<RosterId, RosterLine>();
  let continuing = false;
  setHandler(
    settleUpdate,
    async (request: SettleRequest): Promise<void> => {
      let line = lines.get(request.rosterId);
      if (!line) lines.set(request.rosterId, (line = new RosterLine(request.rosterId, withDefaults(input.patience))));
      await line.settle(request);
    },
    {
      validator: (_request: SettleRequest) => {
        if (!continuing) return;
        throw ApplicationFailure.create({
          type: ROSTERS_CONTINUING,
          message: 'The roster workflow is continuing as a new one.',
          nonRetryable: true,
        });
      },
    },
  );
  await condition(() => enough(input, lines));
  continuing = true;
  await condition(allHandlersFinished);
  await continueAsNew<typeof cellRosters>(input);
}

function enough({ runsPerHistory }: CellRostersInput, lines: ReadonlyMap<RosterId, RosterLine>): boolean {
  if (runsPerHistory === undefined) return workflowInfo().continueAsNewSuggested;
  return [...lines.values()].reduce((sum, line) => sum + line.runs, 0) >= runsPerHistory;
}
