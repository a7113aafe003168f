import { createHash } from 'node:crypto';
import { TENANT_TOKEN_ALGORITHM, TENANT_TOKEN_TYPE } from '@bulkhead/domain/context';
import {
  Entitlements,
  entitlementSet,
  fixedEntitlements,
  fixedRoutes,
  RateLimits,
  RoutingTable,
  TenantTokens,
  type TenantContext,
} from '@bulkhead/tenancy';
import { contextFor, startTenantPlane, startTenantService, type TenantPlane } from '@bulkhead/tenancy/testing';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { compare, type Comparison, type Side } from './paired.js';
import { report, save } from './report.js';

// Whether a request costs the same in a fleet of a million tenants as in one of a thousand, for a process that works for a
// thousand of them at a time. Usage: node fleet.bench.js [pairs] [file for the JSON]

const [pairs = '400', file = 'bench-fleet.json'] = process.argv.slice(2);
const SMALL = 1_000;
const LARGE = 1_000_000;
const ACTIVE = 1_000;
const TOKENS = 100;
const LIMIT = 1.15;

/** Ids with an end as random as a real one's; the same in SQL below. */
function tenant(n: number): string {
  return `ten_${createHash('sha256').update(String(n)).digest('hex').slice(0, 32)}`;
}

function activeOf(size: number, count = ACTIVE): string[] {
  return Array.from({ length: count }, (_, n) => tenant(1 + Math.floor((n * size) / count)));
}

async function makeTables(plane: TenantPlane, size: number): Promise<void> {
  const id = `'ten_' || left(encode(sha256(n::text::bytea), 'hex'), 32)`;
  const rows = `generate_series(1, ${size}) n`;
  await plane.asOwner(`INSERT INTO bulkhead.tenant_home SELECT ${id}, bulkhead.this_home(), 1 FROM ${rows}`);
  await plane.asOwner(
    'CREATE TABLE app.note (tenant_id text COLLATE "C", id int, body text NOT NULL, PRIMARY KEY (tenant_id, id))',
  );
  await plane.asOwner(`INSERT INTO app.note SELECT ${id}, 1, repeat('x', 60) FROM ${rows}`);
  await plane.asOwner(`SELECT bulkhead.protect('app.note')`);
  await plane.asSuperuser('VACUUM ANALYZE');
}

interface Fleet {
  /** Reads one row of the next active tenant, through the library. */
  readonly read: Side;
  /** Decides about the next request: token, route, limit, entitlement. */
  readonly admit: Side;
  stop(): Promise<void>;
}

async function openFleet(size: number, keys: Awaited<ReturnType<typeof generateKeyPair>>): Promise<Fleet> {
  const home = `cel_${size}`;
  const plane = await startTenantPlane(home);
  await makeTables(plane, size);
  const ids = Array.from({ length: size }, (_, n) => tenant(n + 1));
  const routes = ids.map((tenantId) => ({ tenantId, home, epoch: 1, status: 'active' as const }));
  const service = await startTenantService([plane], fixedRoutes(routes), { connectionsPerHome: 1 });
  const set = entitlementSet(['charting'], { apiRequestsPerMinute: 1_000_000_000 });
  const entitlements = await Entitlements.open(fixedEntitlements(ids.map((tenantId) => ({ tenantId, set }))));
  return {
    read: reader(
      service.databases,
      activeOf(size).map((id) => signedFor(plane, id)),
    ),
    admit: await admission(service.table, entitlements, keys, activeOf(size, TOKENS)),
    async stop() {
      await entitlements.close();
      await service.stop();
      await plane.stop();
    },
  };
}

function signedFor(plane: TenantPlane, id: string): TenantContext {
  return contextFor(id, plane.sign(id, { expiresAt: Math.floor(Date.now() / 1000) + 7_200 }));
}

function reader(
  databases: Awaited<ReturnType<typeof startTenantService>>['databases'],
  contexts: readonly TenantContext[],
): Side {
  let next = 0;
  return async () => {
    const context = contexts[next++ % contexts.length] as TenantContext;
    const text = 'SELECT * FROM app.note WHERE tenant_id = $1 AND id = $2';
    const { rowCount } = await databases.query(context, { name: 'point', text, values: [context.tenantId, 1] });
    if (rowCount !== 1) throw new Error('The row is not there');
  };
}

async function admission(
  routes: RoutingTable,
  entitlements: Entitlements,
  keys: Awaited<ReturnType<typeof generateKeyPair>>,
  ids: readonly string[],
): Promise<Side> {
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k', alg: TENANT_TOKEN_ALGORITHM };
  const tokens = new TenantTokens({
    issuer: 'i',
    audience: 'bench',
    keys: { keys: [jwk] },
    isRevoked: () => false,
    maxLifetimeSeconds: 7_200,
  });
  const classes = { api: { quota: 'apiRequestsPerMinute' } };
  const limits = new RateLimits({ entitlements, classes, instances: 1 });
  const bearers = await Promise.all(ids.map((id) => tokenOf(id, keys)));
  let next = 0;
  return async () => {
    const { tenantId } = await tokens.verify(bearers[next++ % bearers.length] as string);
    routes.resolve(tenantId);
    limits.take(tenantId, 'api');
    entitlements.require(tenantId, 'charting');
  };
}

function tokenOf(id: string, keys: Awaited<ReturnType<typeof generateKeyPair>>): Promise<string> {
  return new SignJWT({ tenant: id, kind: 'service', roles: [] })
    .setProtectedHeader({ alg: TENANT_TOKEN_ALGORITHM, typ: TENANT_TOKEN_TYPE, kid: 'k' })
    .setIssuer('i')
    .setAudience('bench')
    .setSubject('svc')
    .setJti('tok')
    .setIssuedAt()
    .setExpirationTime('2h')
    .sign(keys.privateKey);
}

process.stderr.write('Filling databases of a thousand and of a million tenants...\n');
const keys = await generateKeyPair(TENANT_TOKEN_ALGORITHM);
const small = await openFleet(SMALL, keys);
const large = await openFleet(LARGE, keys);
const comparisons: Comparison[] = [
  { name: 'A/A control, point read', subject: small.read, against: small.read, repeats: 20 },
  { name: 'A/A control, admission', subject: small.admit, against: small.admit, repeats: 20 },
  { name: 'point read: 10^6 tenants ÷ 10^3', subject: large.read, against: small.read, limit: LIMIT, repeats: 20 },
  { name: 'admission: 10^6 tenants ÷ 10^3', subject: large.admit, against: small.admit, limit: LIMIT, repeats: 20 },
];
try {
  // The working set shall be in memory, as that of a service at work is.
  for (const { read } of [small, large]) for (let n = 0; n < 5 * ACTIVE; n++) await read();
  const results = await compare(comparisons, Number(pairs));
  report(results);
  await save(file, { results });
} finally {
  await small.stop();
  await large.stop();
}
