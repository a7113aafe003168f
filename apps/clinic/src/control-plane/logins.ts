import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { AWS_TIME_LIMITS, BulkheadError, isLoopback } from '@bulkhead/kernel';
import type pg from 'pg';

interface StoredLogin {
  readonly username: string;
  readonly password: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
}

/** What a process logs in for: requests, migrations, or the queue's turns. */
export type LoginPurpose = 'serving' | 'migrator' | 'consumer';

const CONNECT_TIMEOUT_MS = 5_000;

/** Logins of the tenants' databases, as the provider put them into the secret store: `bulkhead/<home>/<purpose>`. */
export class Logins {
  readonly #secrets: SecretsManagerClient;

  /** @param endpoint of the AWS API, where it is not AWS itself. */
  constructor(region: string, endpoint?: string) {
    this.#secrets = new SecretsManagerClient({
      region,
      requestHandler: AWS_TIME_LIMITS,
      ...(endpoint !== undefined && { endpoint }),
    });
  }

  /**
   * Read anew each time: the provider may have changed it. TLS wherever the traffic leaves the host.
   * @throws BulkheadError `database_login_missing` (503).
   */
  async of(home: string, purpose: LoginPurpose): Promise<pg.ClientConfig> {
    const { SecretString } = await this.#secrets
      .send(new GetSecretValueCommand({ SecretId: `bulkhead/${home}/${purpose}` }))
      .catch((error: unknown) => {
        throw error instanceof ResourceNotFoundException ? missing(home, purpose) : error;
      });
    const { username, password, host, port, database } = JSON.parse(SecretString ?? '{}') as StoredLogin;
    return {
      user: username,
      password,
      host,
      port,
      database,
      ssl: !isLoopback(host),
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    };
  }

  close(): void {
    this.#secrets.destroy();
  }
}

function missing(home: string, purpose: LoginPurpose): BulkheadError {
  return new BulkheadError({
    code: 'database_login_missing',
    status: 503,
    publicMessage: `The secret store has no ${purpose} login of ${home}.`,
    remediation: 'The database may have been made by an earlier release: run the program of its stack again.',
  });
}
