import { randomBytes } from 'node:crypto';
import type { Answer } from './api.js';
import { succeeded, wish, type Accepted } from './onboarding.js';
import type { TestStack } from './test-stack.js';
import type { Source } from './written-texts.js';

interface Canary {
  readonly input: string;
  readonly text: string;
  /** Where it may stand, and why. */
  readonly mayStandIn: readonly Source[];
}

// A canary that was sent to another end than planned would prove less than its name says.
function requireStatus(expected: number, { status, body }: Answer, what = ''): void {
  if (status !== expected) throw new Error(`${what} was answered with ${status}: ${JSON.stringify(body)}`);
}

function word(): string {
  return `canary${randomBytes(8).toString('hex')}`;
}

/** Sends a canary in each input that the API takes, most of them to be refused. */
export class CanaryFlock {
  readonly canaries: Canary[] = [];

  constructor(private readonly stack: TestStack) {}

  #canary(input: string, text = word(), mayStandIn: readonly Source[] = []): string {
    this.canaries.push({ input, text, mayStandIn });
    return text;
  }

  async release(): Promise<void> {
    await this.#throughAcceptedTenant();
    await this.#throughRefusedBodies();
    await this.#throughHeadersAndAddresses();
    await this.#throughApiKeys();
  }

  /** The name is stored in control.tenants and billing.customers, the key in control.idempotency_keys: nowhere else. */
  async #throughAcceptedTenant(): Promise<void> {
    const { api } = this.stack;
    const name = `Clinic of ${this.#canary('name of a tenant')}`;
    const key = this.#canary('Idempotency-Key of an accepted request');
    // The slug is in the audit log and in the answer to whoever asks for it a second time.
    const slug = this.#canary('slug of a tenant', word(), ['audit', 'errors']);
    const body = { ...wish('hybrid-storage', slug), name };
    const { tenant, operation } = await api.post<Accepted>('/v1/tenants', body, key);
    await succeeded(api, operation.id);
    await this.#throughTokens(tenant.id);
    await this.#refused('/v1/tenants', body, 409);
    await this.#refused('/v1/tenants', { ...body, name: this.#canary('name in a reused key') }, 422, key);
  }

  /** Who a token is for, and why something is taken away, is in the audit log; tokens and contexts are kept nowhere. */
  async #throughTokens(tenantId: string): Promise<void> {
    const { api } = this.stack;
    const path = `/v1/tenants/${tenantId}`;
    const subject = { kind: 'service', id: this.#canary('subject of a token', word(), ['audit']) };
    const wanted = { audience: 'clinic', subject, roles: ['read'], database: true };
    const { token, tokenId } = await api.post<{ token: string; tokenId: string }>(`${path}/tokens`, wanted);
    this.#canary('token', token);
    const { context } = await api.post<{ context: string }>(`${path}/contexts`, { token });
    this.#canary('database context', context);
    await this.#refused(`${path}/contexts`, { token: `${token}${this.#canary('forged token')}` }, 422);
    const reason = this.#canary('reason of a revocation', word(), ['audit']);
    const revocation = { body: { tokenId, reason }, key: crypto.randomUUID() };
    requireStatus(204, await api.call('POST', `${path}/tokens/revoke`, revocation));
    await api.post(`${path}/suspend`, { reason: this.#canary('reason of a suspension', word(), ['audit']) });
    await api.post(`${path}/resume`, {});
  }

  async #throughRefusedBodies(): Promise<void> {
    const tenant = wish('pooled', 'canary-cage');
    // What a command was refused for is in its audit leaf, so that a reader can tell what was tried.
    for (const field of ['tier', 'plan']) {
      await this.#refused('/v1/tenants', { ...tenant, [field]: this.#canary(field, word(), ['audit']) }, 422);
    }
    for (const field of ['region', 'slug', 'environment', 'partnerId', 'quantity']) {
      const text = field === 'slug' ? this.#canary('bad slug', word().toUpperCase()) : this.#canary(`bad ${field}`);
      await this.#refused('/v1/tenants', { ...tenant, [field]: text }, 400);
    }
    await this.#refused('/v1/tenants', { ...tenant, password: this.#canary('value of an unknown field') }, 400);
    await this.#refused('/v1/tenants', `{"__proto__":{"x":"${this.#canary('__proto__')}"},"slug":"abc"}`, 400);
    await this.#refused('/v1/tenants', `{"slug": "${this.#canary('broken JSON')}`, 400);
    await this.#refused('/v1/tenants', { ...tenant, name: this.#canary('oversized body').repeat(100_000) }, 413);
    for (const path of ['/v1/cells', '/v1/landing-zones', '/v1/api-keys']) {
      await this.#refused(
        path,
        { name: this.#canary(`name at ${path}`), region: this.#canary(`region at ${path}`) },
        400,
      );
    }
  }

  async #throughHeadersAndAddresses(): Promise<void> {
    const { api } = this.stack;
    const headers = {
      'user-agent': this.#canary('User-Agent'),
      'x-request-id': this.#canary('X-Request-Id'),
      cookie: `session=${this.#canary('cookie')}`,
      referer: `http://localhost/${this.#canary('Referer')}`,
      traceparent: this.#canary('traceparent'),
    };
    requireStatus(200, await api.call('GET', '/v1/tenants', { headers }));
    const token = `Bearer ${this.#canary('bearer token')}`;
    requireStatus(401, await api.call('GET', '/v1/tenants', { headers: { authorization: token } }));
    const basic = Buffer.from(`user:${this.#canary('Basic password')}`).toString('base64');
    requireStatus(401, await api.call('GET', '/v1/tenants', { headers: { authorization: `Basic ${basic}` } }));
    requireStatus(200, await api.call('GET', `/v1/tenants?q=${this.#canary('search')}`));
    requireStatus(400, await api.call('GET', `/v1/tenants?starting_after=${this.#canary('cursor')}`));
    requireStatus(400, await api.call('GET', `/v1/tenants?limit=5&token=${this.#canary('unknown query')}`));
    requireStatus(404, await api.call('GET', `/v1/tenants/${this.#canary('id in a path')}`));
    requireStatus(404, await api.call('GET', `/v1/plans/${this.#canary('plan in a path')}`));
    requireStatus(404, await api.call('GET', `/${this.#canary('path')}`));
  }

  /** The name of a key is stored in control.api_keys, the key itself nowhere. */
  async #throughApiKeys(): Promise<void> {
    const { api } = this.stack;
    const name = this.#canary('name of an API key');
    const { key } = await api.post<{ key: string }>('/v1/api-keys', { name, roles: ['platform-admin'] });
    this.#canary('API key', key);
    const authorization = `Bearer ${key}`;
    requireStatus(200, await api.call('GET', '/v1/tenants', { headers: { authorization } }));
    await this.#refused('/v1/tenants', wish('pooled', 'x'), 400, undefined, { authorization });
  }

  async #refused(
    path: string,
    body: unknown,
    status: number,
    key: string = this.#canary(`Idempotency-Key of a refused request`),
    headers: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    requireStatus(
      status,
      await this.stack.api.call('POST', path, { body, key, headers }),
      `${path} ${JSON.stringify(body).slice(0, 100)}`,
    );
  }
}
