import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import type { ApiFixture } from '@bulkhead/api/testing';
import { Cli } from './testing/run-cli.js';
import { serveApi } from './testing/served-api.js';

let api: ApiFixture;
let url: string;
let cli: Cli;
beforeAll(async () => {
  ({ api, url } = await serveApi());
});
afterAll(() => api.stop());
beforeEach(() => {
  cli = new Cli();
});
afterEach(() => cli.remove());

const signIn = (more: readonly string[] = [], input = api.adminToken) =>
  cli.run(['login', '--url', url, '--secret-stdin', ...more], { input });

describe('signing in', () => {
  it('keeps a credential that the API accepts, for its owner only', async () => {
    const ended = await signIn();
    expect(ended).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('Signed in to') });
    expect(statSync(cli.contexts).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(cli.contexts)).mode & 0o777).toBe(0o700);
    expect(await cli.json('tiers', 'list')).toHaveLength(4);
  });

  it.each(['wrong-token', 'bhk_wrong-key'])(
    'keeps nothing of a credential that the API refuses: %s',
    async (secret) => {
      const { code, stderr } = await signIn([], secret);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^Error: The (token|API key) is/);
      expect(stderr).not.toContain(secret);
      expect(existsSync(cli.contexts)).toBe(false);
    },
  );

  it('warns when the credential may do nothing', async () => {
    const { code, stderr } = await signIn([], await api.issuer.token({ roles: [] }));
    expect([code, stderr]).toEqual([0, expect.stringContaining('has no role yet')]);
  });

  it('takes the secret from the environment too', async () => {
    const { code } = await cli.run(['login'], { env: { BULKHEAD_URL: url, BULKHEAD_TOKEN: api.adminToken } });
    expect(code).toBe(0);
    expect(await cli.json('tiers', 'list')).toHaveLength(4);
  });

  it('works with an API key that it made itself', async () => {
    await signIn([], await api.issuer.token({ roles: ['platform-admin', 'ci', 'auditor'] }));
    const created = await cli.json('api-keys', 'create', '--name', 'pipeline', '--role', 'ci', '--role', 'auditor');
    expect(created).toMatchObject({ name: 'pipeline', roles: ['ci', 'auditor'], key: expect.stringMatching(/^bhk_/) });
    expect((await signIn(['--context', 'robot'], created.key)).code).toBe(0);
    expect((await cli.json('doctor')).at(-1)).toMatchObject({ check: 'roles', ok: true, detail: 'ci, auditor' });
    expect((await cli.run(['api-keys', 'revoke', created.id, '--context', 'default'])).code).toBe(0);
    const { code, stderr } = await cli.run(['tiers', 'list']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('unknown, expired or revoked')]);
    expect((await cli.json('api-keys', 'list', '--context', 'default'))[0].revokedAt).not.toBeNull();
  });
});

