import { IAMClient } from '@aws-sdk/client-iam';
import { KMSClient } from '@aws-sdk/client-kms';
import { RDSClient } from '@aws-sdk/client-rds';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { operatorQueueActivities, provisioningQueueActivities, type Dependencies } from '@bulkhead/activities';
import { ApiFixture, tenantBody, type Answer } from '@bulkhead/api/testing';
import { createAutomation, type Automation } from '@bulkhead/automation';
import { startLocalCloud, type LocalCloud } from '@bulkhead/automation/testing/local-cloud';
import { DriftReader, EndDrift, FleetReader, RecordLandingZone, ReservePlacement } from '@bulkhead/control';
import type { DriftActivities } from '@bulkhead/definitions';
import type { LandingZoneSpec } from '@bulkhead/domain';
import type { ChangeId, DriftRunId, OperationId, TenantId } from '@bulkhead/kernel';
import type { InventoryClients } from '@bulkhead/planes';
import { createLogger } from '@bulkhead/runtime';
import { openControlDatabase } from '@bulkhead/store';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { DataSource } from 'typeorm';

/**
 * A control plane on its own database, a live AWS emulator with a tenant whose layers are all its own, and the worker's
 * activities. Only Temporal is missing: a test calls the activities itself, so that it can come in between.
 */
export class DriftStage {
  private constructor(
    readonly api: ApiFixture,
    readonly cloud: LocalCloud,
    readonly automation: Automation,
    readonly clients: InventoryClients,
    readonly activities: DriftActivities,
    private readonly source: DataSource,
  ) {}

  tenantId!: TenantId;
  /** Of the tenant's bindings, by layer. */
  bindings!: ReadonlyMap<string, string>;
  stack!: string;

  static async start(): Promise<DriftStage> {
    const [cloud, api] = await Promise.all([startLocalCloud(), ApiFixture.start()]);
    const automation = await createAutomation(cloud.config);
    const source = await openControlDatabase(api.database.workerUrl, 2);
    const clients = clientsOf(cloud);
    const dependencies = dependenciesOf({ api, automation, source, clients });
    const activities = inActivity(operatorQueueActivities(dependencies));
    const stage = new DriftStage(api, cloud, automation, clients, activities, source);
    await stage.#standUp(inActivity(provisioningQueueActivities(dependencies)));
    return stage;
  }

