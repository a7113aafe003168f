import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { ProbedCell, ProbeTenant } from '@bulkhead/control';
import { dryKey, s3Objects, wrappedKeys, type Holdings, type WrappedKey } from '@bulkhead/isolation';
import { AWS_TIME_LIMITS } from '@bulkhead/kernel';
import { readLogin, type PlaneClients } from '@bulkhead/planes';
import {
  fixedRoutes,
  RoutingTable,
  TenantDatabases,
  TenantKeys,
  TenantLayers,
  TenantSecrets,
  TenantSessions,
  TenantStorage,
  TenantTokens,
  type SessionCredentials,
  type TenantContext,
} from '@bulkhead/tenancy';
import type { Prover } from './prover.js';

/** Audience of tokens by which no service lets anybody in. */
export const PROOF_AUDIENCE = 'isolation-proof';
/** What the proof's tenants leave in their storage. */
const KNOWN_OBJECT = 'isolation-proof.txt';

/** Clients of AWS whose requests one session signs. */
export interface SessionClients {
  readonly s3: S3Client;
  readonly kms: KMSClient;
  readonly sqs: SQSClient;
  readonly secrets: SecretsManagerClient;
}

/** What lets tokens of the proof in, as a service does it. */
export function proofTokens({ options: { apiUrl } }: Prover): TenantTokens {
  const keys = new URL(`${apiUrl}/v1/.well-known/jwks.json`);
  return new TenantTokens({ issuer: apiUrl, audience: PROOF_AUDIENCE, keys, isRevoked: () => false });
}

/** The tenancy library as a service of the cell uses it, for the two tenants of the proof there. */
export class ProbeLibrary {
  readonly #closing: (() => unknown)[] = [];

  readonly layers: TenantLayers;
  private readonly storage: TenantStorage;
  private readonly keys: TenantKeys;
  private readonly secrets: TenantSecrets;

  private constructor(
    private readonly prover: Prover,
    private readonly region: string,
    readonly a: TenantContext,
    readonly b: TenantContext,
    private readonly databases: TenantDatabases,
    private readonly sessions: TenantSessions,
    routes: RoutingTable,
  ) {
    this.layers = new TenantLayers({ databases, routes });
    const { layers } = this;
    this.storage = new TenantStorage({ layers, sessions });
    this.keys = new TenantKeys({ databases, layers, sessions });
    this.secrets = new TenantSecrets({ layers, sessions });
    const parts = [routes, databases, sessions, this.storage, this.keys, this.secrets];
    for (const part of parts) this.#closing.push(() => part.close());
  }

  static async open(
    prover: Prover,
    planes: PlaneClients,
    { region: home, probes, outputs }: ProbedCell,
  ): Promise<ProbeLibrary> {
    const { region, endpoint, credentials } = prover.options;
    const tokens = proofTokens(prover);
    const wanted = { audience: PROOF_AUDIENCE, roles: [] };
    const contextOf = async ({ tenantId }: ProbeTenant) => tokens.verify(await prover.token(tenantId, wanted));
    const [a, b] = await Promise.all((probes as [ProbeTenant, ProbeTenant]).map(contextOf));
    const routes = await RoutingTable.open(fixedRoutes(probes.map((one) => ({ ...one, status: 'active' }))));
    const { host, port, database, servingSecretArn } = outputs.database;
    const databases = new TenantDatabases({
      routes,
      connect: async () => {
        const { username, password } = await readLogin(planes, servingSecretArn);
        return { host, port, database, user: username, password: password.reveal(), ssl: planes.databaseTls };
      },
      // Nobody moves a tenant of the proof: the context of its token is the one.
      exchange: async ({ signedContext }) => signedContext?.reveal() ?? '',
      connectionsPerHome: 2,
    });
    const sessions = new TenantSessions({
      region,
      ...(endpoint !== undefined && { endpoint }),
      ...(credentials && { credentials }),
    });
    return new ProbeLibrary(prover, home, a as TenantContext, b as TenantContext, databases, sessions, routes);
  }

