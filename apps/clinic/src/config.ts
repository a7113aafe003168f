import { isSafeAddress } from '@bulkhead/kernel';
import { LOG_LEVELS, readConfig } from '@bulkhead/runtime';
import { z } from 'zod';

const address = z.string().refine(isSafeAddress, 'must be an https address (http only on loopback)');

const fleet = z.object({
  /** Control database, as the login that reads the schema `workload`. */
  BULKHEAD_WORKLOAD_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  AWS_REGION: z.string().min(1),
  AWS_ENDPOINT_URL: address.optional(),
  BULKHEAD_LOG_LEVEL: z.enum(LOG_LEVELS).default('info'),
});

const service = fleet.extend({
  CLINIC_HOST: z.string().default('127.0.0.1'),
  CLINIC_PORT: z.coerce.number().int().min(0).max(65_535).default(8081),
  /** Address of the control plane's API: issuer of tenants' tokens, and whom to ask about them. */
  BULKHEAD_TOKEN_ISSUER: address,
  /** Identity provider of the control plane, and what the service is there. */
  BULKHEAD_OIDC_ISSUER: address,
  CLINIC_CLIENT_ID: z.string().min(1),
  CLINIC_CLIENT_SECRET_FILE: z.string().min(1),
});

export type ServiceConfig = z.output<typeof service>;

/** @throws BulkheadError `invalid_configuration` naming every variable that is missing or wrong. */
export function readServiceConfig(env: NodeJS.ProcessEnv = process.env): ServiceConfig {
  return readConfig(service, env);
}

/** Configuration of the fleet migrator. @throws like {@link readServiceConfig}. */
export function readFleetConfig(env: NodeJS.ProcessEnv = process.env): z.output<typeof fleet> {
  return readConfig(fleet, env);
}
