import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createClinic } from '@bulkhead/clinic';
import { shippedMigrations } from '@bulkhead/clinic/fleet';
import { startClinicPlane, type ClinicPlane } from '@bulkhead/clinic/testing/clinic-plane';
import { memoryLayers } from '@bulkhead/clinic/testing/memory-layers';
import { createLogger } from '@bulkhead/runtime';
import {
  Entitlements,
  entitlementSet,
  fixedEntitlements,
  TENANT_TOKEN_ALGORITHM,
  TENANT_TOKEN_TYPE,
  TenantTokens,
} from '@bulkhead/tenancy';
import { HandRoutes, startTenantService } from '@bulkhead/tenancy/testing';
import type { RouteAnswer, RouteRequest } from '@bulkhead/isolation';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { exportJWK, SignJWT, type JWK } from 'jose';

const ISSUER = 'https://tokens.example';
export const TENANTS = { a: 'ten_a', b: 'ten_b' } as const;

/** The clinic with two tenants in one cell, and its token issuer. */
export class ClinicStage {
  readonly logged: string[] = [];
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly #closing: (() => Promise<void>)[] = [];
  #app?: NestFastifyApplication;

  static async start(): Promise<ClinicStage> {
    const stage = new ClinicStage();
    const plane: ClinicPlane = await startClinicPlane('cel_1', shippedMigrations());
    stage.#closing.push(() => plane.stop());
    await plane.settle(...Object.values(TENANTS));
    const routes = new HandRoutes();
    for (const tenant of Object.values(TENANTS)) routes.set(tenant, 'cel_1');
    const service = await startTenantService([plane], routes);
    stage.#closing.push(() => service.stop());
    const entitlements = await bought();
    stage.#closing.push(async () => await entitlements.close());
    const logger = createLogger({ name: 'clinic', level: 'trace' }, { write: (line) => void stage.logged.push(line) });
    const tokens = new TenantTokens({
      issuer: ISSUER,
      audience: 'clinic',
      keys: { keys: [await stage.publicKey()] },
      isRevoked: () => false,
    });
    const parts = { databases: service.databases, routes: service.table, entitlements, tokens, logger };
    stage.#app = await createClinic({ ...parts, ...memoryLayers() });
    stage.#closing.push(async () => await stage.#app?.close());
    return stage;
  }

  publicKey(): Promise<JWK> {
    return exportJWK(this.#keys.publicKey);
  }

  /** A token of the issuer. */
  async token(tenant: string, { audience = 'clinic', expires = '10m' } = {}): Promise<string> {
    const roles = ['clinician', 'front-desk', 'billing', 'practice-admin'];
    return await new SignJWT({ tenant, kind: 'person', roles })
      .setProtectedHeader({ alg: TENANT_TOKEN_ALGORITHM, typ: TENANT_TOKEN_TYPE })
      .setIssuer(ISSUER)
      .setAudience(audience)
      .setSubject('usr_1')
      .setJti(randomUUID())
      .setIssuedAt(Math.floor(Date.now() / 1000) - 120)
      .setExpirationTime(expires)
      .sign(this.#keys.privateKey);
  }

  async send({ method, path, headers, body }: RouteRequest): Promise<RouteAnswer> {
    const answer = await this.#app?.inject({
      method: method as 'GET',
      url: path,
      headers,
      ...(body && { payload: body }),
    });
    if (!answer) throw new Error('The clinic is not there');
    const kept = Object.entries(answer.headers).map(([name, value]) => [name, String(value)]);
    return { status: answer.statusCode, headers: Object.fromEntries(kept), body: answer.body };
  }

  /** Makes something for a tenant and gives its id. */
  async make(tenant: string, path: string, body: object): Promise<string> {
    const headers = {
      authorization: `Bearer ${await this.token(tenant)}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    };
    const answer = await this.send({ method: 'POST', path, headers, body: JSON.stringify(body) });
    if (answer.status !== 201) throw new Error(`Nothing was made: ${answer.status} ${answer.body}`);
    return (JSON.parse(answer.body) as { id: string }).id;
  }

  async stop(): Promise<void> {
    for (const close of this.#closing.toReversed()) await close();
  }
}

/** Only A has bought claims. */
async function bought(): Promise<Entitlements> {
  const quotas = { apiRequestsPerMinute: 1_000_000 };
  return await Entitlements.open(
    fixedEntitlements([
      { tenantId: TENANTS.a, set: entitlementSet(['scheduling', 'charting', 'claims'], quotas) },
      { tenantId: TENANTS.b, set: entitlementSet(['scheduling', 'charting'], quotas) },
    ]),
  );
}
