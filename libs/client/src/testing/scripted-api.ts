import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What the server does with one request; `hang up` closes the connection without an answer. */
export type Scripted =
  | 'hang up'
  | 'never answer'
  | { readonly status?: number; readonly headers?: Record<string, string>; readonly body?: unknown }
  | ((response: ServerResponse, request: Received) => void);

/** A real HTTP server on loopback that answers in the order of a script, and keeps what it was sent. */
export class ScriptedApi {
  readonly received: Received[] = [];
  #script: Scripted[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<ScriptedApi> {
    const server = createServer();
    const api = new ScriptedApi(server);
    server.on('request', (request, response) => void api.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Starts over with these answers; a request beyond them is answered 500. */
  answers(...script: Scripted[]): void {
    this.received.length = 0;
    this.#script = script;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const received = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
    this.received.push(received);
    const next = this.#script.shift() ?? { status: 500, body: 'beyond the script' };
    if (next === 'never answer') return;
    if (next === 'hang up') request.socket.destroy();
    else if (typeof next === 'function') next(response, received);
    else {
      const type = typeof next.body === 'string' ? 'text/html' : 'application/json';
      response.writeHead(next.status ?? 200, { 'content-type': type, ...next.headers });
      response.end(typeof next.body === 'string' ? next.body : JSON.stringify(next.body ?? {}));
    }
  }
}

/** A refusal as the API gives it. */
export function problem(
  status: number,
  errorCode: string,
  more: { retryable?: boolean; after?: number; errors?: object[] } = {},
) {
  const { retryable = false, after, errors } = more;
  return {
    status,
    headers: {
      'content-type': 'application/problem+json; charset=utf-8',
      ...(after !== undefined && { 'retry-after': String(after) }),
    },
    body: {
      type: `urn:bulkhead:problem:${errorCode}`,
      title: 'Refused',
      status,
      detail: `It is ${errorCode}.`,
      errorCode,
      remediation: 'Do something else.',
      retryable,
      instance: 'urn:uuid:7f3b1c7e-0000-4000-8000-000000000001',
      ...(errors && { errors }),
    },
  };
}
