import { statSync } from 'node:fs';
import { CreateKeyCommand, KMSClient, ListKeysCommand } from '@aws-sdk/client-kms';
import { CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { waitFor } from '@bulkhead/kernel';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import pg from 'pg';
import { type Engines, startEngines } from './engines.js';
import { listeningAddresses } from './testing/listening-addresses.js';
import { signIn } from './testing/sign-in.js';
import { makeStackFolder } from './testing/stack-folder.js';

async function query(url: string, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}

describe('engines', () => {
  const { dir, remove } = makeStackFolder();
  let engines: Engines;
  beforeAll(async () => {
    engines = await startEngines({ dir });
  });
  afterAll(async () => {
    await engines.stop();
    remove();
  });

  it('gives the application roles a login that owns nothing and bypasses nothing', async () => {
    const { postgres } = engines;
    for (const url of [postgres.urls.api, postgres.urls.worker]) {
      const { rows } = await query(
        url,
        `SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
                (SELECT count(*)::int FROM pg_database WHERE datdba = r.oid) AS owned
           FROM pg_roles r WHERE rolname = current_user`,
      );
      expect(rows).toEqual([
        {
          rolsuper: false,
          rolbypassrls: false,
          rolcreaterole: false,
          rolcreatedb: false,
          rolreplication: false,
          owned: 0,
        },
      ]);
      await expect(query(url, 'CREATE TABLE mine (a int)')).rejects.toThrow(/permission denied/);
      await expect(query(url.replace('bulkhead_control', 'pulumi_state'), 'SELECT 1')).rejects.toThrow(
        /permission denied/,
      );
    }
    await query(postgres.urls.migrator, 'CREATE TABLE made_by_migrator (a int); DROP TABLE made_by_migrator');
  });

  it('lets the state administrator make throwaway logins and end their sessions', async () => {
    const { stateAdmin } = engines.postgres.urls;
    await query(
      stateAdmin,
      "CREATE ROLE throwaway LOGIN PASSWORD 'short-lived'; GRANT CONNECT ON DATABASE pulumi_state TO throwaway",
    );
    const url = new URL(stateAdmin);
    const session = new pg.Client({
      host: url.hostname,
      port: Number(url.port),
      user: 'throwaway',
      password: 'short-lived',
      database: 'pulumi_state',
    });
    const ended = new Promise((resolve) => session.on('error', resolve));
    await session.connect();
    await query(stateAdmin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'throwaway'");
    expect(String(await ended)).toMatch(/terminat/);
    await query(stateAdmin, 'REVOKE CONNECT ON DATABASE pulumi_state FROM throwaway; DROP ROLE throwaway');
  });

  it('enforces IAM: neither user may make users, the worker may make nothing, the provisioner only what is named as ours', async () => {
    const { endpoint, region, worker, provisioner } = engines.aws;
    const kms = new KMSClient({ endpoint, region, credentials: worker });
    await expect(kms.send(new CreateKeyCommand({}))).rejects.toThrow(/not authorized/);
    for (const credentials of [worker, provisioner]) {
      const iam = new IAMClient({ endpoint, region, credentials });
      await expect(iam.send(new CreateUserCommand({ UserName: 'intruder' }))).rejects.toThrow(/not authorized/);
    }
    const queue = new CreateQueueCommand({ QueueName: 'not-ours' });
    await expect(new SQSClient({ endpoint, region, credentials: provisioner }).send(queue)).rejects.toThrow(
      /not authorized/,
    );
    const stranger = new KMSClient({ endpoint, region, credentials: { ...worker, secretAccessKey: 'guessed' } });
    await expect(stranger.send(new ListKeysCommand({}))).rejects.toThrow(/signature/);
  });

  it('lets services read serving logins, queue workers also consumers’, the fleet migrator migrators’, and nobody more', async () => {
    const { endpoint, region, root, workload, consumer, migrator } = engines.aws;
    const as = (credentials: typeof root) => new SecretsManagerClient({ endpoint, region, credentials });
    for (const login of ['serving', 'consumer', 'migrator', 'tenant/other']) {
      await as(root).send(new CreateSecretCommand({ Name: `bulkhead/cel_1/${login}`, SecretString: login }));
    }
    const read = async (credentials: typeof root, login: string) =>
      (await as(credentials).send(new GetSecretValueCommand({ SecretId: `bulkhead/cel_1/${login}` }))).SecretString;
    expect(await read(workload, 'serving')).toBe('serving');
    expect(await read(migrator, 'migrator')).toBe('migrator');
    for (const login of ['serving', 'consumer']) expect(await read(consumer, login)).toBe(login);
    for (const login of ['consumer', 'migrator', 'tenant/other'])
      await expect(read(workload, login)).rejects.toThrow(/not authorized/);
    for (const login of ['migrator', 'tenant/other'])
      await expect(read(consumer, login)).rejects.toThrow(/not authorized/);
    for (const login of ['serving', 'consumer', 'tenant/other'])
      await expect(read(migrator, login)).rejects.toThrow(/not authorized/);
  });

  it('issues access tokens with the roles of the demo user, verifiable by discovery', async () => {
    const { identity } = engines;
    const discovery = (await (await fetch(`${identity.issuer}/.well-known/openid-configuration`)).json()) as {
      jwks_uri: string;
    };
    const keys = createRemoteJWKSet(new URL(discovery.jwks_uri));
    const expected = { issuer: identity.issuer, audience: 'bulkhead-api' };
    const admin = await jwtVerify(await identity.token('platform-admin'), keys, expected);
    expect(admin.payload).toMatchObject({ sub: 'platform-admin', roles: ['platform-admin'] });
    const nobody = await jwtVerify(await identity.token('no-role'), keys, expected);
    expect(nobody.payload.roles).toEqual([]);
    const refused = await fetch(`${identity.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa('platform-admin:wrong')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    expect(refused.status).toBe(401);
  });

  it('signs a person in as a demo user without a password (authorization code with PKCE)', async () => {
    const { issuer } = engines.identity;
    const login = await signIn(issuer, 'auditor');
    expect(decodeJwt(login.access_token)).toMatchObject({
      sub: 'auditor',
      roles: ['auditor'],
      aud: 'bulkhead-api',
      iss: issuer,
    });
  });

  it('listens on the loopback interface only and keeps secrets readable by the owner only', () => {
    const pids = [engines.postgres.process, engines.temporal.process, engines.aws.process].map((part) => part.pid);
    expect(listeningAddresses([...pids, process.pid] as number[])).toEqual(['127.0.0.1']);
    for (const file of ['secrets.json', 'audit-signing-key.pem', 'pulumi-passphrase', 'identity-signing-key.json']) {
      expect([file, statSync(`${dir}/${file}`).mode & 0o777]).toEqual([file, 0o600]);
    }
  });

  it('refuses a second start on the same folder in words', async () => {
    await expect(startEngines({ dir })).rejects.toMatchObject({
      code: 'local_stack_running',
      publicMessage: expect.stringContaining(`process ${process.pid}`),
    });
  });

  it('brings back a killed part on the same address with its state', async () => {
    const { temporal, postgres } = engines;
    await query(postgres.urls.migrator, 'CREATE TABLE kept (a int); INSERT INTO kept VALUES (7)');
    await postgres.process.kill();
    await temporal.process.kill();
    await Promise.all([postgres.process.start(), temporal.process.start()]);
    expect((await query(postgres.urls.migrator, 'SELECT a FROM kept')).rows).toEqual([{ a: 7 }]);
  });

  it('suspends and resumes the emulator', async () => {
    const { aws } = engines;
    const ask = () => fetch(`${aws.endpoint}/_ministack/health`, { signal: AbortSignal.timeout(500) });
    aws.process.suspend();
    await expect(ask()).rejects.toThrow(/timeout/);
    aws.process.resume();
    await waitFor('the emulator', async () => (await ask()).ok);
  });
});
