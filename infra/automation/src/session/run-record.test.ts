import type { EngineEvent } from '@pulumi/pulumi/automation/index.js';
import { RunRecord } from './run-record.js';
import type { ProgramEvent } from './messages.js';

const urn = 'urn:pulumi:s::bulkhead::bulkhead:components:TenantQueue$aws:sqs/queue:Queue::queue-queue';
const stack = 'urn:pulumi:s::bulkhead::pulumi:pulumi:Stack::bulkhead-s';
const base = { sequence: 0, timestamp: 0 };
const diagnose = (of: string, message: string): EngineEvent => ({
  ...base,
  diagnosticEvent: { urn: of, message, color: 'raw', severity: 'error' },
});

function record(events: EngineEvent[], secrets: string[] = []): { run: RunRecord; progress: ProgramEvent[] } {
  const progress: ProgramEvent[] = [];
  const run = new RunRecord(secrets, { begun: () => undefined, progress: (event) => progress.push(event) });
  for (const event of events) run.take(event);
  return { run, progress };
}

test('a failed resource is named with its type and its redacted message', () => {
  const { run } = record(
    [
      { ...base, resOpFailedEvent: { metadata: { urn, op: 'create' } } } as EngineEvent,
      diagnose(urn, 'creating queue: password=hunter2 refused by canary-1'),
      diagnose(stack, 'update failed'),
    ],
    ['canary-1'],
  );
  expect(run.failure('', false)).toEqual({
    reason: 'failed',
    violations: [],
    failures: [
      {
        urn,
        type: 'aws:sqs/queue:Queue',
        name: 'queue-queue',
        message: 'creating queue: password=[redacted] refused by [redacted]',
      },
    ],
    message: 'update failed',
  });
});

test('mandatory violations are listed, advice is not', () => {
  const violation = (enforcementLevel: string): EngineEvent =>
    ({
      ...base,
      policyEvent: { policyName: 'key-rotates', resourceUrn: urn, message: 'Rotation is off.', enforcementLevel },
    }) as EngineEvent;
  const { run } = record([violation('mandatory'), violation('warning')]);
  expect(run.failure('', false).violations).toEqual([{ rule: 'key-rotates', urn, message: 'Rotation is off.' }]);
});

test('a refusal to delete protected state is told from a failure', () => {
  const { run } = record([
    diagnose(urn, `resource "${urn}" cannot be deleted\nbecause it is protected. To unprotect …`),
  ]);
  expect(run.failure('', false).reason).toBe('protected');
});

test('only changes are progress', () => {
  const metadata = (op: string): EngineEvent =>
    ({ ...base, resourcePreEvent: { metadata: { urn, op } } }) as EngineEvent;
  const { progress } = record([metadata('same'), metadata('create')]);
  expect(progress).toEqual([
    { operation: 'create', state: 'started', urn, type: 'aws:sqs/queue:Queue', name: 'queue-queue' },
  ]);
});

test('a command that failed without events gives its error lines only, never its whole output', () => {
  const { run } = record([]);
  const failure = run.failure('stdout: Outputs: key: "canary"\nstderr: error: no such stack\n', false);
  expect(failure.message).toContain('no such stack');
  expect(failure.message).not.toContain('canary');
});
