import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Cli } from './testing/run-cli.js';

const cli = new Cli();
afterAll(() => cli.remove());

/** An address where nobody listens. */
async function freeAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

describe('without an API', () => {
  it('says in one sentence that it cannot be reached, and what to do', async () => {
    const url = await freeAddress();
    const ended = await cli.run(['tenants', 'list'], { env: { BULKHEAD_URL: url, BULKHEAD_TOKEN: 'x' } });
    expect(ended).toEqual({
      code: 1,
      stdout: '',
      stderr:
        `Error: The API at ${url} cannot be reached (ECONNREFUSED).\n` +
        'Check that the address is right and that the API runs, then try again.\n',
    });
  });

  it('tells with --debug what was tried, and never the credential', async () => {
    const env = { BULKHEAD_URL: await freeAddress(), BULKHEAD_TOKEN: 'canary-4711' };
    const { stderr } = await cli.run(['tenants', 'list', '--debug'], { env });
    expect(stderr).toMatch(/GET http:\S+\/v1\/tenants\?limit=\d+ no answer \d+ ms, attempt 4/);
    expect(stderr).toContain('Code api_unreachable');
    expect(stderr).not.toContain('canary');
  });

  it('lets the doctor say what is wrong', async () => {
    const env = { BULKHEAD_URL: await freeAddress() };
    const { code, stdout } = await cli.run(['doctor', '-o', 'json'], { env });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject([
      { check: 'configuration', ok: true },
      { check: 'reachable', ok: false, detail: expect.stringContaining('ECONNREFUSED') },
    ]);
  });

  it('says that something else answers', async () => {
    const server = createServer(
      (_request, response) => void response.setHeader('content-type', 'text/html').end('<html>'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const env = { BULKHEAD_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, BULKHEAD_TOKEN: 'x' };
      const { code, stderr } = await cli.run(['tiers', 'list'], { env });
      expect([code, stderr]).toEqual([1, expect.stringContaining('this may not be the API')]);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

describe('a command line that makes no sense', () => {
  it.each([
    [['tenant', 'list'], "unknown command 'tenant'"],
    [['tenants', 'lst'], '(Did you mean list?)'],
    [['tenants', 'list', '--wrong'], "unknown option '--wrong'"],
    [['tenants', 'list', 'surplus'], 'too many arguments'],
    [['tenants', 'get'], "missing required argument 'tenant'"],
    [['tenants', 'get', ''], 'must not be empty'],
    [['tenants', 'create', '--name', 'A'], "required option '--slug <slug>' not specified"],
    [['tenants', 'list', '-o', 'xml'], 'Allowed choices are table, json, yaml, name'],
    [['tenants', 'list', '--limit', 'many'], 'whole number'],
    [['tenants', 'list', '--limit', '0'], '1 at least'],
    [['tenants', 'list', '--limit', '5', '--all'], 'cannot be used with'],
    [['operations', 'watch', 'op_1', '--timeout', 'soon'], '90s, 15m or 2h'],
    [['audit', 'verify', 'file'], "required option '--key <key>' not specified"],
  ])('%j is refused with exit code 1 and without a stack', async (args, expected) => {
    const { code, stdout, stderr } = await cli.run(args, { env: { BULKHEAD_URL: 'http://127.0.0.1:1' } });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(expected);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it.each([
    [{}, 'The address of the API is not known.'],
    [{ BULKHEAD_URL: 'http://127.0.0.1:1' }, 'There is no credential'],
    [
      { BULKHEAD_URL: 'http://127.0.0.1:1', BULKHEAD_TOKEN: 'x', BULKHEAD_API_KEY: 'y' },
      'Both BULKHEAD_TOKEN and BULKHEAD_API_KEY are set.',
    ],
    [
      { BULKHEAD_URL: 'http://bulkhead.example.com', BULKHEAD_TOKEN: 'x' },
      'http://bulkhead.example.com/ is no address of',
    ],
    [{ BULKHEAD_URL: 'nonsense', BULKHEAD_TOKEN: 'x' }, 'This is no address of an API.'],
  ])('an environment of %j is refused', async (env, expected) => {
    const { code, stdout, stderr } = await cli.run(['tenants', 'list'], { env });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(expected);
  });

  it('never asks without a terminal', async () => {
    const { code, stderr } = await cli.run(['login', '--token', '--url', 'http://127.0.0.1:1']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('There is no access token or API key.')]);
  });

  it('tells its version, and of the preview the whole command', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
    expect(await cli.run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    expect((await cli.run(['preview', '--help'])).stdout).toMatch(/^Usage: bulkhead preview \[options\]/);
  });

  it('shows help on request, as data', async () => {
    const { code, stdout, stderr } = await cli.run(['--help']);
    expect([code, stderr]).toEqual([0, '']);
    for (const noun of [
      'login',
      'contexts',
      'doctor',
      'tenants',
      'operations',
      'tiers',
      'plans',
      'cells',
      'landing-zones',
      'api-keys',
      'audit',
    ])
      expect(stdout).toContain(`\n  ${noun}`);
  });
});
