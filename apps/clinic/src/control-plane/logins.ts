import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type pg from 'pg';

interface StoredLogin {
  readonly username: string;
  readonly password: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
}

const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];
const CONNECT_TIMEOUT_MS = 5_000;

/** Logins of the tenants' databases, as the provider put them into the secret store: `bulkhead/<home>/<purpose>`. */
export class Logins {
  readonly #secrets: SecretsManagerClient;

  /** @param endpoint of the AWS API, where it is not AWS itself. */
  constructor(region: string, endpoint?: string) {
    this.#secrets = new SecretsManagerClient({ region, ...(endpoint !== undefined && { endpoint }) });
  }

  /** Read anew each time: the provider may have changed it. TLS wherever the traffic leaves the host. */
  async of(home: string, purpose: 'serving' | 'migrator'): Promise<pg.ClientConfig> {
    const { SecretString } = await this.#secrets.send(
      new GetSecretValueCommand({ SecretId: `bulkhead/${home}/${purpose}` }),
    );
    const { username, password, host, port, database } = JSON.parse(SecretString ?? '{}') as StoredLogin;
    return {
      user: username,
      password,
      host,
      port,
      database,
      ssl: !LOOPBACK.includes(host),
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    };
  }

  close(): void {
    this.#secrets.destroy();
  }
}
