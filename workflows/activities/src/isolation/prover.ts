import { randomUUID } from 'node:crypto';
import type { IAMClient } from '@aws-sdk/client-iam';
import type { ServiceProfile } from '@bulkhead/isolation';
import { BulkheadError, type Redacted, type TenantId } from '@bulkhead/kernel';
import { Courier, parsed, REFUSALS_PER_MINUTE } from './courier.js';

/** A service of the workload plane, by the document that describes its routes. */
export interface ProvenService {
  /** Audience of its tokens. */
  readonly name: string;
  readonly document: URL;
  readonly profile: ServiceProfile;
}

/**
 * As whom the proof looks from outside: an identity of its own. It gets tokens for tenants of the proof only; its IAM
 * identity takes the roles of whole cells, which reach every tenant there.
 */
export interface ProverOptions {
  /** Address of the control plane's API, which is also the issuer of tenants' tokens; no slash at the end. */
  readonly apiUrl: string;
  /** Identity provider of the control plane (OpenID Connect), and the prover's client there. */
  readonly oidcIssuer: string;
  readonly clientId: string;
  readonly clientSecret: Redacted;
  readonly region: string;
  /** Address of the AWS API, where it is not AWS itself. */
  readonly endpoint?: string;
  /** May take the roles of cells, and nothing else. Absent: the SDK's own search. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Looks at access roles and changes nothing: the worker's own. */
  readonly iam: IAMClient;
  readonly services: readonly ProvenService[];
}

/** Rights inside a tenant, and how the token is to be used. */
export interface WantedToken {
  readonly audience: string;
  readonly roles: readonly string[];
}

/** What the proof asks the control plane for; each token that it gets stands in the audit log. */
export class Prover {
  readonly #courier = new Courier(REFUSALS_PER_MINUTE);

  constructor(readonly options: ProverOptions) {}

  /** A token of one of the proof's tenants. @throws BulkheadError `proof_token_refused` (503). */
  async token(tenantId: TenantId, { audience, roles }: WantedToken): Promise<string> {
    const address = `${this.options.apiUrl}/v1/tenants/${tenantId}/tokens`;
    const answer = await this.#courier.send(address, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await this.#ownToken()}`,
        'content-type': 'application/json',
        'idempotency-key': randomUUID(),
      },
      body: JSON.stringify({ audience, subject: { kind: 'service', id: 'isolation-proof' }, roles, database: true }),
    });
    const { token, errorCode } = parsed(address, answer) as { token?: string; errorCode?: string };
    if (token) return token;
    throw refused(`The control plane gave no token (${answer.status} ${errorCode ?? ''}).`);
  }

  async #ownToken(): Promise<string> {
    const { oidcIssuer, clientId, clientSecret } = this.options;
    const metadata = `${oidcIssuer}/.well-known/openid-configuration`;
    const found = await this.#courier.send(metadata);
    const { token_endpoint } = parsed(metadata, found) as { token_endpoint: string };
    const basic = Buffer.from(`${clientId}:${clientSecret.reveal()}`).toString('base64');
    const answer = await this.#courier.send(token_endpoint, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}`, 'content-type': 'application/x-www-form-urlencoded' },
      body: 'grant_type=client_credentials',
    });
    const { access_token } = parsed(token_endpoint, answer) as { access_token?: string };
    if (access_token) return access_token;
    throw refused('The identity provider does not know the proof’s client.');
  }
}

function refused(publicMessage: string): BulkheadError {
  return new BulkheadError({
    code: 'proof_token_refused',
    status: 503,
    publicMessage,
    remediation: 'Give the client of BULKHEAD_PROVER_CLIENT_ID the role isolation-prover, then prove again.',
  });
}
