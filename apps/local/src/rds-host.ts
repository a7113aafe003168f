/**
 * The local stand-in for what RDS does with machines: each instance is a real Postgres server process on the loopback
 * interface. The AWS API emulator knows RDS's API but starts no server, so the local `aws` provider calls this host.
 *
 * HTTP, JSON bodies, header `authorization: Bearer <BULKHEAD_LOCAL_RDS_TOKEN>`, base address `BULKHEAD_LOCAL_RDS_URL`:
 *
 * | Call | Body | Answer |
 * |---|---|---|
 * | `PUT /instances/{identifier}` | `{masterUsername, masterPassword, allocatedStorage, engineVersion}` | 200 instance |
 * | `GET /instances/{identifier}` | | 200 instance, or 404 |
 * | `GET /instances` | | 200 `{instances: […]}` |
 * | `POST /instances/{identifier}/master-password` | `{masterPassword}` | 204, or 404 |
 * | `DELETE /instances/{identifier}` | | 204, also when it is absent |
 *
 * An instance is `{identifier, address, port, masterUsername, allocatedStorage, engineVersion, status}`, status
 * `available` or `failed`. PUT answers when the server takes connections. A repeated PUT answers with the instance as
 * it is and changes nothing, its password neither; one with another master name is a 409. Errors are
 * `{errorCode, message}`. Calls for one identifier run one after the other.
 *
 * @module
 */
import { timingSafeEqual } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { BulkheadError } from '@bulkhead/kernel';
import { RdsInstance, type InstanceContext } from './rds-instance.js';

export interface RdsHost {
  readonly url: string;
  readonly token: string;
  /** The instances that exist, with their server processes. */
  instances(): readonly RdsInstance[];
  /** Closes the API. The servers are the supervisor's to stop. */
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

const IDENTIFIER = /^[a-z](?:-?[a-z0-9])*$/;
const USERNAME = /^[a-z_][a-z0-9_]*$/;
const LARGEST_BODY = 64 * 1024;
const PATH = /^\/instances(?:\/([^/]+)(\/master-password)?)?$/;

function refusal(status: number, code: string, message: string): BulkheadError {
  return new BulkheadError({ code, status, publicMessage: message, remediation: 'Mend the call.' });
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > LARGEST_BODY) throw refusal(413, 'body_too_large', 'The body is larger than 64 KB.');
  }
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null) return body as Record<string, unknown>;
  } catch {
    // Said below, without quoting the text: it may hold a password.
  }
  throw refusal(400, 'invalid_json', 'The body is not a JSON object.');
}

function textField(body: Record<string, unknown>, name: string): string {
  const value = body[name];
  if (typeof value === 'string' && value !== '' && value.length <= 128) return value;
  throw refusal(400, 'invalid_field', `${name} must be a text of 1 to 128 characters.`);
}

function view(instance: RdsInstance): unknown {
  return { ...instance.record, address: '127.0.0.1', status: instance.running ? 'available' : 'failed' };
}

class Instances {
  readonly #context: InstanceContext;
  readonly #made = new Map<string, RdsInstance>();
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(context: InstanceContext) {
    this.#context = context;
  }

