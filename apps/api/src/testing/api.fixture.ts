import { randomBytes, randomUUID } from 'node:crypto';
import {
  ActivateTenant,
  COMMAND_MODULES,
  CommandGate,
  GateModule,
  GrantEntitlements,
  RecordBilling,
  RecordBound,
  RecordCell,
  RecordLandingZone,
  RecordRosterRun,
  ReportOperation,
  ReservePlacement,
} from '@bulkhead/control';
import { growth, publishShippedCatalog, queuedLeaves, storedRows, WORKER_CALL } from '@bulkhead/control/testing';
import { Redacted, type CellId, type OperationId, type TenantId } from '@bulkhead/kernel';
import { createLogger } from '@bulkhead/runtime';
import { openControlDatabase } from '@bulkhead/store';
import { startTestPostgres, type TestDatabase } from '@bulkhead/store/testing';
import type { Command } from '@nestjs/cqrs';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DataSource } from 'typeorm';
import { createApi, type ApiOptions } from '../api.js';
import { AUDIENCE, TestIssuer } from './test-issuer.js';

/** `iss` of tenants' tokens. */
export const TOKEN_ISSUER = 'https://bulkhead.example';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number | string[] | undefined>>;
  readonly text: string;
  // What a test expects in an answer is the test's business.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

export interface Request {
  readonly method?: 'GET' | 'POST' | 'DELETE' | 'PUT';
  readonly url: string;
  /** Platform admin by default; null sends none. */
  readonly token?: string | null;
  readonly body?: unknown;
  /** Sent as it is. */
  readonly rawBody?: string;
  /** A new one for each POST by default; null sends none. */
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The whole API on a database of its own, with the shipped catalogue, a token issuer, and a worker's gate. */
export class ApiFixture {
  private constructor(
    readonly database: TestDatabase,
    readonly issuer: TestIssuer,
    readonly app: NestFastifyApplication,
    private readonly sources: readonly DataSource[],
    private readonly worker: INestApplicationContext,
    readonly adminToken: string,
    /** Every line that the API logged. */
    readonly logged: readonly string[],
  ) {}

  static async start(changes: Partial<ApiOptions> = {}): Promise<ApiFixture> {
    const database = await startTestPostgres();
    await publishShippedCatalog(database.workerUrl);
    const issuer = await TestIssuer.start();
    const source = await openControlDatabase(database.apiUrl);
    const workerSource = await openControlDatabase(database.workerUrl, 2);
    const logged: string[] = [];
    const logger = createLogger({ name: 'api', level: 'trace' }, { write: (line) => void logged.push(line) });
    const fixed = { bucketPrefix: 'test', auditPublicKeys: [], oidcIssuer: issuer.url, oidcAudience: AUDIENCE };
    const tokens = { tokenIssuer: TOKEN_ISSUER, tokenSecret: new Redacted<Uint8Array>(randomBytes(32)) };
    const app = await createApi({ source, logger, ...fixed, ...tokens, requestsPerMinute: 100_000, ...changes });
    const worker = await startWorker(workerSource);
    return new ApiFixture(database, issuer, app, [source, workerSource], worker, await issuer.token(), logged);
  }

