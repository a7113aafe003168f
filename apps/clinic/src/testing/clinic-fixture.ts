import { randomUUID } from 'node:crypto';
import { createLogger } from '@bulkhead/runtime';
import {
  Entitlements,
  entitlementSet,
  fixedEntitlements,
  TENANT_TOKEN_ALGORITHM,
  TENANT_TOKEN_TYPE,
  TenantTokens,
} from '@bulkhead/tenancy';
import { HandRoutes, startTenantService, type TenantPlane } from '@bulkhead/tenancy/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { createClinic } from '../clinic.js';
import type { ClinicRole } from '../http/access.js';
import { memoryLayers } from './memory-layers.js';

const ISSUER = 'https://bulkhead.example';
const ALL_ROLES: readonly ClinicRole[] = ['clinician', 'front-desk', 'billing', 'practice-admin'];

export interface Answer {
  readonly status: number;
  readonly text: string;
  // What a test expects in an answer is the test's business.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

export interface Caller {
  readonly tenant: string;
  readonly roles?: readonly string[];
  readonly unit?: string;
  readonly audience?: string;
}

export interface Sent {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly body?: object;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the tenants of the tests have bought. `ten_few` has little. */
async function entitled(): Promise<Entitlements> {
  const whole = entitlementSet(['scheduling', 'charting', 'claims'], { apiRequestsPerMinute: 100_000 });
  const few = entitlementSet(['scheduling'], { apiRequestsPerMinute: 3 });
  const tenants = ['ten_a', 'ten_b', 'ten_own', 'ten_out'].map((tenantId) => ({ tenantId, set: whole }));
  return await Entitlements.open(fixedEntitlements([...tenants, { tenantId: 'ten_few', set: few }]));
}

/** The service over planes that are there, with a token issuer of its own. */
export class ClinicFixture {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly routes: HandRoutes,
    /** Every line that the service logged. */
    readonly logged: readonly string[],
    private readonly key: CryptoKey,
    private readonly stopService: () => Promise<void>,
  ) {}

  static async start(planes: readonly TenantPlane[], routes = new HandRoutes()): Promise<ClinicFixture> {
    const { privateKey, publicKey } = await generateKeyPair(TENANT_TOKEN_ALGORITHM);
    const tokens = new TenantTokens({
      issuer: ISSUER,
      audience: 'clinic',
      keys: { keys: [await exportJWK(publicKey)] },
      isRevoked: () => false,
    });
    const service = await startTenantService(planes, routes);
    const logged: string[] = [];
    const logger = createLogger({ name: 'clinic', level: 'trace' }, { write: (line) => void logged.push(line) });
    const { databases, table } = service;
    const entitlements = await entitled();
    const layers = memoryLayers();
    const app = await createClinic({ databases, routes: table, entitlements, tokens, ...layers, logger });
    return new ClinicFixture(app, routes, logged, privateKey, async () => {
      await service.stop();
      await entitlements.close();
    });
  }

  async token({ tenant, roles = ALL_ROLES, unit, audience = 'clinic' }: Caller): Promise<string> {
    return await new SignJWT({ tenant, kind: 'person', roles, ...(unit !== undefined && { unit }) })
      .setProtectedHeader({ alg: TENANT_TOKEN_ALGORITHM, typ: TENANT_TOKEN_TYPE })
      .setIssuer(ISSUER)
      .setAudience(audience)
      .setSubject('usr_1')
      .setJti(randomUUID())
      .setIssuedAt()
      .setExpirationTime('10m')
      .sign(this.key);
  }

  async send(caller: Caller | undefined, { method = 'GET', url, body, key, headers }: Sent): Promise<Answer> {
    const answer = await this.app.inject({
      method,
      url,
      headers: {
        ...(caller && { authorization: `Bearer ${await this.token(caller)}` }),
        ...(method === 'POST' && { 'idempotency-key': key ?? randomUUID() }),
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body && { payload: JSON.stringify(body) }),
    });
    const json = /^application\/(problem\+)?json;/.test(String(answer.headers['content-type']));
    return { status: answer.statusCode, text: answer.body, body: json ? answer.json() : undefined };
  }

  get(caller: Caller, url: string): Promise<Answer> {
    return this.send(caller, { url });
  }

  post(caller: Caller, url: string, body: object = {}, key?: string): Promise<Answer> {
    return this.send(caller, { method: 'POST', url, body, ...(key !== undefined && { key }) });
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.stopService();
  }
}