  async get(url: string): Promise<Answer> {
    return this.api.get(url, { token: await this.#token('olga') });
  }

  /** As olga, who is a platform admin, or as somebody else, who is an approver. */
  async post(url: string, body: object, sub = 'olga'): Promise<Answer> {
    return this.api.post(url, body, { token: await this.#token(sub) });
  }

  /** A new one for each request: tokens live for minutes, and on a machine that has other work a test takes longer. */
  #token(sub: string): Promise<string> {
    return this.api.issuer.token({ sub, roles: sub === 'olga' ? ['platform-admin'] : ['approver'] });
  }

  async stop(): Promise<void> {
    await this.source.destroy();
    await this.automation.close();
    await this.api.stop();
    await this.cloud.stop();
  }

  async #standUp(worker: ReturnType<typeof provisioningQueueActivities>): Promise<void> {
    const { api } = this;
    const region = 'us-east-1' as const;
    const zone = (await this.post('/v1/landing-zones', { region })).body;
    const stored: { spec: LandingZoneSpec }[] = await this.source.query('select spec from control.landing_zones');
    await worker.applyLandingZone({ operationId: zone.operation.id, spec: stored[0]!.spec });
    await api.asWorker(new RecordLandingZone({ region, active: true }));
    await api.finish(zone.operation.id);
    const body = tenantBody({ tier: 'dedicated', plan: 'enterprise-health-system', quantity: 1 });
    const { tenant, operation } = (await this.post('/v1/tenants', body)).body;
    const call = { tenantId: tenant.id as TenantId, operationId: operation.id as OperationId };
    const { dedicated, bindings } = await api.asWorker(new ReservePlacement(call));
    if (!dedicated) throw new Error('The tenant has no layer of its own');
    await worker.standUpDedicatedLayers({ ...call, spec: dedicated });
    await api.finish(call.operationId);
    this.tenantId = call.tenantId;
    this.stack = `dedicated-tenant.${dedicated.stackId}`;
    this.bindings = new Map(bindings.map(({ layer, bindingId }) => [layer, bindingId]));
  }

  /** A comparison of the whole fleet from its beginning to its end, as the workflow makes it. */
  async compare(): Promise<Answer['body']> {
    const { run, operation } = (await this.post('/v1/drift-runs', {})).body;
    const call = { operationId: operation.id as OperationId, driftRunId: run.id as DriftRunId };
    while ((await this.activities.compareStacks(call)).left > 0);
    await this.activities.sweepInventory(call);
    await this.api.asWorker(new EndDrift({ driftRunId: call.driftRunId, state: 'finished' }));
    await this.api.finish(call.operationId);
    return (await this.get(`/v1/drift-runs/${run.id}`)).body;
  }

  async findings(query = 'state=open'): Promise<Answer['body'][]> {
    return (await this.get(`/v1/drift-findings?limit=100&${query}`)).body.data;
  }

  /** The open finding about the resource of this name. */
  async finding(name: string): Promise<Answer['body']> {
    return (await this.findings()).find((one) => one.name === name || one.name.endsWith(`/${name}`));
  }

  ask(remedy: 'repair' | 'adopt', id: string): Promise<Answer> {
    return this.post(`/v1/drift-findings/${id}/${remedy}`, { reason: 'by hand' });
  }

  /** Asks for a remedy, has it approved by as many as it takes, and applies it. */
  async applying(remedy: 'repair' | 'adopt', id: string): Promise<{ operationId: OperationId; changeId: ChangeId }> {
    const { body } = await this.ask(remedy, id);
    for (const approver of ['anna', 'bert'].slice(0, body.approvalsNeeded))
      await this.post(`/v1/change-requests/${body.id}/approve`, { hash: body.hash }, approver);
    const applied = await this.post(`/v1/change-requests/${body.id}/apply`, { quoteHash: body.hash });
    if (applied.status !== 202) throw new Error(JSON.stringify(applied.body));
    return { operationId: applied.body.operation.id, changeId: body.id };
  }
}

/** Activities run where Temporal would run them. */
function inActivity<A extends object>(activities: A): A {
  const inside = (run: (argument: unknown) => Promise<unknown>) => (argument: unknown) =>
    new MockActivityEnvironment().run(run, argument);
  const entries = Object.entries(activities) as [string, (argument: unknown) => Promise<unknown>][];
  return Object.fromEntries(entries.map(([name, run]) => [name, inside(run)])) as A;
}

function clientsOf({ emulator }: LocalCloud): InventoryClients {
  const { endpoint, credentials, region } = emulator;
  const common = { endpoint, credentials, region };
  return {
    iam: new IAMClient(common),
    kms: new KMSClient(common),
    rds: new RDSClient(common),
    s3: new S3Client({ ...common, forcePathStyle: true }),
    secrets: new SecretsManagerClient(common),
    sqs: new SQSClient(common),
  };
}

function dependenciesOf({
  api,
  automation,
  source,
  clients,
}: {
  readonly api: ApiFixture;
  readonly automation: Automation;
  readonly source: DataSource;
  readonly clients: InventoryClients;
}): Dependencies {
  const used = {
    gate: { execute: (command: Parameters<ApiFixture['asWorker']>[0]) => api.asWorker(command) },
    ...{ automation, region: 'us-east-1', inventory: clients },
    fleet: new FleetReader(source),
    drift: new DriftReader(source),
    logger: createLogger({ name: 'worker', level: 'error' }),
  };
  return used as unknown as Dependencies;
}
