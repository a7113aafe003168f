import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { BulkheadError, Redacted } from '@bulkhead/kernel';
import type { TenantContext } from '../context/tenant-context.js';
import { TenantClients } from '../layers/tenant-clients.js';
import type { TenantLayer, TenantLayers } from '../layers/tenant-layers.js';
import {
  awsErrorName,
  httpStatusOf,
  regionOf,
  type SessionCredentials,
  type SessionStatement,
  type TenantSessions,
} from '../layers/tenant-sessions.js';

export interface TenantSecretsOptions {
  readonly layers: TenantLayers;
  readonly sessions: TenantSessions;
  /** How long a value is used without asking again, milliseconds. Defaults to 300,000. */
  readonly maxAgeMs?: number;
}

interface Known {
  readonly readAt: number;
  readonly value: Promise<Redacted>;
}

const MAX_AGE_MS = 300_000;
const CAPACITY = 10_000;
const NAME = /^[a-z0-9][a-z0-9_.-]{0,63}$/;

/**
 * Secrets that belong to a tenant, such as the login of its clearing house: in Secrets Manager, below a prefix of its
 * database's binding, read in a session that reaches nothing else.
 */
export class TenantSecrets {
  readonly #options: TenantSecretsOptions;
  readonly #clients: TenantClients<SecretsManagerClient>;
  readonly #known = new Map<string, Known>();

  constructor(options: TenantSecretsOptions) {
    this.#options = options;
    this.#clients = new TenantClients(options.sessions, (config) => new SecretsManagerClient(config));
  }

  /**
   * @param name as it was stored, without the prefix.
   * @throws BulkheadError `secret_name_invalid` (400), `tenant_secret_missing` (404), `tenant_secret_refused` (403),
   * `tenant_secret_unavailable` (503); or like {@link TenantLayers.find} and {@link TenantSessions.credentials}.
   */
  async read(context: TenantContext, name: string): Promise<Redacted> {
    const checked = checkedName(name);
    const layer = await this.#options.layers.find(context, 'database');
    // The epoch is part of the key: what was read at another place is not used here.
    const key = `${layer.tenantId} ${layer.bindingId} ${layer.epoch} ${checked}`;
    const known = this.#known.get(key);
    const { maxAgeMs = MAX_AGE_MS } = this.#options;
    if (known !== undefined && performance.now() - known.readAt <= maxAgeMs) return known.value;
    return this.#read(key, layer, checked);
  }

  /** The credentials that the tenant's secrets are read with: for tools that speak to Secrets Manager themselves. */
  async credentials(context: TenantContext): Promise<SessionCredentials> {
    const layer = await this.#options.layers.find(context, 'database');
    return this.#options.sessions.credentials(layer, secretStatements(layer));
  }

  /** Forgets every value. */
  close(): void {
    this.#known.clear();
    this.#clients.close();
  }

  #read(key: string, layer: TenantLayer<'database'>, name: string): Promise<Redacted> {
    const known: Known = { readAt: performance.now(), value: this.#ask(layer, name) };
    this.#known.delete(key);
    this.#known.set(key, known);
    known.value.catch(() => this.#known.get(key) === known && this.#known.delete(key));
    const [oldest] = this.#known.keys();
    if (this.#known.size > CAPACITY && oldest !== undefined) this.#known.delete(oldest);
    return known.value;
  }

  async #ask(layer: TenantLayer<'database'>, name: string): Promise<Redacted> {
    const { sessions } = this.#options;
    const client = this.#clients.clientFor(layer, await sessions.credentials(layer, secretStatements(layer)));
    try {
      const request = new GetSecretValueCommand({ SecretId: `${layer.place.secretPrefix}${name}` });
      const { SecretString = '' } = await client.send(request);
      return new Redacted(SecretString);
    } catch (cause) {
      if (httpStatusOf(cause) === 403) sessions.forget(layer);
      throw unreadable(cause);
    }
  }
}

function secretStatements({ place }: TenantLayer<'database'>): SessionStatement[] {
  const [, , , region, account] = place.keyArn.split(':');
  return [
    {
      Action: ['secretsmanager:GetSecretValue'],
      Resource: [`arn:aws:secretsmanager:${region}:${account}:secret:${place.secretPrefix}*`],
    },
    {
      Action: ['kms:Decrypt'],
      Resource: [place.keyArn],
      Condition: { StringEquals: { 'kms:ViaService': `secretsmanager.${regionOf(place.keyArn)}.amazonaws.com` } },
    },
  ];
}

function checkedName(name: string): string {
  if (NAME.test(name)) return name;
  throw new BulkheadError({
    code: 'secret_name_invalid',
    status: 400,
    publicMessage: 'The name of the secret is malformed.',
    remediation: 'Use 1 to 64 lower-case letters, digits, and _ . - characters.',
  });
}

function unreadable(cause: unknown): BulkheadError {
  if (awsErrorName(cause) === 'ResourceNotFoundException') {
    return new BulkheadError({
      code: 'tenant_secret_missing',
      status: 404,
      publicMessage: 'The tenant has no such secret.',
      remediation: 'Store it first, below the prefix of the tenant.',
    });
  }
  const refused = httpStatusOf(cause) === 403 || awsErrorName(cause).startsWith('AccessDenied');
  return new BulkheadError({
    code: refused ? 'tenant_secret_refused' : 'tenant_secret_unavailable',
    status: refused ? 403 : 503,
    publicMessage: refused
      ? "The tenant's secret may not be read."
      : "The tenant's secret cannot be read at the moment.",
    remediation: refused ? 'Check the role of the cell or stack.' : 'Send the request again in a moment.',
    retryable: !refused,
    cause,
  });
}
