import type { ServerResponse } from 'node:http';
import { createClient, type OperationDetail, type StepView } from './index.js';
import { collect } from './testing/collect.js';
import { problem, ScriptedApi } from './testing/scripted-api.js';

let api: ScriptedApi;
// One for each test: a request that was given up may still arrive.
beforeEach(async () => {
  api = await ScriptedApi.start();
});
afterEach(() => api.stop());

const id = 'op_1';
const step = (name: string, ordinal: number, state: StepView['state']): StepView => ({
  ...{ name, ordinal, state, attempt: 1, waitingFor: null, detail: null, error: null },
  ...{ startedAt: null, finishedAt: null },
});
const operation = (state: OperationDetail['state'], steps: StepView[] = []): OperationDetail => ({
  ...{ id, kind: 'tenant.onboard', tenantId: 'ten_1', subjectId: 'ten_1', state, error: null, result: null },
  ...{ requestedBy: 'user:ada', createdAt: '2026-01-01T00:00:00.000Z', steps },
  finishedAt: ['succeeded', 'failed', 'cancelled'].includes(state) ? '2026-01-01T00:00:01.000Z' : null,
});
const event = (name: string, data: object) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
const withoutSteps = ({ steps: _steps, ...rest }: OperationDetail) => rest;

/** Sends these chunks, and then ends in order or breaks the connection. */
const stream =
  (chunks: readonly string[], end: 'end' | 'break' = 'end') =>
  (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const chunk of chunks) response.write(chunk);
    if (end === 'end') response.end();
    else setImmediate(() => response.destroy());
  };

const watch = (options = {}) => {
  const client = createClient({ baseUrl: api.url, apiKey: 'bhk_x', retries: { attempts: 1 } });
  return collect(client.watchOperation(id, { pollMs: 1, ...options }));
};
const summary = (seen: readonly OperationDetail[]) =>
  seen.map(({ state, steps }) => [state, ...steps.map(({ name, state: at }) => `${name} ${at}`)].join(', '));
const paths = () => api.received.map(({ url }) => url.replace('/v1/operations/op_1', '') || '/');

it('tells every change until the end, in the order of the steps', async () => {
  const text = [
    event('operation', withoutSteps(operation('running'))),
    ': still here\n\n',
    event('step', step('second', 2, 'pending')),
    event('step', step('first', 1, 'running')),
    event('operation', withoutSteps(operation('succeeded'))),
    event('step', step('second', 2, 'succeeded')),
    event('end', { state: 'succeeded' }),
  ].join('');
  // Cut in the middle of lines and of characters’ places, as a network does.
  const chunks = text.match(/[^]{1,7}/g) ?? [];
  api.answers({ body: operation('queued') }, stream(chunks));
  expect(summary(await watch())).toEqual([
    'queued',
    'running',
    'running, second pending',
    'running, first running, second pending',
    'succeeded, first running, second succeeded',
  ]);
  expect(paths()).toEqual(['/', '/events']);
});

it('understands every line ending that the standard allows', async () => {
  const text = [event('operation', withoutSteps(operation('succeeded'))), event('end', {})].join('');
  for (const ending of ['\r\n', '\r']) {
    api.answers({ body: operation('running') }, stream([...text.replaceAll('\n', ending)]));
    expect(summary(await watch())).toEqual(['running', 'succeeded']);
    expect(api.received).toHaveLength(2);
  }
});

it('opens a stream again that broke, and misses nothing', async () => {
  api.answers(
    { body: operation('running') },
    stream([event('step', step('first', 1, 'running'))], 'break'),
    { body: operation('running', [step('first', 1, 'succeeded')]) },
    stream([event('operation', withoutSteps(operation('failed'))), event('end', {})]),
  );
  expect(summary(await watch()).at(-1)).toBe('failed, first succeeded');
  expect(paths()).toEqual(['/', '/events', '/', '/events']);
});

it('asks again and again where streams do not get through', async () => {
  const blocked = { status: 502, body: '<html>' };
  api.answers({ body: operation('queued') }, blocked, { body: operation('running') }, 'hang up', {
    body: operation('succeeded'),
  });
  expect(summary(await watch())).toEqual(['queued', 'running', 'succeeded']);
});

it('outlasts a restart of the API, but not for ever', async () => {
  api.answers({ body: operation('running') }, 'hang up', 'hang up', 'hang up', { body: operation('succeeded') });
  expect(summary(await watch())).toEqual(['running', 'succeeded']);
  api.answers({ body: operation('running') }, 'hang up', 'hang up', { body: operation('succeeded') });
  await expect(watch({ outageMs: -1 })).rejects.toMatchObject({ code: 'api_unreachable' });
});

it('ends at once when it is refused, now or later', async () => {
  api.answers(problem(404, 'operation_not_found'));
  await expect(watch()).rejects.toMatchObject({ code: 'operation_not_found' });
  api.answers({ body: operation('running') }, problem(401, 'token_expired'));
  await expect(watch()).rejects.toMatchObject({ code: 'token_expired' });
  expect(api.received).toHaveLength(2);
});

it('ends with the caller’s reason, also while nothing happens', async () => {
  const giving = new AbortController();
  const reason = new Error('enough');
  api.answers({ body: operation('running') }, (response) => {
    response.writeHead(200).write(': waiting\n\n', () => giving.abort(reason));
  });
  await expect(watch({ signal: giving.signal })).rejects.toBe(reason);
});

it('needs no stream for an operation that has ended', async () => {
  api.answers({ body: operation('cancelled') });
  expect(summary(await watch())).toEqual(['cancelled']);
  expect(paths()).toEqual(['/']);
});
