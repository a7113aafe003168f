import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TENANT_TOKEN_ALGORITHM, TENANT_TOKEN_TYPE } from '@bulkhead/domain/context';
import { createLocalJWKSet, exportJWK, jwtVerify, SignJWT, type JWK } from 'jose';

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const CONTROL_DOCUMENT = readFileSync(new URL('../../../libs/client/openapi.json', import.meta.url), 'utf8');
const secured = { security: [{ tenant: [] }] };
const PRACTICE_DOCUMENT = {
  paths: {
    '/v1/patients': { get: secured, post: secured },
    '/v1/patients/{id}': { get: secured, delete: secured },
  },
};

/** The two sides that a live proof calls: what issues tokens, and a small service of the workload plane. */
export class ProofServices {
  /** Whether the practice forgets whose a patient is. */
  forgetsTheTenant = false;
  /** What the control plane answers to a tenant's token. */
  controlAnswers = 401;
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly #patients = new Map<string, string>();
  readonly #servers: Server[] = [];
  control = '';
  practice = '';

  /** @param sign makes the signed context of a tenant. */
  constructor(private readonly sign: (tenantId: string) => string) {}

  static async start(sign: (tenantId: string) => string): Promise<ProofServices> {
    const services = new ProofServices(sign);
    await services.move();
    return services;
  }

  /** To new addresses: a proof asks no faster than one address bears, and a test makes many proofs. */
  async move(): Promise<void> {
    this.control = await this.#listen((request, body) => this.#asControlPlane(request, body));
    this.practice = await this.#listen((request) => this.#asPractice(request));
  }

  stop(): void {
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  async #listen(answer: (request: IncomingMessage, body: string) => Promise<Answer>): Promise<string> {
    const server = createServer((request, response) => {
      const handle = async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        const { status, body } = await answer(request, Buffer.concat(chunks).toString());
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(typeof body === 'string' ? body : JSON.stringify(body));
      };
      handle().catch(() => response.destroy());
    });
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async #jwk(): Promise<JWK> {
    return { ...(await exportJWK(this.#keys.publicKey)), alg: TENANT_TOKEN_ALGORITHM, kid: 'k1' };
  }

  async #asControlPlane({ url = '', method }: IncomingMessage, body: string): Promise<Answer> {
    if (url.endsWith('/openid-configuration')) return ok({ token_endpoint: `${this.control}/token` });
    if (url === '/token') return ok({ access_token: 'of the prover' });
    if (url.endsWith('/jwks.json')) return ok({ keys: [await this.#jwk()] });
    if (url === '/v1/openapi.json') return ok(CONTROL_DOCUMENT);
    const tenant = /^\/v1\/tenants\/([^/]+)\/tokens$/.exec(url)?.[1];
    if (tenant && method === 'POST') return { status: 201, body: { token: await this.#token(tenant, body) } };
    return { status: this.controlAnswers, body: {} };
  }

  async #token(tenant: string, body: string): Promise<string> {
    const { audience, roles, subject } = JSON.parse(body) as {
      audience: string;
      roles: string[];
      subject: { id: string };
    };
    return await new SignJWT({ tenant, kind: 'service', roles, context: this.sign(tenant) })
      .setProtectedHeader({ alg: TENANT_TOKEN_ALGORITHM, typ: TENANT_TOKEN_TYPE, kid: 'k1' })
      .setIssuer(this.control)
      .setAudience(audience)
      .setSubject(subject.id)
      .setJti(randomUUID())
      .setIssuedAt()
      .setExpirationTime('10m')
      .sign(this.#keys.privateKey);
  }

  async #asPractice({ url = '', method, headers }: IncomingMessage): Promise<Answer> {
    if (url === '/openapi.json') return ok(PRACTICE_DOCUMENT);
    const tenant = await this.#tenantOf(headers.authorization?.slice('Bearer '.length) ?? '');
    if (tenant === undefined) return { status: 401, body: {} };
    const id = url.split('/')[3];
    if (method === 'POST') {
      const made = `pat_${randomUUID().replaceAll('-', '')}`;
      this.#patients.set(made, tenant);
      return { status: 201, body: { id: made } };
    }
    const mine = [...this.#patients].filter(([, owner]) => owner === tenant).map(([one]) => ({ id: one }));
    if (id === undefined) return ok({ data: mine });
    const owner = this.#patients.get(id);
    return owner !== undefined && (owner === tenant || this.forgetsTheTenant) ? ok({ id }) : { status: 404, body: {} };
  }

  async #tenantOf(token: string): Promise<string | undefined> {
    const options = { issuer: this.control, audience: 'practice', algorithms: [TENANT_TOKEN_ALGORITHM] };
    try {
      const { payload } = await jwtVerify(token, createLocalJWKSet({ keys: [await this.#jwk()] }), options);
      return String(payload['tenant']);
    } catch {
      return undefined;
    }
  }
}

const ok = (body: unknown): Answer => ({ status: 200, body });
