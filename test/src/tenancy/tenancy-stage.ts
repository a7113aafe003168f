import { CreateAccessKeyCommand, CreateUserCommand, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { physicalNames, type Isolation, type PlacedTenant } from '@bulkhead/domain';
import { contextKeyPads, signContext, type ContextKey } from '@bulkhead/domain/context';
import { newId } from '@bulkhead/kernel';
import { AWS_ACCOUNT_ID, policyDocument } from '@bulkhead/local';
import { homeOf, planesOf } from '@bulkhead/planes';
import {
  RoutingTable,
  TenantDatabases,
  TenantKeys,
  TenantLayers,
  TenantQueues,
  TenantSessions,
  TenantStorage,
  type TenantContext,
} from '@bulkhead/tenancy';
import { contextFor, HandRoutes, testKey } from '@bulkhead/tenancy/testing';
import { startPlaneEngines, type TestPlaneEngines } from '../planes/plane-engines.js';

/** A tenant with every layer bound, and the context that a token would give. */
export interface StagedTenant {
  readonly placed: PlacedTenant;
  readonly context: TenantContext;
}

type Credentials = { readonly accessKeyId: string; readonly secretAccessKey: string };

const EPOCH = 3;

/** Kinds of messages that the staged services know. */
export const KINDS = {
  claim: { messageClass: 'standard', maxAttempts: 2 },
  visit: { messageClass: 'urgent' },
  report: { messageClass: 'bulk' },
} as const;

/** The library as a service uses it, over real planes: Postgres servers and the AWS emulator with IAM on. */
export class TenancyStage {
  readonly routes = new HandRoutes();
  readonly key: ContextKey = testKey('k1');
  readonly #homes = new Map<string, PlacedTenant>();
  readonly #keyed = new Set<string>();
  readonly #closing: (() => unknown)[] = [];

  private constructor(
    readonly engines: TestPlaneEngines,
    /** The workload's own identity, as the local stack makes it. */
    readonly workload: Credentials,
  ) {}

  static async start(): Promise<TenancyStage> {
    const engines = await startPlaneEngines();
    return new TenancyStage(engines, await workloadUser(engines));
  }

  get cloud() {
    const { endpoint, region } = this.engines.plane.emulator;
    return { endpoint, region };
  }

  /** Onboards a tenant as the worker does: its layers exist, then every one of them is bound. */
  async tenant(isolation: Isolation): Promise<StagedTenant> {
    const placed = await this.engines.place(isolation);
    return this.settle(placed);
  }

  /** A tenant whose database is its own and whose other layers are shared. */
  async hybrid(): Promise<StagedTenant> {
    const [shared, dedicated] = [await this.engines.place('shared'), await this.engines.place('dedicated')];
    const database = dedicated.bindings.find(({ layer }) => layer === 'database');
    const bindings = shared.bindings.map((binding) => (binding.layer === 'database' && database) || binding);
    const { database: coordinates } = dedicated.dedicated;
    return this.settle({
      ...shared,
      bindings,
      stackId: dedicated.stackId,
      dedicated: coordinates ? { database: coordinates } : {},
    });
  }

  async settle(placed: PlacedTenant): Promise<StagedTenant> {
    const planes = planesOf(placed, this.engines.clients);
    for (const layer of ['key', 'storage', 'queue', 'database'] as const) await planes.get(layer)?.bind();
    const home = homeOf(placed)?.id ?? '';
    this.#homes.set(home, placed);
    if (!this.#keyed.has(home)) {
      const { inner, outer } = contextKeyPads(this.key);
      await this.engines.sql(placed, 'select bulkhead.set_context_key($1, $2, $3)', [this.key.id, inner, outer]);
      this.#keyed.add(home);
    }
    this.routes.set(placed.tenantId, home, EPOCH);
    this.routes.announce();
    const expiresAt = Math.floor(Date.now() / 1000) + 3600;
    const { tenantId } = placed;
    return {
      placed,
      context: contextFor(tenantId, signContext(this.key, { tenantId, home, epoch: EPOCH, expiresAt })),
    };
  }

  /** Gives the signed context that the token service would, to a service that asks for it. */
  sign(tenantId: string, home: string, epoch = EPOCH): string {
    return signContext(this.key, { tenantId, home, epoch, expiresAt: Math.floor(Date.now() / 1000) + 3600 });
  }

  /** A process of the workload with the library inside. */
  async service() {
    const table = await RoutingTable.open(this.routes);
    const databases = new TenantDatabases({
      routes: table,
      connect: (home) => this.#login(home, 'serving'),
      exchange: async (_context, { tenantId, home, epoch }) => this.sign(tenantId, home, epoch),
      connectionsPerHome: 5,
    });
    const sessions = new TenantSessions({ ...this.cloud, credentials: this.workload });
    const layers = new TenantLayers({ databases, routes: table });
    const storage = new TenantStorage({ layers, sessions });
    const keys = new TenantKeys({ databases, layers, sessions });
    const queues = new TenantQueues({ databases, layers, sessions, keys, kinds: KINDS });
    this.#closing.push(async () => {
      queues.close();
      keys.close();
      storage.close();
      sessions.close();
      await databases.close();
      await table.close();
    });
    return { table, databases, sessions, layers, storage, keys, queues };
  }

  /** Logins of the homes' consumers. */
  readonly consumerLogin = (home: string) => this.#login(home, 'consumer');

  /** What is to be closed before the engines stop. */
  onStop(close: () => unknown): void {
    this.#closing.push(close);
  }

  async stop(): Promise<void> {
    for (const close of this.#closing.toReversed()) await close();
    await this.engines.stop();
  }

  async #login(home: string, purpose: 'serving' | 'consumer') {
    const placed = this.#homes.get(home);
    const coordinates = placed && homeOf(placed)?.database;
    if (!coordinates) throw new Error(`Nobody is at home in ${home}`);
    const { username, password } = await this.engines.plane.secretValue(`bulkhead/${coordinates.database}/${purpose}`);
    const { host, port, database } = coordinates;
    return { host, port, database, user: String(username), password: String(password) };
  }
}

/** The IAM user of the local stack's services, with its very policy. */
async function workloadUser({ plane }: TestPlaneEngines): Promise<Credentials> {
  const { iam } = plane.clients;
  const UserName = `workload-${newId('token')}`;
  await iam.send(new CreateUserCommand({ UserName }));
  const PolicyDocument = policyDocument('bulkhead-workload', AWS_ACCOUNT_ID, plane.emulator.region);
  await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'bulkhead', PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
}

/** Where a tenant's objects lie, for tests that go behind the library's back. */
export function storageOf({ placed }: StagedTenant): { readonly bucket: string; readonly prefix: string } {
  const binding = placed.bindings.find(({ layer }) => layer === 'storage');
  if (!binding) throw new Error('No storage');
  if (binding.isolation === 'dedicated') return { bucket: placed.dedicated.storage?.bucket ?? '', prefix: '' };
  return { bucket: placed.cell?.outputs.bucket ?? '', prefix: physicalNames(binding.bindingId).prefix };
}

export type TenancyService = Awaited<ReturnType<TenancyStage['service']>>;
