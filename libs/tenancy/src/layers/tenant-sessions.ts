import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { AWS_TIME_LIMITS, BulkheadError } from '@bulkhead/kernel';
import type { LayerPlaces } from '@bulkhead/domain';
import type { TenantLayer } from './tenant-layers.js';

/** Temporary credentials of AWS, as its SDK takes them. */
export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

export interface TenantSessionsOptions {
  readonly region: string;
  /** Address of the AWS API, where it is not AWS itself. */
  readonly endpoint?: string;
  /** The workload's own identity, which may take the roles of cells and stacks. Defaults to the SDK's own search. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** A statement of a session policy; its effect is always Allow. */
export interface SessionStatement {
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

interface Known {
  readonly credentials: Promise<SessionCredentials>;
  /** Unix time, milliseconds. */
  endsAt: number;
}

/** Life of a session, seconds: the least that STS gives. */
const SESSION_SECONDS = 900;
const CAPACITY = 10_000;
/** A session is renewed when this part of its life is left. */
const MARGIN = 1 / 3;

/**
 * Sessions for one layer of one tenant: the role of its cell or stack, narrowed by a session policy that names the
 * tenant's resources literally. What a session can do is the intersection of both (IAM User Guide, "Session policies").
 */
export class TenantSessions {
  readonly region: string;
  readonly endpoint: string | undefined;
  readonly #sts: STSClient;
  readonly #known = new Map<string, Known>();

  constructor({ region, endpoint, credentials }: TenantSessionsOptions) {
    this.region = region;
    this.endpoint = endpoint;
    this.#sts = new STSClient({
      region,
      requestHandler: AWS_TIME_LIMITS,
      ...(endpoint !== undefined && { endpoint }),
      // A copy: the SDK writes marks of its own into what it is given.
      ...(credentials && { credentials: { ...credentials } }),
    });
  }

  /**
   * Credentials that are good for at least a third of a session's life, or for `leastSeconds` if that is more.
   * @throws BulkheadError `tenant_access_refused` (403) when the role may not be taken; `tenant_access_unavailable` (503).
   */
  credentials<L extends keyof LayerPlaces>(
    layer: TenantLayer<L>,
    statements: readonly SessionStatement[],
    { leastSeconds = 0 }: { leastSeconds?: number } = {},
  ): Promise<SessionCredentials> {
    // The policy is part of the name: a session of a narrower policy is another session.
    const policy = policyOf(statements);
    const key = `${layer.tenantId} ${layer.layer} ${layer.bindingId} ${layer.epoch} ${policy}`;
    const known = this.#known.get(key);
    const leastMs = Math.max(SESSION_SECONDS * MARGIN, leastSeconds) * 1000;
    if (known !== undefined && known.endsAt - leastMs > Date.now()) return known.credentials;
    return this.#renew(key, layer, policy);
  }

  /** Ends use of all sessions that were remembered, such as after AWS has refused one. */
  forget(layer: TenantLayer<keyof LayerPlaces>): void {
    const start = `${layer.tenantId} ${layer.layer} `;
    for (const key of this.#known.keys()) if (key.startsWith(start)) this.#known.delete(key);
  }

  close(): void {
    this.#known.clear();
    this.#sts.destroy();
  }

  #renew(key: string, layer: TenantLayer<keyof LayerPlaces>, policy: string): Promise<SessionCredentials> {
    const known: Known = { credentials: this.#assume(layer, policy), endsAt: Infinity };
    this.#known.delete(key);
    this.#known.set(key, known);
    known.credentials.then(
      ({ expiration }) => (known.endsAt = expiration.getTime()),
      () => this.#known.get(key) === known && this.#known.delete(key),
    );
    const [oldest] = this.#known.keys();
    if (this.#known.size > CAPACITY && oldest !== undefined) this.#known.delete(oldest);
    return known.credentials;
  }

  async #assume(layer: TenantLayer<keyof LayerPlaces>, policy: string): Promise<SessionCredentials> {
    const { roleArn, externalId } = layer.place.access;
    try {
      const { Credentials } = await this.#sts.send(
        new AssumeRoleCommand({
          RoleArn: roleArn,
          ExternalId: externalId,
          // CloudTrail shows it with every call: who is looked for there is the tenant.
          RoleSessionName: `${layer.tenantId}-${layer.layer}`.slice(0, 64),
          Policy: policy,
          DurationSeconds: SESSION_SECONDS,
        }),
      );
      return {
        accessKeyId: Credentials?.AccessKeyId ?? '',
        secretAccessKey: Credentials?.SecretAccessKey ?? '',
        sessionToken: Credentials?.SessionToken ?? '',
        expiration: Credentials?.Expiration ?? new Date(0),
      };
    } catch (cause) {
      throw refusal(cause);
    }
  }
}

function policyOf(statements: readonly SessionStatement[]): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: statements.map((statement) => ({ Effect: 'Allow', ...statement })),
  });
}

function refusal(cause: unknown): BulkheadError {
  const refused = httpStatusOf(cause) === 403;
  return new BulkheadError({
    code: refused ? 'tenant_access_refused' : 'tenant_access_unavailable',
    status: refused ? 403 : 503,
    publicMessage: refused ? "Access to the tenant's resources was refused." : 'No access could be had at the moment.',
    remediation: refused
      ? 'Check that the service may take the role of the cell or stack, and that the tenant is still placed there.'
      : 'Send the request again in a moment.',
    retryable: !refused,
    cause,
  });
}

/** HTTP status that AWS answered with; undefined when it did not answer. */
export function httpStatusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;
}

/** Name of an error of AWS. */
export function awsErrorName(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

/** Region that a resource is in, from its ARN. */
export function regionOf(arn: string): string {
  return arn.split(':')[3] ?? '';
}
