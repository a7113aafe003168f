import { BulkheadError } from '@bulkhead/kernel';
import { callSignal } from '../protocol/calls.js';

/** A database server of the local stack. */
export interface HostedInstance {
  readonly identifier: string;
  readonly address: string;
  readonly port: number;
  readonly masterUsername: string;
  readonly status: string;
}

const NEVER = new AbortController().signal;

/** Client of the local stack's RDS host, which runs one real Postgres server for each RDS instance. */
export class RdsHost {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url.replace(/\/$/, '');
    this.#token = token;
  }

  /** Starts the server, or returns the running one of this identifier. */
  async ensure(
    identifier: string,
    wanted: { masterUsername: string; masterPassword: string; allocatedStorage: number; engineVersion: string },
  ): Promise<HostedInstance> {
    return (await this.#call('PUT', identifier, '', wanted)) as HostedInstance;
  }

  async find(identifier: string): Promise<HostedInstance | undefined> {
    return (await this.#call('GET', identifier, '')) as HostedInstance | undefined;
  }

  async setMasterPassword(identifier: string, masterPassword: string): Promise<void> {
    await this.#call('POST', identifier, '/master-password', { masterPassword });
  }

  /** Ends the server and removes its data. Not an error when there is none. */
  async remove(identifier: string): Promise<void> {
    await this.#call('DELETE', identifier, '');
  }

  async #call(method: string, identifier: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.#url}/instances/${encodeURIComponent(identifier)}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.any([AbortSignal.timeout(60_000), callSignal() ?? NEVER]),
    }).catch((cause: unknown) => {
      throw hostError(`The local RDS host did not answer ${method} of ${identifier}.`, cause);
    });
    if (response.status === 404 && method !== 'PUT') return undefined;
    // The body of an error is not repeated: it may quote the request, which holds a password.
    if (!response.ok) throw hostError(`The local RDS host answered ${response.status} to ${method} of ${identifier}.`);
    return response.status === 204 ? undefined : response.json();
  }
}

function hostError(publicMessage: string, cause?: unknown): BulkheadError {
  return new BulkheadError({
    code: 'rds_host_failed',
    status: 502,
    publicMessage,
    remediation:
      'Check that the local stack runs and look into its log, then run again: what was made already is adopted.',
    retryable: true,
    cause,
  });
}