  /** What the library gives to one of them. Secrets and lanes are tried otherwise: it holds none of its own. */
  async holdings(context: TenantContext): Promise<Holdings> {
    const { place } = await this.layers.find(context, 'storage');
    const { s3 } = this.clients(await this.storage.credentials(context));
    const { kms } = this.clients(await this.keys.credentials(context));
    return {
      objects: s3Objects(s3, place.bucket, place.prefix ?? '', place.keyArn),
      keys: {
        seal: (text, purpose) => this.keys.encrypt(context, purpose, Buffer.from(text)),
        open: (sealed, purpose) => this.keys.decrypt(context, purpose, sealed).then(String, undefinedIfUnreadable),
        wrapped: wrappedKeys(kms, () => this.#wrapped(context)),
      },
    };
  }

  /** Puts the object that attempts to read are aimed at. @returns its whole key. */
  async knownObject(context: TenantContext): Promise<string> {
    await this.storage.put(context, KNOWN_OBJECT, 'Left here by the isolation proof.');
    const { place } = await this.layers.find(context, 'storage');
    return `${place.prefix ?? ''}${KNOWN_OBJECT}`;
  }

  /** A's sessions, each as narrow as the library makes it. */
  async narrow(): Promise<SessionClients> {
    const [storage, key, secret] = await Promise.all([
      this.storage.credentials(this.a),
      this.keys.credentials(this.a),
      this.secrets.credentials(this.a),
    ]);
    const [{ s3, sqs }, { kms }, { secrets }] = [this.clients(storage), this.clients(key), this.clients(secret)];
    return { s3, sqs, kms, secrets };
  }

  /** A session of A's cell that nothing narrows, for a region: all that a tenant of the cell could ever come by. */
  async whole(region: string): Promise<SessionClients> {
    const layer = await this.layers.find(this.a, 'storage');
    return this.clients(await this.sessions.credentials(layer, [{ Action: ['*'], Resource: ['*'] }]), region);
  }

  /**
   * Whether KMS looks at encryption contexts here: a session that is limited to one must be let in with that one. The
   * sessions of tenants are limited so, and where nobody looks they are not.
   */
  async contextsJudged(): Promise<boolean> {
    const layer = await this.layers.find(this.a, 'key');
    const { keyArn } = layer.place;
    const Condition = { StringEquals: { 'kms:EncryptionContext:bulkhead:binding': PROOF_AUDIENCE } };
    const Action = ['kms:Decrypt', 'kms:GenerateDataKey'];
    const { kms } = this.clients(await this.sessions.credentials(layer, [{ Action, Resource: [keyArn], Condition }]));
    const outcomes = await Promise.all(dryKey(kms, keyArn, PROOF_AUDIENCE).map((one) => one.attempt()));
    return outcomes.every((outcome) => outcome === 'allowed');
  }

  /** Clients in a region; the cell's own by default. */
  clients(credentials: SessionCredentials, region = this.region): SessionClients {
    const { endpoint } = this.prover.options;
    const config = {
      ...{ region, credentials: { ...credentials }, requestHandler: AWS_TIME_LIMITS },
      ...(endpoint !== undefined && { endpoint }),
    };
    const made = {
      s3: new S3Client({ ...config, forcePathStyle: endpoint !== undefined }),
      kms: new KMSClient(config),
      sqs: new SQSClient(config),
      secrets: new SecretsManagerClient(config),
    };
    for (const client of Object.values(made)) this.#closing.push(() => client.destroy());
    return made;
  }

  async #wrapped(context: TenantContext): Promise<WrappedKey[]> {
    const list = 'SELECT binding_id, wrapped, key_arn FROM tenancy.data_keys()';
    const { rows } = await this.databases.query<{ binding_id: string; wrapped: Buffer; key_arn: string }>(
      context,
      list,
    );
    return rows.map(({ binding_id, wrapped, key_arn }) => ({ bindingId: binding_id, keyArn: key_arn, bytes: wrapped }));
  }

  async close(): Promise<void> {
    for (const close of this.#closing.toReversed()) await close();
  }
}

/** Another error, such as a key that cannot be had, decides nothing. */
function undefinedIfUnreadable(error: unknown): undefined {
  if ((error as { code?: string }).code === 'tenant_message_unreadable') return undefined;
  throw error;
}
