import { randomBytes } from 'node:crypto';
import { RecordContextKey } from '@bulkhead/control';
import {
  boxPublicKey,
  contextKeyLabel,
  sealFor,
  TENANT_TOKEN_ALGORITHM,
  TENANT_TOKEN_TYPE,
  tokenServiceKeys,
  type ContextKey,
} from '@bulkhead/domain/context';
import { Redacted } from '@bulkhead/kernel';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet, type JWTPayload } from 'jose';
import pg from 'pg';
import { TOKEN_ISSUER, type ApiFixture } from './api.fixture.js';

/** Verifies a tenant's token as a service does, with the keys that are published now. `now` in milliseconds. */
export async function verifiedClaims(
  api: ApiFixture,
  token: string,
  audience = 'clinic',
  now: number = Date.now(),
): Promise<JWTPayload> {
  const keys = (await api.get('/v1/.well-known/jwks.json', { token: null })).body as JSONWebKeySet;
  const { payload } = await jwtVerify(token, createLocalJWKSet(keys), {
    algorithms: [TENANT_TOKEN_ALGORITHM],
    typ: TENANT_TOKEN_TYPE,
    issuer: TOKEN_ISSUER,
    audience,
    currentDate: new Date(now),
  });
  return payload;
}

/** Gives the token service a key for a home, sealed as the worker does it. */
export async function addContextKey(api: ApiFixture, secret: Redacted<Uint8Array>, home: string): Promise<ContextKey> {
  const key: ContextKey = { id: randomBytes(8).toString('hex'), secret: new Redacted<Uint8Array>(randomBytes(32)) };
  const recipient = boxPublicKey(tokenServiceKeys(secret).box);
  const sealed = sealFor(recipient, key.secret, contextKeyLabel(home, key.id)).toString('base64');
  await api.asWorker(new RecordContextKey({ home, id: key.id, sealed }));
  return key;
}

export async function asSuperuser(
  api: ApiFixture,
  sql: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(api.database.superuserUrl);
  await client.connect();
  try {
    return (await client.query(sql, values)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

/** Tables of the whole database in which the text occurs, as text, or as the bytes that it stands for in hexadecimal. */
export async function tablesThatHold(api: ApiFixture, text: string): Promise<string[]> {
  const tables = await asSuperuser(
    api,
    `select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables
      where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const hits = await asSuperuser(api, `select 1 from ${String(name)} t where strpos(t::text, $1) > 0 limit 1`, [
      text,
    ]);
    if (hits.length > 0) found.push(String(name));
  }
  return found;
}
