import { createHmac, createPublicKey, generateKeyPairSync, sign, type JsonWebKey } from 'node:crypto';

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
const decode = (part: string | undefined): Record<string, unknown> =>
  JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8')) as Record<string, unknown>;

/**
 * Tokens that are made from a good one by somebody without the issuer's key (RFC 8725, section 2). Expired tokens and
 * those of another audience have a right signature, so only the issuer can make them.
 * @param keys public keys of the issuer, which everybody has.
 * @param claims what the forger would like to be.
 */
export function forgedTokens(token: string, keys: readonly JsonWebKey[], claims: object): Record<string, string> {
  const [head, body, signature = ''] = token.split('.');
  const header = decode(head);
  // The mark makes it another text than was signed, whatever the claims are.
  const wanted = encode({ ...decode(body), ...claims, forged: true });
  const unsigned = (alg: string): string => `${encode({ ...header, alg })}.${wanted}.`;
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signed = (extra: object): string => {
    const text = `${encode({ ...header, alg: 'ES256', ...extra })}.${wanted}`;
    const mac = sign('sha256', Buffer.from(text), { key: stranger.privateKey, dsaEncoding: 'ieee-p1363' });
    return `${text}.${mac.toString('base64url')}`;
  };
  return {
    'without a signature': unsigned('none'),
    'without a signature, spelled otherwise': unsigned('nOnE'),
    'with claims that were not signed': `${head}.${wanted}.${signature}`,
    'with its signature cut off': `${head}.${body}.`,
    'signed by a stranger': signed({}),
    'signed with the key that it brings': signed({ jwk: stranger.publicKey.export({ format: 'jwk' }) }),
    ...Object.fromEntries(keys.flatMap((key, index) => sharedSecrets(key, header, wanted, index))),
  };
}

/** The public key as the secret of an HMAC, for verifiers that let the token choose the algorithm. */
function sharedSecrets(key: JsonWebKey, header: object, wanted: string, index: number): (readonly [string, string])[] {
  const pem = createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString();
  const secrets = { PEM: pem, JWK: JSON.stringify(key) };
  return Object.entries(secrets).map(([form, secret]) => {
    const text = `${encode({ ...header, alg: 'HS256' })}.${wanted}`;
    const mac = createHmac('sha256', secret).update(text).digest('base64url');
    return [`with the public key as shared secret (key ${index}, ${form})`, `${text}.${mac}`] as const;
  });
}