  all(): readonly RdsInstance[] {
    return [...this.#made.values()];
  }

  /** Starts what earlier runs made, and removes what they left half made. */
  async load(): Promise<void> {
    const names = readdirSync(this.#context.supervisor.folder.path('rds'));
    for (const name of names.filter((entry) => !IDENTIFIER.test(entry))) {
      rmSync(this.#context.supervisor.folder.path('rds', name), { recursive: true, force: true });
    }
    for (const name of names.filter((entry) => IDENTIFIER.test(entry))) {
      const instance = RdsInstance.load(this.#context, name);
      if (instance) this.#made.set(name, instance);
    }
    await Promise.all(this.all().map(async (instance) => await instance.start()));
  }

  get(identifier: string): RdsInstance {
    const instance = this.#made.get(identifier);
    if (!instance) throw refusal(404, 'instance_not_found', `There is no instance ${identifier}.`);
    return instance;
  }

  async put(identifier: string, body: Record<string, unknown>): Promise<RdsInstance> {
    const masterUsername = textField(body, 'masterUsername');
    if (!USERNAME.test(masterUsername) || masterUsername === 'rdsadmin' || masterUsername.startsWith('pg_')) {
      throw refusal(400, 'invalid_field', 'masterUsername is not a name that RDS takes.');
    }
    const masterPassword = textField(body, 'masterPassword');
    const existing = this.#made.get(identifier);
    if (existing && existing.record.masterUsername !== masterUsername) {
      throw refusal(409, 'instance_differs', `The instance ${identifier} exists with another master name.`);
    }
    if (existing?.running) return existing;
    if (existing) {
      await existing.start();
      return existing;
    }
    const { allocatedStorage = 20, engineVersion = '18' } = body;
    if (typeof allocatedStorage !== 'number' || typeof engineVersion !== 'string') {
      throw refusal(400, 'invalid_field', 'allocatedStorage is a number of GiB, engineVersion a text.');
    }
    const wanted = { identifier, masterUsername, allocatedStorage, engineVersion };
    const made = await RdsInstance.create(this.#context, wanted, masterPassword);
    this.#made.set(identifier, made);
    return made;
  }

  async delete(identifier: string): Promise<void> {
    await this.#made.get(identifier)?.destroy();
    this.#made.delete(identifier);
  }

  /** Runs `work` when everything earlier for this identifier is over. */
  async inTurn<T>(identifier: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(identifier) ?? Promise.resolve();
    const own = before.then(work, work);
    this.#turns.set(identifier, own);
    return await own;
  }
}

async function answerInstance(instances: Instances, request: IncomingMessage, identifier: string): Promise<Answer> {
  if (request.method === 'GET') return { status: 200, body: view(instances.get(identifier)) };
  if (request.method === 'PUT')
    return { status: 200, body: view(await instances.put(identifier, await readBody(request))) };
  if (request.method === 'DELETE') {
    await instances.delete(identifier);
    return { status: 204 };
  }
  throw refusal(405, 'method_not_allowed', 'This address takes GET, PUT and DELETE.');
}

async function answer(instances: Instances, request: IncomingMessage): Promise<Answer> {
  const [, identifier, passwordPath] = PATH.exec(request.url ?? '') ?? [];
  if (request.url === '/instances' && request.method === 'GET') {
    return { status: 200, body: { instances: instances.all().map(view) } };
  }
  if (identifier === undefined) throw refusal(404, 'not_found', 'There is nothing at this address.');
  if (!IDENTIFIER.test(identifier) || identifier.length > 63) {
    throw refusal(400, 'invalid_identifier', 'An identifier is 1 to 63 lower-case letters, digits and single hyphens.');
  }
  return await instances.inTurn(identifier, async () => {
    if (passwordPath === undefined) return await answerInstance(instances, request, identifier);
    if (request.method !== 'POST') throw refusal(405, 'method_not_allowed', 'This address takes POST.');
    await instances.get(identifier).setMasterPassword(textField(await readBody(request), 'masterPassword'));
    return { status: 204 };
  });
}

function isAuthorized(request: IncomingMessage, token: string): boolean {
  const given = Buffer.from(request.headers.authorization ?? '');
  const expected = Buffer.from(`Bearer ${token}`);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function failureOf(error: unknown): Answer {
  if (error instanceof BulkheadError) {
    return { status: error.status, body: { errorCode: error.code, message: error.publicMessage } };
  }
  return { status: 500, body: { errorCode: 'internal', message: 'The instance could not be served.' } };
}

function serve(instances: Instances, token: string, log: (line: string) => void): Server {
  return createServer((request: IncomingMessage, response: ServerResponse) => {
    const work = isAuthorized(request, token)
      ? answer(instances, request)
      : Promise.reject(refusal(401, 'unauthenticated', 'The bearer token is missing or wrong.'));
    void work
      .catch((error: unknown) => {
        if (!(error instanceof BulkheadError))
          log(`RDS host: ${request.method} ${request.url} failed: ${String(error)}`);
        return failureOf(error);
      })
      .then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(body === undefined ? undefined : JSON.stringify(body));
      });
  });
}

/**
 * Starts the instances of earlier runs and then the API.
 * @throws BulkheadError when an instance does not start; those that did are the supervisor's to stop.
 */
export async function startRdsHost(
  context: InstanceContext,
  options: { port: number; token: string; log: (line: string) => void },
): Promise<RdsHost> {
  const { port, token, log } = options;
  const instances = new Instances(context);
  await instances.load();
  const server = serve(instances, token, log);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${port}`,
    token,
    instances: () => instances.all(),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
