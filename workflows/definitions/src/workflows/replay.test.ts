import { readFileSync, readdirSync } from 'node:fs';
import { DefaultLogger, Runtime, Worker, makeTelemetryFilterString } from '@temporalio/worker';
import { workflowBundle } from '@bulkhead/definitions/bundle';
import { HISTORIES } from '../testing/histories-folder.js';

const recorded = readdirSync(HISTORIES).filter((name) => name.endsWith('.json'));

beforeAll(() => {
  const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter } },
    shutdownSignals: [],
  });
});

it('there is a recording of each workflow', () => {
  const types = recorded.map(
    (name) => /workflowType": \{\s*"name": "(\w+)"/.exec(readFileSync(new URL(name, HISTORIES), 'utf8'))?.[1],
  );
  expect(new Set(types)).toEqual(
    new Set([
      'onboardTenant',
      'applyChange',
      'cellRosters',
      'createCell',
      'applyLandingZone',
      'applyFleetPlan',
      'detectDrift',
      'remedyDrift',
      'requestDriftRun',
      'proveIsolation',
      'requestIsolationProof',
    ]),
  );
});

it.each(recorded)('today’s code takes the same decisions as the run recorded in %s', async (name) => {
  const { workflowId, history } = JSON.parse(readFileSync(new URL(name, HISTORIES), 'utf8')) as {
    workflowId: string;
    history: unknown;
  };
  const replay = Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history, workflowId);
  await expect(replay).resolves.toBeUndefined();
});
