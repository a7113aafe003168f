import type { KMSClient } from '@aws-sdk/client-kms';
import type { RDSClient } from '@aws-sdk/client-rds';
import type { S3Client } from '@aws-sdk/client-s3';
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { physicalNames, type DatabaseCoordinates } from '@bulkhead/domain';
import { BulkheadError, Redacted } from '@bulkhead/kernel';
import pg from 'pg';
import type { Home } from './plane.js';

/** What planes reach the engines with. */
export interface PlaneClients {
  readonly kms: KMSClient;
  readonly rds: RDSClient;
  readonly s3: S3Client;
  readonly secrets: SecretsManagerClient;
  readonly sqs: SQSClient;
  /** False only where no TLS is to be had: the local stack, on the loopback interface. */
  readonly databaseTls: boolean;
}

export interface Login {
  readonly username: string;
  readonly password: Redacted;
}

/** Reads a login from Secrets Manager, in the form in which RDS keeps the master's. */
export async function readLogin(clients: PlaneClients, secretArn: string): Promise<Login> {
  const { SecretString } = await clients.secrets.send(new GetSecretValueCommand({ SecretId: secretArn }));
  const { username, password } = JSON.parse(SecretString ?? '{}') as { username: string; password: string };
  return { username, password: new Redacted(password) };
}

/**
 * Runs `work` in one transaction as the owner of the home's tables.
 * @throws BulkheadError `plane_unreachable` (503, retryable) when the database does not answer.
 */
export async function asOwner<T>(
  clients: PlaneClients,
  home: Home,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = await connect(clients, home.database);
  try {
    await client.query('begin');
    await client.query(`set local role ${pg.escapeIdentifier(physicalNames(home.id).ownerRole)}`);
    const result = await work(client);
    await client.query('commit');
    return result;
  } finally {
    // Ending the session rolls back what was not committed.
    await client.end();
  }
}

async function connect(clients: PlaneClients, database: DatabaseCoordinates): Promise<pg.Client> {
  const { username, password } = await readLogin(clients, database.masterSecretArn);
  const client = new pg.Client({
    host: database.host,
    port: database.port,
    database: database.database,
    user: username,
    password: password.reveal(),
    ssl: clients.databaseTls,
    connectionTimeoutMillis: 5_000,
    statement_timeout: 30_000,
    application_name: 'bulkhead-planes',
  });
  // A connection that breaks while nobody waits on it must not end the worker.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    throw new BulkheadError({
      code: 'plane_unreachable',
      status: 503,
      retryable: true,
      publicMessage: `The database ${database.database} does not answer.`,
      remediation: 'Check that its instance is available; the step is tried again by itself.',
      cause: error,
    });
  }
}
