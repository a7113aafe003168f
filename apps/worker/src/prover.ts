import { readFile } from 'node:fs/promises';
import { IAMClient } from '@aws-sdk/client-iam';
import type { ProvenService, ProverOptions } from '@bulkhead/activities';
import { parseServiceProfile } from '@bulkhead/isolation';
import { AWS_TIME_LIMITS, BulkheadError, Redacted } from '@bulkhead/kernel';
import { z } from 'zod';
import type { WorkerConfig } from './config.js';

const services = z.array(
  z.strictObject({
    /** Audience of the service's tokens. */
    name: z.string().min(1),
    /** Address of its OpenAPI document; its routes are at the same origin. */
    document: z.url({ protocol: /^https?$/ }),
    /** File that says what the proof's tenants need there. */
    profile: z.string().min(1),
  }),
);

/**
 * As whom isolation proofs look from outside of databases; null when nobody is named.
 * @throws BulkheadError `invalid_configuration` when only a part of it is there.
 */
export async function proverOptions(config: WorkerConfig): Promise<ProverOptions | null> {
  const {
    BULKHEAD_PROVER_CLIENT_ID: clientId,
    BULKHEAD_PROVER_CLIENT_SECRET_FILE: secretFile,
    BULKHEAD_OIDC_ISSUER: oidcIssuer,
    BULKHEAD_TOKEN_ISSUER: apiUrl,
    BULKHEAD_PROVER_ACCESS_KEY_ID: accessKeyId,
    BULKHEAD_PROVER_SECRET_ACCESS_KEY_FILE: accessKeyFile,
    AWS_ENDPOINT_URL: endpoint,
  } = config;
  if (clientId === undefined) return null;
  if (!secretFile || !oidcIssuer || !apiUrl || (accessKeyId === undefined) !== (accessKeyFile === undefined))
    throw incomplete();
  return {
    apiUrl,
    oidcIssuer,
    clientId,
    clientSecret: new Redacted(await secretIn(secretFile)),
    region: config.BULKHEAD_REGION,
    ...(endpoint !== undefined && { endpoint }),
    ...(accessKeyId &&
      accessKeyFile && { credentials: { accessKeyId, secretAccessKey: await secretIn(accessKeyFile) } }),
    iam: new IAMClient({ region: config.BULKHEAD_REGION, requestHandler: AWS_TIME_LIMITS }),
    services: await provenServices(config.BULKHEAD_PROVEN_SERVICES),
  };
}

async function secretIn(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).trim();
}

async function provenServices(text: string): Promise<ProvenService[]> {
  const named = services.parse(JSON.parse(text));
  return Promise.all(
    named.map(async ({ name, document, profile }) => {
      return { name, document: new URL(document), profile: parseServiceProfile(await readFile(profile, 'utf8')) };
    }),
  );
}

function incomplete(): BulkheadError {
  return new BulkheadError({
    code: 'invalid_configuration',
    status: 500,
    publicMessage: 'The isolation proof’s identity is incomplete.',
    remediation:
      'Beside BULKHEAD_PROVER_CLIENT_ID set BULKHEAD_PROVER_CLIENT_SECRET_FILE, BULKHEAD_OIDC_ISSUER and ' +
      'BULKHEAD_TOKEN_ISSUER, and both or none of BULKHEAD_PROVER_ACCESS_KEY_ID and BULKHEAD_PROVER_SECRET_ACCESS_KEY_FILE.',
  });
}
