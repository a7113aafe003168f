import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey, type JWTPayload } from 'jose';

export const AUDIENCE = 'bulkhead-api';

export interface TokenClaims extends JWTPayload {
  readonly roles?: unknown;
}

/** An OpenID Connect issuer on loopback: discovery and keys, and tokens of any kind that a test wants. */
export class TestIssuer {
  private constructor(
    private readonly server: Server,
    private readonly key: CryptoKey,
    private readonly foreignKey: CryptoKey,
  ) {}

  static async start(): Promise<TestIssuer> {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const { privateKey: foreignKey } = await generateKeyPair('ES256');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' };
    const server = createServer((request, response) => {
      const issuer = `http://${request.headers.host}`;
      const documents: Record<string, object> = {
        '/.well-known/openid-configuration': { issuer, jwks_uri: `${issuer}/jwks` },
        '/jwks': { keys: [jwk] },
      };
      const document = documents[request.url ?? ''];
      response.writeHead(document ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(document));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new TestIssuer(server, privateKey, foreignKey);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** A token for the API; claims given replace the usual ones, `undefined` removes one. */
  token(claims: TokenClaims = {}): Promise<string> {
    return this.#jwt(claims).setProtectedHeader({ alg: 'ES256', kid: 'one' }).sign(this.key);
  }

  /** Signed by a key that the issuer does not have. */
  foreignToken(claims: TokenClaims = {}): Promise<string> {
    return this.#jwt(claims).setProtectedHeader({ alg: 'ES256', kid: 'one' }).sign(this.foreignKey);
  }

  /** `alg: none`. */
  unsignedToken(claims: TokenClaims = {}): string {
    return new UnsecuredJWT(this.#claims(claims)).encode();
  }

  /** Signed with the shared-secret algorithm. */
  sharedSecretToken(secret: string): Promise<string> {
    return this.#jwt({}).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(new TextEncoder().encode(secret));
  }

  #jwt(claims: TokenClaims): SignJWT {
    return new SignJWT(this.#claims(claims));
  }

  #claims(claims: TokenClaims): JWTPayload {
    const now = Math.floor(Date.now() / 1000);
    const usual = { iss: this.url, aud: AUDIENCE, sub: 'ada', iat: now, exp: now + 300, roles: ['platform-admin'] };
    return { ...usual, ...claims };
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
