import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { ApiFixture } from '@bulkhead/api/testing';
import type { IdentityProvider } from '@bulkhead/local';
import { enterCode, startTestIdentityProvider } from '@bulkhead/local/testing';
import { decodeJwt } from 'jose';
import { Cli, type Running } from './testing/run-cli.js';
import { ScriptedProvider } from './testing/scripted-provider.js';
import { serveApi } from './testing/served-api.js';

let cli: Cli;
beforeEach(() => {
  cli = new Cli({}, true);
});
afterEach(() => cli.remove());

const kept = () => JSON.parse(readFileSync(cli.contexts, 'utf8')).contexts.default.credential;
/** As if time had passed. */
const expire = () => {
  const contexts = JSON.parse(readFileSync(cli.contexts, 'utf8'));
  contexts.contexts.default.credential.expiresAt = new Date(0).toISOString();
  writeFileSync(cli.contexts, JSON.stringify(contexts));
};

describe('with a real identity provider', () => {
  let provider: IdentityProvider;
  let api: ApiFixture;
  let url: string;
  beforeAll(async () => {
    provider = await startTestIdentityProvider();
    ({ api, url } = await serveApi({ oidcIssuer: provider.issuer }));
  });
  afterAll(async () => {
    await api.stop();
    await provider.close();
  });

  const codeOf = async (running: Running): Promise<[string, string]> => {
    await running.says('Waiting for at most 10 minutes');
    const [, address = '', code = ''] = /open (\S+) in a browser and enter the code (\S+)/.exec(running.stderr) ?? [];
    return [address, code];
  };
  const signIn = async (user: string): Promise<void> => {
    const running = cli.start(['login', '--url', url]);
    await enterCode(...(await codeOf(running)), user);
    expect(await running.ended).toMatchObject({ code: 0, stdout: '' });
  };

  it('a person signs in with a browser, knowing nothing but the API’s address', async () => {
    await signIn('platform-admin');
    expect(statSync(cli.contexts).mode & 0o777).toBe(0o600);
    expect(existsSync(`${cli.contexts}.lock`)).toBe(false);
    expect(await cli.json('tiers', 'list')).toHaveLength(4);
    const findings = await cli.json('doctor');
    expect(findings.at(-1)).toEqual(expect.objectContaining({ check: 'roles', ok: true, detail: 'platform-admin' }));
    expect(await cli.json('contexts', 'get')).toEqual({ name: 'default', url, credential: 'signed-in', current: true });
  });

  it('the token is renewed when it has expired, once for all commands that run', async () => {
    await signIn('auditor');
    const first = kept();
    expire();
    const ended = await Promise.all([1, 2, 3].map(() => cli.run(['tiers', 'list', '-o', 'name'])));
    expect(ended.map(({ code, stderr }) => `${code}${stderr}`)).toEqual(['0', '0', '0']);
    const second = kept();
    expect(second.refreshToken).not.toBe(first.refreshToken);
    expect(decodeJwt(second.accessToken)).toMatchObject({ sub: 'auditor', roles: ['auditor'] });
    expect((await cli.run(['tiers', 'list'])).code).toBe(0);
  });

  it('signing out ends the tokens at the provider, and the next login needs no address', async () => {
    await signIn('auditor');
    const before = readFileSync(cli.contexts, 'utf8');
    expect(await cli.run(['logout'])).toEqual({ code: 0, stdout: '', stderr: 'Signed out of context default.\n' });
    expect(readFileSync(cli.contexts, 'utf8')).not.toMatch(/eyJ|refreshToken/);
    const { code, stderr } = await cli.run(['tiers', 'list']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('sign in: bulkhead login')]);
    writeFileSync(cli.contexts, before);
    expire();
    expect(await cli.run(['tiers', 'list'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^Error: The sign-in of context default has ended\.\nSign in again: bulkhead login/,
      ),
    });
    const again = cli.start(['login']);
    await enterCode(...(await codeOf(again)), 'auditor');
    expect(await again.ended).toMatchObject({ code: 0, stderr: expect.stringContaining(`Signed in to ${url};`) });
  });

  it('signing in again ends what was signed in before', async () => {
    await signIn('auditor');
    const before = readFileSync(cli.contexts, 'utf8');
    await signIn('platform-admin');
    expect((await cli.run(['tiers', 'list'])).code).toBe(0);
    writeFileSync(cli.contexts, before);
    expire();
    expect((await cli.run(['tiers', 'list'])).stderr).toContain('The sign-in of context default has ended.');
  });

  it('somebody who says no is believed', async () => {
    const running = cli.start(['login', '--url', url]);
    await enterCode(...(await codeOf(running)), 'no');
    expect(await running.ended).toMatchObject({ code: 1, stderr: expect.stringContaining('somebody said no') });
    expect(existsSync(cli.contexts)).toBe(false);
  });

  it('Ctrl-C gives up and keeps nothing', async () => {
    const running = cli.start(['login', '--url', url]);
    await codeOf(running);
    running.interrupt();
    expect(await running.ended).toMatchObject({
      code: 130,
      stderr: expect.stringContaining('Interrupted. Nobody was signed in.'),
    });
    expect(existsSync(cli.contexts)).toBe(false);
  });

  it.each([
    ['CI is set', [], { CI: 'true' }],
    ['--no-input was given', ['--no-input'], {}],
  ])('nobody is waited for where %s', async (why, more, env) => {
    const ended = await cli.run(['login', '--url', url, ...more], { env });
    expect(ended).toEqual({
      code: 1,
      stdout: '',
      stderr:
        `Error: Signing in with a browser needs a person, and ${why}.\n` +
        'Set BULKHEAD_URL and BULKHEAD_TOKEN or BULKHEAD_API_KEY; no login is needed then. To keep one: --secret-stdin.\n',
    });
  });

  it('nobody is waited for where there is no terminal', async () => {
    const unattended = new Cli();
    const ended = await unattended.run(['login', '--url', url, '--timeout', '1s']).finally(() => unattended.remove());
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining('a person, and there is no terminal.') });
  });

  it('an unknown client is refused in words', async () => {
    const ended = await cli.run(['login', '--url', url, '--client-id', 'nobody']);
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining('it does not accept this client') });
  });
});

