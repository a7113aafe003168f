import { createHash, randomBytes } from 'node:crypto';
import { Browser, locationOf } from './browser.js';

const REDIRECT = 'http://127.0.0.1:4567/callback';

/** Goes through the authorization code flow with PKCE (RFC 7636) as a person who picks this demo user. */
export async function signIn(issuer: string, user: string): Promise<{ access_token: string }> {
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    client_id: 'bulkhead-console',
    response_type: 'code',
    redirect_uri: REDIRECT,
    scope: 'openid api',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const browser = new Browser();
  const login = locationOf(await browser.go(`${issuer}/auth?${query.toString()}`), issuer);
  const page = await (await browser.go(login)).text();
  if (!page.includes(`value="${user}"`)) throw new Error(`The login page does not offer ${user}`);
  let next = locationOf(await browser.go(login, { user }), issuer);
  for (let hop = 0; !next.startsWith(REDIRECT); hop += 1) {
    if (hop === 5) throw new Error(`The provider never came back to the application: ${next}`);
    next = locationOf(await browser.go(next), issuer);
  }
  const code = new URL(next).searchParams.get('code') ?? '';
  const body = {
    grant_type: 'authorization_code',
    client_id: 'bulkhead-console',
    redirect_uri: REDIRECT,
    code,
    code_verifier: verifier,
  };
  const response = await fetch(`${issuer}/token`, { method: 'POST', body: new URLSearchParams(body) });
  if (!response.ok) throw new Error(`No token: ${await response.text()}`);
  return (await response.json()) as { access_token: string };
}
