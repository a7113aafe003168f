import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

type TokenAnswer = object | 'hang up';

/** An identity provider on loopback whose token endpoint answers in the order of a script. */
export class ScriptedProvider {
  /** Replaces members of the discovery document. */
  document: Record<string, unknown> = {};
  /** When the token endpoint was asked, milliseconds. */
  askedAt: number[] = [];
  #script: TokenAnswer[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<ScriptedProvider> {
    const server = createServer();
    const provider = new ScriptedProvider(server);
    server.on('request', (request, response) => {
      const answer = provider.#answer(request.url ?? '');
      if (answer === 'hang up') return request.socket.destroy();
      const status = answer === undefined ? 404 : 'error' in answer ? 400 : 200;
      return response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return provider;
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  answersTokens(...script: TokenAnswer[]): void {
    this.#script = script;
    this.askedAt = [];
  }

  #answer(path: string): TokenAnswer | undefined {
    const { issuer } = this;
    const endpoints = { token_endpoint: `${issuer}/token`, device_authorization_endpoint: `${issuer}/device` };
    switch (path) {
      case '/.well-known/openid-configuration':
        return { issuer, ...endpoints, ...this.document };
      case '/device': {
        const codes = { device_code: 'device', user_code: 'ABCD-EFGH', verification_uri: `${issuer}/enter` };
        return { ...codes, expires_in: 60, interval: 0.2 };
      }
      case '/token':
        this.askedAt.push(Date.now());
        return this.#script.shift() ?? { error: 'server_error' };
      default:
        return undefined;
    }
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