describe('with a provider that is slow or in trouble', () => {
  let provider: ScriptedProvider;
  let api: ApiFixture;
  let url: string;
  beforeAll(async () => {
    provider = await ScriptedProvider.start();
    ({ api, url } = await serveApi());
  });
  afterAll(async () => {
    await api.stop();
    await provider.stop();
  });
  const login = (...more: string[]) => cli.run(['login', '--url', url, '--issuer', provider.issuer, ...more]);

  it('asks no faster than it is told to, and slower once it is told so', async () => {
    const granted = { access_token: await api.issuer.token(), token_type: 'bearer', expires_in: 300 };
    provider.answersTokens({ error: 'authorization_pending' }, { error: 'slow_down' }, granted);
    expect(await login()).toMatchObject({ code: 0, stderr: expect.stringContaining('gives no refresh token') });
    const [first = 0, second = 0, third = 0] = provider.askedAt;
    expect(second - first).toBeGreaterThanOrEqual(190);
    expect(third - second).toBeGreaterThanOrEqual(5_000);
  });

  it('outlasts a lost connection', async () => {
    const granted = { access_token: await api.issuer.token(), token_type: 'bearer' };
    provider.answersTokens('hang up', granted);
    expect(await login()).toMatchObject({ code: 0 });
  });

  it('says that the code has expired, and that the wait was too long, with the exit code of a timeout', async () => {
    provider.answersTokens({ error: 'expired_token' });
    const said = expect.stringContaining('Nobody entered the code in time.');
    expect(await login()).toMatchObject({ code: 5, stderr: said });
    provider.answersTokens(...Array.from({ length: 50 }, () => ({ error: 'authorization_pending' })));
    expect(await login('--timeout', '1s')).toMatchObject({ code: 5, stderr: said });
  });

  it.each([
    ['has no device authorization', { device_authorization_endpoint: undefined }, 'it offers no device authorization'],
    ['is another one', { issuer: 'https://another.example' }, 'its discovery document is of another issuer'],
    [
      'sends tokens over an open line',
      { device_authorization_endpoint: 'http://id.example.com/device' },
      'http://id.example.com/device is not an https address',
    ],
  ])('refuses a provider that %s', async (_what, document, message) => {
    provider.document = document;
    expect(await login()).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
    provider.document = {};
  });

  it('names the option where the API does not say whom it trusts', async () => {
    const { code, stderr } = await cli.run(['login', '--url', provider.issuer]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('Name it with --issuer, or sign in with --token.')]);
  });
});
