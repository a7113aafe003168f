import { STEP_HEADER, type StepTag } from '@bulkhead/definitions';
import { BulkheadError, newId } from '@bulkhead/kernel';
import { createLogger } from '@bulkhead/runtime';
import { openControlDatabase } from '@bulkhead/store';
import { startTestPostgres, type TestDatabase } from '@bulkhead/store/testing';
import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure, defaultPayloadConverter } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { controlActivities } from './control.activities.js';
import type { Dependencies } from './dependencies.js';
import { StepInterceptor } from './step-interceptor.js';
import { StepProgress } from './step-progress.js';

const CANARY = 'hunter2-canary';
const logger = createLogger({ name: 'test', level: 'silent' });
let database: TestDatabase;
let source: DataSource;
let superuser: pg.Client;
let tag: StepTag;

beforeAll(async () => {
  database = await startTestPostgres();
  source = await openControlDatabase(database.workerUrl, 2);
  superuser = new pg.Client({ connectionString: database.superuserUrl });
  await superuser.connect();
});
afterAll(async () => {
  await source?.destroy();
  await superuser?.end();
  await database?.stop();
});

beforeEach(async () => {
  tag = { operationId: newId('operation'), step: 'set_up_billing', phase: 'do' };
  await superuser.query(
    `insert into control.operations (id, kind, subject_id, state, input, requested_by) values ($1, 'tenant.onboard', $1, 'running', '{}', 'user:test')`,
    [tag.operationId],
  );
  await superuser.query(
    `insert into control.operation_steps (operation_id, name, ordinal, state) values ($1, $2, 1, 'pending')`,
    [tag.operationId, tag.step],
  );
});

interface Run {
  readonly attempt?: number;
  readonly phase?: StepTag['phase'];
  readonly progress?: StepProgress;
  readonly environment?: MockActivityEnvironment;
}

/** Runs an activity of the step as the worker does, with three attempts at most. */
function run(
  work: () => Promise<unknown>,
  { attempt = 1, phase = 'do', progress, environment }: Run = {},
): Promise<unknown> {
  const mock =
    environment ??
    new MockActivityEnvironment(
      { attempt, retryPolicy: { maximumAttempts: 3 } },
      { logger: new DefaultLogger('ERROR') },
    );
  return mock.run(() => {
    const interceptor = new StepInterceptor(Context.current(), progress ?? new StepProgress(source), logger);
    const headers = { [STEP_HEADER]: defaultPayloadConverter.toPayload({ ...tag, phase }) };
    return interceptor.execute({ args: [], headers }, work);
  });
}

async function row(): Promise<Record<string, unknown>> {
  const { rows } = await superuser.query('select * from control.operation_steps where operation_id = $1', [
    tag.operationId,
  ]);
  return rows[0] as Record<string, unknown>;
}

const refusal = (retryable: boolean) =>
  new BulkheadError({
    code: 'provider_failed',
    status: 502,
    retryable,
    publicMessage: 'The bucket could not be made.',
    remediation: 'Look at the provider.',
    cause: new Error(CANARY),
  });

/** Everything that Temporal would keep of an error. */
function kept(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { details } = error as ApplicationFailure;
  return `${error.name} ${error.message} ${error.stack ?? ''} ${JSON.stringify(details)} ${error.cause ? kept(error.cause) : ''}`;
}

describe('a step’s row', () => {
  it('is running with its attempt while the activity runs, and succeeded afterwards', async () => {
    let during: Record<string, unknown> = {};
    await run(async () => void (during = await row()), { attempt: 2 });
    expect(during).toMatchObject({ state: 'running', attempt: 2, finished_at: null });
    expect(await row()).toMatchObject({ state: 'succeeded', waiting_for: null, finished_at: expect.any(Date) });
  });

  it('is compensated once the activity that takes it back has run', async () => {
    await run(async () => undefined, { phase: 'undo' });
    expect(await row()).toMatchObject({ state: 'compensated' });
  });

  it('waits for the next try, with the reason, when its error may pass', async () => {
    await expect(run(() => Promise.reject(refusal(true)))).rejects.toMatchObject({
      type: 'provider_failed',
      nonRetryable: false,
    });
    expect(await row()).toMatchObject({
      state: 'waiting',
      error: { code: 'provider_failed', message: 'The bucket could not be made.' },
    });
  });

  it('has failed when its error will not pass, and when the tries are used up', async () => {
    await expect(run(() => Promise.reject(refusal(false)))).rejects.toMatchObject({ nonRetryable: true });
    expect(await row()).toMatchObject({ state: 'failed' });
    await expect(run(() => Promise.reject(refusal(true)), { attempt: 3 })).rejects.toMatchObject({
      nonRetryable: false,
    });
    expect(await row()).toMatchObject({ state: 'failed' });
  });
});

it('no step of an operation that was taken back still says that it waits', async () => {
  const progress = new StepProgress(source);
  const failure = { code: 'provider_failed', message: 'No.', remediation: 'Mend it.' };
  await progress.waiting(tag, failure, 'an operator');
  const commands: object[] = [];
  const gate = { execute: async (command: object) => void commands.push(command) };
  const activities = controlActivities({ gate, progress } as unknown as Dependencies);
  await activities.reportOperation({ operationId: tag.operationId, state: 'failed', error: failure });
  expect(await row()).toMatchObject({ state: 'failed', waiting_for: null, error: { code: 'provider_failed' } });
  expect(commands).toHaveLength(1);
});

describe('what enters Temporal’s history', () => {
  it('is the public text of our own errors, with what to do, and not their cause', async () => {
    const error = await run(() => Promise.reject(refusal(false))).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      message: 'The bucket could not be made.',
      details: [{ remediation: 'Look at the provider.' }],
    });
    expect(kept(error)).not.toContain(CANARY);
  });

  it('is nothing of an error that is not ours, which is tried again', async () => {
    const error = await run(() => Promise.reject(new Error(`password ${CANARY} refused`))).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ type: 'internal', nonRetryable: false });
    expect(kept(error)).not.toContain(CANARY);
    expect(JSON.stringify(await row())).not.toContain(CANARY);
  });

  it('is the step’s own failure when its row cannot be written, and nothing of the database’s', async () => {
    class Broken extends StepProgress {
      override failed(): Promise<void> {
        return Promise.reject(new Error(`postgres://worker:${CANARY}@db is gone`));
      }
    }
    const error = await run(() => Promise.reject(refusal(false)), { progress: new Broken(source) }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ type: 'provider_failed', nonRetryable: true });
    expect(kept(error)).not.toContain(CANARY);
  });

  it('is a cancellation, whatever the cancelled work threw', async () => {
    const environment = new MockActivityEnvironment({ attempt: 1 }, { logger: new DefaultLogger('ERROR') });
    const running = run(
      async () => {
        environment.cancel();
        throw refusal(false);
      },
      { environment },
    );
    await expect(running).rejects.toBeInstanceOf(CancelledFailure);
    expect(await row()).toMatchObject({ state: 'failed', error: { code: 'cancelled' } });
  });
});
