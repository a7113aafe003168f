import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readJson, writePrivateFile, type StateFolder } from './state-folder.js';

/**
 * Demo users: one for each role of people, a second approver for what takes two, one that has none (it must be refused everywhere), and the vendor's services:
 * its identity service and those that take tenants' tokens.
 */
export const DEMO_USERS = [
  'platform-admin',
  'sales-ops',
  'approver',
  'second-approver',
  'auditor',
  'ci',
  'no-role',
  'tenancy-issuer',
  'tenancy-service',
  'clinic-claims',
  'isolation-prover',
] as const;
export type DemoUser = (typeof DEMO_USERS)[number];

export const DATABASE_ROLES = [
  'bulkhead_migrator',
  'bulkhead_api',
  'bulkhead_worker',
  'bulkhead_workload',
  'bulkhead_state_admin',
] as const;
export type DatabaseRole = (typeof DATABASE_ROLES)[number];

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Everything random that must be the same at the next start. Kept in `secrets.json`, mode 0600. */
export interface LocalSecrets {
  /** Superuser `rdsadmin` of every local Postgres server; nothing but the stack itself logs in with it. */
  postgresSuperuser: string;
  databaseRoles: Record<DatabaseRole, string>;
  awsRoot: AwsCredentials;
  /** Access keys that the emulator issued, by IAM user; filled in by the IAM bootstrap. */
  awsUsers: Record<string, AwsCredentials>;
  rdsToken: string;
  identityClients: Record<DemoUser, string>;
  identityCookieKey: string;
}

function token(): string {
  return randomBytes(24).toString('base64url');
}

function fresh(): LocalSecrets {
  return {
    postgresSuperuser: token(),
    databaseRoles: Object.fromEntries(DATABASE_ROLES.map((role) => [role, token()])) as Record<DatabaseRole, string>,
    awsRoot: {
      accessKeyId: `AKIA${createHash('sha256').update(randomBytes(32)).digest('hex').slice(0, 16).toUpperCase()}`,
      secretAccessKey: randomBytes(30).toString('base64url'),
    },
    awsUsers: {},
    rdsToken: token(),
    identityClients: Object.fromEntries(DEMO_USERS.map((user) => [user, token()])) as Record<DemoUser, string>,
    identityCookieKey: token(),
  };
}

/** The secrets of a state folder, made at the first call. */
export function loadSecrets(folder: StateFolder): LocalSecrets {
  const file = folder.path('secrets.json');
  const kept = readJson(file) as LocalSecrets | undefined;
  const whole =
    kept &&
    DATABASE_ROLES.every((role) => role in kept.databaseRoles) &&
    DEMO_USERS.every((user) => user in kept.identityClients);
  if (whole) return kept;
  const made = fresh();
  // A folder of an earlier release knows fewer roles and users.
  const secrets = kept
    ? {
        ...kept,
        databaseRoles: { ...made.databaseRoles, ...kept.databaseRoles },
        identityClients: { ...made.identityClients, ...kept.identityClients },
      }
    : made;
  saveSecrets(folder, secrets);
  return secrets;
}

export function saveSecrets(folder: StateFolder, secrets: LocalSecrets): void {
  writePrivateFile(folder.path('secrets.json'), `${JSON.stringify(secrets, null, 2)}\n`);
}

/** Files with one secret each, for parts that read them by name. */
export interface SecretFiles {
  /** Ed25519 private key, PKCS #8 PEM: signs the checkpoints of the audit log. */
  readonly auditSigningKey: string;
  /** Passphrase of Pulumi's secrets provider. */
  readonly pulumiPassphrase: string;
  /** 32 bytes in base64: opens the token service's keys. */
  readonly tokenKey: string;
  /** Client secret by which services of the workload plane log in to the control plane. */
  readonly tenancyService: string;
  /** Client secret of the worker that decides claims, which gets tokens for itself only. */
  readonly clinicClaims: string;
  /** Client secret by which isolation proofs get tokens for their own tenants. */
  readonly isolationProver: string;
}

/** Makes the secret files at the first call and names them. */
export function ensureSecretFiles(folder: StateFolder, { identityClients }: LocalSecrets): SecretFiles {
  const files = {
    auditSigningKey: folder.path('audit-signing-key.pem'),
    pulumiPassphrase: folder.path('pulumi-passphrase'),
    tokenKey: folder.path('token-key'),
    tenancyService: folder.path('tenancy-service-secret'),
    clinicClaims: folder.path('clinic-claims-secret'),
    isolationProver: folder.path('isolation-prover-secret'),
  };
  if (!existsSync(files.auditSigningKey)) {
    const { privateKey } = generateKeyPairSync('ed25519');
    writePrivateFile(files.auditSigningKey, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
  }
  if (!existsSync(files.pulumiPassphrase)) writePrivateFile(files.pulumiPassphrase, token());
  if (!existsSync(files.tokenKey)) writePrivateFile(files.tokenKey, randomBytes(32).toString('base64'));
  writePrivateFile(files.tenancyService, identityClients['tenancy-service']);
  writePrivateFile(files.clinicClaims, identityClients['clinic-claims']);
  writePrivateFile(files.isolationProver, identityClients['isolation-prover']);
  return files;
}