describe('contexts', () => {
  beforeEach(async () => {
    await signIn(['--context', 'one']);
    await signIn(['--context', 'two']);
  });

  it('are listed without their secrets, changed and removed', async () => {
    const listed = await cli.run(['contexts', 'list', '-o', 'json']);
    expect(listed.stdout).not.toContain(api.adminToken);
    expect(JSON.parse(listed.stdout)).toEqual([
      { name: 'one', url, credential: 'token', current: false },
      { name: 'two', url, credential: 'token', current: true },
    ]);
    await cli.run(['contexts', 'use', 'one']);
    await cli.run(['contexts', 'remove', 'two']);
    expect((await cli.run(['contexts', 'list'])).stdout).toMatch(
      /^CURRENT {2}NAME .*\n\* {8}one {3}http.* {2}token\n$/,
    );
    expect(readFileSync(cli.contexts, 'utf8')).not.toContain('two');
  });

  it('that are named on the command line are meant, whatever the environment says', async () => {
    const env = { BULKHEAD_URL: 'http://127.0.0.1:1', BULKHEAD_TOKEN: 'of another installation' };
    expect((await cli.run(['tiers', 'list', '--context', 'one'], { env })).stderr).toBe('');
    const unknown = await cli.run(['tiers', 'list', '--context', 'three'], { env });
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('There is no context "three".')]);
    const again = await cli.run(['login', '--context', 'one', '--secret-stdin'], { env, input: api.adminToken });
    expect(again.stderr).toContain(`Signed in to ${url}; context one`);
  });

  it.each([
    [[], {}, 'context two'],
    [['--context', 'one'], { BULKHEAD_URL: 'http://127.0.0.1:1' }, 'context one'],
    [[], { BULKHEAD_URL: 'http://127.0.0.1:1' }, 'environment'],
    [['--url', 'http://127.0.0.1:1'], {}, 'option --url'],
    [['--url', 'http://127.0.0.1:1'], { BULKHEAD_TOKEN: 'x' }, 'option --url'],
  ])('are told from what else names an address: %j %j', async (more, env, source) => {
    const { stdout } = await cli.run(['doctor', '-o', 'json', ...more], { env });
    expect(JSON.parse(stdout)[0].detail).toMatch(new RegExp(`, from the ${source}$`));
  });

  it.each(['use', 'remove'])('that do not exist cannot be chosen: %s', async (verb) => {
    for (const name of ['three', '__proto__', 'constructor']) {
      const { code, stderr } = await cli.run(['contexts', verb, name]);
      expect([code, stderr]).toEqual([1, expect.stringContaining('There are: one, two.')]);
    }
  });

  it('never lend their credential to another address', async () => {
    const asked: (string | undefined)[] = [];
    const other = createServer((request, response) => {
      asked.push(request.headers.authorization);
      response.end('{}');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    try {
      const elsewhere = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
      const { code, stderr } = await cli.run(['tiers', 'list', '--url', elsewhere]);
      expect([code, stderr]).toEqual([1, expect.stringContaining('There is no credential for')]);
      expect(asked).toEqual([]);
      expect((await cli.run(['tiers', 'list', '--url', `${url}/`])).code).toBe(0);
      expect((await cli.run(['tiers', 'list', '--url', `${url}/v1/`])).code).toBe(0);
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
  });

  it('are not believed once others can read them, nor when they are damaged', async () => {
    chmodSync(cli.contexts, 0o644);
    expect(await cli.run(['tiers', 'list'])).toMatchObject({ code: 1, stderr: expect.stringContaining('chmod 600') });
    mkdirSync(dirname(cli.contexts), { recursive: true });
    for (const text of ['', 'null', '[]', '{"current":1}', '{"current":null,"contexts":{"a":{}}}']) {
      writeFileSync(cli.contexts, text);
      chmodSync(cli.contexts, 0o600);
      expect(await cli.run(['tiers', 'list'])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('cannot be read'),
      });
    }
  });
});

describe('client credentials', () => {
  let provider: Server;
  let issuer: string;
  let claimed: string | undefined;
  beforeAll(async () => {
    provider = createServer((request, response) => void answer(request, response));
    const answer = async (request: IncomingMessage, response: ServerResponse) => {
      response.setHeader('content-type', 'application/json');
      if (request.url === '/.well-known/openid-configuration')
        return response.end(JSON.stringify({ issuer: claimed ?? issuer, token_endpoint: `${issuer}/token` }));
      // RFC 6749, section 2.3.1: form-encoded before they are joined.
      const expected = `Basic ${Buffer.from('ci+runner:s%3Acret').toString('base64')}`;
      if (request.headers.authorization !== expected) return response.writeHead(401).end('{"error":"invalid_client"}');
      return response.end(
        JSON.stringify({
          access_token: await api.issuer.token({ roles: ['ci'] }),
          token_type: 'bearer',
          expires_in: 60,
        }),
      );
    };
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
    issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => provider.close(resolve)));
  beforeEach(() => {
    claimed = undefined;
  });
  const client = (secret: string, address = issuer) =>
    signIn(['--issuer', address, '--client-id', 'ci runner'], secret);

  it('get a fresh token whenever one is needed', async () => {
    expect(await client('s:cret')).toMatchObject({ code: 0 });
    expect(await cli.json('tiers', 'list')).toHaveLength(4);
    expect(readFileSync(cli.contexts, 'utf8')).not.toContain('eyJ');
  });

  it('are refused clearly', async () => {
    expect(await client('wrong')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('it does not accept this client'),
    });
    expect(existsSync(cli.contexts)).toBe(false);
  });

  it('are not sent to an issuer that is not what it says, or not safe', async () => {
    claimed = 'https://another.example';
    expect(await client('s:cret')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is of another issuer'),
    });
    expect(await client('s:cret', 'http://id.example.com')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not an https address'),
    });
    expect(await signIn(['--issuer', issuer])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('A client secret needs --client-id'),
    });
  });
});
