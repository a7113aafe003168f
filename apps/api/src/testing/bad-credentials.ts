import type { BadInput } from './bad-input.js';

const now = (): number => Math.floor(Date.now() / 1000);

/** Refusals of somebody unknown: nothing is stored at all. */
export const OF_A_STRANGER: readonly BadInput[] = [
  { what: 'no token', request: () => ({ token: null }), status: 401, code: 'unauthenticated', remedy: 'Bearer' },
  { what: 'a token that is none', request: () => ({ token: 'nonsense' }), status: 401, code: 'invalid_token' },
  {
    what: 'a foreign token',
    request: async (issuer) => ({ token: await issuer.foreignToken() }),
    status: 401,
    code: 'invalid_token',
  },
  {
    what: 'another issuer’s token',
    request: async (issuer) => ({ token: await issuer.token({ iss: 'https://elsewhere.example' }) }),
    status: 401,
    code: 'invalid_token',
  },
  {
    what: 'an expired token',
    request: async (issuer) => ({ token: await issuer.token({ exp: now() - 60 }) }),
    status: 401,
    code: 'token_expired',
  },
  {
    what: 'a token without an end',
    request: async (issuer) => ({ token: await issuer.token({ exp: undefined }) }),
    status: 401,
    code: 'invalid_token',
  },
  {
    what: 'a token that is not valid yet',
    request: async (issuer) => ({ token: await issuer.token({ nbf: now() + 600 }) }),
    status: 401,
    code: 'invalid_token',
  },
  {
    what: 'a token for another audience',
    request: async (issuer) => ({ token: await issuer.token({ aud: 'another-api' }) }),
    status: 401,
    code: 'invalid_token',
    remedy: 'bulkhead-api',
  },
  {
    what: 'a token without a subject',
    request: async (issuer) => ({ token: await issuer.token({ sub: undefined }) }),
    status: 401,
    code: 'invalid_token',
  },
  {
    what: 'an unsigned token',
    request: (issuer) => ({ token: issuer.unsignedToken() }),
    status: 401,
    code: 'invalid_token',
  },
  {
    what: 'a token signed with a shared secret',
    request: async (issuer) => ({ token: await issuer.sharedSecretToken('secret-of-32-characters-or-more!!') }),
    status: 401,
    code: 'invalid_token',
  },
  {
    what: 'an unknown API key',
    request: () => ({ token: `bhk_${'A'.repeat(43)}` }),
    status: 401,
    code: 'invalid_api_key',
  },
];
