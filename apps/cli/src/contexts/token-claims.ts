import { z } from 'zod';

const claims = z.object({ exp: z.number().optional(), roles: z.array(z.string()).optional() });

/** What a JWT (RFC 7519) says of itself, to show it; only the API can tell whether it is true. Empty for other tokens. */
export function claimsOf(token: string): z.infer<typeof claims> {
  try {
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8');
    return claims.parse(JSON.parse(payload));
  } catch {
    return {};
  }
}