  async send(request: Request): Promise<Answer> {
    const { method = 'GET', url, token = this.adminToken, body, rawBody, key = randomUUID(), headers = {} } = request;
    const answer = await this.app.inject({
      method,
      url,
      headers: {
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...(method === 'POST' && key !== null && { 'idempotency-key': key }),
        ...((body !== undefined || rawBody !== undefined) && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(rawBody !== undefined ? { payload: rawBody } : body !== undefined && { payload: JSON.stringify(body) }),
    });
    const json = /^application\/(problem\+)?json;/.test(String(answer.headers['content-type']));
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: answer.body,
      body: json ? answer.json() : undefined,
    };
  }

  get(url: string, request: Partial<Request> = {}): Promise<Answer> {
    return this.send({ url, ...request });
  }

  post(url: string, body: unknown, request: Partial<Request> = {}): Promise<Answer> {
    return this.send({ method: 'POST', url, body, ...request });
  }

  /** Sends a command as the worker. */
  async asWorker<R>(command: Command<R>): Promise<R> {
    return this.worker.get(CommandGate, { strict: false }).execute(command, WORKER_CALL);
  }

  /** A landing zone and a cell in the region, both active. */
  async standUpRegion(region = 'us-east-1', capacity = 1000): Promise<CellId> {
    const zone = await this.post('/v1/landing-zones', { region });
    await this.asWorker(new RecordLandingZone({ region, active: true }));
    await this.finish(zone.body.operation.id);
    const created = await this.post('/v1/cells', { name: `cell-${randomUUID().slice(0, 8)}`, region, capacity });
    const cellId = created.body.cell.id as CellId;
    await this.asWorker(new RecordCell({ cellId, outputs: cellOutputs }));
    await this.finish(created.body.operation.id);
    return cellId;
  }

  /** A pooled tenant that is in use, without anything behind its bindings. */
  async onboard(changes: Record<string, unknown> = {}): Promise<{ tenantId: TenantId; home: string }> {
    const { tenant, operation } = (await this.post('/v1/tenants', tenantBody(changes))).body;
    const call = { tenantId: tenant.id as TenantId, operationId: operation.id as OperationId };
    const { shared } = await this.asWorker(new ReservePlacement(call));
    if (!shared) throw new Error('The tenant has no shared layer');
    const registered = shared.bindings.map(({ bindingId, layer }) => ({ bindingId, layer, locator: bindingId }));
    await this.asWorker(new RecordRosterRun({ rosterId: shared.rosterId, registered, removed: [] }));
    await this.asWorker(new RecordBound(call));
    const references = { customerRef: 'cus', subscriptionRef: 'sub', invoiceScheduleRef: 'inv' };
    await this.asWorker(new RecordBilling({ ...call, provider: 'ledger', ...references }));
    await this.asWorker(new GrantEntitlements(call));
    await this.asWorker(new ActivateTenant(call));
    await this.finish(call.operationId);
    return { tenantId: call.tenantId, home: shared.cellId };
  }

  /** Ends an operation as the worker would. */
  async finish(operationId: OperationId): Promise<void> {
    await this.asWorker(new ReportOperation({ operationId, state: 'running' }));
    await this.asWorker(new ReportOperation({ operationId, state: 'succeeded', result: { done: true } }));
  }

  /** What an attempt adds to the database's tables. */
  async effectOf(attempt: () => Promise<Answer>): Promise<{ answer: Answer; grown: Record<string, number> }> {
    const before = await storedRows(this.database.superuserUrl);
    const answer = await attempt();
    return { answer, grown: growth(before, await storedRows(this.database.superuserUrl)) };
  }

  leaves(): Promise<Record<string, unknown>[]> {
    return queuedLeaves(this.database.superuserUrl);
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.worker.close();
    for (const source of this.sources) await source.destroy();
    await this.issuer.stop();
    await this.database.stop();
  }
}

export const cellOutputs = {
  database: {
    host: '10.0.0.1',
    port: 5432,
    database: 'bh_shared',
    masterSecretArn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:master',
    servingSecretArn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:serving',
  },
  bucket: 'bh-cell',
  keyArn: 'arn:aws:kms:us-east-1:000000000000:key/1',
  queueUrl: 'http://127.0.0.1/queue',
  deadLetterQueueUrl: 'http://127.0.0.1/queue-dlq',
};

/** A body that the shipped catalogue accepts; fields given replace the usual ones. */
export function tenantBody(changes: Record<string, unknown> = {}): Record<string, unknown> {
  const slug = `clinic-${randomUUID().replaceAll('-', '')}`;
  const usual = {
    name: 'Riverside Family Clinic',
    slug,
    region: 'us-east-1',
    tier: 'pooled',
    plan: 'clinic-per-provider',
    quantity: 3,
  };
  return { ...usual, ...changes };
}

@Module({})
class Worker {}

function startWorker(source: DataSource): Promise<INestApplicationContext> {
  const imports = [GateModule.over(source), ...COMMAND_MODULES];
  return NestFactory.createApplicationContext({ module: Worker, imports }, { logger: false });
}
