import { readFileSync } from 'node:fs';
import { GetSecretValueCommand, paginateListSecrets, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { TestStack } from './test-stack.js';

/** Shorter texts are names and numbers, which stand everywhere. */
const LEAST_LENGTH = 16;

function leaves(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [];
}

/** Passwords in Secrets Manager: of masters and of serving logins. */
async function managedPasswords({ engines: { aws } }: TestStack): Promise<string[]> {
  const client = new SecretsManagerClient({ endpoint: aws.endpoint, region: aws.region, credentials: aws.root });
  const passwords: string[] = [];
  for await (const { SecretList = [] } of paginateListSecrets({ client }, {})) {
    for (const { ARN } of SecretList) {
      const { SecretString = '{}' } = await client.send(new GetSecretValueCommand({ SecretId: ARN }));
      passwords.push((JSON.parse(SecretString) as { password: string }).password);
    }
  }
  return passwords;
}

/**
 * Every secret that the stack has made: logins of the servers, AWS secret keys (the ids of the keys are no secrets),
 * client secrets of the identity provider, signing keys, Pulumi's passphrase, the token service's key, and what lies in
 * Secrets Manager.
 */
export async function stackSecrets(stack: TestStack): Promise<string[]> {
  const { folder, secretFiles } = stack.engines;
  const kept = JSON.parse(readFileSync(folder.path('secrets.json'), 'utf8'), (name, value: unknown) =>
    name === 'accessKeyId' ? undefined : value,
  ) as unknown;
  const { d } = JSON.parse(readFileSync(folder.path('identity-signing-key.json'), 'utf8')) as { d: string };
  const pem = readFileSync(secretFiles.auditSigningKey, 'utf8').split('\n')[1] ?? '';
  const passphrase = readFileSync(secretFiles.pulumiPassphrase, 'utf8').trim();
  const tokenKey = readFileSync(secretFiles.tokenKey, 'utf8').trim();
  const secrets = [...leaves(kept), d, pem, passphrase, tokenKey, ...(await managedPasswords(stack))];
  return secrets.filter((secret) => secret.length >= LEAST_LENGTH);
}
