import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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

it('says of a file that it cannot write which one it is', async () => {
  const ended = await cli.run(['fleet', 'bundle', '--out', 'no/folder/fleet.jsonl']);
  expect(ended.stderr).toBe(
    'Error: no/folder/fleet.jsonl cannot be written (ENOENT).\n' +
      'Check that its folder is there, that you may write to it, and that the disk is not full.\n',
  );
  expect(ended).toMatchObject({ code: 1, stdout: '' });
});

it('is not shown to other roles', async () => {
  const env = { BULKHEAD_TOKEN: await api.issuer.token({ sub: 'sal', roles: ['sales-ops', 'auditor'] }) };
  expect(await cli.run(['fleet', 'bundle'], { env })).toMatchObject({ code: 1, stderr: expect.stringContaining('ci') });
});

describe('the runner of a working tree', () => {
  // What a pull request could make of it: a program that tells all it was given.
  const spy = `
    import { readFileSync } from 'node:fs';
    const at = process.argv.indexOf('--bundle') + 1;
    const lines = readFileSync(process.argv[at], 'utf8').split('\\n').length;
    console.log(JSON.stringify({ env: process.env, args: process.argv.slice(at + 1), lines }));
    process.exitCode = 3;`;
  const tree = (): string => {
    const folder = join(cli.home, 'tree', 'apps', 'preview', 'dist');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(cli.home, 'tree', 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'main.js'), spy);
    return join(cli.home, 'tree');
  };
  const aws = { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_REGION: 'us-east-1' };
  const given = async (args: readonly string[]) => {
    const ended = await cli.run([...args, '--tree', tree()], {
      env: { ...aws, GITHUB_TOKEN: 'ghs_x', SOME_SECRET: 's', BULKHEAD_TOOLS_DIR: '/tools' },
    });
    return { code: ended.code, ...JSON.parse(ended.stdout) };
  };

  it('is given the fleet, and neither the credential that it was read with nor any other', async () => {
    const { code, env, args, lines } = await given([
      'preview',
      '--tenant',
      'a',
      '--output',
      'json=x',
      '--base',
      'main',
    ]);
    expect([code, args]).toEqual([3, ['--base=main', '--tenant=a', '--output=json=x']]);
    expect(lines).toBeGreaterThan(5);
    expect(Object.keys(env).filter((name) => !['PATH', 'HOME', 'TMPDIR', 'CI', 'TERM'].includes(name))).toEqual([
      'BULKHEAD_TOOLS_DIR',
    ]);
  });

  it('that is not built is said to be, and a server that is down is an error before anything runs', async () => {
    const empty = join(cli.home, 'empty');
    expect(await cli.run(['preview', '--tree', empty])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('npm run build'),
    });
    const down = { BULKHEAD_URL: 'http://127.0.0.1:9' };
    const ended = await cli.run(['preview', '--tree', tree()], { env: down });
    expect([ended.code, ended.stdout]).toEqual([1, '']);
  });
});
