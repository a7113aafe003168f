import { RecordDrift } from '@bulkhead/control';
import { newId } from '@bulkhead/kernel';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Dependencies } from './dependencies.js';
import { driftActivities } from './drift.activities.js';

// Comparisons take minutes for each stack: a worker that is told to stop must not go on to the next one.

const stacks = ['cell.a', 'cell.b', 'cell.c'];

async function compare(onCompare: (stack: string, environment: MockActivityEnvironment, signal?: AbortSignal) => void) {
  const environment = new MockActivityEnvironment();
  const sent: object[] = [];
  const lines: object[] = [];
  const dependencies = {
    region: 'us-east-1',
    drift: { task: async () => ({ tenantId: null, done: new Set() }), open: async () => [] },
    fleet: {
      names: async () => stacks,
      request: async (stack: string) => ({ request: { stack, spec: { region: 'us-east-1' } }, tenantIds: [] }),
    },
    automation: {
      compare: async ({ stack }: { stack: string }, _known: readonly string[], signal?: AbortSignal) => {
        onCompare(stack, environment, signal);
        signal?.throwIfAborted();
        return { outcome: 'compared', steps: [], upshots: {}, next: [] };
      },
    },
    gate: { execute: async (command: object) => sent.push(command) },
    logger: { info: (_: string, fields: object) => lines.push(fields), warn: () => undefined },
  } as unknown as Dependencies;
  const call = { operationId: newId('operation'), driftRunId: newId('driftRun') };
  const ended: unknown = await environment
    .run((input: typeof call) => driftActivities(dependencies).compareStacks(input), call)
    .catch((error: unknown) => error);
  return { ended, sent, lines };
}

it('looks at each stack once, records them and says which it was', async () => {
  const { ended, sent, lines } = await compare(() => undefined);
  expect(ended).toEqual({ left: 0 });
  expect(sent.map((command) => command.constructor)).toEqual([RecordDrift]);
  expect(lines).toMatchObject(stacks.map((stack) => ({ stack, state: 'compared' })));
});

it('ends with the comparison that is under way when it is cancelled, and says nothing of any stack', async () => {
  const looked: string[] = [];
  const { ended, sent } = await compare((stack, environment, signal) => {
    looked.push(stack);
    if (stack === 'cell.b') environment.cancel();
    expect(signal?.aborted).toBe(stack === 'cell.b');
  });
  expect(ended).toBeInstanceOf(Error);
  expect([looked, sent]).toEqual([['cell.a', 'cell.b'], []]);
});
