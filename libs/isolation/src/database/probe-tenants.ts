import { randomBytes } from 'node:crypto';
import { contextKeyPads, signContext, type ContextKey } from '@bulkhead/domain/context';
import { newId, Redacted, type TenantId } from '@bulkhead/kernel';
import type pg from 'pg';

/** A tenant that exists only inside the transaction of the proof. */
export interface ProbeTenant {
  readonly id: TenantId;
  /** Stands in the rows of the tenant and in no statement of the other. */
  readonly secret: string;
  readonly context: string;
  /** Tells the two apart where a row needs a number. */
  readonly ordinal: 1 | 2;
}

export interface ProbeTenants {
  readonly a: ProbeTenant;
  readonly b: ProbeTenant;
  /** Contexts that must be refused, by what is wrong with them. */
  readonly wrong: Readonly<Record<string, string>>;
}

/**
 * Makes two tenants at home here, and a key that signs for them. The client acts as the owner role in a transaction:
 * neither tenants nor key are ever committed, so no context that is made here opens anything elsewhere.
 */
export async function makeProbeTenants(client: pg.Client, home: string): Promise<ProbeTenants> {
  const key = probeKey();
  const { inner, outer } = contextKeyPads(key);
  await client.query('INSERT INTO bulkhead.context_key (id, inner_pad, outer_pad) VALUES ($1, $2, $3)', [
    key.id,
    inner,
    outer,
  ]);
  const [a, b] = [makeTenant(key, home, 1), makeTenant(key, home, 2)];
  const settle = 'INSERT INTO bulkhead.tenant_home (tenant_id, home, epoch) VALUES ($1, $3, 1), ($2, $3, 1)';
  await client.query(settle, [a.id, b.id, home]);
  return { a, b, wrong: wrongContexts(key, home, a, b) };
}

function probeKey(): ContextKey {
  return { id: randomBytes(8).toString('hex'), secret: new Redacted<Uint8Array>(randomBytes(32)) };
}

const soon = (): number => Math.floor(Date.now() / 1000) + 600;

function makeTenant(key: ContextKey, home: string, ordinal: 1 | 2): ProbeTenant {
  const id = newId('tenant');
  const context = signContext(key, { tenantId: id, home, epoch: 1, expiresAt: soon() });
  return { id, secret: `probe-${randomBytes(12).toString('hex')}`, context, ordinal };
}

function wrongContexts(key: ContextKey, home: string, a: ProbeTenant, b: ProbeTenant): Record<string, string> {
  const claims = { tenantId: b.id, home, epoch: 1, expiresAt: soon() };
  return {
    empty: '',
    'only a tenant id': b.id,
    'of another tenant, with a borrowed signature': a.context.replace(a.id, b.id),
    'signed with a stranger’s key': signContext({ ...probeKey(), id: key.id }, claims),
    expired: signContext(key, { ...claims, expiresAt: Math.floor(Date.now() / 1000) - 60 }),
    'for another database': signContext(key, { ...claims, home: 'elsewhere' }),
    'of an earlier epoch': signContext(key, { ...claims, epoch: 7 }),
  };
}
