import { scramVerifier } from '@bulkhead/kernel/scram-verifier';
import pg from 'pg';

/** Runs `work` on one connection and closes it. */
export async function withClient<T>(
  connection: { port: number; user: string; password: string; database: string },
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ host: '127.0.0.1', ...connection });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * Makes a LOGIN role with these attributes when it is missing, and sets its attributes and password in any case.
 * @param attributes SQL of CREATE ROLE, constant text of the caller.
 */
export async function ensureLogin(
  client: pg.Client,
  name: string,
  password: string,
  attributes: string,
): Promise<void> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [name]);
  const verb = rowCount === 0 ? 'CREATE' : 'ALTER';
  const identifier = client.escapeIdentifier(name);
  await client.query(
    `${verb} ROLE ${identifier} LOGIN ${attributes} PASSWORD ${client.escapeLiteral(scramVerifier(password))}`,
  );
}

/** Makes a database with this owner when it is missing. */
export async function ensureDatabase(client: pg.Client, name: string, owner: string): Promise<void> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
  if (rowCount !== 0) return;
  await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)} OWNER ${client.escapeIdentifier(owner)}`);
}

/** A postgres:// URL on the loopback interface. */
export function postgresUrl(user: string, password: string, port: number, database: string): string {
  return `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
}
