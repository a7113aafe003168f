import { readFile } from 'node:fs/promises';
import { Redacted } from '@bulkhead/kernel';
import type { Logger } from '@bulkhead/runtime';
import { TenantTokens } from '@bulkhead/tenancy';
import type { ServiceConfig } from '../config.js';
import { AccessTokens } from './access-tokens.js';
import { ControlPlane } from './control-plane.js';

/** Logs in to the control plane as the service, and follows its list of revoked tokens. */
export async function connectControlPlane(config: ServiceConfig, logger: Logger): Promise<ControlPlane> {
  const identity = {
    issuer: config.BULKHEAD_OIDC_ISSUER,
    clientId: config.CLINIC_CLIENT_ID,
    clientSecret: new Redacted((await readFile(config.CLINIC_CLIENT_SECRET_FILE, 'utf8')).trim()),
  };
  const control = new ControlPlane(config.BULKHEAD_TOKEN_ISSUER, new AccessTokens(identity), logger);
  await control.open();
  return control;
}

/** Believes tokens that the control plane issued for the clinic and has not revoked. */
export function tenantTokens({ BULKHEAD_TOKEN_ISSUER: issuer }: ServiceConfig, control: ControlPlane): TenantTokens {
  return new TenantTokens({
    issuer,
    audience: 'clinic',
    keys: new URL(`${issuer}/v1/.well-known/jwks.json`),
    isRevoked: (token) => control.isRevoked(token),
  });
}
