import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Engines,
  type ManagedProcess,
  runMigrations,
  startApi,
  startEngines,
  startProviders,
  startWorker,
} from '@bulkhead/local';
import pg from 'pg';
import { Api } from './api.js';
import { AwsProxy } from './aws-proxy.js';

export interface TestStackOptions {
  /** State folder of an earlier run; a new one by default. */
  readonly dir?: string;
  /** Variables of the worker, such as its patience. */
  readonly worker?: Readonly<Record<string, string>>;
  /** Whether the providers reach the AWS API through a proxy that can lose, refuse and hold calls. */
  readonly withProxy?: boolean;
}

interface Parts {
  readonly api: ManagedProcess;
  worker: ManagedProcess;
  readonly providers: ManagedProcess;
  readonly temporal: ManagedProcess;
  readonly aws: ManagedProcess;
  readonly postgres: ManagedProcess;
}

/** The whole local stack for one test file, with a handle on each of its processes. */
export class TestStack {
  private constructor(
    readonly dir: string,
    readonly engines: Engines,
    private readonly standing: AwsProxy | undefined,
    readonly api: Api,
    readonly parts: Parts,
    private readonly attach: string,
  ) {}

  /** Starts engines and control plane. When a part fails, everything is stopped before the error is thrown. */
  static async start({ dir, worker = {}, withProxy = false }: TestStackOptions = {}): Promise<TestStack> {
    const folder = dir ?? mkdtempSync(join(tmpdir(), 'bulkhead-stack-'));
    const engines = await startEngines({ dir: folder });
    let proxy: AwsProxy | undefined;
    try {
      await runMigrations(engines);
      if (withProxy) proxy = await AwsProxy.start(engines.aws.endpoint);
      const aws = { ...engines.aws, endpoint: proxy?.endpoint ?? engines.aws.endpoint };
      const providers = await startProviders({ ...engines, aws });
      const [api, workerProcess] = await Promise.all([
        startApi(engines),
        startWorker(engines, providers.attach, worker),
      ]);
      const client = new Api(api.url, async (user) => await engines.identity.token(user));
      const own = { api: api.process, worker: workerProcess, providers: providers.process };
      const { temporal, aws: emulator, postgres } = engines;
      const others = { temporal: temporal.process, aws: emulator.process, postgres: postgres.process };
      return new TestStack(folder, engines, proxy, client, { ...own, ...others }, providers.attach);
    } catch (error) {
      await proxy?.stop();
      await engines.stop();
      throw error;
    }
  }

  /** @throws Error when the stack was started without `withProxy`. */
  get proxy(): AwsProxy {
    if (!this.standing) throw new Error('This stack has no proxy before the AWS API');
    return this.standing;
  }

  /** Folder in which the runs of Pulumi work. */
  get pulumiHome(): string {
    return this.engines.folder.path('pulumi-home');
  }

  /** Goes on with a worker that has other settings. */
  async workWith(settings: Readonly<Record<string, string>>): Promise<void> {
    await this.engines.supervisor.retire(this.parts.worker);
    this.parts.worker = await startWorker(this.engines, this.attach, settings);
  }

  /** Rows of the control database, as its superuser sees them. */
  async control<T extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<T[]> {
    return await queryAt(this.engines.postgres.urls.superuser, sql, values);
  }

  /** Rows of the database that holds Pulumi's state. */
  async state<T extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<T[]> {
    const url = this.engines.postgres.urls.superuser.replace('/bulkhead_control', '/pulumi_state');
    return await queryAt(url, sql, values);
  }

  /** Stops every part in order; the state stays. */
  async stop(): Promise<void> {
    await this.standing?.stop();
    await this.engines.stop();
  }

  /** Stops every part in order and starts all of it again on the same state. */
  async startAgain(): Promise<TestStack> {
    await this.stop();
    const again = await TestStack.start({ dir: this.dir });
    again.api.errors.push(...this.api.errors);
    return again;
  }

  /** Stops every part and removes the state; BULKHEAD_KEEP_TEST_STACKS=1 keeps it for whoever looks for a fault. */
  async remove(): Promise<void> {
    await this.stop();
    if (process.env.BULKHEAD_KEEP_TEST_STACKS !== '1') rmSync(this.dir, { recursive: true, force: true });
  }
}

/** One statement on a connection of its own. */
export async function queryAt<T extends pg.QueryResultRow>(
  connectionString: string,
  sql: string,
  values: unknown[] = [],
): Promise<T[]> {
  const client = new pg.Client({ connectionString });
  // A test may kill the server under it.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<T>(sql, values)).rows;
  } finally {
    await client.end();
  }
}
