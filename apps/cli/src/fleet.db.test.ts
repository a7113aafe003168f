import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiFixture } from '@bulkhead/api/testing';
import { RecordStack } from '@bulkhead/control';
import { recordedState } from '@bulkhead/automation';
import { Cli } from './testing/run-cli.js';
import { serveApi } from './testing/served-api.js';

const SIGNATURE = '4dabf18193072939515e22adb298388d';
const SECRET = '1b47061264138c4ac30d75fd1eb44270';
const canaries = Array.from({ length: 4 }, () => `canary-${randomBytes(12).toString('hex')}`);
const [encrypted, input, output, salt] = canaries;

let api: ApiFixture;
let cli: Cli;
beforeAll(async () => {
  const served = await serveApi();
  api = served.api;
  await api.standUpRegion();
  const token = await api.issuer.token({ sub: 'pipeline', roles: ['ci'] });
  cli = new Cli({ BULKHEAD_URL: served.url, BULKHEAD_TOKEN: token });
  const resource = {
    urn: 'urn:pulumi:landing-zone.us-east-1::bulkhead::aws:sqs/queue:Queue::q',
    type: 'aws:sqs/queue:Queue',
    inputs: {
      name: 'queue-of-the-test',
      tags: { [SIGNATURE]: SECRET, ciphertext: `v1:n:${encrypted}` },
      password: input,
    },
    outputs: { secretKey: output },
  };
  // As Pulumi's checkpoint holds it.
  const deployment = { resources: [resource], secrets_providers: { type: 'passphrase', state: { salt } } };
  const state = recordedState(deployment);
  await api.asWorker(new RecordStack({ stack: 'landing-zone.us-east-1', state, appliedDigest: null }));
});
afterAll(async () => {
  await api.stop();
  cli.remove();
});

it('is bundled for CI whole, with its published tiers, and no secret of any state is in it', async () => {
  const file = join(cli.home, 'fleet.jsonl');
  expect(await cli.run(['fleet', 'bundle', '--out', file])).toMatchObject({ code: 0, stdout: '' });
  const text = readFileSync(file, 'utf8');
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines[0]).toMatchObject({ kind: 'bulkhead-fleet', format: 1 });
  expect(lines.at(-1)).toMatchObject({ kind: 'end', stacks: lines.filter(({ kind }) => kind === 'stack').length });
  expect(lines).toContainEqual(expect.objectContaining({ kind: 'tier', name: 'dedicated', version: 1 }));
  expect(text).toContain('queue-of-the-test');
  for (const canary of canaries) expect([canary, text.includes(canary)]).toEqual([canary, false]);
  expect(text).not.toMatch(/ciphertext|secrets_providers/);
  expect((await cli.run(['fleet', 'bundle'])).stdout.split('\n').slice(1)).toEqual(text.split('\n').slice(1));
});

it('is not shown to other roles', async () => {
  const env = { BULKHEAD_TOKEN: await api.issuer.token({ sub: 'sal', roles: ['sales-ops', 'auditor'] }) };
  expect(await cli.run(['fleet', 'bundle'], { env })).toMatchObject({ code: 1, stderr: expect.stringContaining('ci') });
});
