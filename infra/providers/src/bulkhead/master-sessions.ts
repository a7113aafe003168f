import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { setTimeout as delay } from 'node:timers/promises';
import { BulkheadError, isLoopback, Redacted } from '@bulkhead/kernel';
import pg from 'pg';
import type { AwsClients } from '../aws/clients.js';
import { callSignal } from '../protocol/calls.js';
import { isAbsent } from '../protocol/failure.js';

/** How long a master login is taken from memory before it is read again, milliseconds. */
const LOGIN_TTL_MS = 30_000;
/** An unused connection is closed after this, milliseconds: it would keep the database from being dropped. */
const IDLE_MS = 5_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** Master connections into one database; a roster registers 50 bindings over them. */
const MAX_CONNECTIONS = 5;

/** A database server and where the login of its master is. */
export interface Server {
  readonly host: string;
  readonly port: number;
  readonly masterSecretArn: string;
}

interface Login {
  readonly user: string;
  readonly password: Redacted;
  readonly readAt: number;
}

/** The server cannot exist any more: its name or the secret that RDS keeps for it is gone. */
export class ServerGone extends BulkheadError {
  constructor(server: Server, cause: unknown) {
    super({
      code: 'server_gone',
      status: 404,
      publicMessage: `The database server at ${server.host}:${server.port} is gone, or its master secret is.`,
      remediation: 'Bring the server back, or refresh the stack so that what was in it is forgotten.',
      cause,
    });
    this.name = 'ServerGone';
  }
}

/** TLS wherever the traffic leaves the host. RDS's certificate authority comes by NODE_EXTRA_CA_CERTS. */
export function tlsFor(host: string): { ssl: boolean } {
  return { ssl: !isLoopback(host) };
}

/** Connections as the master of database servers, pooled for each server, database and role. */
export class MasterSessions {
  readonly #clients: AwsClients;
  readonly #logins = new Map<string, Login>();
  readonly #pools = new Map<string, pg.Pool>();

  constructor(clients: AwsClients) {
    this.#clients = clients;
  }

  /**
   * Runs `work` on a connection of the master, acting as `role` when one is given. Waits for a server that does not
   * answer yet, at most `waitMs`, and reads the login again when it was refused: RDS may just have rotated it.
   * @throws ServerGone when the server cannot exist any more.
   */
  async run<T>(
    where: { server: Server; database: string; role?: string },
    work: (client: pg.PoolClient) => Promise<T>,
    waitMs = 60_000,
  ): Promise<T> {
    const client = await this.#connect(where, Date.now() + waitMs);
    try {
      const result = await work(client);
      client.release();
      return result;
    } catch (error) {
      // The connection may be in the middle of a transaction.
      client.release(true);
      throw error;
    }
  }

  /** Closes the connections into a database, e.g. before it is dropped. */
  async leave(server: Server, database: string): Promise<void> {
    const prefix = `${server.host}:${server.port}/${database}/`;
    const leaving = [...this.#pools].filter(([key]) => key.startsWith(prefix));
    for (const [key] of leaving) this.#pools.delete(key);
    await Promise.all(leaving.map(([, pool]) => pool.end()));
  }

  async #connect(where: { server: Server; database: string; role?: string }, deadline: number): Promise<pg.PoolClient> {
    const { server } = where;
    let refused = false;
    for (;;) {
      callSignal()?.throwIfAborted();
      const login = await this.#login(server);
      try {
        return await this.#pool(where, login).connect();
      } catch (error) {
        const { code } = error as { code?: string };
        if (code === 'ENOTFOUND') throw new ServerGone(server, error);
        if (code === '28P01' && !refused) refused = true;
        else if (!isStarting(error) || Date.now() > deadline) throw error;
        else await delay(200);
        // Read again: the password may have been rotated, and a secret that is gone tells that the server is.
        this.#logins.delete(server.masterSecretArn);
        await this.leave(server, where.database);
      }
    }
  }

  async #login(server: Server): Promise<Login> {
    const known = this.#logins.get(server.masterSecretArn);
    if (known !== undefined && Date.now() - known.readAt < LOGIN_TTL_MS) return known;
    const value = await this.#clients.secrets
      .send(new GetSecretValueCommand({ SecretId: server.masterSecretArn }))
      .catch((error: unknown) => {
        throw isAbsent(error) || isScheduledForDeletion(error) ? new ServerGone(server, error) : error;
      });
    const { username, password } = JSON.parse(value.SecretString ?? '{}') as { username?: string; password?: string };
    if (username === undefined || password === undefined) throw unreadableSecret(server);
    const login = { user: username, password: new Redacted(password), readAt: Date.now() };
    this.#logins.set(server.masterSecretArn, login);
    return login;
  }

  #pool({ server, database, role }: { server: Server; database: string; role?: string }, login: Login): pg.Pool {
    const key = `${server.host}:${server.port}/${database}/${role ?? ''}`;
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    const pool = new pg.Pool({
      host: server.host,
      port: server.port,
      database,
      user: login.user,
      password: login.password.reveal(),
      ...tlsFor(server.host),
      max: MAX_CONNECTIONS,
      idleTimeoutMillis: IDLE_MS,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      allowExitOnIdle: true,
      application_name: 'bulkhead-provider',
      // The role holds for the whole session and needs no trip of its own.
      ...(role === undefined ? {} : { options: `-c role=${role}` }),
    });
    // A connection that the server ends while it idles is no failure: the next use opens another one.
    pool.on('error', () => undefined);
    this.#pools.set(key, pool);
    return pool;
  }
}

/** Refused connections and "the database system is starting up" end by themselves. */
function isStarting(error: unknown): boolean {
  const { code, message = '' } = error as { code?: string; message?: string };
  if (['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', '57P03', '57P01'].includes(code ?? '')) return true;
  return /timeout exceeded when trying to connect|Connection terminated/.test(message);
}

function isScheduledForDeletion(error: unknown): boolean {
  const { name = '', message = '' } = error as { name?: string; message?: string };
  return name === 'InvalidRequestException' && /deletion|deleted/i.test(message);
}

function unreadableSecret(server: Server): BulkheadError {
  return new BulkheadError({
    code: 'master_secret_unreadable',
    status: 502,
    publicMessage: `The master secret of ${server.host}:${server.port} holds no username and password.`,
    remediation: 'Let RDS manage the master password (manageMasterUserPassword), or mend the secret.',
  });
}
