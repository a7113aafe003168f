import { isSafeAddress } from '@bulkhead/kernel';
import { LOG_LEVELS, readConfig } from '@bulkhead/runtime';
import { z } from 'zod';

const schema = z.object({
  BULKHEAD_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  BULKHEAD_API_HOST: z.string().default('127.0.0.1'),
  BULKHEAD_API_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  BULKHEAD_API_REQUESTS_PER_MINUTE: z.coerce.number().int().min(1).default(600),
  BULKHEAD_OIDC_ISSUER: z.string().refine(isSafeAddress, 'must be an https address (http only on loopback)'),
  BULKHEAD_OIDC_AUDIENCE: z.string(),
  BULKHEAD_BUCKET_PREFIX: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{1,30}$/)
    .default('bulkhead'),
  /** Verifier keys of the audit log, separated by commas. */
  BULKHEAD_AUDIT_PUBLIC_KEYS: z
    .string()
    .default('')
    .transform((keys) => keys.split(',').filter(Boolean)),
  /** Address at which services reach this API: the issuer of tenants' tokens. */
  BULKHEAD_TOKEN_ISSUER: z.string().refine(isSafeAddress, 'must be an https address (http only on loopback)'),
  /** File with 32 random bytes in base64: opens the keys of the token service. */
  BULKHEAD_TOKEN_KEY_FILE: z.string().min(1),
  /** Addresses or networks of the proxies in front of the API, separated by commas: their word on the caller's counts. */
  BULKHEAD_TRUSTED_PROXIES: z
    .string()
    .default('')
    .transform((addresses) => addresses.split(',').filter(Boolean)),
  BULKHEAD_LOG_LEVEL: z.enum(LOG_LEVELS).default('info'),
});

/** @throws BulkheadError `invalid_configuration` naming every variable that is missing or wrong. */
export function readApiConfig(env: NodeJS.ProcessEnv = process.env): z.output<typeof schema> {
  return readConfig(schema, env);
}
