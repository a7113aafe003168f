import { jest } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { Socket, type AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AWS_TIME_LIMITS, waitFor } from '@bulkhead/kernel';
import { TenantClients } from './tenant-clients.js';
import type { TenantLayer } from './tenant-layers.js';
import { TenantSessions } from './tenant-sessions.js';

// An AWS that takes requests, and answers when the test says so.

/** How often the SDK asks, and the longest that it pauses in between, milliseconds. */
const TRIES = 3;
const PAUSE_MS = 1_000;
const layer = {
  tenantId: 'ten_a',
  layer: 'storage',
  bindingId: 'bnd_1',
  epoch: 1,
  place: { keyArn: 'arn:aws:kms:eu-central-1:000000000000:key/1', access: { roleArn: 'role', externalId: 'cell' } },
} as unknown as TenantLayer<'storage'>;
const credentials = { accessKeyId: 'a', secretAccessKey: 's', sessionToken: 't', expiration: new Date(4e12) };

let server: Server;
let sessions: TenantSessions;
let s3: TenantClients<S3Client>;
let sqs: TenantClients<SQSClient>;
const asked: ServerResponse[] = [];

beforeAll(async () => {
  server = createServer((_, response) => asked.push(response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  sessions = new TenantSessions({ region: 'eu-central-1', endpoint, credentials });
  s3 = new TenantClients(sessions, (config) => new S3Client({ ...config, forcePathStyle: true }));
  sqs = new TenantClients(sessions, (config) => new SQSClient(config));
});
afterAll(async () => {
  for (const one of [sessions, s3, sqs]) one.close();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});
beforeEach(() => {
  asked.length = 0;
  // Only the timers, by which the SDK limits and pauses, are the test's; connections are real.
  jest.useFakeTimers({ doNotFake: ['Date', 'performance', 'nextTick', 'setImmediate', 'queueMicrotask'] });
});
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

const requests = (count: number) => waitFor('a request', () => asked.length === count, { intervalMs: 5 });
const getObject = () => s3.clientFor(layer, credentials).send(new GetObjectCommand({ Bucket: 'bucket', Key: 'key' }));

it.each([
  ['request to a service', getObject],
  ['session', () => sessions.credentials(layer, [])],
])('a %s that is never answered is given up', async (_, ask) => {
  let error: Error | undefined;
  const ended = ask().catch((thrown: Error) => (error = thrown));
  for (let tries = 1; tries <= TRIES; tries++) {
    await requests(tries);
    expect(error).toBeUndefined();
    await jest.advanceTimersByTimeAsync(AWS_TIME_LIMITS.requestTimeout);
    await jest.advanceTimersByTimeAsync(PAUSE_MS);
  }
  await ended;
  expect([error?.name, (error?.cause as Error | undefined)?.name]).toContain('TimeoutError');
});

it('an answer that stops in the middle is given up', async () => {
  // oxlint-disable-next-line typescript/unbound-method -- it is called with the socket it belongs to
  const { setTimeout } = Socket.prototype;
  // These timers are Node's own: the limit is made short instead.
  jest.spyOn(Socket.prototype, 'setTimeout').mockImplementation(function (this: Socket, ms, ...rest) {
    return setTimeout.call(this, ms === AWS_TIME_LIMITS.socketTimeout ? 20 : ms, ...rest);
  });
  const answered = getObject();
  await requests(1);
  asked[0]?.writeHead(200, { 'content-length': '100' }).write('begun');
  const { Body } = await answered;
  const read = buffer(Body as Readable);
  await jest.advanceTimersByTimeAsync(AWS_TIME_LIMITS.requestTimeout);
  await expect(read).rejects.toMatchObject({ name: 'TimeoutError' });
});

it('the longest wait for messages is not cut off', async () => {
  const QueueUrl = 'https://sqs.eu-central-1.amazonaws.com/000000000000/queue';
  const waiting = sqs.clientFor(layer, credentials).send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
  await requests(1);
  await jest.advanceTimersByTimeAsync(20_000);
  asked[0]?.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end('{"Messages":[]}');
  expect(await waiting).toMatchObject({ Messages: [] });
  expect(asked).toHaveLength(1);
});
