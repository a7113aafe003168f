import type { DemoUser } from '@bulkhead/local';

/** An answer of the HTTP API. */
export interface Answer<T = Record<string, unknown>> {
  readonly status: number;
  readonly body: T;
  readonly headers: Headers;
}

export interface CallOptions {
  readonly body?: unknown;
  /** Idempotency-Key. */
  readonly key?: string;
  readonly user?: DemoUser;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The public HTTP API, as any client reaches it. */
export class Api {
  /** Text of every answer that was not a success, for tests about what errors give away. */
  readonly errors: string[] = [];
  readonly #tokens = new Map<DemoUser, Promise<string>>();

  constructor(
    readonly url: string,
    private readonly freshToken: (user: DemoUser) => Promise<string>,
  ) {}

  async call<T = Record<string, unknown>>(method: string, path: string, options: CallOptions = {}): Promise<Answer<T>> {
    const { body, key, user = 'platform-admin', headers } = options;
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await this.token(user)}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    });
    const text = await response.text();
    if (!response.ok) this.errors.push(text);
    const isJson = response.headers.get('content-type')?.includes('json') === true && !path.includes('/audit/export');
    return { status: response.status, body: (isJson ? JSON.parse(text) : text) as T, headers: response.headers };
  }

  /** @throws Error with the problem document when the answer is not a success. */
  async get<T>(path: string, user?: DemoUser): Promise<T> {
    return succeeded(path, await this.call<T>('GET', path, user && { user }));
  }

  /** @throws Error with the problem document when the answer is not a success. */
  async post<T>(path: string, body: unknown, key: string = crypto.randomUUID()): Promise<T> {
    return succeeded(path, await this.call<T>('POST', path, { body, key }));
  }

  /** All items of a list, page after page. */
  async list<T extends { readonly id: string }>(path: string): Promise<T[]> {
    const items: T[] = [];
    for (;;) {
      const last = items.at(-1);
      const rest = `limit=100${last ? `&starting_after=${last.id}` : ''}`;
      const page = await this.get<{ data: T[]; hasMore: boolean }>(`${path}${path.includes('?') ? '&' : '?'}${rest}`);
      items.push(...page.data);
      if (!page.hasMore) return items;
    }
  }

  /** One token for each user; it outlives any test. */
  async token(user: DemoUser): Promise<string> {
    let token = this.#tokens.get(user);
    if (!token) this.#tokens.set(user, (token = this.freshToken(user)));
    return await token;
  }
}

function succeeded<T>(path: string, { status, body }: Answer<T>): T {
  if (status >= 400) throw new Error(`${path} was answered with ${status}: ${JSON.stringify(body)}`);
  return body;
}
