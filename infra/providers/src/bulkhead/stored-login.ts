import { GetSecretValueCommand, PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { randomBytes } from 'node:crypto';
import { scramVerifier } from '@bulkhead/kernel/scram-verifier';
import pg from 'pg';
import { absentAsUndefined } from '../protocol/failure.js';
import { tlsFor, type Server } from './master-sessions.js';
import type { Plane } from './plane.js';

/** A login of a database, and the secret that it goes into. */
interface WantedLogin {
  readonly role: string;
  readonly secretArn: string;
}

/** What the workload finds in its secret. */
interface StoredLogin {
  readonly username: string;
  readonly password: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
}

/** Sees to it that the secret holds a login that works. A login that works is kept: services use it. */
export async function ensureLogin(
  plane: Plane,
  where: Server & { readonly database: string },
  { role, secretArn }: WantedLogin,
): Promise<void> {
  const wanted = { username: role, host: where.host, port: where.port, database: where.database };
  const kept = await storedLogin(plane, secretArn);
  if (kept?.password !== undefined && (await works({ ...wanted, password: kept.password }))) {
    const value: StoredLogin = { ...wanted, password: kept.password };
    const same = (Object.keys(value) as (keyof StoredLogin)[]).every((field) => kept[field] === value[field]);
    if (!same) await store(plane, secretArn, value);
    return;
  }
  const password = randomBytes(24).toString('base64url');
  await plane.sessions.run({ server: where, database: 'postgres' }, (client) =>
    client.query(
      `ALTER ROLE ${client.escapeIdentifier(role)} PASSWORD ${client.escapeLiteral(scramVerifier(password))}`,
    ),
  );
  await store(plane, secretArn, { ...wanted, password });
}

async function storedLogin({ clients }: Plane, arn: string): Promise<Partial<StoredLogin> | undefined> {
  // A secret without any value answers as if it did not exist; a missing one fails when it is written.
  const value = await absentAsUndefined(clients.secrets.send(new GetSecretValueCommand({ SecretId: arn })));
  if (value?.SecretString === undefined) return undefined;
  try {
    return JSON.parse(value.SecretString) as Partial<StoredLogin>;
  } catch {
    return undefined;
  }
}

async function store({ clients }: Plane, arn: string, login: StoredLogin): Promise<void> {
  await clients.secrets.send(new PutSecretValueCommand({ SecretId: arn, SecretString: JSON.stringify(login) }));
}

async function works({ username, password, host, port, database }: StoredLogin): Promise<boolean> {
  const client = new pg.Client({
    user: username,
    password,
    host,
    port,
    database,
    ...tlsFor(host),
    connectionTimeoutMillis: 10_000,
  });
  try {
    await client.connect();
    return true;
  } catch (error) {
    // 28P01: wrong password. Anything else says nothing about the password.
    if ((error as { code?: string }).code === '28P01') return false;
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}
