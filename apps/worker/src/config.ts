import { fileURLToPath } from 'node:url';
import { LOG_LEVELS, readConfig } from '@bulkhead/runtime';
import { z } from 'zod';

const TEMPLATES = fileURLToPath(new URL('../../../tenant-templates', import.meta.url));

const schema = z.object({
  BULKHEAD_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  /** TLS to the databases of the planes; off only where they are on the loopback interface. */
  BULKHEAD_PLANE_TLS: z.enum(['on', 'off']).default('on'),
  BULKHEAD_TEMPORAL_ADDRESS: z.string().min(1),
  BULKHEAD_TEMPORAL_NAMESPACE: z.string().default('default'),
  BULKHEAD_WORKER_HEALTH_PORT: z.coerce.number().int().min(0).max(65_535).default(8081),
  BULKHEAD_PULUMI_ROOT: z.string().min(1),
  BULKHEAD_PULUMI_HOME: z.string().min(1),
  BULKHEAD_STATE_ADMIN_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  BULKHEAD_PULUMI_PASSPHRASE_FILE: z.string().min(1),
  /** Attached provider servers, `aws:PORT,bulkhead:PORT`; absent when the CLI starts installed plugins. */
  BULKHEAD_PROVIDERS: z.string().optional(),
  BULKHEAD_REGION: z.string().min(1),
  BULKHEAD_AUDIT_SIGNING_KEY_FILE: z.string().min(1),
  /** Name of the log in its checkpoints, such as `bulkhead.example.com/audit`. */
  BULKHEAD_AUDIT_ORIGIN: z.string().min(1),
  BULKHEAD_AUDIT_BUCKET: z.string().min(3),
  BULKHEAD_AUDIT_LOCK_DAYS: z.coerce.number().int().min(1).default(2192),
  /** Public key of the token service, as `context-recipient.main.js` of the API prints it. */
  BULKHEAD_CONTEXT_RECIPIENT: z.string().refine((key) => /^[\w-]{43}$/.test(key), 'must be 32 bytes in base64url'),
  /** File that tells isolation proofs about the workload; absent when its databases ask for nothing but the context. */
  BULKHEAD_WORKLOAD_PROFILE: z.string().optional(),
  /** Client of isolation proofs at the identity provider, with the role isolation-prover. Absent: proofs are void. */
  BULKHEAD_PROVER_CLIENT_ID: z.string().min(1).optional(),
  BULKHEAD_PROVER_CLIENT_SECRET_FILE: z.string().min(1).optional(),
  BULKHEAD_OIDC_ISSUER: z.url({ protocol: /^https?$/ }).optional(),
  /** Address of the API, as tenants' tokens name it. */
  BULKHEAD_TOKEN_ISSUER: z.url({ protocol: /^https?$/ }).optional(),
  /** IAM identity that may take the access roles of cells, and nothing else; the worker's own by default. */
  BULKHEAD_PROVER_ACCESS_KEY_ID: z.string().min(1).optional(),
  BULKHEAD_PROVER_SECRET_ACCESS_KEY_FILE: z.string().min(1).optional(),
  /** Services whose routes are proven: JSON, `[{"name": …, "document": …, "profile": …}]`. */
  BULKHEAD_PROVEN_SERVICES: z.string().default('[]'),
  BULKHEAD_TEMPLATES_DIR: z.string().default(TEMPLATES),
  /** Seconds that a failed step waits for an operator before the operation is undone. */
  BULKHEAD_ATTENTION_DEADLINE: z.coerce.number().int().min(1).optional(),
  /** Tries of a step whose error may pass, before it asks for an operator. */
  BULKHEAD_STEP_ATTEMPTS: z.coerce.number().int().min(1).optional(),
  /** Limits of the cloud account, `rds-instances=40,s3-buckets=100`, where AWS Service Quotas is not to be asked. */
  BULKHEAD_CLOUD_QUOTAS: z.string().min(1).optional(),
  /** Key of Stripe's API. Absent: invoices are kept in the ledger. */
  BULKHEAD_STRIPE_API_KEY_FILE: z.string().min(1).optional(),
  /** Where change requests are announced; with the secret that signs it (`whsec_…`) in a file. */
  BULKHEAD_WEBHOOK_URL: z.url({ protocol: /^https?$/ }).optional(),
  BULKHEAD_WEBHOOK_SECRET_FILE: z.string().min(1).optional(),
  /** Mail server for contacts of change requests, `smtp://` or `smtps://`, and the sender. */
  BULKHEAD_SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
  BULKHEAD_MAIL_FROM: z.email().optional(),
  BULKHEAD_LOG_LEVEL: z.enum(LOG_LEVELS).default('info'),
  AWS_ENDPOINT_URL: z.url().optional(),
});

export type WorkerConfig = z.output<typeof schema>;

/** @throws BulkheadError `invalid_configuration` naming every variable that is missing or wrong. */
export function readWorkerConfig(env: NodeJS.ProcessEnv = process.env): WorkerConfig {
  return readConfig(schema, env);
}

/**
 * What plugins that the Pulumi CLI starts need to reach AWS: region, endpoint, and credentials or where to get them. A
 * run's process gets nothing else of this process's environment; attached provider servers have their own.
 */
export function pluginEnvironment(
  { BULKHEAD_PROVIDERS }: Pick<WorkerConfig, 'BULKHEAD_PROVIDERS'>,
  env: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  if (BULKHEAD_PROVIDERS !== undefined) return {};
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (name.startsWith('AWS_') && value ? [[name, value]] : [])),
  );
}
